//! A change of one field changes that field and no other: what a record holds beside the documented, at any depth, is sent back.

#![cfg(test)]

use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};
use serde_json::{Value, json};
use trueup::config::{self, Config};
use trueup::engine::pax8::{
    self, AddressChange, AddressChanges, Ask, Clearable, CompanyChanges, CompanyPatch, ContactChange, ContactChanges,
    Country, Duty, DutyChange, Email, Filled, Outcome, Remote, Write,
};
use trueup::simulate::{File, Pax8Credentials, Running, Table, World, serve_pax8};

const COMPANY: &str = "11111111-1111-4111-a111-111111111111";
const CONTACT: &str = "22222222-2222-4222-a222-222222222222";

/// A company and a contact with fields that nobody documents, wherever a record has an object.
async fn served() -> Running {
    let mut data = World::from_seed(7, 1, "2026-03").unwrap().data;
    let more = json!({ "region": "EMEA", "score": 12.125, "tags": ["a", { "b": null }],
        "address": { "plus4": "0001", "geo": { "lat": 51.450, "kind": null, "at": { "floor": 2 } } } });
    let company = [
        ("id", COMPANY),
        ("name", "Harbour Ltd"),
        ("street", "4 Quay Row"),
        ("city", "Bristol"),
        ("stateOrProvince", "England"),
        ("postalCode", "BS1 4ZZ"),
        ("country", "GB"),
        ("phone", "0117 496 0000"),
        ("website", "https://harbour.example"),
        ("externalId", "H-1"),
        ("billOnBehalfOfEnabled", "false"),
        ("selfServiceAllowed", "false"),
        ("orderApprovalRequired", "false"),
        ("status", "Active"),
        ("updatedDate", "2026-01-01T00:00:00Z"),
        ("street2", "Floor 2"),
        ("undocumented", &more.to_string()),
    ];
    let more = json!({ "phoneNumber": "0117 496 0001", "phoneCountryCode": "GB", "phoneCountryCallingCode": 44,
        "locale": { "lang": "en", "zone": { "offset": 0.0 } }, "types": { "Admin": { "since": { "year": 2024 } } } });
    let contact = [
        ("id", CONTACT),
        ("companyId", COMPANY),
        ("firstName", "Ada"),
        ("lastName", "Moss"),
        ("email", "ada@harbour.example"),
        ("phone", "0117 496 0001"),
        ("createdDate", "2026-01-01"),
        ("types", "Admin+;Billing"),
        ("undocumented", &more.to_string()),
    ];
    let other = [("id", "3"), ("companyId", COMPANY), ("types", "Billing+;Technical+"), ("firstName", "Bo")];
    for (file, rows) in
        [(File::VendorCompanies, vec![&company[..]]), (File::VendorContacts, vec![&contact[..], &other[..]])]
    {
        let columns: Vec<&str> = file.columns().iter().copied().chain(["street2", "undocumented"]).collect();
        let mut table = Table::new(&columns);
        for row in rows {
            table.push(row);
        }
        *data.table_mut(file) = table;
    }
    let any = "127.0.0.1:0".parse().unwrap();
    serve_pax8(data, "full-lists".parse().unwrap(), Pax8Credentials::default(), any).await.unwrap()
}

fn remote(served: &Running) -> Remote {
    let text = format!(
        "[connectors.pax8]\nkind = \"pax8\"\nside = \"vendor\"\nbase_url = \"{}/v1\"\nclient_id = \"demo-client\"\n\
         client_secret = {{ env = \"SECRET\" }}\npause_ms = 0\ncalls_per_minute = 60000\n",
        served.url()
    );
    let config: Config = config::parse(std::path::Path::new("trueup.toml"), &text).unwrap();
    pax8::open(&config, None, &config::Environment::of([("SECRET", "demo-secret")])).unwrap()
}

fn text(text: &str) -> Filled {
    Filled::new("a test", text).unwrap()
}

/// Sets a value at a path, or takes it away where it is null.
fn set(record: &mut Value, path: &str, value: Value) {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    match rest {
        Some(rest) => set(&mut record[name], rest, value),
        None if value.is_null() => drop(record.as_object_mut().unwrap().remove(name)),
        None => record[name] = value,
    }
}

