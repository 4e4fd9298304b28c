//! What people type and read: names for ids, duties, what is emptied, slips at a prompt, moments, and the help's own examples.

use serde_json::Value;

#[cfg(unix)]
use super::typed;
use super::{COMPANY, CONTACT, Shop, any, id};

#[cfg(unix)]
#[test]
fn an_answer_that_cannot_be_used_is_asked_for_again_with_the_reason() {
    let shop = Shop::open("", "");
    let create = format!("companies create {COMPANY}");
    let (seen, status) = typed(&shop, &create, "y\n\nAda\nMoss\nada\nada@harbour.example\n1\ny\n");
    let told = [
        " First name: expected a text, found none\r\n  First name:",
        " Mail address: expected a mail address like ada@acme.example, found ada\r\n  Mail address:",
    ];
    assert!(status == Some(0) && told.iter().all(|told| seen.contains(told)), "{seen}");

    let other = create.replace("Harbour Ltd", "Quay Ltd");
    let (seen, status) = typed(&shop, &other, "y\nBo\nLind\na\nb\nc\nd\n");
    assert!(status == Some(2) && seen.contains("Mail address: asked 4 times, and no answer could be used"), "{seen}");
    // The end of the input, as a person types it.
    let (seen, status) = typed(&shop, &other, "y\nBo\n\u{4}");
    assert!(status == Some(2) && seen.contains(" Last name: the input ended before an answer"), "{seen}");
    assert!(shop.all("companies list").iter().all(|company| company["name"] != "Quay Ltd"));
}

#[test]
fn a_name_is_taken_for_an_id_where_it_can_mean_no_other_and_names_stand_beside_ids() {
    let shop = Shop::open("", "");
    let companies = shop.all("companies list");
    let (company, name) = (id(&companies[0]), companies[0]["name"].as_str().unwrap());
    let of_company: Vec<Value> =
        shop.all("subscriptions list").into_iter().filter(|row| row["companyId"] == *company).collect();
    let held = &of_company[0];
    let (product, called) = (held["productId"].as_str().unwrap(), held["productName"].as_str().unwrap());
    for typed in [name, &name.to_uppercase(), &name[..name.len() - 2], &company[..8]] {
        let ran = shop.run(&format!("subscriptions list --all --company \"{typed}\" --format json")).ended(0);
        assert_eq!(serde_json::from_str::<Vec<Value>>(&ran.stdout).unwrap(), of_company, "{typed}");
        assert!(ran.stderr.contains(&format!("company {company}: {name}\n")), "{}", ran.stderr);
    }
    let both = shop.all(&format!("subscriptions list --company \"{name}\" --product \"{called}\""));
    assert!(both.contains(held) && both.iter().all(|row| row["productId"] == product), "{both:?}");
    let many = shop.run("products get Microsoft").ended(2);
    assert!(
        many.stderr.contains("error: PRODUCT: Microsoft may be any of these products:\nerror:   "),
        "{}",
        many.stderr
    );
    let none = shop.run("contacts list Zorro").ended(2);
    assert!(none.stderr.contains("COMPANY: no company has this id or name: Zorro\n"), "{}", none.stderr);
    assert!(none.stderr.contains("from 6 characters on"), "{}", none.stderr);

    // A write says whom it is about before it asks, and nothing is guessed for it.
    let asked = shop.run(&format!("companies update \"{name}\" --phone 7")).ended(2);
    assert!(
        asked.stderr.starts_with(&format!("company {company}: {name}\nupdate company: PATCH ")),
        "{}",
        asked.stderr
    );
    let asked = shop.run(&format!("subscriptions cancel {}", id(held))).ended(2);
    assert!(asked.stderr.starts_with(&format!("{called} of {name} ({company})\n")), "{}", asked.stderr);

    let table = || shop.run("orders list").ended(0).stdout;
    assert!(!table().contains("companyName"), "{}", table());
    let _ = shop.place.run("pull --only pax8 --period 2026-10").ended(0);
    assert!(table().contains(&format!("  {name}  ")) && table().contains(&format!("productId {product} ({called})")));
    let one = shop.run(&format!("subscriptions get {}", id(held))).ended(0).stdout;
    assert!(one.contains(&format!("{company} ({name})\n")), "{one}");
    // Files and programs get what Pax8 sent, whatever was pulled.
    assert!(!shop.run("orders list --format csv").ended(0).stdout.contains(name));
}

