//! `trueup pax8` as a person meets it, the built program against a simulated Pax8: every question is answered in every format,
//! every write is shown, refused without a yes, and ends with what Pax8 then reports.

#![cfg(test)]

use std::io::BufRead as _;
use std::process::Child;

use serde_json::Value;

use crate::support::hermetic::{Place, Ran, golden};

mod people;

/// A folder that is configured for a simulated Pax8, which ends with it.
struct Shop {
    place: Place,
    remote: Child,
    url: String,
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ended = (self.remote.kill(), self.remote.wait());
    }
}

impl Shop {
    fn open(faults: &str, settings: &str) -> Self {
        Self::of("--seed 7 --customers 3 --period 2026-10", faults, settings)
    }

    fn of(world: &str, faults: &str, settings: &str) -> Self {
        let place = Place::new()
            .set("SECRET", "demo-secret")
            .set("USER", "ada")
            .set("HOOK", "canary-7f1d")
            .set("PAX8_HOOK_SECRET", "canary-8e2c");
        let faults = if faults.is_empty() { String::new() } else { format!(" --faults {faults}") };
        let mut remote = place.start(&format!("simulate pax8 {world}{faults}"));
        let mut url = String::new();
        std::io::BufReader::new(remote.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        let url = url.trim_end().to_owned();
        place.write(
            "trueup.toml",
            &format!(
                "[connectors.pax8]\nkind = \"pax8\"\nside = \"vendor\"\nbase_url = \"{url}\"\nclient_id = \"demo-client\"\n\
                 client_secret = {{ env = \"SECRET\" }}\ncalls_per_minute = 60000\npause_ms = 1\n{settings}"
            ),
        );
        let _ = place.run("db migrate").ended(0);
        Self { place, remote, url }
    }

    fn run(&self, line: &str) -> Ran {
        self.place.run(&format!("pax8 {line}"))
    }

    fn json(&self, line: &str) -> Value {
        let ran = self.run(&format!("{line} --format json")).ended(0);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{line}: {error}: {}", ran.stdout))
    }

    /// All of a listing.
    fn all(&self, line: &str) -> Vec<Value> {
        self.json(&format!("{line} --all")).as_array().unwrap().clone()
    }

    /// The first id of a listing for which something holds.
    fn id(&self, line: &str, holds: impl Fn(&Value) -> bool) -> String {
        let all = self.all(line);
        id(all.iter().find(|row| holds(row)).unwrap_or_else(|| panic!("{line}: {all:?}")))
    }
}

fn id(row: &Value) -> String {
    row["id"].as_str().unwrap().to_owned()
}

fn any(_: &Value) -> bool {
    true
}

/// Runs a command on a terminal where these lines are typed: what the person saw, and the status.
#[cfg(unix)]
fn typed(shop: &Shop, line: &str, lines: &str) -> (String, Option<i32>) {
    use std::io::{Read as _, Write as _};
    let (mut person, program) = crate::terminal::terminal();
    person.write_all(lines.as_bytes()).unwrap();
    let mut command = shop.place.command(std::path::Path::new(""), &format!("pax8 {line}"));
    command.stdin(program.try_clone().unwrap()).stderr(program).stdout(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    // It holds the program's end too; the reading ends when nobody does.
    drop(command);
    let (mut all, mut part) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = person.read(&mut part) {
        all.extend_from_slice(&part[..count]);
    }
    (String::from_utf8(all).unwrap(), child.wait().unwrap().code())
}

#[cfg(unix)]
#[test]
fn a_person_is_asked_and_offered_the_contacts_a_company_lacks() {
    let shop = Shop::open("", "");
    let create = format!("companies create {COMPANY}");
    let there = || shop.all("companies list").into_iter().find(|company| company["name"] == "Harbour Ltd");
    for no in ["n\nn\n", "n\n\n", "n\nye\n"] {
        let (seen, status) = typed(&shop, &create, no);
        assert!(status == Some(4) && seen.contains("Send? [y/N]") && seen.contains("not agreed to"), "{seen}");
        assert_eq!(there(), None);
    }
    let (seen, status) = typed(&shop, &create, "y\nAda\nMoss\nada@harbour.example\n1\ny\n");
    assert!(
        status == Some(0) && seen.contains("Add a contact now, primary for Admin, Billing, Technical? [y/N]"),
        "{seen}"
    );
    assert_eq!(there().unwrap()["status"], "Active", "{seen}");
}

const COMPANY: &str = "--name \"Harbour Ltd\" --street \"4 Quay Row\" --city Bristol --postcode \"BS1 4ZZ\" --country gb \
                       --phone \"0117 496 0000\" --website https://harbour.example";
const CONTACT: &str = "--first-name Ada --last-name Moss --email ada@harbour.example --phone 1";

#[test]
fn every_question_is_answered_as_a_table_as_sent_and_as_csv() {
    let shop = Shop::open("", "");
    // Reads need no database.
    std::fs::remove_file(shop.place.path().join("trueup.db")).unwrap();
    let order = shop.id("orders list", any);
    let held = shop.all("subscriptions list").swap_remove(0);
    let subscription = id(&held);
    let of = |name: &str| held[name].as_str().unwrap().to_owned();
    let (company, product) = (of("companyId"), of("productId"));
    let contact = shop.id(&format!("contacts list {company}"), any);
    let invoices = shop.all("invoices list");
    let metered = shop.all("subscriptions list").into_iter().find(|held| held.get("price").is_none());
    let metered = id(&metered.expect("something is metered, and has no price"));
    let summary = shop.id(&format!("usage summaries {metered}"), any);
    let invoice = id(&invoices[0]);
    for (line, first) in [
        ("companies list --status active --sort name", "companies"),
        (&*format!("companies get {company}"), "company"),
        (&format!("contacts list {company}"), "contacts"),
        (&format!("contacts get {company} {contact}"), "contact"),
        ("products list --search Microsoft --sort vendor --descending", "products"),
        (&format!("products get {product}"), "product"),
        (&format!("products pricing {product} --company {company}"), "prices"),
        (&format!("products provision-details {product}"), "provision details"),
        (&format!("products dependencies {product}"), "product's dependencies"),
        (&format!("orders list --company {company}"), "orders"),
        (&format!("orders get {order}"), "order"),
        ("subscriptions list --status active --term monthly --sort start-date", "subscriptions"),
        (&format!("subscriptions list --company {company} --product {product}"), "subscriptions"),
        (&format!("subscriptions get {subscription}"), "subscription"),
        (&format!("subscriptions history {subscription}"), "subscription states"),
        ("invoices list --from 2026-10-01 --to 2026-10-31 --status unpaid", "invoices"),
        (&format!("invoices get {invoice}"), "invoice"),
        (&format!("invoices items {invoice}"), "invoice items"),
        ("invoices draft --month current", "invoice items"),
        (&format!("usage summaries {metered} --sort partner-total"), "usage summaries"),
        (&format!("usage summary {summary}"), "usage summary"),
        (&format!("usage lines {summary} --day 2026-10-05"), "usage lines"),
        ("webhooks list --active yes", "webhooks"),
        ("webhooks topics list", "topics"),
    ] {
        let table = shop.run(line).ended(0).stdout;
        let head = table.lines().next().unwrap();
        assert!(head == first || head.starts_with(&format!("{first} ")), "{line}: {table}");
        let sent = shop.json(line);
        let csv = shop.run(&format!("{line} --format csv")).ended(0).stdout;
        let rows = csv::Reader::from_reader(csv.as_bytes()).records().map(Result::unwrap).count();
        assert_eq!(rows, sent.as_array().map_or(1, Vec::len), "{line}: {csv}");
        assert!(!table.contains("error") && rows > 0 || line.starts_with("webhooks list"), "{line}: {table}");
    }
    assert!(!shop.place.path().join("trueup.db").exists());
}

#[test]
fn a_listing_that_was_cut_says_so_and_all_is_all() {
    let shop = Shop::open("", "");
    let all = shop.all("subscriptions list");
    let cut = shop.run("subscriptions list --limit 2 --format json").ended(0);
    let two: Vec<Value> = serde_json::from_str(&cut.stdout).unwrap();
    assert_eq!(two, all[..2]);
    assert_eq!(cut.stderr, format!("2 of {}, see --all\n", all.len()));
    assert_eq!(shop.run("subscriptions list --all").ended(0).stderr, "");
    let numbers = shop.run("subscriptions list --limit 1 --format json").ended(0).stdout;
    assert!(numbers.starts_with("[\n{\"") && numbers.ends_with("}\n]\n"), "one record a line: {numbers}");
}

#[test]
fn a_company_lives_from_its_creation_to_its_contacts() {
    let shop = Shop::open("", "country = \"GB\"\nself_service_allowed = true\n");
    let made = shop.run(&format!("companies create {COMPANY} --yes --format json")).ended(0);
    let company: Value = serde_json::from_str(&made.stdout).unwrap();
    assert_eq!((&company["status"], &company["selfServiceAllowed"]), (&"Inactive".into(), &true.into()));
    let company = id(&company);
    assert!(
        made.stderr
            .contains("warning: without a primary contact for Admin, Billing, Technical the company is inactive")
            && made.stderr.contains(&format!("Add its contacts: trueup pax8 contacts create {company}")),
        "{}",
        made.stderr
    );
    let twice = shop.run(&format!("companies create {COMPANY} --yes")).ended(4);
    assert!(twice.stderr.contains("create company: Pax8 refused it: 422: "), "{}", twice.stderr);

    let ada = shop.run(&format!("contacts create {company} {CONTACT} --primary admin,billing --yes --format json"));
    assert!(ada.stderr.contains("without a primary contact for Technical the company is inactive"), "{}", ada.stderr);
    let ada = id(&serde_json::from_str(&ada.ended(0).stdout).unwrap());
    let bo = shop.run(&format!("contacts create {company} {CONTACT} --primary technical --yes")).ended(0);
    assert!(!bo.stderr.contains("warning"), "{}", bo.stderr);
    assert_eq!(shop.json(&format!("companies get {company}"))["status"], "Active");

    let moved = shop.run(&format!("companies update {company} --city Bath --yes --format json")).ended(0);
    assert!(
        moved.stderr.contains("Bristol → Bath") && moved.stderr.contains("4 Quay Row (as it is)"),
        "{}",
        moved.stderr
    );
    assert_eq!(serde_json::from_str::<Value>(&moved.stdout).unwrap()["address"]["postalCode"], "BS1 4ZZ");

    let phone = shop.run(&format!("contacts update {company} {ada} --phone 2 --yes --format json")).ended(0);
    assert!(
        phone.stderr.contains("1 → 2")
            && phone.stderr.contains("types      type Admin, primary | type Billing, primary (as it is)"),
        "{}",
        phone.stderr
    );
    assert_eq!(serde_json::from_str::<Value>(&phone.stdout).unwrap()["types"].as_array().unwrap().len(), 2);

    let line = format!("contacts create {company} {CONTACT} --role technical --yes --format json");
    let spare = id(&serde_json::from_str(&shop.run(&line).ended(0).stdout).unwrap());
    let refused = shop.run(&format!("contacts delete {company} {spare}")).ended(2);
    assert!(
        refused.stderr.contains("ada@harbour.example") && refused.stderr.contains("nothing was sent"),
        "{}",
        refused.stderr
    );
    let deleted = shop.run(&format!("contacts delete {company} {spare} --yes")).ended(0);
    assert_eq!(deleted.stdout, format!("{spare} is no longer there.\n"));
    assert_eq!(shop.all(&format!("contacts list {company}")).len(), 2);
    let last = shop.run(&format!("contacts delete {company} {ada} --yes")).ended(4);
    assert!(last.stderr.contains("without a primary contact for Admin, Billing"), "{}", last.stderr);
}

/// A product that demands a commitment, and a line that orders it with every answer.
fn line_of(shop: &Shop) -> (String, String) {
    let product = shop.id("products list", |product| product["requiresCommitment"] == true);
    let details = shop.json(&format!("products provision-details {product}"));
    let answers = details.as_array().unwrap().iter().map(|detail| {
        let word = detail["possibleValues"][1].as_str().unwrap_or("acme");
        format!(" detail.{}={word}", detail["key"].as_str().unwrap())
    });
    let answers: String = answers.collect();
    (
        product.clone(),
        format!("product={product} quantity=5 term=monthly commitment=\"1 year\"{answers}").replace('"', ""),
    )
}

#[test]
fn an_order_is_judged_before_it_is_placed() {
    let shop = Shop::open("", "");
    let company = shop.id("companies list", |company| company["status"] == "Active");
    let (product, line) = line_of(&shop);
    let before = shop.all("orders list").len();
    let create =
        |line: &str, more: &str| shop.run(&format!("orders create --company {company} --line \"{line}\" {more}"));
    for (wrong, said) in [
        (format!("product={product} quantity=5 term=monthly"), "line 1 commitment: the product demands one; expected "),
        (format!("product={product} quantity=5 term=monthly commitment=2-Year"), "found 2-Year"),
        (line.replace("detail.msDomain", "detail.msDomian"), "hint: Did you mean `msDomain`?"),
        (
            line.replace("No, a tenant is to be made", "Perhaps"),
            "expected one of the words `Yes, the customer has a tenant`, `No,",
        ),
        (format!("prodct={product}"), "hint: Did you mean `product`?"),
    ] {
        let refused = create(&wrong, "--yes").ended(2);
        assert!(refused.stderr.contains(said), "{wrong}: {}", refused.stderr);
    }
    let judged = create(&line, "--validate-only").ended(0);
    assert!(judged.stderr.contains("Pax8 would take this order. Nothing was ordered."), "{}", judged.stderr);
    let open = create(&line.replace("detail.msDomain=acme", ""), "--validate-only").ended(4);
    assert!(open.stderr.contains("warning: line 1: not answered: msDomain ("), "{}", open.stderr);
    let asked = create(&line, "").ended(2);
    assert!(
        asked.stderr.contains("create order: POST ") && asked.stderr.contains("nothing was sent"),
        "{}",
        asked.stderr
    );
    assert_eq!(shop.all("orders list").len(), before, "nothing was ordered so far");

    let placed: Value = serde_json::from_str(&create(&line, "--yes --format json").ended(0).stdout).unwrap();
    let made = placed["lineItems"][0]["subscriptionId"].as_str().unwrap();
    let made = shop.json(&format!("subscriptions get {made}"));
    assert_eq!((&made["quantity"], &made["productId"]), (&5.into(), &product.into()));
    assert_eq!(shop.all("orders list").len(), before + 1);

    let file = serde_json::json!({
        "companyId": company,
        "lineItems": [{ "productId": made["productId"], "quantity": 2, "billingTerm": "Monthly", "commitment": "Monthly",
            "provisioningDetails": [{ "key": "msDomain", "values": ["acme"] },
                { "key": "msCustExists", "values": ["no, a tenant is to be made"] }] }],
    });
    shop.place.write("order.json", &file.to_string());
    let _ = shop.run("orders create --from order.json --yes").ended(0);
    assert_eq!(shop.all("orders list").len(), before + 2);
}

#[test]
fn a_subscription_is_changed_and_ended_with_its_commitment_told() {
    let shop = Shop::open("", "");
    let bound =
        |row: &Value| row["commitment"]["term"] == "1-Year" && row["quantity"].as_i64().is_some_and(|held| held > 2);
    let subscription = shop.id("subscriptions list --status active", bound);
    let states = shop.json(&format!("subscriptions history {subscription}")).as_array().unwrap().len();
    let raised =
        shop.run(&format!("subscriptions update {subscription} --quantity 500 --price 9.505 --yes --format json"));
    let raised = raised.ended(0);
    assert!(raised.stderr.contains(" → 500") && !raised.stderr.contains("warning"), "{}", raised.stderr);
    assert!(
        raised.stdout.contains("\"price\":9.505") && raised.stdout.contains("\"quantity\":500"),
        "{}",
        raised.stdout
    );
    assert_eq!(shop.json(&format!("subscriptions history {subscription}")).as_array().unwrap().len(), states + 1);

    let lowered = shop.run(&format!("subscriptions update {subscription} --quantity 1")).ended(2);
    assert!(
        lowered
            .stderr
            .contains("warning: the quantity may not be lowered within the commitment (1-Year), which ends on 20"),
        "{}",
        lowered.stderr
    );
    let nothing = shop.run(&format!("subscriptions update {subscription} --end 2027-01-01")).ended(2);
    assert!(
        nothing.stderr.contains("expected a change of price, billing term, quantity or start"),
        "{}",
        nothing.stderr
    );
    let early = shop.run(&format!("subscriptions cancel {subscription} --on 2026-11-30 --as-of 2026-11-02")).ended(2);
    assert!(
        early.stderr.contains("cancelDate=2026-11-30T00:00:00Z")
            && early.stderr.contains("bound by a commitment (1-Year), which ends on 20")
            && early.stderr.contains("it may not be cancelled earlier"),
        "{}",
        early.stderr
    );
    let free = shop.id("subscriptions list --status active", |row| row.get("commitment").is_none());
    let ended = shop.run(&format!("subscriptions cancel {free} --on 2026-12-31 --yes --format json")).ended(0);
    let ended: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert!(ended["endDate"].as_str().unwrap().starts_with("2026-12-31"), "{ended}");
}

#[test]
fn a_webhook_is_made_tried_and_deleted_and_its_secret_is_nowhere() {
    let shop = Shop::open("", "");
    let create =
        "webhooks create --name trueup --url https://hooks.example/x --authorization-env HOOK --topic INVOICE:CREATED";
    let made = shop.run(&format!("{create} --active --yes --log trace")).ended(0);
    let webhook = shop.id("webhooks list", any);
    let tried = shop.run(&format!("webhooks test {webhook} INVOICE --yes --log trace")).ended(0);
    let delivered = shop.all(&format!("webhooks logs {webhook}"));
    assert_eq!(delivered.len(), 1);
    let got = shop.run(&format!("webhooks get {webhook} --format json")).ended(0);
    let deleted = shop.run(&format!("webhooks delete {webhook} --yes")).ended(0);
    assert!(shop.all("webhooks list").is_empty());
    for ran in [made, tried, got, deleted] {
        assert!(!ran.transcript().contains("canary"), "{}", ran.transcript());
    }
    for file in std::fs::read_dir(shop.place.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(6).any(|part| part == b"canary"), "{}", path.display());
        }
    }
}

