//! Putting customers, products, running subscriptions and invoices into a server, as a person would: through its interface.

use serde_json::{Value, json};

use super::server::{Tryton, day, decimal, encoded};

/// A product and the service that subscriptions name it by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made {
    pub(super) product: i64,
    pub(super) service: i64,
}

/// A line to subscribe to.
#[expect(clippy::needless_pass_by_value, reason = "what a line says besides is written where it is used")]
pub(super) fn line(of: Made, quantity: i64, price: &str, more: Value) -> Value {
    let mut line = json!({ "service": of.service, "quantity": quantity, "unit_price": decimal(price) });
    line.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    line
}

impl Tryton {
    fn id(&self, name: &str) -> i64 {
        self.base[name].as_i64().unwrap()
    }

    /// Makes a record by the REST interface.
    pub(super) async fn made(&self, model: &str, values: Value) -> i64 {
        self.post(model, values).await.taken()["id"].as_i64().unwrap()
    }

    pub(super) async fn party(&self, name: &str, code: &str) -> i64 {
        let address = json!([["create", [{ "street": "Quay Street 1", "city": "Riga", "postal_code": "LV-1050" }]]]);
        self.made("party.party", json!({ "name": name, "code": code, "addresses": address })).await
    }

    /// A product nobody can subscribe to.
    pub(super) async fn article(&self, name: &str, code: &str, price: &str, cost: &str) -> i64 {
        let template = json!({
            "name": name, "type": "service", "salable": true, "list_price": decimal(price),
            "default_uom": self.id("unit"), "sale_uom": self.id("unit"), "account_category": self.id("category"),
            "products": [["create", [{ "suffix_code": code }]]],
        });
        let template = self.rest(reqwest::Method::POST, "product.template", &[("f", "products")], Some(template)).await;
        let product = template.taken()["products"][0].as_i64().unwrap();
        let costs = json!({ "cost_price": decimal(cost) });
        let _ = self.put(&format!("product.product/{product}"), costs).await.taken();
        product
    }

    /// A product and its service.
    pub(super) async fn product(&self, name: &str, code: &str, price: &str, cost: &str) -> Made {
        let product = self.article(name, code, price, cost).await;
        let recurs = json!({ "product": product, "consumption_recurrence": self.id("monthly") });
        Made { product, service: self.made("sale.subscription.service", recurs).await }
    }

    /// A subscription that is a draft; its lines begin with it and recur monthly, where they do not say otherwise.
    pub(super) async fn draft(&self, party: i64, start: &str, more: Value, lines: Vec<Value>) -> i64 {
        let whose = encoded(&json!([["party", "=", party]]));
        let address = self.get("party.address", &[("d", &whose)]).await.column("id")[0].clone();
        let lines: Vec<Value> = lines.iter().map(|line| self.whole(line, start)).collect();
        let mut values = json!({
            "party": party, "invoice_address": address, "start_date": day(start), "payment_term": self.id("term"),
            "currency": self.id("currency"), "invoice_recurrence": self.id("monthly"), "lines": [["create", lines]],
        });
        values.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.made("sale.subscription", values).await
    }

    fn whole(&self, line: &Value, start: &str) -> Value {
        let mut whole = json!({
            "unit": self.id("unit"), "start_date": day(start), "consumption_recurrence": self.id("monthly"),
        });
        whole.as_object_mut().unwrap().extend(line.as_object().unwrap().clone());
        whole
    }

    /// Presses buttons of a subscription, one after the other.
    pub(super) async fn pressed(&self, subscription: i64, buttons: &[&str]) {
        for button in buttons {
            let _ = self.post(&format!("sale.subscription/{subscription}/{button}"), json!({})).await.taken();
        }
    }

    /// A subscription that runs.
    pub(super) async fn running(&self, party: i64, start: &str, more: Value, lines: Vec<Value>) -> i64 {
        let subscription = self.draft(party, start, more, lines).await;
        self.pressed(subscription, &["quote", "run"]).await;
        subscription
    }

    /// Has the server bill what is due until a day: the drafts of invoices it makes.
    pub(super) async fn bill(&self, until: &str) -> Vec<Value> {
        for wizard in ["sale.subscription.line.consumption.create", "sale.subscription.create_invoice"] {
            let begun = self.rpc(&format!("wizard.{wizard}.create"), vec![]).await.unwrap();
            let start = json!({ "start": { "date": day(until), "companies": [self.base["company"]] } });
            let execute = vec![begun[0].clone(), start, json!("create_")];
            let _ = self.rpc(&format!("wizard.{wizard}.execute"), execute).await.unwrap();
        }
        self.every("account.invoice", &["state", "party", "untaxed_amount", "lines"]).await
    }

    /// Posts an invoice. One of a month that is past must not be payable in the past, so it loses its terms.
    pub(super) async fn posted(&self, invoice: &Value) {
        let invoice = format!("account.invoice/{}", invoice["id"]);
        let _ = self.put(&invoice, json!({ "payment_term": null })).await.taken();
        let _ = self.post(&format!("{invoice}/post"), json!({})).await.taken();
    }
}
