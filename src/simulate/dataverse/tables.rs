//! The tables: their columns, lookups and alternate keys, and the rows in them.
//!
//! Invariant: a column that a table does not have is an error, and every write gives a row a new version.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Given, Record, Wrong};
use crate::simulate::data::{Data, File};
use crate::simulate::faults::{Fault, Fired};
use crate::simulate::json::{number, uuid};

pub(super) const UNIT: &str = "00000000-0000-4000-a000-0000000000a1";
pub(super) const UNIT_GROUP: &str = "00000000-0000-4000-a000-0000000000a2";

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    Text(usize),
    Number,
    /// A number of an option set.
    Option(&'static [i64]),
    Date,
    /// The id of a row of a set; written by `@odata.bind`.
    Lookup(&'static str),
}

#[derive(Debug)]
pub(super) struct Table {
    /// Its set, as addresses name it.
    pub(super) set: &'static str,
    pub(super) name: &'static str,
    pub(super) id: &'static str,
    pub(super) columns: &'static [(&'static str, Is)],
    /// The columns that are declared alternate keys.
    keys: &'static [&'static str],
}

const TABLES: [Table; 7] = [
    Table {
        set: "accounts",
        name: "account",
        id: "accountid",
        columns: &[
            ("name", Is::Text(160)),
            ("accountnumber", Is::Text(20)),
            ("telephone1", Is::Text(50)),
            ("websiteurl", Is::Text(200)),
            ("address1_line1", Is::Text(250)),
            ("address1_line2", Is::Text(250)),
            ("address1_city", Is::Text(80)),
            ("address1_stateorprovince", Is::Text(50)),
            ("address1_postalcode", Is::Text(20)),
            ("address1_country", Is::Text(80)),
            ("statecode", Is::Option(&[0, 1])),
            ("new_pax8id", Is::Text(100)),
        ],
        keys: &["new_pax8id", "accountnumber"],
    },
    Table {
        set: "products",
        name: "product",
        id: "productid",
        columns: &[
            ("name", Is::Text(100)),
            ("productnumber", Is::Text(100)),
            ("description", Is::Text(2000)),
            ("price", Is::Number),
            ("standardcost", Is::Number),
            ("quantitydecimal", Is::Number),
            ("statecode", Is::Option(&[0, 1, 2, 3])),
            ("defaultuomid", Is::Lookup("uoms")),
            ("defaultuomscheduleid", Is::Lookup("uomschedules")),
            ("new_pax8id", Is::Text(100)),
        ],
        keys: &["new_pax8id", "productnumber"],
    },
    Table { set: "uoms", name: "uom", id: "uomid", columns: &[("name", Is::Text(100))], keys: &[] },
    Table {
        set: "uomschedules",
        name: "uomschedule",
        id: "uomscheduleid",
        columns: &[("name", Is::Text(100))],
        keys: &[],
    },
    Table {
        set: "transactioncurrencies",
        name: "transactioncurrency",
        id: "transactioncurrencyid",
        columns: &[("isocurrencycode", Is::Text(5))],
        keys: &[],
    },
    Table {
        set: "work365_billingcontracts",
        name: "work365_billingcontract",
        id: "work365_billingcontractid",
        columns: &[("work365_name", Is::Text(100)), ("work365_billingcontract_customer", Is::Lookup("accounts"))],
        keys: &[],
    },
    Table {
        set: "work365_subscriptions",
        name: "work365_subscription",
        id: "work365_subscriptionid",
        columns: &[
            ("work365_subscription_subscriptionname", Is::Text(200)),
            ("work365_subscription_billingcontract", Is::Lookup("work365_billingcontracts")),
            ("work365_product", Is::Lookup("products")),
            ("work365_quantity", Is::Number),
            ("work365_unitprice", Is::Number),
            ("work365_unitcost", Is::Number),
            ("work365_effectivestartdate", Is::Date),
            ("work365_deactivateon", Is::Date),
            ("transactioncurrencyid", Is::Lookup("transactioncurrencies")),
            ("statecode", Is::Option(&[0, 1])),
        ],
        keys: &[],
    },
];

