//! HaloPSA as a row of the kit, and what is its own: the set of lines, figures that licences keep, and its own integration with the
//! distributor.

use reqwest::Method;
use serde_json::{Value as Json, json};
use trueup::connectors::rest::{ConnectorFile, Rest, RestSettings};
use trueup::connectors::tickets::TicketDraft;
use trueup::connectors::{PsaConnector, Unwatched};
use trueup::core::billing::BilledLine;
use trueup::core::change::{LineField, PsaWrite, Target};
use trueup::core::money::{exact, plain};
use trueup::engine::Ended;
use trueup::simulate::{File, HALOPSA, World};

use super::{Bench, CUSTOMER, Peer, new_customer, new_product, number, quick, rename, update_line, world};
use crate::rest::serve;

/// The real pace would only make the tests slow.
const FAST: [(&str, &str); 2] = [("calls = 300", "calls = 1000000"), ("fixed = \"5s\"", "header = \"x-none\"")];

pub(super) const PEER: Peer = Peer {
    name: "HaloPSA",
    start: |faults| {
        let faults = faults.to_owned();
        Box::pin(async move {
            let (running, rest) = serve(&HALOPSA, &world(), &faults, &FAST).await;
            let psa: Box<dyn PsaConnector> = Box::new(rest);
            (running, psa)
        })
    },
    address: |entity, target| match (entity, target.id.split_once('/')) {
        ("customer", _) => format!("/api/Client/{}?includedetails=true", target.id),
        ("product", _) => format!("/api/Item/{}?includedetails=true", target.id),
        ("line", Some((invoice, _))) => format!("/api/RecurringInvoice/{invoice}?includedetails=true"),
        (entity, _) => panic!("no address of {entity} {}", target.id),
    },
    place: |entity, field| match (entity, field) {
        (_, "name") => "name",
        ("customer", "website") => "website",
        ("product", "price") => "recurringprice",
        ("product", "marker") => "externalreference",
        ("customer" | "line", "marker") => "customfields",
        ("line", "text") => "item_longdescription",
        ("line", "quantity") => "qty_order",
        ("line", "cancelled") => "enddate",
        ("line", "effective") => "startdate",
        (entity, field) => panic!("no place of {entity} {field} is known"),
    },
    held: |entity, field, value| match (entity, field, value) {
        ("customer", "marker", Some(value)) => own(101, "CFPax8Id", value),
        ("line", "marker", Some(value)) => own(201, "CFSubscriptionId", value),
        (_, _, Some(value)) => json!(value),
        (_, _, None) => json!(""),
    },
    marks: &["alastupdate", "lastmodified", "last_modified"],
    by_hand: |place, value| (Method::POST, json!({ place: value })),
    hand_at: Some(by_hand),
    sign: |request| request.bearer_auth("simulated.0"),
    bills_last_day: true,
    id: |id| match id {
        "301" => "-301".to_owned(),
        "401" | "402" => format!("-301/{id}"),
        id => id.to_owned(),
    },
    record: |entity, target, answer| {
        let own = target.id.split_once('/').map(|(_, own)| own.to_owned());
        match (entity, own) {
            ("line", Some(own)) => {
                let lines = answer["lines"].as_array().unwrap();
                lines.iter().find(|line| line["id"] == own.parse::<i64>().unwrap()).unwrap().clone()
            }
            _ => answer,
        }
    },
    // a change from a day on is one call: the set of lines
    lacks: &["customer.code", "product.case", "product.status", "line.calls"],
};

fn own(id: u32, name: &str, value: &str) -> Json {
    json!([{ "id": id, "name": name, "label": name.trim_start_matches("CF"), "type": 0, "value": value, "display": value }])
}

/// A change somebody else makes: what is changed is said in the body alone, which is a list.
fn by_hand(entity: &str, target: &Target, members: &mut Json) -> String {
    let element = members.as_object_mut().unwrap();
    if let Some(end) = element.get("enddate").and_then(Json::as_str).map(|day| day.trim_end_matches('Z').to_owned()) {
        element.insert("enddate".to_owned(), json!(end));
    }
    let whole = |id: &str| json!(id.parse::<i64>().unwrap());
    let mut address = (PEER.address)(entity, target).rsplit_once('/').unwrap().0.to_owned();
    match target.id.split_once('/') {
        Some((invoice, own)) => {
            element.insert("ihid".to_owned(), whole(invoice));
            element.insert("id".to_owned(), whole(own));
            address.push_str("/updatelines");
        }
        None => _ = element.insert("id".to_owned(), whole(&target.id)),
    }
    *members = json!([members]);
    address
}