#[test]
fn nothing_is_sent_without_a_yes_or_from_a_test_connection() {
    let shop = Shop::open("webhook-pause=0", "");
    let test = shop.place.read("trueup.toml") + "environment = \"test\"\n";
    shop.place.write("test.toml", &test);
    let company = shop.id("companies list", any);
    let contact = shop.id(&format!("contacts list {company}"), any);
    let subscription = shop.id("subscriptions list", any);
    let (_, line) = line_of(&shop);
    let create = "webhooks create --name w --url https://h.example/x --authorization-env HOOK --topic INVOICE --yes";
    let _ = shop.run(create).ended(0);
    let webhook = shop.id("webhooks list", any);
    let _ = shop.run(&format!("webhooks test {webhook} INVOICE --yes")).ended(0);
    let log = shop.id(&format!("webhooks logs {webhook}"), any);
    // Its state changes until the last attempt.
    while shop.json(&format!("webhooks log {webhook} {log}"))["finalStatus"] != "FAILED" {
        std::thread::yield_now();
    }
    let writes = [
        format!("companies create {COMPANY}"),
        format!("companies update {company} --phone 7"),
        format!("contacts create {company} {CONTACT}"),
        format!("contacts update {company} {contact} --phone 7"),
        format!("contacts delete {company} {contact}"),
        format!("orders create --company {company} --line \"{line}\""),
        format!("subscriptions update {subscription} --quantity 77"),
        format!("subscriptions cancel {subscription}"),
        "webhooks create --name v --url https://h.example/x --authorization-env HOOK".to_owned(),
        format!("webhooks test {webhook} INVOICE"),
        format!("webhooks update {webhook} --name v --authorization-env HOOK"),
        format!("webhooks disable {webhook}"),
        format!("webhooks enable {webhook}"),
        format!("webhooks topics add {webhook} CLIENT"),
        format!("webhooks topics remove {webhook} INVOICE"),
        format!("webhooks topics replace {webhook} CLIENT"),
        format!("webhooks topics configure {webhook} INVOICE --unfiltered"),
        format!("webhooks retry {webhook} {log}"),
        format!("webhooks delete {webhook}"),
    ];
    let state = || {
        let listings = ["companies list", "orders list", "subscriptions list", "webhooks list"];
        let contacts = shop.all(&format!("contacts list {company}"));
        (listings.map(|listing| shop.all(listing)), contacts)
    };
    let before = state();
    for write in &writes {
        let unasked = shop.run(write).ended(2).stderr;
        assert!(unasked.contains("nobody is there to be asked, and nothing was sent"), "{write}: {unasked}");
        let tested = shop.run(&format!("{write} --yes --config test.toml")).ended(2).stderr;
        assert!(tested.contains("a test connection changes nothing; nothing was sent"), "{write}: {tested}");
    }
    assert_eq!(before, state());
    let judged = format!("orders create --company {company} --line \"{line}\" --validate-only --config test.toml");
    let _ = shop.run(&judged).ended(0);
}