/// What changes something.
const MAKERS: [&str; 8] = ["create", "update", "test", "delete", "cancel", "enable", "disable", "topics"];

/// The examples that the help of these commands shows.
fn examples(command: &clap::Command, found: &mut Vec<String>) {
    let help = command.clone().term_width(0).render_long_help().to_string();
    let (_, shown) = help.split_once("\nExample").unwrap_or_else(|| panic!("{help}"));
    found.extend(shown.lines().filter_map(|line| line.strip_prefix("  trueup pax8 ")).map(str::to_owned));
    command.get_subcommands().for_each(|inner| examples(inner, found));
}

#[test]
fn every_example_of_the_help_works_as_it_stands_against_the_simulator() {
    let root = trueup::cli::command();
    let mut all = Vec::new();
    examples(root.find_subcommand("pax8").unwrap(), &mut all);
    assert!(all.len() > 40, "{}", all.len());
    let shop = Shop::of("--seed 7 --period 2026-10", "", "");
    // What is made is made before it is named, and gone at the end.
    let verb = |line: &str, verbs: &[&str]| verbs.contains(&line.split(' ').nth(1).unwrap());
    all.sort_by_key(|line| (verb(line, &["delete", "cancel"]), !verb(line, &["create"])));
    let mut run = std::collections::BTreeSet::new();
    // A group shows an example of one of its commands.
    all.retain(|line| run.insert(line.clone()));
    for line in all {
        // No delivery has been made here to be looked at or made again.
        if verb(&line, &["log", "retry"]) {
            continue;
        }
        let writes = MAKERS.contains(&line.split(' ').nth(1).unwrap())
            && ![" --validate-only", " topics list"].iter().any(|part| line.contains(part));
        let ran = shop.run(&format!("{line}{}", if writes { " --yes" } else { "" })).ended(0);
        assert!(!ran.stdout.contains("No rows") || line.contains("--status"), "{}", ran.transcript());
        assert!(!ran.stderr.contains("error: "), "{}", ran.transcript());
    }
}

#[test]
fn a_history_tells_when_and_csv_keeps_the_moment() {
    let shop = Shop::open("", "");
    let subscription = shop.id("subscriptions list --status active", any);
    let _ = shop.run(&format!("subscriptions update {subscription} --quantity 501 --yes")).ended(0);
    let line = format!("subscriptions history {subscription}");
    let moment = shop.json(&line)[0]["updatedDate"].as_str().unwrap().to_owned();
    let (day, time) = moment.split_once('T').unwrap();
    let text = shop.run(&line).ended(0).stdout;
    assert!(text.contains(&format!("\n{day} {} UTC  ", time.trim_end_matches('Z'))), "{text}");
    let csv = shop.run(&format!("{line} --format csv")).ended(0).stdout;
    assert!(csv.contains(&format!("\n{moment},")), "{csv}");
}