static ALL: [Table; 7] = TABLES;

/// The table of a set.
pub(super) fn table(set: &str) -> Option<&'static Table> {
    ALL.iter().find(|table| table.set == set)
}

impl Table {
    /// What rows have of a column: of a lookup its id.
    pub(super) fn member(name: &str, is: Is) -> String {
        if matches!(is, Is::Lookup(_)) { format!("_{name}_value") } else { name.to_owned() }
    }

    pub(super) fn has(&self, member: &str) -> bool {
        member == self.id || self.columns.iter().any(|(name, is)| Self::member(name, *is) == member)
    }
}

/// Which row: its id, or the values of an alternate key.
pub(super) struct Key {
    column: String,
    value: String,
}

impl Key {
    pub(super) fn parse(table: &Table, text: &str) -> Given<Self> {
        let Some((column, quoted)) = text.split_once('=') else {
            return Ok(Self { column: table.id.to_owned(), value: text.to_owned() });
        };
        if !table.keys.contains(&column) {
            let what = "The key property names in the URI do not match any declared key of the entity";
            return Err(Wrong(axum::http::StatusCode::BAD_REQUEST, "0x80060888", format!("{what}: {column}")));
        }
        let inside = quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        let value = inside.ok_or_else(|| Wrong::bad(format!("a text in quotes is expected, found {quoted}")))?;
        if value.replace("''", "").contains('\'') {
            return Err(Wrong::bad(format!("a quote inside a text is doubled, found {quoted}")));
        }
        Ok(Self { column: column.to_owned(), value: value.replace("''", "'") })
    }
}

pub(super) struct Tables {
    rows: BTreeMap<&'static str, Vec<Record>>,
    version: u64,
}

/// The id of a row that the data knows by another.
fn guid(id: &str) -> String {
    match id.len() {
        1..=12 if id.bytes().all(|sign| sign.is_ascii_digit()) => format!("00000000-0000-4000-a000-{id:0>12}"),
        _ => uuid(id),
    }
}

impl Tables {
    pub(super) fn new(data: &Data) -> Self {
        let mut tables = Self { rows: BTreeMap::new(), version: 1_000 };
        tables.keep("uoms", UNIT, json!({ "name": "Primary Unit" }));
        tables.keep("uomschedules", UNIT_GROUP, json!({ "name": "Default Unit" }));
        for row in data.table(File::PsaCompanies).rows() {
            let is_gone = row.get("status") == "Inactive" || row.get("deletedFlag") == "true";
            tables.keep("accounts", &guid(row.get("id")), json!({
                "name": row.get("name"), "accountnumber": row.get("identifier"), "telephone1": row.get("phoneNumber"),
                "websiteurl": row.get("website"), "address1_line1": row.get("addressLine1"), "address1_city": row.get("city"),
                "address1_stateorprovince": row.get("state"), "address1_postalcode": row.get("zip"),
                "address1_country": row.get("country"), "statecode": u8::from(is_gone),
            }));
        }
        for row in data.table(File::PsaProducts).rows() {
            tables.keep("products", &guid(row.get("id")), json!({
                "name": row.get("description"), "productnumber": row.get("identifier"), "price": number(row.get("price")),
                "standardcost": number(row.get("cost")), "quantitydecimal": 2, "_defaultuomid_value": UNIT,
                "_defaultuomscheduleid_value": UNIT_GROUP, "statecode": u8::from(row.get("inactiveFlag") == "true"),
            }));
        }
        for row in data.table(File::PsaAgreementLines).rows() {
            let (contract, currency) = (guid(row.get("agreementId")), uuid(row.get("currencyCode")));
            tables.once("work365_billingcontracts", &contract, json!({
                "work365_name": row.get("agreementName"), "_work365_billingcontract_customer_value": guid(row.get("companyId")),
            }));
            tables.once("transactioncurrencies", &currency, json!({ "isocurrencycode": row.get("currencyCode") }));
            let day = |column: &str| match row.get(column) {
                "" => Value::Null,
                day => Value::from(format!("{day}T00:00:00Z")),
            };
            tables.keep("work365_subscriptions", &guid(row.get("id")), json!({
                "work365_subscription_subscriptionname": row.get("description"),
                "_work365_subscription_billingcontract_value": contract, "_work365_product_value": guid(row.get("productId")),
                "work365_quantity": number(row.get("quantity")), "work365_unitprice": number(row.get("unitPrice")),
                "work365_unitcost": number(row.get("unitCost")), "work365_effectivestartdate": day("effectiveDate"),
                "work365_deactivateon": day("cancelledDate"), "_transactioncurrencyid_value": currency,
                "statecode": u8::from(row.get("agreementStatus") != "Active"),
            }));
        }
        tables
    }