const INVOICE: &str = "/api/RecurringInvoice";

fn from_to(from: &str, to: &str) -> PsaWrite {
    update_line(LineField::Quantity, Some(number(from)), Some(number(to)))
}

/// The recurring invoice as it is kept.
async fn invoice(bench: &Bench) -> Json {
    bench.call(Method::GET, &format!("{INVOICE}/-301?includedetails=true"), None).await
}

/// What was sent to an address by this connection.
fn sent(bench: &Bench, address: &str) -> Vec<Json> {
    let writes = bench.writes().into_iter().filter(|(_, path, ..)| path == address);
    writes.map(|(.., body)| serde_json::from_str(&body).unwrap()).collect()
}

/// Lets the first line follow a licence.
async fn follow_licence(bench: &Bench, distributor: &str, free: u32) -> i64 {
    let licence = json!([{ "name": "Seat", "count": 5 + free, "client_id": 101, "distributor": distributor }]);
    let made = bench.call(Method::POST, "/api/SoftwareLicence", Some(licence)).await;
    let id = made["id"].as_i64().unwrap();
    let source = json!([{ "id": 1, "invoice_line_id": 401, "kind": 1, "licence_id": id, "qty_free": free }]);
    let update =
        json!([{ "id": 401, "ihid": -301, "quantity_licences": source, "recurring_invoice_quantity_type": 2 }]);
    bench.call(Method::POST, &format!("{INVOICE}/updatelines"), Some(update)).await;
    id
}

async fn lines(bench: &Bench) -> Vec<BilledLine> {
    let pulled = bench.psa.billed_lines("2026-11".parse().unwrap(), &Unwatched).await.unwrap();
    assert_eq!(pulled.problems(), []);
    pulled.records().to_vec()
}

#[tokio::test]
async fn the_whole_set_is_sent_with_one_row_changed_and_nothing_else_changed() {
    let bench = Bench::new(&PEER, "extra").await;
    let heading = json!([{ "ihid": -301, "isgroupdesc": true, "item_shortdescription": "Licences" }]);
    bench.call(Method::POST, &format!("{INVOICE}/Lines"), Some(heading)).await;
    let mut wanted = invoice(&bench).await;
    assert_eq!(lines(&bench).await.len(), 2, "a heading is no line");
    bench.done(&from_to("5", "7")).await;
    let bodies = sent(&bench, INVOICE);
    let mut expected = wanted["lines"].clone();
    expected[0]["qty_order"] = json!(7);
    assert_eq!(bodies, [json!([{ "id": -301, "lines": expected }])], "members nobody knows are sent as they were read");
    wanted["lines"][0]["qty_order"] = json!(7);
    wanted["lines"][0]["net_amount"] = json!(154.7);
    let (mut now, mark) = (invoice(&bench).await, "last_modified");
    for record in [&mut wanted, &mut now] {
        record.as_object_mut().unwrap().remove(mark);
    }
    assert_eq!(now, wanted);
}

#[tokio::test]
async fn a_set_that_changed_meanwhile_is_not_replaced() {
    let bench = Bench::new(&PEER, "").await;
    let records = bench.psa.records().unwrap();
    let write = PEER.own(&from_to("5", "7"));
    let before = records.before(&write).await.unwrap();
    let other = Target { id: "402".to_owned(), below: None };
    bench.change_by_hand("line", &other, "quantity", json!(3)).await;
    let (seen, theirs) = (invoice(&bench).await, bench.writes().len());
    let refused = records.send(&write, &before, 0).await.unwrap_err().to_string();
    assert!(refused.contains("the rows of recurring -301 changed since they were read"), "{refused}");
    assert_eq!((bench.writes().len(), invoice(&bench).await), (theirs, seen), "nothing was sent");
    bench.done(&from_to("5", "7")).await;
    assert_eq!(invoice(&bench).await["lines"][1]["qty_order"], 3);
}

