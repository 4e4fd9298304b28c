//! What the simulated system holds, and what a write does to it.
//!
//! Invariant: a write that is refused changes nothing; one that is accepted raises the `SyncToken` of its record and touches no
//! other.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{TIME, Wrong, lines, records};
use crate::simulate::data::Data;
use crate::simulate::faults::{Fault, Fired};

type Record = Map<String, Value>;

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Customer,
    Item,
    Template,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Customer, Self::Item, Self::Template];

    /// As statements and envelopes name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Customer => "Customer",
            Self::Item => "Item",
            Self::Template => "RecurringTransaction",
        }
    }

    /// The kind an address names.
    pub(super) fn at(segment: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().to_lowercase() == segment)
    }

    /// Where a record has the name that no other may have.
    fn named_at(self) -> &'static str {
        match self {
            Self::Customer => "DisplayName",
            Self::Item | Self::Template => "Name",
        }
    }

    /// What can be sent of it.
    fn writable(self) -> &'static [&'static str] {
        match self {
            Self::Customer => &[
                "DisplayName",
                "CompanyName",
                "GivenName",
                "FamilyName",
                "PrintOnCheckName",
                "PrimaryEmailAddr",
                "PrimaryPhone",
                "WebAddr",
                "BillAddr",
                "ShipAddr",
                "ParentRef",
                "Job",
                "BillWithParent",
                "Taxable",
                "DefaultTaxCodeRef",
                "SalesTermRef",
                "PreferredDeliveryMethod",
                "CurrencyRef",
                "Notes",
                "Active",
            ],
            Self::Item => &[
                "Name",
                "Sku",
                "Type",
                "Description",
                "UnitPrice",
                "PurchaseCost",
                "IncomeAccountRef",
                "ExpenseAccountRef",
                "AssetAccountRef",
                "QtyOnHand",
                "InvStartDate",
                "TrackQtyOnHand",
                "Taxable",
                "ParentRef",
                "SubItem",
                "Active",
                "PurchaseDesc",
            ],
            Self::Template => &[
                "CustomerRef",
                "Line",
                "DocNumber",
                "TxnDate",
                "DueDate",
                "PrivateNote",
                "CustomerMemo",
                "TxnTaxDetail",
                "CurrencyRef",
                "RecurringInfo",
                "RecurDataRef",
            ],
        }
    }

    /// What the description has besides; it is taken and not kept.
    fn reckoned(self) -> &'static [&'static str] {
        match self {
            Self::Customer => &[
                "FullyQualifiedName",
                "Balance",
                "BalanceWithJobs",
                "ARAccountRef",
                "AlternatePhone",
                "Fax",
                "IsProject",
                "Level",
                "MiddleName",
                "Mobile",
                "OpenBalanceDate",
                "PaymentMethodRef",
                "PrimaryTaxIdentifier",
                "ResaleNum",
                "Suffix",
                "Title",
            ],
            Self::Item => &[
                "FullyQualifiedName",
                "AbatementRate",
                "ItemCategoryType",
                "Level",
                "PurchaseTaxCodeRef",
                "PurchaseTaxIncluded",
                "ReverseChargeRate",
                "SalesTaxCodeRef",
                "SalesTaxIncluded",
                "ServiceType",
            ],
            Self::Template => &[
                "TotalAmt",
                "Balance",
                "AllowIPNPayment",
                "AllowOnlineACHPayment",
                "AllowOnlineCreditCardPayment",
                "ApplyTaxAfterDiscount",
                "BillAddr",
                "BillEmail",
                "BillEmailBcc",
                "BillEmailCc",
                "CustomField",
                "DeliveryInfo",
                "DepartmentRef",
                "EInvoiceStatus",
                "EmailStatus",
                "ExchangeRate",
                "FreeFormAddress",
                "GlobalTaxCalculation",
                "HomeBalance",
                "HomeTotalAmt",
                "InvoiceLink",
                "LinkedTxn",
                "PrintStatus",
                "SalesTermRef",
                "ShipAddr",
                "ShipDate",
                "ShipMethodRef",
                "TaxExemptionRef",
                "TrackingNum",
            ],
        }
    }
}

/// The members that every record has of itself.
const OWN: [&str; 5] = ["Id", "SyncToken", "domain", "sparse", "MetaData"];
const FIGURES: [&str; 3] = ["UnitPrice", "PurchaseCost", "QtyOnHand"];

pub(super) struct State {
    customers: Vec<Value>,
    items: Vec<Value>,
    templates: Vec<Value>,
    answers: BTreeMap<String, (Kind, Value)>,
    writes: u32,
}

impl State {
    pub(super) fn new(data: &Data) -> Self {
        let (customers, items) = (records::customers(data), records::items(data));
        let templates = records::templates(data, &customers, &items);
        Self { customers, items, templates, answers: BTreeMap::new(), writes: 0 }
    }

    pub(super) fn rows(&self, kind: Kind) -> &[Value] {
        match kind {
            Kind::Customer => &self.customers,
            Kind::Item => &self.items,
            Kind::Template => &self.templates,
        }
    }

