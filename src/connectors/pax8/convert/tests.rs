//! Conversions on invented replies with the blemishes live ones have.

use serde::de::DeserializeOwned;

use super::*;
use crate::connectors::pax8::read::{Parts, convert, numbered};

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!("../../../../samples/pax8/", $name, ".json"))
    };
}

/// The records of a sample page, and its problems as people see them.
fn read<W: DeserializeOwned, R>(page: &str, with: impl FnMut(usize, W) -> Read<R>) -> (Vec<R>, Vec<String>) {
    let page: wire::Unpaged = serde_json::from_str(page).unwrap();
    let (records, problems): Parts<R> = convert(&numbered("page", page.content), with);
    (records, problems.iter().map(ToString::to_string).collect())
}

#[test]
fn companies() {
    let (companies, problems) = read(sample!("companies"), |_, c| customer(c));
    assert_eq!(companies.len(), 2);
    let harbour = &companies[0];
    assert_eq!(harbour.id.as_str(), "7c1f0a52-9a1e-4a53-8f0d-2b6f6f0e1a11");
    assert_eq!(harbour.version.as_deref(), Some("2026-02-11T09:15:02.100-0600"));
    let expected = CustomerFields {
        name: "Harbour & Finch Ltd".into(),
        street: Some("4 Quay Row".into()),
        city: Some("Bristol".into()),
        region: Some("England".into()),
        postcode: Some("BS1 4ZZ".into()),
        country: Some("GB".into()),
        website: Some("https://harbourfinch.example".into()),
        external_id: Some("CUST-0042".into()),
        status: Some("Active".into()),
        ..CustomerFields::default()
    };
    assert_eq!(harbour.fields, expected);
    let bare = CustomerFields {
        name: "Müller Söhne GmbH".into(),
        status: Some("Inactive".into()),
        ..CustomerFields::default()
    };
    assert_eq!(companies[1].fields, bare, "null, blank and missing are all nothing said");
    assert_eq!(
        problems,
        [
            "page row 3, record 9e2a7f10-6d3b-4c1e-8a55-c3d4e5f60718, field name: expected a value, found none",
            "page row 4, field id: expected a value, found none",
            "page row 5, record 5d5a3c21-7f40-4f0a-9c0e-a1b2c3d4e5f6, field name: invalid type: integer `42`, expected a string",
            "page row 6, field the top: invalid type: null, expected struct Company",
        ]
    );
}

#[test]
fn contacts() {
    let (contacts, problems) = read(sample!("contacts"), |_, c| contact(c));
    assert!(problems.is_empty(), "{problems:?}");
    let roles: Vec<_> = contacts[0].roles.iter().map(|role| (role.kind.as_str(), role.primary)).collect();
    assert_eq!(roles, [("Admin", true), ("Billing", false)]);
    assert_eq!(contacts[1].phone.as_deref(), Some("1174960002"));
    assert_eq!((contacts[1].last_name.as_deref(), contacts[1].roles.len()), (None, 0));
}

#[test]
fn products_and_their_prices() {
    let (products, problems) = read(sample!("products"), |_, p| product(p));
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(products[0].id.as_str(), "5f0e1c7a-3b2d-4e5f-8a9b-0c1d2e3f4a5", "one digit short of a UUID is an id");
    assert_eq!(products[0].fields.vendor_sku.as_deref(), Some("CFQ7TTC0LH16:0001"));
    assert_eq!((products[0].fields.requires_commitment, products[1].fields.requires_commitment), (Some(true), None));

    let (prices, problems) = read(sample!("pricing"), |_, p| prices(&products[0].id, p));
    let rows: Vec<_> = prices.iter().flatten().collect();
    assert_eq!(rows.len(), 3);
    let text = |price: Option<crate::core::money::UnitPrice>| price.map(|p| p.value().to_string());
    assert_eq!(
        (
            text(rows[1].cost),
            text(rows[1].retail),
            rows[1].from.map(crate::core::quantity::Quantity::plain_text),
            rows[1].to
        ),
        (Some("6.9055".into()), Some("8.75".into()), Some("50".into()), None)
    );
    assert_eq!((text(rows[2].cost), text(rows[2].retail)), (Some("0".into()), None), "zero is not unknown");
    assert_eq!(problems, ["page row 3, field rates: expected a value, found none"]);
}

