//! What the simulated HaloPSA holds.
//!
//! Invariant: a computed quantity is what its sources say after every write, whatever was sent.

use axum::http::StatusCode;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{failure, plain, records};
use crate::simulate::data::{Data, File};
use crate::simulate::faults::{Fault, Fired};
use crate::simulate::json::number;
use crate::simulate::server::Answer;

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Client,
    Site,
    Item,
    Invoice,
    Licence,
    Ticket,
}

impl Kind {
    /// The kind of a resource.
    pub(super) fn named(resource: &str) -> Option<Self> {
        Some(match resource {
            "Client" => Self::Client,
            "Site" => Self::Site,
            "Item" => Self::Item,
            "RecurringInvoice" => Self::Invoice,
            "SoftwareLicence" => Self::Licence,
            "Tickets" => Self::Ticket,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Client => "Client",
            Self::Site => "Site",
            Self::Item => "Item",
            Self::Invoice => "RecurringInvoice",
            Self::Licence => "SoftwareLicence",
            Self::Ticket => "Tickets",
        }
    }

    /// Where a list has them.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Client => "clients",
            Self::Site => "sites",
            Self::Item => "items",
            Self::Invoice => "invoices",
            Self::Licence => "licences",
            Self::Ticket => "tickets",
        }
    }

    pub(super) fn is_written(self) -> bool {
        self != Self::Site
    }
}

/// The fields the tenant added: on which records, id and name.
const FIELDS: [(&str, u32, &str); 3] =
    [("Client", 101, "CFPax8Id"), ("Item", 102, "CFPax8ProductId"), ("InvoiceDetail", 201, "CFSubscriptionId")];

/// A record's field of the tenant's own, with a value.
pub(super) fn field_of(on: &str, value: &Value) -> Value {
    let (_, id, name) = FIELDS.iter().find(|(kind, ..)| *kind == on).copied().unwrap_or_default();
    json!({ "id": id, "name": name, "label": name.trim_start_matches("CF"), "type": 0, "value": value, "display": value })
}

/// The fields of the tenant's own that a record has, empty.
pub(super) fn fields(on: &str) -> Value {
    json!([field_of(on, &Value::Null)])
}

/// What the fields of the tenant's own hold after a write: each is known by its id or its name, others stay.
pub(super) fn own_fields(on: &str, held: &Value, sent: &Value) -> Result<Value, String> {
    let mut held =
        held.as_array().filter(|held| !held.is_empty()).cloned().unwrap_or_else(|| vec![field_of(on, &Value::Null)]);
    for entry in sent.as_array().into_iter().flatten() {
        let is_it = |known: &&mut Value| {
            ["id", "name"].iter().any(|by| entry.get(by).is_some_and(|wanted| known.get(by) == Some(wanted)))
        };
        let Some(known) = held.iter_mut().find(is_it) else {
            return Err(format!("customfields: no such field {entry}"));
        };
        let value = entry.get("value").cloned().unwrap_or_default();
        if let Value::Object(members) = known {
            members.insert("display".to_owned(), value.clone());
            members.insert("value".to_owned(), value);
        }
    }
    Ok(Value::Array(held))
}

pub(super) struct State {
    clients: Vec<Value>,
    sites: Vec<Value>,
    items: Vec<Value>,
    invoices: Vec<Value>,
    licences: Vec<Value>,
    tickets: Vec<Value>,
    pub(super) currencies: Vec<Value>,
    pub(super) licence_changes: Vec<Value>,
    pub(super) invoice_changes: Vec<Value>,
    /// The settings of the tenant, those of its own integrations among them.
    pub(super) control: Value,
    /// Lists come in the opposite order.
    pub(super) turned: bool,
    pub(super) writes: u32,
    lowest: i64,
}

impl State {
    pub(super) fn new(data: &Data) -> Self {
        let currencies = records::currencies(data);
        let (invoices, licences) = records::invoices(data, &currencies);
        let mut clients: Vec<Value> = data.table(File::PsaCompanies).rows().map(records::client).collect();
        let mut items: Vec<Value> = data.table(File::PsaProducts).rows().map(records::item).collect();
        for rows in [&mut clients, &mut items] {
            rows.sort_by_key(|row| row.get("id").and_then(Value::as_i64));
        }
        let sites = clients.iter().map(site).collect();
        let control = json!({ "id": 1, "halointegrator_pax8": false, "halointegrator_pax8_lastsync": records::NO_DAY,
            "halointegrator_pax8_lasterror": "", "import_pax8_usage_lines": false, "pax8_client_mappings": [] });
        Self {
            clients,
            sites,
            items,
            invoices,
            licences,
            tickets: Vec::new(),
            currencies,
            licence_changes: Vec::new(),
            invoice_changes: Vec::new(),
            control,
            turned: false,
            writes: 0,
            lowest: i64::MAX,
        }
    }

    pub(super) fn rows(&self, kind: Kind) -> &Vec<Value> {
        match kind {
            Kind::Client => &self.clients,
            Kind::Site => &self.sites,
            Kind::Item => &self.items,
            Kind::Invoice => &self.invoices,
            Kind::Licence => &self.licences,
            Kind::Ticket => &self.tickets,
        }
    }

    pub(super) fn rows_mut(&mut self, kind: Kind) -> &mut Vec<Value> {
        match kind {
            Kind::Client => &mut self.clients,
            Kind::Site => &mut self.sites,
            Kind::Item => &mut self.items,
            Kind::Invoice => &mut self.invoices,
            Kind::Licence => &mut self.licences,
            Kind::Ticket => &mut self.tickets,
        }
    }