    fn rows_mut(&mut self, kind: Kind) -> &mut Vec<Value> {
        match kind {
            Kind::Customer => &mut self.customers,
            Kind::Item => &mut self.items,
            Kind::Template => &mut self.templates,
        }
    }

    pub(super) fn one(&self, kind: Kind, id: &str) -> Result<Value, Wrong> {
        self.rows(kind).iter().find(|row| is(row, id)).cloned().ok_or_else(|| Wrong::missing(id))
    }

    /// What a call with this key was answered.
    pub(super) fn answered(&self, key: &str) -> Option<(Kind, Value)> {
        self.answers.get(key).cloned()
    }

    pub(super) fn remember(&mut self, key: String, kind: Kind, row: &Value) {
        if !key.is_empty() {
            self.answers.insert(key, (kind, row.clone()));
        }
    }

    /// Makes a record, or changes one that is named.
    pub(super) fn write(&mut self, kind: Kind, sent: Record) -> Result<Value, Wrong> {
        let mut sent = match (kind, sent) {
            (Kind::Customer | Kind::Item, sent) => sent,
            // the transaction stands in a member with the name of its kind
            (Kind::Template, mut around) => match around.remove("Invoice") {
                Some(Value::Object(sent)) if around.is_empty() => sent,
                _ => return Err(Wrong::invalid("An Invoice is expected, and nothing beside it", "Invoice")),
            },
        };
        let id = sent.get("Id").and_then(Value::as_str).map(str::to_owned);
        let old = id.as_deref().map(|id| self.current(kind, id, &sent)).transpose()?;
        let is_sparse = sent.get("sparse") == Some(&Value::Bool(true));
        let odd = |(name, value): &(&String, &Value)| {
            !value.is_null() && !OWN.contains(&name.as_str()) && !is_known(kind, name)
        };
        if let Some((odd, _)) = sent.iter().find(odd) {
            return Err(Wrong::invalid(format!("Property Name:{odd} specified is unsupported or invalid"), ""));
        }
        sent.retain(|name, _| kind.writable().contains(&name.as_str()));
        let mut record = match &old {
            // fields that are left out stay
            Some(old) if is_sparse => old.clone(),
            // or are cleared
            Some(old) => old.iter().filter(|(name, _)| !kind.writable().contains(&name.as_str())).map(own).collect(),
            None => Record::new(),
        };
        for (name, value) in sent {
            match cleaned(value) {
                Some(value) => _ = record.insert(name, value),
                None => _ = record.remove(&name),
            }
        }
        self.settle(kind, &mut record, old.as_ref())?;
        Ok(self.keep(kind, record, old.as_ref()))
    }

    /// The record a change is about, as it is.
    fn current(&self, kind: Kind, id: &str, sent: &Record) -> Result<Record, Wrong> {
        let row = self.one(kind, id)?;
        let Some(row) = inner(kind, &row).as_object().cloned() else { return Err(Wrong::missing(id)) };
        let token = sent.get("SyncToken").and_then(Value::as_str);
        let token = token.ok_or_else(|| Wrong::new("2020", "Required param missing", "SyncToken", "SyncToken"))?;
        if row.get("SyncToken").is_none_or(|kept| kept != token) {
            let detail = format!("Stale Object Error : You and another person were working on {} {id}", kind.name());
            return Err(Wrong::new("5010", "Stale Object Error", detail, ""));
        }
        Ok(row)
    }

    /// Checks a record as it is to be, and puts in what is reckoned.
    fn settle(&self, kind: Kind, record: &mut Record, old: Option<&Record>) -> Result<(), Wrong> {
        let needs =
            |name: &'static str| Wrong::new("2020", "Required param missing", format!("{name} is needed"), name);
        if let Some(figure) = FIGURES.into_iter().find(|name| record.get(*name).is_some_and(|value| !value.is_number()))
        {
            return Err(Wrong::invalid(format!("{figure} is a number"), figure));
        }
        match kind {
            Kind::Customer => {}
            Kind::Item => {
                record.entry("Type").or_insert(json!("Service"));
                for (account, is_needed) in
                    [("IncomeAccountRef", true), ("ExpenseAccountRef", record.contains_key("PurchaseCost"))]
                {
                    let value = record.get(account).and_then(|at| at.get("value")).and_then(Value::as_str);
                    match value.map(records::account) {
                        Some(Some(name)) => {
                            let value = value.map(str::to_owned);
                            record.insert(account.to_owned(), json!({ "value": value, "name": name }));
                        }
                        Some(None) => return Err(Wrong::new("2500", "Invalid Reference Id", account, account)),
                        None if is_needed => return Err(needs(account)),
                        None => {}
                    }
                }
            }
            Kind::Template => {
                if record.get("RecurringInfo").and_then(|info| info.get("ScheduleInfo")).is_none() {
                    return Err(needs("RecurringInfo"));
                }
                let customer = record.get("CustomerRef").and_then(|at| at.get("value")).and_then(Value::as_str);
                self.one(Kind::Customer, customer.ok_or_else(|| needs("CustomerRef"))?)?;
                let is_item = |id: &str| {
                    let item = self.items.iter().find(|row| is(row, id));
                    item.is_some_and(|item| item.get("Active") == Some(&json!(true)))
                };
                let set = lines::taken(record.get("Line"), old.and_then(|old| old.get("Line")), is_item)?;
                record.insert("Line".to_owned(), Value::Array(set));
                lines::total(record);
                return Ok(());
            }
        }
        record.entry("Active").or_insert(json!(true));
        self.name(kind, record, old)
    }