/// A change of a company by one field, and what is other afterwards.
fn of_company(held: &pax8::Record, field: usize, new: &str, yes: bool) -> (CompanyChanges, &'static str, Value) {
    let (mut company, mut address) = (CompanyChanges::default(), AddressChanges::default());
    let (value, said) = (Some(text(new)), Value::from(new));
    let (path, said) = match field {
        0 => (company.name = value, ("name", said)).1,
        1 => (company.phone = value, ("phone", said)).1,
        2 => (company.website = value, ("website", said)).1,
        3 => (company.external_id = value.map(Clearable::To), ("externalId", said)).1,
        4 => (company.external_id = Some(Clearable::Cleared), ("externalId", Value::Null)).1,
        5 => (company.self_service_allowed = Some(yes), ("selfServiceAllowed", yes.into())).1,
        6 => (company.bill_on_behalf = Some(yes), ("billOnBehalfOfEnabled", yes.into())).1,
        7 => (company.order_approval_required = Some(yes), ("orderApprovalRequired", yes.into())).1,
        8 => (address.street = value, ("address.street", said)).1,
        9 => (address.street2 = value, ("address.street2", said)).1,
        10 => (address.city = value, ("address.city", said)).1,
        11 => (address.region = value, ("address.stateOrProvince", said)).1,
        12 => (address.postcode = value, ("address.postalCode", said)).1,
        13 => {
            let code = if yes { "IE" } else { "GB" };
            address.country = Some(Country::new("country", code).unwrap());
            ("address.country", code.into())
        }
        14 => (address.clear = vec!["street2"], ("address.street2", Value::Null)).1,
        _ => (address.clear = vec!["stateOrProvince"], ("address.stateOrProvince", Value::Null)).1,
    };
    if address != AddressChanges::default() {
        company.address = Some(AddressChange::of(held, &address).unwrap());
    }
    (company, path, said)
}

/// A change of a contact by one field, and what is other afterwards.
fn of_contact(before: &Value, field: usize, new: &str) -> (ContactChanges, Vec<(&'static str, Value)>) {
    let mut changes = ContactChanges::default();
    let held = before["types"].as_array().unwrap().clone();
    let billing = |part: &Value| part["type"] == "Billing";
    let has_billing = held.iter().any(billing);
    let other = match field {
        0 => (changes.first_name = Some(text(new)), vec![("firstName", new.into())]).1,
        1 => (changes.last_name = Some(text(new)), vec![("lastName", new.into())]).1,
        2 => {
            let mail = format!("{}@harbour.example", new.len());
            changes.email = Some(Email::new("email", &mail).unwrap());
            vec![("email", mail.into())]
        }
        // One number under two names.
        3 => (changes.phone = Some(text(new)), vec![("phone", new.into()), ("phoneNumber", new.into())]).1,
        4 => {
            changes.duties = vec![DutyChange::Has(Duty::Billing)];
            let more = (!has_billing).then(|| json!({ "type": "Billing", "primary": false }));
            vec![("types", held.into_iter().chain(more).collect())]
        }
        5 if has_billing => {
            changes.duties = vec![DutyChange::Without(Duty::Billing)];
            vec![("types", held.into_iter().filter(|part| !billing(part)).collect())]
        }
        _ => (changes.clear = vec!["phoneCountryCode"], vec![("phoneCountryCode", Value::Null)]).1,
    };
    (changes, other)
}

async fn sent(remote: &Remote, write: &Write) {
    let outcome = remote.send(write).await.unwrap();
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
}

#[test]
fn a_change_of_one_field_changes_that_field_and_no_other() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let served = runtime.block_on(served());
    let remote = remote(&served);
    let (company, contact) = (text(COMPANY), text(CONTACT));
    let (ask_company, ask_contact) =
        (Ask::Company(company.clone()), Ask::Contact { company: company.clone(), contact: contact.clone() });
    let cases = (0usize..23, "[A-Z][a-z]{1,12}", any::<bool>());
    let mut runner = TestRunner::new(Cases { cases: 96, failure_persistence: None, ..Cases::default() });
    let law = runner.run(&cases, |(field, new, yes)| {
        runtime.block_on(async {
            let of_company_too = field < 16;
            let ask = if of_company_too { &ask_company } else { &ask_contact };
            let before = remote.one(ask).await.unwrap();
            let mut expected = before.whole();
            let write = if of_company_too {
                let (changes, path, value) = of_company(&before, field, &new, yes);
                set(&mut expected, path, value);
                let Ok(patch) = CompanyPatch::new(changes).unwrap().differs_from(&before) else {
                    return assert_eq!(expected, before.whole());
                };
                Write::UpdateCompany { company: company.clone(), patch: Box::new(patch) }
            } else {
                let (changes, other) = of_contact(&expected, field - 16, &new);
                for (path, value) in other {
                    set(&mut expected, path, value);
                }
                let Ok(change) = ContactChange::of(&before, &changes) else {
                    return assert_eq!(expected, before.whole());
                };
                Write::ReplaceContact { company: company.clone(), contact: contact.clone(), change }
            };
            sent(&remote, &write).await;
            let mut after = remote.one(ask).await.unwrap().whole();
            if of_company_too {
                // When it was changed last is Pax8's own.
                after["updatedDate"] = expected["updatedDate"].clone();
            }
            assert_eq!(after, expected, "{write:?}");
        });
        Ok(())
    });
    law.unwrap();
    // What the law is about was there to the end.
    let (company, contact) =
        runtime.block_on(async { (remote.one(&ask_company).await.unwrap(), remote.one(&ask_contact).await.unwrap()) });
    assert_eq!(company.text("address.geo.at.floor").as_deref(), Some("2"));
    assert_eq!(company.text("score").as_deref(), Some("12.125"));
    assert!(contact.json().contains("\"since\":{\"year\":2024}"), "{}", contact.json());
}