#[test]
fn an_answer_that_is_lost_is_settled_by_looking_and_nothing_is_sent_twice() {
    let shop = Shop::open("drop-write@companies", "");
    let made = shop.run(&format!("companies create {COMPANY} --yes")).ended(0);
    assert!(made.stderr.contains("The answer was unclear; looking showed that it took effect."), "{}", made.stderr);
    let named = shop.all("companies list").into_iter().filter(|company| company["name"] == "Harbour Ltd").count();
    assert_eq!(named, 1);
}

#[test]
fn what_is_wrong_with_a_command_is_told_before_anything_is_sent() {
    let shop = Shop::open("", "");
    for (name, line, status) in [
        ("pax8_unknown_word", "companies list --status activ", 2),
        ("pax8_unknown_sort", "subscriptions list --sort prize", 2),
        ("pax8_bad_day", "invoices list --from October", 2),
        ("pax8_no_such_record", "companies get 7c1f0a52-0000-4a53-8f0d-2b6f6f0e1a11", 2),
        ("pax8_foreign_company", "subscriptions list --company 7c1f0a52-0000-4a53-8f0d-2b6f6f0e1a11", 7),
        ("pax8_no_such_connection", "companies list --connection pax9", 2),
        ("pax8_no_mail_address", "contacts create 7c1f0a52 --first-name Ada --last-name Moss --email ada --phone 1", 2),
        ("pax8_company_incomplete", "companies create --name A --country GB", 2),
        ("pax8_bad_flag", "companies list --self-service maybe", 2),
        ("pax8_no_such_duty", &format!("contacts create 7c1f0a52 {CONTACT} --primary bilings"), 2),
        (
            "pax8_country_in_full",
            "companies create --name A --street B --city C --postcode D --country England --phone 1 --website x",
            2,
        ),
        ("pax8_line_unknown_key", "orders create --company 7c1f0a52 --line \"produkt=1 quantity=5\"", 2),
        ("pax8_order_file_missing", "orders create --from order.json", 2),
        ("pax8_nothing_changes", "subscriptions update d3b00c1e --end 2027-01-01", 2),
        (
            "pax8_hook_secret_missing",
            "webhooks create --name w --url https://h.example/x --authorization-env NOT_SET",
            2,
        ),
        ("pax8_hook_not_https", "webhooks create --name w --url http://h.example/x --authorization-env HOOK", 2),
    ] {
        let ran = shop.run(line).ended(status);
        golden!("errors", name, ran.transcript().replace(&shop.url, "<url>"));
    }
}