    pub(super) fn one(&self, kind: Kind, wanted: &str) -> Option<&Value> {
        self.rows(kind).iter().find(|row| row.get("id").is_some_and(|id| plain(id) == wanted))
    }

    /// Switches settings of the tenant.
    pub(super) fn control(&mut self, body: &[u8]) -> Answer {
        let Ok(Value::Array(sent)) = serde_json::from_slice::<Value>(body) else {
            return failure(StatusCode::BAD_REQUEST, "A list is expected");
        };
        for element in sent {
            if let (Value::Object(control), Value::Object(members)) = (&mut self.control, element) {
                control.extend(members);
            }
        }
        Answer::with(StatusCode::CREATED, self.control.clone())
    }

    /// The next id of a kind; those of recurring invoices go down.
    pub(super) fn next_id(&self, kind: Kind) -> i64 {
        let ids = self.rows(kind).iter().filter_map(|row| row.get("id").and_then(Value::as_i64));
        match kind {
            Kind::Invoice => ids.min().unwrap_or_default() - 1,
            Kind::Client | Kind::Site | Kind::Item | Kind::Licence | Kind::Ticket => ids.max().unwrap_or_default() + 1,
        }
    }

    /// The next id of a line.
    pub(super) fn next_line(&self) -> i64 {
        let lines = self.invoices.iter().filter_map(|invoice| invoice.get("lines").and_then(Value::as_array)).flatten();
        lines.filter_map(|line| line.get("id").and_then(Value::as_i64)).max().unwrap_or_default() + 1
    }

    /// When it was written: one second later with every write.
    pub(super) fn moment(&mut self) -> String {
        self.writes += 1;
        format!(
            "2026-11-24T{:02}:{:02}:{:02}.5",
            12 + self.writes / 3_600 % 12,
            self.writes / 60 % 60,
            self.writes % 60
        )
    }

    /// What the sources of a line's quantity say; nothing where it has none that can be counted.
    pub(super) fn computed(&self, line: &Value) -> Option<Decimal> {
        let sources = ["quantity_licences", "quantity_subscriptions"]
            .iter()
            .filter_map(|name| line.get(name)?.as_array())
            .flatten();
        let mut sum = None;
        for source in sources {
            let licence = self.one(Kind::Licence, &plain(source.get("licence_id")?))?;
            let count: Decimal = plain(licence.get("count")?).parse().ok()?;
            let figure =
                |name: &str| source.get(name).and_then(|v| plain(v).parse::<Decimal>().ok()).unwrap_or_default();
            let counted = (count - figure("qty_free")).max(figure("minimum_qty"));
            sum = Some(sum.unwrap_or_default() + counted);
        }
        sum
    }

    /// Reckons every line again.
    pub(super) fn reckon(&mut self) {
        let mut figures = Vec::new();
        for (at, invoice) in self.invoices.iter().enumerate() {
            for (nth, line) in invoice.get("lines").and_then(Value::as_array).into_iter().flatten().enumerate() {
                figures.extend(self.computed(line).map(|quantity| (at, nth, quantity)));
            }
        }
        for (at, nth, quantity) in figures {
            let lines = self.invoices.get_mut(at).and_then(|invoice| invoice.get_mut("lines")?.as_array_mut());
            if let Some(line) = lines.and_then(|lines| lines.get_mut(nth))
                && line.get("qty_order").and_then(|held| plain(held).parse::<Decimal>().ok()) != Some(quantity)
            {
                if let Value::Object(line) = line {
                    line.insert("qty_order".to_owned(), number(&quantity.normalize().to_string()));
                }
                total(line);
            }
        }
    }

    /// What really changes between two pages, when a fault says so.
    pub(super) fn disturb(&mut self, kind: Kind, fired: &Fired) {
        if fired.has(Fault::Resort) {
            self.turned = !self.turned;
        }
        let lowest = self.rows(kind).iter().filter_map(|row| row.get("id").and_then(Value::as_i64)).min();
        let before_all = lowest.unwrap_or_default().min(self.lowest) - 1;
        let may = fired.has(Fault::Insert) && (before_all > 0 || kind == Kind::Invoice);
        if may {
            self.lowest = before_all;
        }
        let rows = self.rows_mut(kind);
        if let Some(mut copy) = rows.first().cloned().filter(|_| may) {
            if let Value::Object(members) = &mut copy {
                members.insert("id".to_owned(), json!(before_all));
            }
            rows.insert(0, copy);
        }
        if fired.has(Fault::Delete) && !rows.is_empty() {
            rows.remove(0);
        }
    }
}

/// The first site of a client.
pub(super) fn site(client: &Value) -> Value {
    let of = |name: &str| client.get(name).cloned().unwrap_or_default();
    json!({ "id": of("main_site_id"), "name": of("main_site_name"), "client_id": of("id"), "client_name": of("name"),
        "inactive": false, "phonenumber": of("main_phonenumber"), "isinvoicesite": true,
        "delivery_address": of("main_delivery_address"), "invoice_address": of("main_delivery_address") })
}

/// Reckons what a line has of its figures; what is no number stays as it is.
pub(super) fn total(line: &mut Value) {
    let figure = |name: &str| line.get(name).and_then(|value| plain(value).parse::<Decimal>().ok());
    let Some(net) = figure("qty_order").zip(figure("unit_price")).and_then(|(all, each)| all.checked_mul(each)) else {
        return;
    };
    if let Value::Object(line) = line {
        line.insert("net_amount".to_owned(), number(&net.normalize().to_string()));
    }
}