    fn once(&mut self, set: &'static str, id: &str, record: Value) {
        let known =
            table(set).is_some_and(|table| self.all(table).iter().any(|row| row.get(table.id) == Some(&json!(id))));
        if !known {
            self.keep(set, id, record);
        }
    }

    /// Puts a row in, with null for what it does not say.
    fn keep(&mut self, set: &'static str, id: &str, record: Value) {
        let (Some(table), Value::Object(mut record)) = (table(set), record) else { return };
        for (name, is) in table.columns {
            let held = record.entry(Table::member(name, *is)).or_insert(Value::Null);
            if held == "" {
                *held = Value::Null;
            }
        }
        record.insert(table.id.to_owned(), Value::from(id));
        self.stamp(&mut record);
        self.rows.entry(table.set).or_default().push(record);
    }

    fn stamp(&mut self, record: &mut Record) {
        self.version += 1;
        record.insert("@odata.etag".to_owned(), Value::from(format!("W/\"{}\"", self.version)));
    }

    pub(super) fn all(&self, table: &Table) -> &[Record] {
        self.rows.get(table.set).map_or(&[], Vec::as_slice)
    }

    pub(super) fn one(&self, table: &Table, key: &Key) -> Option<&Record> {
        self.all(table).iter().find(|row| has(row, &key.column, &key.value))
    }

    /// Makes a row, at an alternate key where one is said.
    pub(super) fn make(&mut self, table: &'static Table, key: Option<&Key>, sent: &Record) -> Given<(Record, bool)> {
        let mut record = Map::new();
        for (name, is) in table.columns {
            record.insert(Table::member(name, *is), Value::Null);
        }
        record.insert("statecode".to_owned(), json!(0));
        self.take(table, &mut record, sent)?;
        let id = match key {
            Some(key) if key.column == table.id => key.value.clone(),
            Some(key) => {
                record.insert(key.column.clone(), Value::from(key.value.as_str()));
                uuid(&format!("{}/{}", table.set, self.version))
            }
            None => uuid(&format!("{}/{}", table.set, self.version)),
        };
        if record.get("name").is_none_or(Value::is_null) {
            return Err(Wrong::bad("Required field 'name' is missing"));
        }
        let needs_unit = table.set == "products" && record.get("_defaultuomid_value").is_none_or(Value::is_null);
        if needs_unit {
            return Err(Wrong::bad("The unit schedule id is missing."));
        }
        self.unique(table, &record, "")?;
        record.insert(table.id.to_owned(), Value::from(id));
        self.stamp(&mut record);
        self.rows.entry(table.set).or_default().push(record.clone());
        Ok((record, true))
    }

