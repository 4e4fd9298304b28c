//! Writes to the simulated Pax8: a company from nothing to a subscription that ends, and answers that get lost on the way.

#![cfg(test)]

use std::time::Duration;

use trueup::clock::Clock;
use trueup::config::{self, Config};
use trueup::engine::pax8::{
    self, Address, Ask, BillingTerm, CompanyFlags, ContactBody, ContactChange, ContactChanges, ContactRole, Country,
    Duty, Email, Extent, Filled, NewCompany, NewLine, NewOrder, Outcome, Query, Record, Remote, SubscriptionChange,
    SubscriptionChanges, Write, duties_open,
};
use trueup::engine::{Ended, Engine, Settling, Unwatched, Written};
use trueup::simulate::{Pax8Credentials, Running, World, serve_pax8};

struct Bench {
    engine: Engine,
    remote: Remote,
    _served: Running,
    _folder: tempfile::TempDir,
}

async fn bench(faults: &str) -> Bench {
    let data = World::from_seed(7, 1, "2026-03").unwrap().data;
    let any = "127.0.0.1:0".parse().unwrap();
    let served = serve_pax8(data, faults.parse().unwrap(), Pax8Credentials::default(), any).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[connectors.pax8]\nkind = \"pax8\"\nside = \"vendor\"\nbase_url = \"{}/v1\"\nclient_id = \"demo-client\"\n\
         client_secret = {{ env = \"SECRET\" }}\npause_ms = 0\ncalls_per_minute = 60000\n",
        served.url()
    );
    let config: Config = config::parse(&folder.path().join("trueup.toml"), &text).unwrap();
    let environment = config::Environment::of([("SECRET", "demo-secret")]);
    Engine::migrate(&config, &environment, Clock::System).await.unwrap();
    let engine = Engine::open(&config, &environment, Clock::System, "ada").await.unwrap();
    let remote = pax8::open(&config, None, &environment).unwrap();
    Bench { engine, remote, _served: served, _folder: folder }
}

impl Bench {
    async fn write(&self, write: &Write) -> Written<Record> {
        let settling = Settling { pauses: vec![Duration::ZERO; 6], ..Settling::default() };
        self.engine.write(&self.remote, write, None, &settling).await.unwrap()
    }

    async fn all(&self, ask: &Ask) -> Vec<Record> {
        self.remote.ask(ask, &Query::default(), Extent::All, &Unwatched).await.unwrap().records
    }
}

fn text(text: &str) -> Filled {
    Filled::new("a test", text).unwrap()
}

fn contact(duties: &[Duty]) -> ContactBody {
    ContactBody {
        first_name: text("Ada"),
        last_name: text("Moss"),
        email: Email::new("email", "ada@harbour.example").unwrap(),
        phone: text("0117 496 0001"),
        roles: duties.iter().map(|duty| ContactRole { duty: *duty, primary: true }).collect(),
    }
}

fn company(contacts: Vec<ContactBody>) -> Write {
    Write::CreateCompany(Box::new(NewCompany {
        name: text("Harbour & Finch Ltd"),
        address: Address {
            street: text("4 Quay Row"),
            street2: None,
            city: text("Bristol"),
            region: Some(text("England")),
            postcode: text("BS1 4ZZ"),
            country: Country::new("country", "GB").unwrap(),
        },
        phone: text("0117 496 0000"),
        website: text("https://harbour.example"),
        external_id: Some(text("CUST-0042")),
        flags: CompanyFlags::default(),
        contacts,
    }))
}

/// A product that can be ordered without answering questions, and the line that orders it.
async fn line(bench: &Bench) -> NewLine {
    for product in bench.all(&Ask::Products).await {
        let id = text(&product.id().unwrap());
        let asked = bench.all(&Ask::ProvisionDetails { product: id.clone() }).await;
        if product.flag("requiresCommitment") != Some(true) && asked.is_empty() {
            let prices = bench.all(&Ask::Pricing { product: id.clone() }).await;
            let Some(term) = prices.first().and_then(|price| price.text("billingTerm")) else { continue };
            return NewLine {
                product: id,
                quantity: 3.try_into().unwrap(),
                billing_term: BillingTerm::of(&term),
                commitment: None,
                start: None,
                parent: None,
                provisioning: Vec::new(),
            };
        }
    }
    panic!("no product can be ordered without questions");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_is_made_orders_changes_and_ends() {
    for faults in ["", "drop-write=every:2,500-write=every:3", "late"] {
        let bench = bench(faults).await;
        let ended = |written: &Written<Record>| {
            let fine = matches!(written.ended, Ended::Done | Ended::Happened);
            assert!(fine, "{faults}: {:?}", written.ended);
            text(written.record.as_deref().unwrap())
        };
        let made = bench.write(&company(Vec::new())).await;
        let id = ended(&made);
        assert_eq!(made.now.unwrap().text("status").as_deref(), Some("Inactive"));
        assert_eq!(duties_open(contact(&[Duty::Admin]).roles), [Duty::Billing, Duty::Technical]);
        let write = Write::CreateContact { company: id.clone(), contact: contact(&Duty::ALL) };
        let added = bench.write(&write).await;
        let person = ended(&added);
        let now = bench.remote.one(&Ask::Company(id.clone())).await.unwrap();
        assert_eq!(now.text("status").as_deref(), Some("Active"));
        let phone = ContactChanges { phone: Some(text("0117 496 0002")), ..ContactChanges::default() };
        let change = ContactChange::of(&added.now.unwrap(), &phone).unwrap();
        let replaced = Write::ReplaceContact { company: id.clone(), contact: person, change };
        let replaced = bench.write(&replaced).await;
        ended(&replaced);
        assert_eq!(replaced.now.unwrap().text("phone").as_deref(), Some("0117 496 0002"));

        let order = NewOrder::new(id.clone(), None, vec![line(&bench).await]).unwrap();
        if faults.is_empty() {
            let judged = bench.remote.validate(&order).await.unwrap();
            assert!(matches!(judged, Outcome::Done(_)), "{judged:?}");
            assert_eq!(
                bench
                    .all(&Ask::Orders)
                    .await
                    .iter()
                    .filter(|order| order.text("companyId").as_deref() == Some(id.as_str()))
                    .count(),
                0,
                "judged, not placed"
            );
        }
        let placed = bench.write(&Write::CreateOrder(order)).await;
        ended(&placed);
        let placed = placed.now.unwrap();
        let held = placed.parts("lineItems")[0].get("subscriptionId").and_then(|id| id.as_str()).unwrap();
        let held = text(held);
        let changes = SubscriptionChanges { quantity: Some(5.try_into().unwrap()), ..SubscriptionChanges::default() };
        let change = Box::new(SubscriptionChange::new(changes).unwrap());
        let changed = bench.write(&Write::UpdateSubscription { subscription: held.clone(), change }).await;
        ended(&changed);
        assert_eq!(changed.now.unwrap().text("quantity").as_deref(), Some("5"));
        assert!(bench.all(&Ask::History { subscription: held.clone() }).await.len() > 1);
        let cancelled = bench.write(&Write::CancelSubscription { subscription: held, on: None }).await;
        ended(&cancelled);
        assert!(cancelled.now.unwrap().text("status").unwrap().contains("Cancel"));
        assert_eq!(bench.engine.open_writes().await.unwrap(), []);
        if !faults.is_empty() {
            continue;
        }
        // The name is taken now.
        let again = bench.write(&company(Vec::new())).await;
        assert!(matches!(&again.ended, Ended::Refused(refusal) if refusal.status == 422), "{:?}", again.ended);
    }
}
