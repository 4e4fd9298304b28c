//! What a write does: a list of elements, each made or changed.
//!
//! Invariant: an element that is refused changes nothing, and refuses all that are sent with it.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::state::{Kind, State, field_of, own_fields, site, total};
use super::{failure, plain, shape, unknown};
use crate::simulate::faults::{Fault, Fired};
use crate::simulate::server::Answer;

type Record = Map<String, Value>;

/// The elements of a body, which is a list.
fn elements(body: &[u8]) -> Result<Vec<Record>, Answer> {
    let wrong = |what: &str| failure(StatusCode::BAD_REQUEST, what);
    let Ok(Value::Array(sent)) = serde_json::from_slice::<Value>(body) else {
        return Err(wrong("Cannot deserialize the current JSON object because the type requires a JSON array"));
    };
    let records: Option<Vec<Record>> = sent.into_iter().map(|one| one.as_object().cloned()).collect();
    records.filter(|records| !records.is_empty()).ok_or_else(|| wrong("A list of objects is expected"))
}

/// One element in, the record out; several in, a list out.
fn answered(mut records: Vec<Value>) -> Answer {
    let body = if records.len() == 1 { records.remove(0) } else { Value::Array(records) };
    Answer::with(StatusCode::CREATED, body)
}

fn refused(what: &str) -> Answer {
    Answer::with(StatusCode::BAD_REQUEST, json!({ "resultCode": -1, "errorMessage": what }))
}

impl State {
    /// Makes and changes records.
    pub(super) fn post(&mut self, kind: Kind, body: &[u8], fired: &Fired) -> Answer {
        let sent = match elements(body) {
            Ok(sent) => sent,
            Err(answer) => return answer,
        };
        let mut done = Vec::new();
        for element in sent {
            let id = element.get("id").filter(|id| id.as_i64() != Some(0)).map(plain);
            let taken = match shape::taken(kind, element) {
                Ok(taken) => taken,
                Err(what) => return failure(StatusCode::BAD_REQUEST, &what),
            };
            let old = match &id {
                None => None,
                Some(id) => match self.one(kind, id) {
                    None => return unknown(kind, id),
                    Some(old) => Some(old.clone()),
                },
            };
            if let (true, Some(old)) = (fired.has(Fault::Ghost), &old) {
                return answered(vec![old.clone()]);
            }
            match self.written(kind, old, taken) {
                Ok(record) => done.push(record),
                Err(what) => return refused(&what),
            }
        }
        self.reckon();
        let now = done.iter().filter_map(|record| self.one(kind, &plain(record.get("id")?)).cloned()).collect();
        answered(now)
    }

    fn written(&mut self, kind: Kind, old: Option<Value>, mut sent: Record) -> Result<Value, String> {
        let is_new = old.is_none();
        let mut record = match old {
            Some(Value::Object(record)) => record,
            _ => self.blank(kind, &mut sent)?,
        };
        if let Some(own) = sent.remove("customfields") {
            let held = record.get("customfields").cloned().unwrap_or_default();
            record.insert("customfields".to_owned(), own_fields(kind.name(), &held, &own)?);
        }
        if let Some(Value::Array(lines)) = sent.remove("lines") {
            let lines = self.set(&record, lines)?;
            record.insert("lines".to_owned(), Value::Array(lines));
        }
        let before = record.get("count").cloned();
        record.extend(sent);
        if kind == Kind::Licence && !is_new && before.as_ref() != record.get("count") {
            let change = json!({ "id": self.licence_changes.len() + 1, "licence_id": record.get("id"), "field_name": "count",
                "old_value": before.as_ref().map(plain), "new_value": record.get("count").map(plain), "who": "API" });
            self.licence_changes.push(change);
        }
        let stamp = match kind {
            Kind::Client => Some("alastupdate"),
            Kind::Item => Some("lastmodified"),
            Kind::Invoice => Some("last_modified"),
            Kind::Site | Kind::Licence | Kind::Ticket => None,
        };
        if let Some(name) = stamp {
            let moment = self.moment();
            record.insert(name.to_owned(), Value::from(moment));
        }
        let record = Value::Object(record);
        if is_new && kind == Kind::Client {
            let site = site(&record);
            self.rows_mut(Kind::Site).push(site);
        }
        let id = record.get("id").cloned().unwrap_or_default();
        let rows = self.rows_mut(kind);
        match rows.iter_mut().find(|row| row.get("id") == Some(&id)) {
            Some(row) => row.clone_from(&record),
            // new recurring invoices come first, as their ids go down
            None if kind == Kind::Invoice => rows.insert(0, record.clone()),
            None => rows.push(record.clone()),
        }
        Ok(record)
    }