#[test]
fn a_duty_is_added_or_taken_away_and_what_is_demanded_is_not_emptied() {
    let shop = Shop::open("", "");
    let company = id(&serde_json::from_str(
        &shop
            .run(&format!("companies create {COMPANY} --street2 Top --external-id H-1 --yes --format json"))
            .ended(0)
            .stdout,
    )
    .unwrap());
    let person = |line: &str| {
        id(&serde_json::from_str(&shop.run(&format!("{line} --yes --format json")).ended(0).stdout).unwrap())
    };
    let ada = person(&format!("contacts create {company} {CONTACT} --primary admin,billing"));
    let bo = person(&format!(
        "contacts create {company} --first-name Bo --last-name Lind --email bo@harbour.example --phone 2 --primary technical"
    ));
    let update = |who: &str, more: &str| shop.run(&format!("contacts update {company} {who} {more}"));
    for (more, said) in [
        (
            "--role technical",
            "type Admin, primary | type Billing, primary → type Admin, primary | type Billing, primary | type Technical\n",
        ),
        (
            "--primary technical",
            "type Technical, primary\nwarning: Bo Lind is the primary contact for Technical now and will no longer be\n",
        ),
        ("--no-primary billing", "→ type Admin, primary | type Billing\n"),
        ("--no-role billing", "→ type Admin, primary\nwarning: without a primary contact for Billing"),
        ("--clear roles", "→ none\n"),
        ("--role admin", "error: contact: nothing would change: it is so already"),
        ("--no-role technical", "error: types: the contact does not have the duty Technical"),
        ("--role admin --no-role admin", "error: --no-role: Admin is named twice"),
        ("--clear email", "error: --clear: expected a field that Pax8 does not demand, roles, phone-country-code, "),
        ("--role billing --clear roles", "error: --clear: roles is to be emptied and to be filled"),
    ] {
        let ran = update(&ada, more).ended(2);
        assert!(ran.stderr.contains(said), "{more}: {}", ran.stderr);
    }
    let _ = update(&ada, "--role technical --yes").ended(0);
    let _ = update(&bo, "--primary billing --yes").ended(0);
    let types = |who: &str| shop.json(&format!("contacts get {company} {who}"))["types"].clone();
    let duty = |duty: &str, primary: bool| serde_json::json!({ "type": duty, "primary": primary });
    assert_eq!(types(&ada), Value::from(vec![duty("Admin", true), duty("Billing", false), duty("Technical", false)]));
    assert_eq!(types(&bo), Value::from(vec![duty("Technical", true), duty("Billing", true)]));

    let cleared =
        shop.run(&format!("companies update {company} --clear street2,external-id --yes --format json")).ended(0);
    let cleared: Value = serde_json::from_str(&cleared.stdout).unwrap();
    assert_eq!((cleared.get("externalId"), cleared["address"].get("street2")), (None, None), "{cleared}");
    for (more, said) in [
        (
            "--clear name",
            "--clear: expected a field that Pax8 does not demand, street2, state, external-id; found name",
        ),
        ("--city Bristol", "company: nothing would change: it is so already"),
    ] {
        let refused = shop.run(&format!("companies update {company} {more} --yes")).ended(2);
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }
}

#[test]
fn a_pull_with_contacts_says_how_many_were_read() {
    let shop = Shop::open("", "");
    let pulled = shop.place.run("pull --period 2026-10 --with contacts").ended(0).stdout;
    let read: usize = shop
        .all("companies list")
        .iter()
        .filter(|company| company["status"] != "Deleted")
        .map(|company| shop.all(&format!("contacts list {}", company["id"].as_str().unwrap())).len())
        .sum();
    let row = pulled.lines().find(|line| line.contains(" contacts ")).unwrap_or_else(|| panic!("{pulled}"));
    let words: Vec<&str> = row.split_whitespace().collect();
    assert!(read > 0 && words.contains(&read.to_string().as_str()) && words.contains(&"complete"), "{row}: {read}");
    let without = shop.place.run("pull --period 2026-10").ended(0).stdout;
    assert!(!without.contains(" contacts "), "{without}");
}

/// Old documents say no currency: the setting says what is meant, and an unknown word there is refused before anything is asked.
#[test]
fn a_shape_without_currencies_is_pulled_by_the_currency_of_the_settings() {
    let faults = "extra,shape=2022,end-exclusive,credited,carried=1250.50,commitment=documented,nulls";
    let counted = |settings: &str, status| {
        let shop = Shop::open(faults, settings);
        let pulled = shop.place.run("pull --period 2026-10").ended(status).transcript();
        let row = |name: &str| {
            let row = pulled.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{pulled}"));
            row.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        (row(" invoices ").join(" "), row(" charges ").join(" "), pulled)
    };
    let (invoices, charges, told) = counted("currency = \"USD\"\n", 0);
    assert!(invoices.ends_with(" 0 complete") && charges.ends_with(" 0 complete"), "{told}");
    let (invoices, charges, told) = counted("", 8);
    assert!(invoices.contains(" 0 ") && invoices.ends_with("partial") && charges.ends_with("partial"), "{told}");
    assert!(told.contains("`currency` in the settings of the connection"), "{told}");
    let shop = Shop::open("", "currency = \"Dollars\"\n");
    let refused = shop.place.run("pull --period 2026-10").ended(2).transcript();
    assert!(refused.contains("currency") && refused.contains("`Dollars`"), "{refused}");
}