#[tokio::test]
async fn a_line_from_a_day_on_is_one_call_that_is_settled_by_looking() {
    for faults in ["drop-write=nth:1", "500-write=nth:1"] {
        let bench = Bench::new(&PEER, faults).await;
        let PsaWrite::UpdateLine { update, .. } = from_to("5", "7") else { unreachable!() };
        let write = PsaWrite::UpdateLine { update, effective: Some("2026-11-16".parse().unwrap()) };
        let written = bench.write(&write).await;
        assert_eq!((&written.ended, bench.writes().len()), (&Ended::Happened, 1), "{faults}");
        let invoice = invoice(&bench).await;
        let ends = |at: usize| (invoice["lines"][at]["enddate"].clone(), invoice["lines"][at]["qty_order"].to_string());
        assert_eq!(ends(0), (json!("2026-11-15T00:00:00"), "5".to_owned()));
        assert_eq!(ends(2), (json!("1899-12-30T00:00:00"), "7".to_owned()));
        assert_eq!(written.record.as_deref(), Some("-301/403"));
    }
}

#[tokio::test]
async fn a_quantity_that_a_licence_keeps_is_changed_there_and_read_back_on_the_line() {
    for faults in ["", "drop-write=nth:3"] {
        let bench = Bench::new(&PEER, faults).await;
        let licence = follow_licence(&bench, "", 0).await;
        let (before, written) = (invoice(&bench).await, bench.write(&from_to("5", "7")).await);
        assert!(matches!(written.ended, Ended::Done | Ended::Happened) && written.shows, "{written:?}");
        assert_eq!(sent(&bench, INVOICE), Vec::<Json>::new(), "the line itself was not written");
        assert_eq!(sent(&bench, "/api/SoftwareLicence")[1], json!([{ "id": licence, "count": 7 }]));
        let after = invoice(&bench).await;
        assert_eq!(
            (after["lines"][0]["qty_order"].to_string(), &after["lines"][1]),
            ("7".to_owned(), &before["lines"][1])
        );
        assert_eq!(plain(lines(&bench).await[0].quantity.value()), "7");
    }
}