    pub(super) fn change(
        &mut self,
        table: &'static Table,
        key: &Key,
        sent: &Record,
        fired: &Fired,
    ) -> Given<(Record, bool)> {
        let mut record = self.one(table, key).cloned().ok_or_else(|| Wrong::missing(table.name))?;
        if fired.has(Fault::Ghost) {
            return Ok((record, false));
        }
        self.take(table, &mut record, sent)?;
        let id = record.get(table.id).and_then(Value::as_str).unwrap_or_default().to_owned();
        self.unique(table, &record, &id)?;
        self.stamp(&mut record);
        let rows = self.rows.entry(table.set).or_default();
        if let Some(row) = rows.iter_mut().find(|row| has(row, &key.column, &key.value)) {
            row.clone_from(&record);
        }
        Ok((record, false))
    }

    fn take(&self, table: &Table, record: &mut Record, sent: &Record) -> Given<()> {
        for (name, value) in sent {
            let (column, is_bound) =
                name.strip_suffix("@odata.bind").map_or((name.as_str(), false), |name| (name, true));
            let found =
                table.columns.iter().find(|(known, is)| *known == column && is_bound == matches!(is, Is::Lookup(_)));
            let Some((_, is)) = found else {
                let what =
                    format!("Invalid property '{name}' was found in entity 'Microsoft.Dynamics.CRM.{}'.", table.name);
                return Err(Wrong::bad(what));
            };
            let value = self.kept(column, *is, value)?;
            record.insert(Table::member(column, *is), value);
        }
        Ok(())
    }

    fn kept(&self, column: &str, is: Is, value: &Value) -> Given<Value> {
        let cannot = |what: &str| Wrong::bad(format!("Cannot convert the value of '{column}' to {what}: {value}"));
        match (is, value) {
            (_, Value::Null) => Ok(Value::Null),
            (Is::Text(most), Value::String(text)) if text.chars().count() > most => {
                Err(Wrong::bad(format!("The length of '{column}' exceeded the maximum allowed length of '{most}'.")))
            }
            (Is::Text(_), Value::String(text)) if text.is_empty() => Ok(Value::Null),
            (Is::Text(_), Value::String(_)) | (Is::Number, Value::Number(_)) => Ok(value.clone()),
            (Is::Option(all), Value::Number(number)) if number.as_i64().is_some_and(|number| all.contains(&number)) => {
                Ok(value.clone())
            }
            (Is::Date, Value::String(text)) => chrono::DateTime::parse_from_rfc3339(text)
                .map(|_| value.clone())
                .map_err(|_| cannot("Edm.DateTimeOffset")),
            (Is::Lookup(set), Value::String(address)) => {
                let id = address.strip_prefix(&format!("/{set}(")).and_then(|rest| rest.strip_suffix(')'));
                let target =
                    table(set).zip(id).filter(|(table, id)| self.all(table).iter().any(|row| has(row, table.id, id)));
                target.map(|(_, id)| Value::from(id)).ok_or_else(|| Wrong::missing(set))
            }
            _ => Err(cannot("its type")),
        }
    }

    fn unique(&self, table: &Table, record: &Record, own: &str) -> Given<()> {
        for key in table.keys {
            let Some(value) = record.get(*key).and_then(Value::as_str) else { continue };
            let twin = |row: &&Record| has(row, key, value) && !has(row, table.id, own);
            if self.all(table).iter().any(|row| twin(&row)) {
                return Err(Wrong::duplicate());
            }
        }
        Ok(())
    }

    /// What really changes between two pages, when a fault says so.
    pub(super) fn disturb(&mut self, table: &'static Table, fired: &Fired) {
        let rows = self.rows.entry(table.set).or_default();
        if fired.has(Fault::Insert)
            && let Some(mut copy) = rows.first().cloned()
        {
            copy.insert(table.id.to_owned(), Value::from("00000000-0000-4000-a000-000000000000"));
            rows.insert(0, copy);
        }
        if fired.has(Fault::Delete) && !rows.is_empty() {
            rows.remove(0);
        }
    }
}

/// Letters count whatever their case, as the database has it.
fn has(row: &Record, column: &str, value: &str) -> bool {
    row.get(column).and_then(Value::as_str).is_some_and(|held| held.to_lowercase() == value.to_lowercase())
}