#[test]
fn subscriptions() {
    let (held, problems) = read(sample!("subscriptions"), |_, s| subscription(s, None));
    assert_eq!(held.len(), 3);
    let date = |day: Option<NaiveDate>| day.map(|d| d.to_string()).unwrap_or_default();
    let dates = |at: usize| {
        let fields = &held[at].fields;
        [fields.start, fields.end, fields.billing_start, fields.commitment_end].map(date)
    };
    assert_eq!(dates(0), ["2026-01-01", "", "2026-01-01", "2026-12-31"]);
    assert_eq!(dates(1), ["2026-01-15", "2026-06-30", "2026-02-01", "2026-06-30"]);
    assert_eq!(dates(2), ["", "", "", ""]);
    let terms: Vec<_> = held.iter().map(|s| s.fields.commitment_term.as_deref()).collect();
    assert_eq!(terms, [Some("1-Year"), Some("Monthly"), None], "both names of the commitment are read");
    assert_eq!(held[0].fields.company.as_str(), "7c1f0a52-9a1e-4a53-8f0d-2b6f6f0e1a11");
    assert_eq!((held[2].fields.quantity, held[1].fields.currency), (None, None));
    assert_eq!(
        problems,
        [
            "page row 4, record d3b00000-0000-4000-8000-000000000004, field quantity: `1e+400` has more digits than can be kept exactly",
            "page row 5, record d3b00000-0000-4000-8000-000000000005, field endDate: expected a date like 2026-03-01 or \
             2026-03-01T08:30:00Z, found `31/12/2026`",
        ]
    );
}

#[test]
fn dependencies() {
    let of = VendorProductId::new("p");
    let page = r#"{"content":[
        {"id":"0B2D0000-0000-4000-8000-000000000001","term":"1-Year","autoRenew":true,"renewalWindowDaysAfterTermEnd":7,"allowForQuantityDecrease":false},
        {"term":"Monthly","autoRenew":null},
        {"id":"x","autoRenew":true},
        {"id":"y","term":"3-Year","renewalWindowDaysAfterTermEnd":-1}]}"#;
    let (rules, problems) = read(page, |_, rule| commitment(&of, rule));
    let told: Vec<_> = rules.iter().map(|rule| (rule.id.as_str(), rule.auto_renew, rule.window_days_after)).collect();
    assert_eq!(told, [("0b2d0000-0000-4000-8000-000000000001", Some(true), Some(7)), ("Monthly", None, None)]);
    assert_eq!(rules[0].may_decrease, Some(false));
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("field term: expected a value"), "{problems:?}");
}

#[test]
fn invoices() {
    let (heads, problems) = read(sample!("invoices"), |_, i| invoice(i, None));
    let superseded: Vec<_> = heads.iter().map(VendorInvoice::is_superseded).collect();
    assert_eq!(superseded, [true, false, false]);
    assert_eq!(heads[2].total.unwrap().plain_text(), "12345678901234567.89");
    assert_eq!(heads[2].date.to_string(), "2026-04-01");
    assert_eq!((heads[2].status.as_deref(), heads[2].balance), (None, None));
    assert_eq!(
        problems,
        [
            "page row 4, record f1000000-0000-4000-8000-000000000004, field invoiceDate: expected a value, found none",
            "page row 5, record f1000000-0000-4000-8000-000000000005, field currencyCode: expected a value, found none; `currency` in the settings of the connection says what is meant then",
        ]
    );
}

#[test]
fn the_currency_of_the_settings_stands_in_where_none_is_said_and_changes_none_that_is() {
    let usd = Some("USD".parse().unwrap());
    let page = r#"{"content":[
        {"id":"a","invoiceDate":"2026-04-01"},
        {"id":"b","invoiceDate":"2026-04-01","currencyCode":null},
        {"id":"c","invoiceDate":"2026-04-01","currencyCode":" "},
        {"id":"d","invoiceDate":"2026-04-01","currencyCode":"CAD"},
        {"id":"e","invoiceDate":"2026-04-01","currencyCode":"Dollars"}]}"#;
    let (heads, problems) = read(page, |_, head| invoice(head, usd));
    let said: Vec<_> = heads.iter().map(|head| head.currency.as_str().to_owned()).collect();
    assert_eq!(said, ["USD", "USD", "USD", "CAD"]);
    assert!(problems.len() == 1 && problems[0].contains("`Dollars`"), "{problems:?}");
    let (_, problems) = read(page, |_, head| invoice(head, None));
    assert_eq!(problems.len(), 4);
    assert!(problems[0].contains("`currency` in the settings"), "{problems:?}");
    let held = r#"{"content":[{"id":"s","companyId":"c","productId":"p","status":"Active"}]}"#;
    let (held, problems) = read(held, |_, one| subscription(one, usd));
    assert_eq!((held[0].fields.currency, problems.len()), (usd, 0));
}

#[test]
fn a_status_nobody_knows_is_doubted_and_the_document_kept() {
    let sample = r#"{"content":[{"id":"f1","invoiceDate":"2026-04-01","status":"STATUS","currencyCode":"USD"}]}"#;
    for (status, told) in [
        ("paid", None),
        ("Nothing Due", None),
        ("VOIDED", None),
        (
            "Refunded",
            Some(
                "GET /invoices, record f1, field status: expected one of Unpaid, Paid, Void, Carried, Nothing Due, Credited, \
                 found `Refunded`; its lines count as cost, see that the document was not withdrawn",
            ),
        ),
    ] {
        let (heads, problems) = read(&sample.replace("STATUS", status), |_, i| invoice(i, None));
        assert!(problems.is_empty() && heads.len() == 1, "{problems:?}");
        let doubt = strange_status(&heads[0]).map(|problem| problem.to_string());
        assert_eq!((doubt.as_deref(), heads[0].is_superseded()), (told, status == "VOIDED"), "{status}");
    }
}

