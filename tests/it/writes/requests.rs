//! One request of each kind.

use serde_json::json;
use trueup::core::money::UnitPrice;
use trueup::engine::pax8::{
    Address, BillingTerm, CompanyChanges, CompanyFlags, CompanyPatch, Condition, ContactBody, ContactRole, Country,
    Duty, Email, Filled, Hidden, NewCompany, NewLine, NewOrder, NewWebhook, Operator, Parent, Provision,
    SubscriptionChange, SubscriptionChanges, Threshold, Topic, TopicFilter, WebhookSettings, WebhookUrl, Write,
};

pub(super) fn text(text: &str) -> Filled {
    Filled::new("a test", text).unwrap()
}

pub(super) fn address() -> Address {
    Address {
        street: text("4 Quay Row"),
        street2: None,
        city: text("Bristol"),
        region: Some(text("England")),
        postcode: text("BS1 4ZZ"),
        country: Country::new("country", "GB").unwrap(),
    }
}

pub(super) fn ada() -> ContactBody {
    let role = |duty| ContactRole { duty, primary: true };
    ContactBody {
        first_name: text("Ada"),
        last_name: text("Moss"),
        email: Email::new("email", "ada@harbour.example").unwrap(),
        phone: text("0117 496 0001"),
        roles: Duty::ALL.map(role).to_vec(),
    }
}

pub(super) fn company() -> Write {
    Write::CreateCompany(Box::new(NewCompany {
        name: text("Harbour & Finch Ltd"),
        address: address(),
        phone: text("0117 496 0000"),
        website: text("https://harbour.example"),
        external_id: Some(text("CUST-0042")),
        flags: CompanyFlags::default(),
        contacts: vec![ada()],
    }))
}

pub(super) fn rename() -> Write {
    let address = json!({ "street": "4 Quay Row", "city": "Bristol", "stateOrProvince": "England",
        "postalCode": "BS1 4ZZ", "country": "GB" });
    let address = serde_json::from_value(json!({ "whole": address })).unwrap();
    let changes = CompanyChanges { name: Some(text("New Name")), address: Some(address), ..CompanyChanges::default() };
    Write::UpdateCompany { company: text("c1"), patch: Box::new(CompanyPatch::new(changes).unwrap()) }
}

pub(super) fn order() -> Write {
    let line = |product: &str, quantity: u32, parent| NewLine {
        product: text(product),
        quantity: quantity.try_into().unwrap(),
        billing_term: BillingTerm::of("2 Year"),
        commitment: Some(text("m1")),
        start: Some("2026-12-01".parse().unwrap()),
        parent,
        provisioning: vec![Provision { key: text("msDomain"), values: vec!["acme".to_owned()] }],
    };
    let lines = vec![line("p1", 3, None), line("p2", 1, Some(Parent::Line(1)))];
    Write::CreateOrder(NewOrder::new(text("c1"), None, lines).unwrap())
}

pub(super) fn seats() -> Write {
    let changes = SubscriptionChanges {
        quantity: Some(7.try_into().unwrap()),
        price: Some(UnitPrice::parse("9.4500").unwrap()),
        billing_term: Some(BillingTerm::Annual),
        start: Some("2026-01-01".parse().unwrap()),
        ..SubscriptionChanges::default()
    };
    Write::UpdateSubscription { subscription: text("s1"), change: Box::new(SubscriptionChange::new(changes).unwrap()) }
}

pub(super) fn cancel() -> Write {
    Write::CancelSubscription { subscription: text("s1"), on: Some("2026-12-31".parse().unwrap()) }
}

pub(super) fn webhook_settings() -> WebhookSettings {
    WebhookSettings {
        name: text("Invoices"),
        url: WebhookUrl::new("url", "https://hooks.example/pax8").unwrap(),
        authorization: Hidden::new("authorization", "canary-authorization").unwrap(),
        contact_email: None,
        error_threshold: Some(Threshold::new(3).unwrap()),
    }
}

pub(super) fn webhook() -> Write {
    let topics = vec![Topic { name: text("INVOICE"), filters: Vec::new() }];
    Write::CreateWebhook(Box::new(NewWebhook {
        settings: webhook_settings(),
        active: false,
        integration: None,
        topics,
    }))
}

pub(super) fn contact() -> Write {
    Write::CreateContact { company: text("c1"), contact: ada() }
}

pub(super) fn replaced() -> Write {
    let types = Duty::ALL.map(|duty| json!({ "type": duty.as_str(), "primary": true }));
    let whole = json!({ "firstName": "Ada", "lastName": "Moss", "email": "ada@harbour.example", "phone": "0117 496 0001",
        "types": types });
    let change = serde_json::from_value(json!({ "whole": whole })).unwrap();
    Write::ReplaceContact { company: text("c1"), contact: text("k1"), change }
}

pub(super) fn unmade() -> Write {
    Write::DeleteContact { company: text("c1"), contact: text("k1") }
}

/// A subscription without its end.
pub(super) fn reopened() -> Write {
    let changes = SubscriptionChanges {
        quantity: Some(5.try_into().unwrap()),
        clear_end: true,
        ..SubscriptionChanges::default()
    };
    Write::UpdateSubscription { subscription: text("s1"), change: Box::new(SubscriptionChange::new(changes).unwrap()) }
}

/// A topic with a filter.
pub(super) fn filtered() -> Topic {
    let condition =
        Condition { field: text("name"), operator: Operator::NotIn, values: vec!["a".to_owned(), "b".to_owned()] };
    let filters = vec![TopicFilter { action: text("UPDATED"), conditions: vec![condition] }];
    Topic { name: text("CLIENT"), filters }
}