/// Why a write is not sent.
async fn refused(bench: &Bench, write: PsaWrite) -> String {
    bench.try_write(&write).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_computed_quantity_is_refused_where_what_is_to_change_is_not_known() {
    let bench = Bench::new(&PEER, "").await;
    follow_licence(&bench, "", 2).await;
    let said = refused(&bench, from_to("5", "7")).await;
    assert!(said.contains("`quantity` is 5 here and `count` of licence 1 is 7"), "{said}");
    let PsaWrite::UpdateLine { update, .. } = from_to("5", "7") else { unreachable!() };
    let dated = PsaWrite::UpdateLine { update, effective: Some("2026-11-16".parse().unwrap()) };
    let said = refused(&bench, dated).await;
    assert!(said.contains("it cannot be changed from a day on"), "{said}");
    let users = json!([{ "id": 401, "ihid": -301, "quantity_licences": [], "quantity_users": [{ "id": 9 }] }]);
    bench.call(Method::POST, &format!("{INVOICE}/updatelines"), Some(users)).await;
    let said = refused(&bench, from_to("5", "7")).await;
    assert!(said.contains("computed from `quantity_users[].id`, and changes only with that"), "{said}");
    let price = update_line(LineField::Price, Some(number("22.1")), Some(number("23")));
    bench.done(&price).await;
}

#[tokio::test]
async fn nothing_is_written_beside_its_own_integration_unless_the_user_says_so() {
    let bench = Bench::new(&PEER, "").await;
    let on = json!([{ "halointegrator_pax8": true }]);
    bench.call(Method::POST, "/api/Control", Some(on)).await;
    let theirs = bench.writes().len();
    for write in [rename(), from_to("5", "7"), new_customer("Elm", "", "m-1"), new_product("Mail", "MAIL", "m-2")] {
        let refused = bench.try_write(&write).await.unwrap_err().to_string();
        assert!(refused.contains("HaloPSA's own Pax8 integration is at work"), "{refused}");
        assert!(refused.contains("set `second_writer = \"allowed\"`"), "{refused}");
    }
    assert_eq!(bench.writes().len(), theirs);
    let check = |lines: Vec<trueup::connectors::CheckLine>| {
        lines.into_iter().find(|line| line.what.contains("second writer")).unwrap().outcome
    };
    let said = check(bench.psa.check(&Unwatched).await).unwrap_err().what;
    assert!(said.contains("is at work (`halointegrator_pax8` at /Control), so nothing is written"), "{said}");

    let allowed = HALOPSA.settings.iter().fold(
        RestSettings::new("psa", ConnectorFile::builtin("builtin:halopsa").unwrap())
            .with("url", bench.running.url())
            .with("second_writer", "allowed"),
        |all, (name, value)| all.with(name, value),
    );
    let rest = Rest::new(allowed).unwrap();
    let said = check(rest.check(&Unwatched).await).unwrap();
    assert!(said.contains("the settings let this connection write too"), "{said}");
    let engine = bench.engine_after(0).await;
    let written = engine.write(rest.records().unwrap(), &rename(), None, &quick()).await.unwrap();
    assert_eq!(written.ended, Ended::Done);
}

#[tokio::test]
async fn a_licence_that_the_distributor_fills_is_left_alone() {
    let bench = Bench::new(&PEER, "").await;
    follow_licence(&bench, "Pax8", 0).await;
    let refused = bench.try_write(&from_to("5", "7")).await.unwrap_err().to_string();
    assert!(refused.contains("`distributor` of this licence"), "{refused}");
    bench.done(&rename()).await;
}

#[tokio::test]
async fn where_it_cannot_be_read_whether_another_writes_nothing_is_written() {
    let bench = Bench::new(&PEER, "403=always@Control").await;
    let refused = bench.try_write(&rename()).await.unwrap_err().to_string();
    assert!(refused.contains("whether HaloPSA's own Pax8 integration is at work cannot be read"), "{refused}");
    assert_eq!(bench.writes(), []);
}

#[tokio::test]
async fn a_change_that_is_answered_and_not_made_does_not_show() {
    let bench = Bench::new(&PEER, "ghost-write").await;
    let written = bench.write(&rename()).await;
    assert_eq!((&written.ended, written.shows), (&Ended::Done, false), "the answer is no proof");
}

#[tokio::test]
async fn what_is_no_list_is_refused_and_a_ticket_is_found_by_its_key() {
    let bench = Bench::new(&PEER, "").await;
    bench.done(&rename()).await;
    let body = &sent(&bench, "/api/Client")[0];
    assert_eq!(*body, json!([{ "id": 101, "name": "Harbour & Finch Ltd" }]));
    let tickets = bench.psa.tickets().unwrap();
    let draft = TicketDraft { customer: CUSTOMER, summary: "Renewal due", text: "Ask them", key: "renewal:7" };
    let made = tickets.make_ticket(&draft).await.unwrap();
    let trueup::connectors::http::Outcome::Done(made) = made else { panic!("{made:?}") };
    assert_eq!(tickets.find_tickets("renewal:7").await.unwrap(), std::slice::from_ref(&made));
    assert_eq!(tickets.find_tickets("renewal:").await.unwrap(), Vec::<String>::new());
    let stored = bench.call(Method::GET, &format!("/api/Tickets/{made}"), None).await;
    assert_eq!((&stored["summary"], &stored["client_id"]), (&json!("Renewal due [renewal:7]"), &json!(101)));
}

#[tokio::test]
async fn every_line_of_a_month_arrives_whatever_goes_wrong_on_the_way() {
    let data = World::from_seed(7, 12, "2026-04").unwrap().data;
    let sound = |row: &trueup::simulate::Row<'_>| exact(row.get("billedQuantity")).is_ok();
    for faults in ["", "insert", "429=2", "cut=once", "expire", "extra", "401=nth:9"] {
        let small = [FAST[0], FAST[1], ("value = 100", "value = 5")];
        let (_running, rest) = serve(&HALOPSA, &data, faults, &small).await;
        let lines = rest.billed_lines("2026-04".parse().unwrap(), &Unwatched).await.unwrap();
        for row in data.table(File::PsaAgreementLines).rows().filter(sound) {
            let own = format!("/{}", row.get("id"));
            let found = lines.records().iter().find(|line| line.id.as_str().ends_with(&own));
            let Some(found) = found else { panic!("{faults}: {} is missing: {:?}", row.get("id"), lines.problems()) };
            assert_eq!(found.quantity.value(), exact(row.get("billedQuantity")).unwrap(), "{faults}: {own}");
            assert_eq!(found.price.value(), exact(row.get("unitPrice")).unwrap(), "{faults}: {own}");
            assert_eq!(found.currency.to_string(), row.get("currencyCode"), "{faults}: {own}");
            assert_eq!(found.company.as_str(), row.get("companyId"), "{faults}: {own}");
            assert_eq!(found.effective.to_string(), row.get("effectiveDate"), "{faults}: {own}");
        }
        let customers = rest.customers(&Unwatched).await.unwrap();
        let asked = data.table(File::PsaCompanies);
        for row in asked.rows() {
            let found = customers.records().iter().find(|customer| customer.id.as_str() == row.get("id")).unwrap();
            assert_eq!(found.fields.city.as_deref().unwrap_or_default(), row.get("city"), "{faults}");
        }
    }
}