#[test]
fn items() {
    let invoice = InvoiceId::new("f1");
    let (charges, problems) =
        read(sample!("items"), |place, item| charge(Some(&invoice), format!("f1#{}", place + 1), item, None));
    let ids: Vec<_> = charges.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids, ["f1#1", "f1#2", "e7000000-0000-4000-8000-000000000003", "f1#4"]);
    let kinds: Vec<_> = charges.iter().map(|c| c.kind.as_str()).collect();
    assert_eq!(kinds, ["subscription", "prorate", "invoice-credit", "usage"]);
    let costs: Vec<_> = charges.iter().map(|c| c.cost_total.value().to_string()).collect();
    assert_eq!(costs, ["172.8", "-6.173", "-10.00", "0.12345678"]);
    assert_eq!(charges[2].cost.value().to_string(), "-10", "a small exponent is a number");
    assert_eq!(charges[0].subscription.as_ref().unwrap().as_str(), "d3b00000-0000-4000-8000-000000000001");
    assert_eq!(
        (charges[1].tax, charges[1].amount_due, charges[0].tax.map(crate::core::money::Amount::is_zero)),
        (None, None, Some(true))
    );
    assert_eq!((&charges[3].company, &charges[3].product), (&None, &None));
    assert!(charges.iter().all(|c| c.invoice.as_ref() == Some(&invoice)));
    assert_eq!(
        problems,
        [
            "page row 5, field costTotal: expected a value, found none",
            "page row 6, field quantity: invalid type: string \"1,5\", expected a JSON number",
            "page row 7, field currencyCode: `Pounds` is not a currency code of three capital letters",
        ]
    );
}

#[test]
fn usage() {
    let of = SubscriptionId::new("d3b0");
    let (summaries, problems) = read(sample!("usage_summaries"), |_, s| usage_summary(&of, s, None));
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!((summaries[0].subscription.as_str(), summaries[0].cost.plain_text()), ("d3b0", "9.876".into()));

    let asked = NaiveDate::from_ymd_opt(2026, 3, 5).unwrap();
    let (lines, problems) = read(sample!("usage_lines"), |_, line| usage_line("a5", asked, line, None));
    let lines: Vec<_> = lines.into_iter().flatten().collect();
    assert_eq!(lines.len(), 1, "a line of another day belongs to another call");
    assert_eq!((lines[0].summary.as_str(), lines[0].quantity.plain_text()), ("a5", "10.25".into()));
    assert_eq!(problems, ["page row 3, field currentCharges: expected a value, found none"]);
}

/// Numbers, words and shapes that stand where another value should.
const ODD: [&str; 14] = [
    "null",
    "true",
    "-0",
    "1e400",
    "-1E-400",
    "0.1234567890123456789012345678901",
    "99999999999999999999999999999999999999",
    "\"\"",
    "\"NaN\"",
    "\"1,5\"",
    "\"9999-99-99T99:99:99Z\"",
    "\"é\\u0000\\ud83d\\ude00\"",
    "[]",
    "{\"a\":[{}]}",
];

proptest::proptest! {
    #[test]
    fn a_mangled_record_is_a_record_or_a_problem(place in 0usize..400, odd in proptest::sample::select(&ODD[..])) {
        // Replace one value of the sample: whatever stands after the place-th colon.
        let sample = sample!("items");
        let Some((colon, _)) = sample.match_indices(": ").nth(place % sample.matches(": ").count()) else { return Ok(()) };
        let (before, after) = sample.split_at(colon + 2);
        let rest = after.find([',', '}', ']', '\n']).map_or("", |end| &after[end..]);
        let mangled = format!("{before}{odd}{rest}");
        let Ok(page) = serde_json::from_str::<wire::Unpaged>(&mangled) else { return Ok(()) };
        let count = page.content.len();
        let rows = numbered("page", page.content);
        let (records, problems): Parts<_> = convert(&rows, |place, item| charge(None, place.to_string(), item, None));
        proptest::prop_assert_eq!(records.len() + problems.len(), count);
        // The same text under the other kinds of record must not stop the program either.
        let _ = convert(&rows, |_, w| customer(w));
        let _ = convert(&rows, |_, w| subscription(w, None));
        let _ = convert(&rows, |_, w| invoice(w, None));
        let _ = convert(&rows, |_, w| usage_line("a", NaiveDate::default(), w, None));
    }
}
