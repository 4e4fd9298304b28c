//! Pax8's products: the catalogue, prices, what an order must answer, and what a commitment allows.
//!
//! Files hold neither provisioning answers nor dependencies: they follow from the vendor and the product, always the same.
//! Invariant: what is listed here as required is exactly what an order is refused for.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::shape::{Kind, of_year};
use super::terms::{Commitment, months};
use super::{Call, figure, missing};
use crate::simulate::data::{File, Row};
use crate::simulate::json::{As, Object};
use crate::simulate::server::Answer;

/// A question an order must answer.
pub(super) struct Detail {
    pub(super) key: &'static str,
    label: &'static str,
    description: &'static str,
    pub(super) kind: Answers,
    pub(super) possible: &'static [&'static str],
}

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answers {
    /// Any one text.
    Input,
    /// One of the texts.
    Single,
    /// Some of the texts.
    Multi,
}

const MICROSOFT: [Detail; 2] = [
    Detail {
        key: "msCustExists",
        label: "Does the customer have a Microsoft account?",
        description: "Choose whether a tenant exists already",
        kind: Answers::Single,
        possible: &["Yes, the customer has a tenant", "No, a tenant is to be made"],
    },
    Detail {
        key: "msDomain",
        label: "Domain prefix",
        description: "What stands before .onmicrosoft.com",
        kind: Answers::Input,
        possible: &[],
    },
];
const FERNWATCH: [Detail; 1] = [Detail {
    key: "regions",
    label: "Regions to watch",
    description: "Where agents may report to",
    kind: Answers::Multi,
    possible: &["Americas", "Europe", "Pacific"],
}];

/// The questions an order of a vendor's products must answer.
pub(super) fn details(vendor: &str) -> &'static [Detail] {
    match vendor {
        "Microsoft" => &MICROSOFT,
        "Fernwatch" => &FERNWATCH,
        _ => &[],
    }
}

const PRICING: [(&str, As); 7] = [
    ("productId", As::Text),
    ("productName", As::Text),
    ("billingTerm", As::Text),
    ("commitmentTerm", As::Text),
    ("commitmentTermInMonths", As::Number),
    ("type", As::Text),
    ("unitOfMeasurement", As::Text),
];
const RATE: [(&str, As); 5] = [
    ("partnerBuyRate", As::Number),
    ("suggestedRetailPrice", As::Number),
    ("startQuantityRange", As::Number),
    ("endQuantityRange", As::Number),
    ("chargeType", As::Text),
];

