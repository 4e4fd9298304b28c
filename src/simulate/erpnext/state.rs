//! Documents as ERPNext keeps them: made, changed, submitted, each change with a new time.
//!
//! Invariant: rows of a child table are replaced together; a document that was changed meanwhile is not overwritten by whoever says
//! what was read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Wrong;
use super::schema::{DocType, Is, May, kept};
use crate::simulate::data::{Data, File, Row};
use crate::simulate::faults::{Fault, Fired};
use crate::simulate::json::{number, plain};

pub(super) type Document = Map<String, Value>;

#[derive(Default)]
pub(super) struct State {
    documents: BTreeMap<&'static str, Vec<Document>>,
    /// Names of documents of DocTypes that are only linked to.
    linked: BTreeMap<&'static str, BTreeSet<String>>,
    writes: u64,
    made: u64,
}

impl State {
    pub(super) fn new(data: &Data) -> Self {
        let mut state = Self::default();
        let standing = [
            ("Customer Group", "All Customer Groups"),
            ("Territory", "All Territories"),
            ("Item Group", "Services"),
            ("UOM", "Nos"),
        ];
        for (doctype, name) in standing {
            state.linked.entry(doctype).or_default().insert(name.to_owned());
        }
        data.table(File::PsaCompanies).rows().for_each(|row| state.company(row));
        data.table(File::PsaProducts).rows().for_each(|row| state.item(row));
        data.table(File::PsaAgreementLines).rows().for_each(|row| state.line(row));
        state
    }

    fn company(&mut self, row: Row<'_>) {
        let id = row.get("id");
        let mut customer = json!({
            "name": id, "customer_name": row.get("name"), "customer_type": "Company",
            "customer_group": "All Customer Groups", "territory": "All Territories", "website": row.get("website"),
            "mobile_no": row.get("phoneNumber"), "is_frozen": 0,
            "disabled": u8::from(row.get("status") == "Inactive" || row.get("deletedFlag") == "true"),
        });
        if !row.get("addressLine1").is_empty() && !row.get("city").is_empty() && !row.get("country").is_empty() {
            let name = format!("{id}-Billing");
            self.linked.entry("Country").or_default().insert(row.get("country").to_owned());
            self.keep(
                "Address",
                json!({
                    "name": name, "address_title": row.get("name"), "address_type": "Billing",
                    "address_line1": row.get("addressLine1"), "city": row.get("city"), "state": row.get("state"),
                    "pincode": row.get("zip"), "country": row.get("country"), "disabled": 0,
                }),
            );
            customer["customer_primary_address"] = Value::from(name);
        }
        self.keep("Customer", customer);
    }

    fn item(&mut self, row: Row<'_>) {
        for (doctype, column) in [("Item Group", "category"), ("UOM", "unitOfMeasure")] {
            self.linked.entry(doctype).or_default().insert(row.get(column).to_owned());
        }
        self.keep(
            "Item",
            json!({
                "name": row.get("id"), "item_code": row.get("identifier"), "item_name": row.get("description"),
                "item_group": row.get("category"), "stock_uom": row.get("unitOfMeasure"), "is_stock_item": 0,
                "is_sales_item": 1, "description": row.get("description"), "standard_rate": number(row.get("price")),
                "disabled": u8::from(row.get("inactiveFlag") == "true"),
            }),
        );
    }

    /// A line as a row of the subscription of its agreement that has its dates.
    fn line(&mut self, row: Row<'_>) {
        let plan = format!("{} {} {}", row.get("productIdentifier"), row.get("unitPrice"), row.get("unitCost"));
        if self.find("Subscription Plan", &plan).is_none() {
            self.linked.entry("Currency").or_default().insert(row.get("currencyCode").to_owned());
            self.keep("Subscription Plan", json!({
                "name": plan, "plan_name": plan, "item": row.get("productId"), "currency": row.get("currencyCode"),
                "price_determination": "Fixed Rate", "cost": number(row.get("unitPrice")), "billing_interval": "Month",
                "billing_interval_count": 1, "custom_cost": number(row.get("unitCost")),
            }));
        }
        let detail = json!({ "name": row.get("id"), "plan": plan, "qty": number(row.get("quantity")), "idx": 1,
            "docstatus": 0, "parentfield": "plans", "parenttype": "Subscription", "custom_pax8_id": null });
        let dates = [("start_date", "effectiveDate"), ("cancelation_date", "cancelledDate")];
        let agreement = row.get("agreementId");
        let mut name = agreement.to_owned();
        for further in 2_u32.. {
            let Some(held) = self.find("Subscription", &name) else { break };
            if dates.iter().all(|(field, column)| held.get(*field).map(plain).unwrap_or_default() == row.get(column)) {
                if let Some(plans) = held.get_mut("plans").and_then(Value::as_array_mut) {
                    plans.push(detail);
                }
                return;
            }
            name = format!("{agreement}-{further}");
        }
        let status = if row.get("agreementStatus") == "Active" { "Active" } else { "Cancelled" };
        self.keep(
            "Subscription",
            json!({
                "name": name, "party_type": "Customer", "party": row.get("companyId"), "company": "Example MSP",
                "status": status, "start_date": row.get("effectiveDate"), "end_date": null,
                "cancelation_date": row.get("cancelledDate"), "plans": [detail],
                "generate_invoice_at": "Beginning of the current subscription period",
            }),
        );
    }