    /// A name is needed, is one of its kind, and is marked where the record is inactive.
    fn name(&self, kind: Kind, record: &mut Record, old: Option<&Record>) -> Result<(), Wrong> {
        let at = kind.named_at();
        let name = record.get(at).and_then(Value::as_str).unwrap_or_default().to_owned();
        if name.is_empty() || name.contains([':', '\t', '\n']) {
            let detail = format!("{at} is needed, without colon, tab or new line");
            return Err(Wrong::new("6000", "A business validation error has occurred", detail, at));
        }
        let own = old.and_then(|old| old.get("Id"));
        let is_twin = |row: &Value| {
            row.get(at).and_then(Value::as_str).is_some_and(|other| other.to_lowercase() == name.to_lowercase())
        };
        if self.rows(kind).iter().any(|row| row.get("Id") != own && is_twin(row)) {
            let detail = format!("The name supplied already exists. : {name}");
            return Err(Wrong::new("6240", "Duplicate Name Exists Error", detail, at));
        }
        let was_active = old.is_none_or(|old| old.get("Active") == Some(&json!(true)));
        if was_active && record.get("Active") == Some(&json!(false)) {
            record.insert(at.to_owned(), json!(format!("{name} (deleted)")));
        }
        let shown = record.get(at).cloned().unwrap_or_default();
        record.insert("FullyQualifiedName".to_owned(), shown);
        Ok(())
    }

    fn keep(&mut self, kind: Kind, mut record: Record, old: Option<&Record>) -> Value {
        self.writes += 1;
        let number = |row: &Value| inner(kind, row).get("Id")?.as_str()?.parse::<u64>().ok();
        let id = match old.and_then(|old| old.get("Id")).and_then(Value::as_str) {
            Some(id) => id.to_owned(),
            None => (self.rows(kind).iter().filter_map(number).max().unwrap_or_default() + 1).to_string(),
        };
        let token = old.and_then(|old| old.get("SyncToken")?.as_str()?.parse::<u64>().ok());
        let made = old.and_then(|old| old.get("MetaData")?.get("CreateTime").cloned());
        record.retain(|name, _| !OWN.contains(&name.as_str()));
        let (minutes, seconds) = (self.writes / 60 % 60, self.writes % 60);
        let moment = format!("2026-02-01T10:{minutes:02}:{seconds:02}-08:00");
        let stamp = records::Stamp {
            token: token.map_or(0, |token| token + 1),
            made: made.unwrap_or_else(|| json!(TIME)),
            changed: json!(moment),
        };
        let row = records::stamped(&id, record, &stamp);
        let row = if kind == Kind::Template { json!({ "Invoice": row }) } else { row };
        let rows = self.rows_mut(kind);
        match rows.iter_mut().find(|kept| is(kept, &id)) {
            Some(kept) => kept.clone_from(&row),
            None => rows.push(row.clone()),
        }
        row
    }

    /// What really changes between two pages, when a fault says so.
    pub(super) fn disturb(&mut self, kind: Kind, fired: &Fired) {
        let rows = self.rows_mut(kind);
        if fired.has(Fault::Delete) && !rows.is_empty() {
            rows.remove(0);
        }
        if let Some(Value::Object(first)) =
            rows.first().map(|row| inner(kind, row).clone()).filter(|_| fired.has(Fault::Insert))
        {
            // lists are ordered by their ids: what comes in at the head is below them
            let mut first = first;
            first.insert("Id".to_owned(), json!("0"));
            first.insert(kind.named_at().to_owned(), json!("Made meanwhile"));
            let row = Value::Object(first);
            rows.insert(0, if kind == Kind::Template { json!({ "Invoice": row }) } else { row });
        }
    }
}

fn own((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

fn is_known(kind: Kind, name: &str) -> bool {
    kind.writable().contains(&name) || kind.reckoned().contains(&name)
}

/// A record without what is around it.
fn inner(kind: Kind, row: &Value) -> &Value {
    if kind == Kind::Template { row.get("Invoice").unwrap_or(row) } else { row }
}

fn is(row: &Value, id: &str) -> bool {
    row.get("Invoice").unwrap_or(row).get("Id").is_some_and(|own| own == id)
}

/// A value as it is kept: texts trimmed, and nothing where it is empty.
fn cleaned(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(Value::from),
        Value::Object(members) => {
            let kept = members.into_iter().filter_map(|(name, value)| Some((name, cleaned(value)?)));
            Some(kept.collect::<Record>()).filter(|kept| !kept.is_empty()).map(Value::Object)
        }
        Value::Array(_) | Value::Bool(_) | Value::Number(_) => Some(value),
    }
}