impl Call<'_> {
    pub(super) fn products(&self) -> Answer {
        let mut rows = self.rows(File::VendorProducts, &["vendorName"], &[("name", "name"), ("vendor", "vendorName")]);
        if let Some(search) = self.ask.query("search").map(str::to_lowercase) {
            rows.retain(|row| {
                ["name", "vendorName", "sku", "id"].iter().any(|c| row.get(c).to_lowercase().contains(&search))
            });
        }
        self.page(&rows, |row| self.show_product(*row, self.faults.full_lists))
    }

    fn find_product(&self, id: &str) -> Result<Row<'_>, Answer> {
        self.state.find(File::VendorProducts, id).ok_or_else(|| missing(self.ask, "Product", id))
    }

    pub(super) fn product(&self, id: &str) -> Answer {
        match self.find_product(id) {
            Ok(row) => Answer::ok(self.show_product(row, true)),
            Err(refusal) => refusal,
        }
    }

    fn show_product(&self, row: Row<'_>, full: bool) -> Value {
        let columns = ["id", "name", "vendorName", "shortDescription", "sku", "vendorSku", "altVendorSku"];
        let mut object = self
            .object()
            .columns(row, &columns.map(|c| (c, As::Text)))
            .flag("requiresCommitment", row.get("requiresCommitment"));
        if full {
            object = object.text("description", &format!("{}. Sold by the unit.", row.get("shortDescription")));
        }
        of_year(self.faults.shape, Kind::Product, object.done())
    }

    pub(super) fn provision_details(&self, id: &str) -> Answer {
        let row = match self.find_product(id) {
            Ok(row) => row,
            Err(refusal) => return refusal,
        };
        let show = |detail: &Detail| {
            let object = self
                .object()
                .text("label", detail.label)
                .text("key", detail.key)
                .text("description", detail.description)
                .text(
                    "valueType",
                    match detail.kind {
                        Answers::Input => "Input",
                        Answers::Single => "Single-Value",
                        Answers::Multi => "Multi-Value",
                    },
                );
            if detail.possible.is_empty() {
                object.text("possibleValues", "")
            } else {
                object.value("possibleValues", json!(detail.possible))
            }
            .done()
        };
        let content: Vec<Value> = details(row.get("vendorName")).iter().map(show).collect();
        Answer::ok(json!({ "content": content }))
    }

    pub(super) fn dependencies(&self, id: &str) -> Answer {
        let row = match self.find_product(id) {
            Ok(row) => row,
            Err(refusal) => return refusal,
        };
        let required = row.get("requiresCommitment") == "true";
        let commitments: Vec<Value> =
            Commitment::all_of(row.get("vendorName")).iter().filter(|_| required).map(|c| c.show()).collect();
        let products: Vec<Value> = self
            .base_of(row)
            .map(|base| json!({ "name": "Requires", "products": [self.show_product(base, false)] }))
            .into_iter()
            .collect();
        Answer::ok(json!({ "commitmentDependencies": commitments, "productDependencies": products }))
    }

    /// What a product needs beside it: of three or more products of a vendor the last one builds on the first.
    pub(super) fn base_of(&self, product: Row<'_>) -> Option<Row<'_>> {
        let vendor = product.get("vendorName");
        let all: Vec<Row<'_>> =
            self.state.data.table(File::VendorProducts).rows().filter(|p| p.get("vendorName") == vendor).collect();
        let (first, last) = (all.first().copied()?, all.last()?);
        (all.len() >= 3 && last.get("id") == product.get("id")).then_some(first)
    }

    pub(super) fn pricing(&self, id: &str) -> Answer {
        let known = self.find_product(id).and_then(|row| {
            self.known_company(axum::http::StatusCode::NOT_FOUND)?;
            Ok(row)
        });
        match known {
            Ok(row) => Answer::ok(json!({ "content": self.prices(row.get("id")) })),
            Err(refusal) => refusal,
        }
    }

    /// One entry per billing and commitment term, with its rates in order.
    fn prices(&self, product: &str) -> Vec<Value> {
        let mut entries: Vec<(String, Object, Vec<Value>)> = Vec::new();
        let all = self.state.data.table(File::VendorPrices).rows();
        for row in all.filter(|r| r.get("productId").eq_ignore_ascii_case(product)) {
            let key = format!("{}/{}", row.get("billingTerm"), row.get("commitmentTerm"));
            let rate = of_year(self.faults.shape, Kind::Rate, self.object().columns(row, &RATE).done());
            match entries.iter_mut().find(|(k, _, _)| *k == key) {
                Some((_, _, rates)) => rates.push(rate),
                None => entries.push((key, self.object().columns(row, &PRICING), vec![rate])),
            }
        }
        let show = |object: Object, rates| {
            of_year(self.faults.shape, Kind::Pricing, object.value("rates", Value::Array(rates)).done())
        };
        entries.into_iter().map(|(_, entry, rates)| show(entry, rates)).collect()
    }

    /// Unit price and unit cost of a quantity at some billing term; `None` for what is metered.
    pub(super) fn rates(&self, product: &str, term: &str, quantity: Decimal) -> Option<(Decimal, Decimal)> {
        if term == "Trial" {
            return Some((Decimal::ZERO, Decimal::ZERO));
        }
        let mut rows: Vec<Row<'_>> = self.state.data.table(File::VendorPrices).rows().collect();
        rows.retain(|row| row.get("productId").eq_ignore_ascii_case(product));
        let exact: Vec<Row<'_>> = rows.iter().copied().filter(|row| row.get("billingTerm") == term).collect();
        // longer terms without a price of their own cost as many months
        let times = if exact.is_empty() { Decimal::from(months(term).unwrap_or(1)) } else { Decimal::ONE };
        let chosen = if exact.is_empty() { rows } else { exact };
        let within = |row: &Row<'_>| {
            let end = row.get("endQuantityRange");
            figure(*row, "startQuantityRange") <= quantity
                && (end.is_empty() || quantity <= figure(*row, "endQuantityRange"))
        };
        let band = chosen.iter().copied().find(within).or(chosen.first().copied())?;
        let (price, cost) = (figure(band, "suggestedRetailPrice"), figure(band, "partnerBuyRate"));
        (!price.is_zero() || !cost.is_zero()).then(|| (price * times, cost * times))
    }
}