    /// Puts a document in as it is.
    fn keep(&mut self, doctype: &'static str, document: Value) {
        let Value::Object(mut document) = document else { return };
        document.insert("docstatus".to_owned(), json!(0));
        document.insert("idx".to_owned(), json!(0));
        for (name, is, _) in DocType::named(doctype).into_iter().flat_map(|doctype| doctype.columns) {
            document.entry(*name).or_insert(if *is == Is::Check { json!(0) } else { Value::Null });
        }
        self.stamp(&mut document);
        self.documents.entry(doctype).or_default().push(document);
    }

    fn stamp(&mut self, document: &mut Document) {
        self.writes += 1;
        let moment = format!("2026-02-01 08:{:02}:{:02}.715219", self.writes / 60 % 60, self.writes % 60);
        for (name, value) in [("creation", &moment), ("owner", &"api@example.com".to_owned())] {
            document.entry(name.to_owned()).or_insert_with(|| Value::from(value.as_str()));
        }
        document.insert("modified".to_owned(), Value::from(moment));
        document.insert("modified_by".to_owned(), Value::from("api@example.com"));
    }

    pub(super) fn all(&self, doctype: &DocType) -> &[Document] {
        self.documents.get(doctype.name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn one(&self, doctype: &DocType, name: &str) -> Option<&Document> {
        self.all(doctype).iter().find(|document| named(document, name))
    }

    fn find(&mut self, doctype: &'static str, name: &str) -> Option<&mut Document> {
        self.documents.entry(doctype).or_default().iter_mut().find(|document| named(document, name))
    }

    /// Makes a document.
    pub(super) fn make(&mut self, doctype: &'static DocType, sent: &Document) -> Result<Document, Wrong> {
        let mut document = Document::new();
        self.take(doctype, &mut document, sent)?;
        self.check(doctype, &document, None)?;
        let name = match doctype.named_by.and_then(|field| document.get(field)) {
            Some(name) => plain(name),
            None => {
                self.made += 1;
                format!("{}-2026-{:05}", doctype.name.get(..4).unwrap_or_default().to_uppercase(), self.made)
            }
        };
        let by = ["name", doctype.named_by.unwrap_or("name")];
        let is_it = |held: &Document| by.iter().any(|by| held.get(*by).is_some_and(|held| same_text(held, &name)));
        if self.all(doctype).iter().any(is_it) {
            return Err(Wrong::new(
                "DuplicateEntryError",
                format!("('{}', '{name}', 'Duplicate entry')", doctype.name),
            ));
        }
        document.insert("name".to_owned(), Value::from(name));
        document.insert("docstatus".to_owned(), json!(0));
        document.insert("idx".to_owned(), json!(0));
        self.stamp(&mut document);
        self.documents.entry(doctype.name).or_default().push(document.clone());
        Ok(document)
    }

    /// Changes a document.
    pub(super) fn change(
        &mut self,
        doctype: &'static DocType,
        name: &str,
        sent: &Document,
        fired: &Fired,
    ) -> Result<Document, Wrong> {
        let old = self.one(doctype, name).cloned().ok_or_else(|| Wrong::missing(doctype, name))?;
        if sent.get("modified").is_some_and(|modified| Some(modified) != old.get("modified")) {
            let what = "Error: Document has been modified after you have opened it. Please refresh to get the latest document.";
            return Err(Wrong::new("TimestampMismatchError", what));
        }
        let (was, becomes) = (status_of(&old), sent.get("docstatus").map_or_else(|| status_of(&old), plain));
        match (was.as_str(), becomes.as_str()) {
            ("0", "0" | "1") | ("1", "2") => {}
            ("1", "1") => {
                let what = "Not allowed to change fields after submission";
                return Err(Wrong::new("UpdateAfterSubmitError", what));
            }
            (was, becomes) => {
                let what = format!("Cannot change docstatus from {was} to {becomes}");
                return Err(Wrong::new("DocstatusTransitionError", what));
            }
        }
        for (field, _, may) in doctype.columns.iter().filter(|(_, _, may)| *may == May::Once) {
            if sent.get(*field).is_some_and(|value| Some(value) != old.get(*field)) {
                return Err(Wrong::new(
                    "CannotChangeConstantError",
                    format!("Value cannot be changed for {field} ({may:?})"),
                ));
            }
        }
        if fired.has(Fault::Ghost) {
            return Ok(old);
        }
        let mut document = old;
        self.take(doctype, &mut document, sent)?;
        self.check(doctype, &document, Some(name))?;
        document.insert("docstatus".to_owned(), number(&becomes));
        self.stamp(&mut document);
        if let Some(held) = self.find(doctype.name, name) {
            held.clone_from(&document);
        }
        Ok(document)
    }

    /// Takes over what was sent; what is no field is left out, as the system does.
    fn take(&mut self, doctype: &DocType, document: &mut Document, sent: &Document) -> Result<(), Wrong> {
        for (name, is, may) in doctype.columns {
            let Some(value) = sent.get(*name).filter(|_| *may != May::Read) else { continue };
            let value = match is {
                Is::Table(child) => self.table(child, value)?,
                _ => kept(name, *is, value)?,
            };
            document.insert((*name).to_owned(), value);
        }
        for (name, is, may) in doctype.columns {
            if *is == Is::Check {
                document.entry(*name).or_insert(json!(0));
            }
            let empty = document.get(*name).is_none_or(|value| value.is_null() || value == "" || value == &json!([]));
            if empty && matches!(may, May::Need | May::Once) {
                return Err(Wrong::new(
                    "MandatoryError",
                    format!("[{}, {}]: {name}", doctype.name, named_as(document)),
                ));
            }
            document.entry(*name).or_insert(Value::Null);
        }
        Ok(())
    }

    /// Rows of a child table: those with a name of theirs keep it, others get one, and what is not sent is gone.
    fn table(&mut self, child: &DocType, rows: &Value) -> Result<Value, Wrong> {
        let mut all = Vec::new();
        for (index, row) in rows.as_array().map(Vec::as_slice).unwrap_or_default().iter().enumerate() {
            let Value::Object(sent) = row else { return Err(Wrong::new("ValidationError", "a row is expected")) };
            let mut row = Document::new();
            self.take(child, &mut row, sent)?;
            self.check(child, &row, None)?;
            let name = sent.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
            let name = name.map_or_else(|| self.row_name(), str::to_owned);
            row.insert("name".to_owned(), Value::from(name));
            row.insert("idx".to_owned(), json!(index + 1));
            for (field, value) in [("parentfield", "plans"), ("parenttype", "Subscription")] {
                row.insert(field.to_owned(), Value::from(value));
            }
            row.insert("docstatus".to_owned(), json!(0));
            all.push(Value::Object(row));
        }
        Ok(Value::Array(all))
    }

    fn row_name(&mut self) -> String {
        self.made += 1;
        format!("{:010x}", 0x5eed_0000_u64 + self.made)
    }

    /// Links lead somewhere, and what is unique stays so: letters count whatever their case, as the database has it.
    fn check(&self, doctype: &DocType, document: &Document, own: Option<&str>) -> Result<(), Wrong> {
        for (name, is, may) in doctype.columns {
            let Some(value) = document.get(*name).filter(|value| !value.is_null() && *value != "") else { continue };
            if let Is::Link(target) = is
                && !self.links_to(target, &plain(value))
            {
                return Err(Wrong::new("LinkValidationError", format!("Could not find {name}: {}", plain(value))));
            }
            let others = self.all(doctype).iter().filter(|other| own.is_none_or(|own| !named(other, own)));
            let twice = |other: &Document| other.get(*name).is_some_and(|other| same_text(other, &plain(value)));
            if *may == May::Unique && others.into_iter().any(twice) {
                let what = format!("{} must be unique: {}", name, plain(value));
                return Err(Wrong::new("UniqueValidationError", what));
            }
        }
        Ok(())
    }

    fn links_to(&self, target: &str, name: &str) -> bool {
        match DocType::named(target) {
            Some(doctype) => self.one(doctype, name).is_some(),
            None => self.linked.get(target).is_some_and(|known| known.contains(name)),
        }
    }

    /// What really changes between two pages, when a fault says so.
    pub(super) fn disturb(&mut self, doctype: &'static DocType, fired: &Fired) {
        let documents = self.documents.entry(doctype.name).or_default();
        if fired.has(Fault::Insert)
            && let Some(mut copy) = documents.first().cloned()
        {
            copy.insert("name".to_owned(), Value::from("!MEANWHILE"));
            documents.insert(0, copy);
        }
        if fired.has(Fault::Delete) && !documents.is_empty() {
            documents.remove(0);
        }
    }

    /// Takes a document out.
    pub(super) fn delete(&mut self, doctype: &'static DocType, name: &str) -> Result<(), Wrong> {
        let documents = self.documents.entry(doctype.name).or_default();
        let at = documents.iter().position(|document| named(document, name));
        documents.remove(at.ok_or_else(|| Wrong::missing(doctype, name))?);
        Ok(())
    }
}

fn named(document: &Document, name: &str) -> bool {
    document.get("name").is_some_and(|held| plain(held) == name)
}

fn named_as(document: &Document) -> String {
    document.get("name").map_or_else(|| "new".to_owned(), plain)
}

fn status_of(document: &Document) -> String {
    document.get("docstatus").map_or_else(|| "0".to_owned(), plain)
}

fn same_text(held: &Value, text: &str) -> bool {
    plain(held).to_lowercase() == text.to_lowercase()
}