    /// What a new record has that was not sent.
    fn blank(&self, kind: Kind, sent: &mut Record) -> Result<Record, String> {
        let id = self.next_id(kind);
        let needs = |name: &str| {
            let given = sent.get(name).and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty());
            if given { Ok(()) } else { Err(format!("{name} is needed")) }
        };
        let mut record = match kind {
            Kind::Client => {
                needs("name")?;
                json!({ "toplevel_id": 1, "inactive": false, "main_site_id": id + 10_000, "website": "", "notes": "",
                    "accountsid": "", "external_links": [], "customfields": [], "use": "client" })
            }
            Kind::Item => {
                needs("name")?;
                json!({ "description": "", "type": 0, "status": 0, "supplier_part_code": "", "internalreference": "",
                    "externalreference": "", "recurringprice": 0, "recurringcost": 0, "customfields": [], "use": "item" })
            }
            Kind::Invoice => json!({ "disabled": false, "currency_code": 0, "enddate": super::records::NO_DAY,
                "startdate": "2026-01-01T00:00:00", "customfields": [], "lines": [] }),
            Kind::Licence => {
                needs("name")?;
                json!({ "type": 1, "count": 0, "distributor": "", "is_active": true })
            }
            Kind::Ticket => {
                needs("summary")?;
                json!({ "status_id": 1, "dateoccurred": "2026-11-24T12:00:00", "customfields": [] })
            }
            Kind::Site => return Err("sites are made with their client".to_owned()),
        };
        if let Some(client) = sent.get("client_id") {
            let known =
                self.one(Kind::Client, &plain(client)).ok_or_else(|| format!("client_id {client} is not known"))?;
            if let Value::Object(record) = &mut record {
                record.insert("client_name".to_owned(), known.get("name").cloned().unwrap_or_default());
            }
        }
        let Value::Object(mut record) = record else { return Err("nothing to make".to_owned()) };
        record.insert("id".to_owned(), json!(id));
        // what makes the first site is part of that
        for (from, to) in [
            ("newclient_sitename", "main_site_name"),
            ("newclient_phonenumber", "main_phonenumber"),
            ("newclient_delivery_address", "main_delivery_address"),
            ("newclient_contactname", "main_contact_name"),
        ] {
            if let Some(value) = sent.remove(from) {
                record.insert(to.to_owned(), value);
            }
        }
        if matches!(kind, Kind::Client | Kind::Item) && !sent.contains_key("customfields") {
            record.insert("customfields".to_owned(), super::state::fields(kind.name()));
        }
        sent.remove("id");
        Ok(record)
    }

    /// The set of lines that is sent: it is the set from then on.
    fn set(&mut self, invoice: &Record, sent: Vec<Value>) -> Result<Vec<Value>, String> {
        let held: Vec<Value> = invoice.get("lines").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut next = self.next_line();
        let mut lines = Vec::new();
        for line in sent {
            let Value::Object(mut line) = line else { return Err("lines: an object is expected".to_owned()) };
            shape::line(&line)?;
            let own = line.remove("customfields").unwrap_or_default();
            let known = line.get("id").and_then(Value::as_i64).filter(|id| *id > 0);
            let mut record = match known {
                Some(id) => {
                    let old = held.iter().find(|old| old.get("id").and_then(Value::as_i64) == Some(id));
                    old.and_then(Value::as_object).cloned().ok_or_else(|| format!("lines: there is no line {id}"))?
                }
                None => {
                    next += 1;
                    self.blank_line(next - 1, invoice.get("id"), &line)?
                }
            };
            line.remove("id");
            self.note(&record, &line);
            let figures = |record: &Record| [record.get("qty_order").cloned(), record.get("unit_price").cloned()];
            let before = known.map(|_| figures(&record));
            record.extend(line);
            let is_other = before.is_none_or(|before| before != figures(&record));
            let fields =
                record.get("customfields").cloned().unwrap_or_else(|| json!([field_of("InvoiceDetail", &Value::Null)]));
            record.insert("customfields".to_owned(), own_fields("InvoiceDetail", &fields, &own)?);
            let mut record = Value::Object(record);
            if is_other {
                total(&mut record);
            }
            lines.push(record);
        }
        Ok(lines)
    }

    /// Notes a quantity that changes.
    fn note(&mut self, old: &Record, sent: &Record) {
        if let Some(quantity) = sent.get("qty_order").filter(|quantity| old.get("qty_order") != Some(quantity)) {
            let change = json!({ "id": self.invoice_changes.len() + 1, "invoice_line_id": old.get("id"),
                "field_name": "qty_order", "old_value": old.get("qty_order").map(plain), "new_value": plain(quantity), "who": "API" });
            self.invoice_changes.push(change);
        }
    }

    /// A new line, with what it takes over from its item.
    fn blank_line(&self, id: i64, invoice: Option<&Value>, sent: &Record) -> Result<Record, String> {
        let item = sent.get("_itemid").map(plain).unwrap_or_default();
        let item = if matches!(item.as_str(), "" | "0" | "-1") { None } else { Some(item) };
        let found = item
            .as_ref()
            .map(|item| self.one(Kind::Item, item).ok_or_else(|| format!("lines: there is no item {item}")));
        let found = found.transpose()?.cloned().unwrap_or_default();
        let of = |name: &str| found.get(name).cloned().unwrap_or_default();
        let line = json!({
            "id": id, "ihid": invoice, "_itemid": 0, "item_code": of("internalreference"),
            "item_shortdescription": of("name"), "item_longdescription": "", "qty_order": 1,
            "unit_price": of("recurringprice"), "unit_cost": of("recurringcost"), "baseprice": of("recurringprice"),
            "net_amount": 0, "tax_rate": 0, "tax_amount": 0, "tax_code": "0", "nominal_code": "", "discount_perc": 0,
            "startdate": super::records::NO_DAY, "enddate": super::records::NO_DAY, "autorenew": false, "isinactive": false,
            "billingperiod": 1, "onetimecharge": false, "recurring_invoice_quantity_type": 0, "quantity_licences": [],
            "quantity_subscriptions": [], "quantity_assets": [], "quantity_users": [], "prorata_data": [], "group_id": 0,
            "isgroupdesc": false, "is_bundled_line": false, "sequenceid": 1,
        });
        line.as_object().cloned().ok_or_else(|| "lines: an object is expected".to_owned())
    }

    /// Changes members of single lines.
    pub(super) fn update_lines(&mut self, body: &[u8], fired: &Fired) -> Answer {
        let sent = match elements(body) {
            Ok(sent) => sent,
            Err(answer) => return answer,
        };
        let mut done = Vec::new();
        for change in sent {
            let invoice = change.get("ihid").map(plain).unwrap_or_default();
            let Some(Value::Object(held)) = self.one(Kind::Invoice, &invoice).cloned() else {
                return unknown(Kind::Invoice, &invoice);
            };
            let mut lines: Vec<Value> = held.get("lines").and_then(Value::as_array).cloned().unwrap_or_default();
            let Some(Value::Object(line)) = lines.iter_mut().find(|line| line.get("id") == change.get("id")) else {
                return refused("there is no such line");
            };
            line.extend(change);
            if !fired.has(Fault::Ghost) {
                let set = Map::from_iter([("lines".to_owned(), Value::Array(lines))]);
                if let Err(what) = self.written(Kind::Invoice, Some(Value::Object(held)), set) {
                    return refused(&what);
                }
            }
            done.push(invoice);
        }
        self.reckon();
        answered(done.iter().filter_map(|id| self.one(Kind::Invoice, id).cloned()).collect())
    }

    /// Adds lines.
    pub(super) fn add_lines(&mut self, body: &[u8]) -> Answer {
        let sent = match elements(body) {
            Ok(sent) => sent,
            Err(answer) => return answer,
        };
        let mut done = Vec::new();
        for line in sent {
            let invoice = line.get("ihid").map(plain).unwrap_or_default();
            let Some(Value::Object(held)) = self.one(Kind::Invoice, &invoice).cloned() else {
                return unknown(Kind::Invoice, &invoice);
            };
            let mut lines: Vec<Value> = held.get("lines").and_then(Value::as_array).cloned().unwrap_or_default();
            lines.push(Value::Object(line));
            let set = Map::from_iter([("lines".to_owned(), Value::Array(lines))]);
            match self.written(Kind::Invoice, Some(Value::Object(held)), set) {
                Ok(_) => done.push(invoice),
                Err(what) => return refused(&what),
            }
        }
        self.reckon();
        answered(done.iter().filter_map(|id| self.one(Kind::Invoice, id).cloned()).collect())
    }
}
