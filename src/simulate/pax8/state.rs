//! What the simulated distributor holds: the rows it was given and everything that changed since, under one lock.
//!
//! Invariant: ids and moments come from a counter and the day, so the same requests in the same order give the same state;
//! an id is given once.

use std::collections::BTreeMap;

use axum::http::Method;
use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::changes::{Cells, Change};
use super::contacts::covers;
use super::delivery::Parcel;
use super::hooks::Hooks;
use super::invoices::Invoice;
use super::ledger::Ledger;
use super::orders::Order;
use super::time::{day, day_of_cell, days_after, last_of_month};
use super::topics::Event;
use super::{figure, usage};
use crate::simulate::data::{Data, File, Row, Table};
use crate::simulate::faults::{Fault, Faults, Fired};
use crate::simulate::json::uuid;
use crate::simulate::server::Ask;

/// Files whose rows are looked up by id.
const INDEXED: [File; 4] =
    [File::VendorCompanies, File::VendorContacts, File::VendorProducts, File::VendorSubscriptions];

pub(super) struct State {
    pub(super) data: Data,
    pub(super) today: NaiveDate,
    pub(super) orders: Vec<Order>,
    pub(super) invoices: Vec<Invoice>,
    pub(super) ledger: Ledger,
    /// The metered lines of each usage summary.
    pub(super) metered: BTreeMap<String, Vec<usize>>,
    /// The month of the data; what it is charged for stands in its lines.
    pub(super) month: NaiveDate,
    pub(super) hooks: Hooks,
    /// Lists come in the opposite order.
    pub(super) turned: bool,
    ids: BTreeMap<(File, String), usize>,
    /// What each product is counted in, by the first of its prices.
    pub(super) units: BTreeMap<String, String>,
    made: u64,
    seed: u64,
    /// Accepted and not seen yet: reads still to come, and what then shows.
    waiting: Vec<(u64, Vec<Change>)>,
}

impl State {
    pub(super) fn new(mut data: Data, faults: &Faults) -> Self {
        data.table_mut(File::VendorCompanies).widen("street2");
        let month =
            data.period().and_then(|p| day(&format!("{p}-01"))).or_else(|| day("2026-01-01")).unwrap_or_default();
        let usual = last_of_month(month);
        let today = faults.clock.map_or(usual, |asked| asked.min(usual));
        let mut state = Self {
            invoices: Invoice::of(&data, month, faults),
            metered: usage::lines_by_summary(&data),
            today,
            month,
            orders: Vec::new(),
            ledger: Ledger::default(),
            hooks: Hooks::default(),
            turned: false,
            ids: BTreeMap::new(),
            units: units(&data),
            made: 0,
            seed: faults.seed,
            waiting: Vec::new(),
            data,
        };
        for file in INDEXED {
            state.index(file);
        }
        state.expect_ends();
        state.count_seats();
        state.pay_what_is_due(faults);
        if let Some(asked) = faults.clock.filter(|asked| *asked > usual) {
            state.advance(asked, faults);
        }
        state
    }

    /// Ends that are known already will be credited for the days after them.
    fn expect_ends(&mut self) {
        let mut ends = Vec::new();
        for row in self.data.table(File::VendorSubscriptions).rows() {
            if let Some(end) = day_of_cell(row.get("endDate")).filter(|end| *end >= self.today) {
                ends.push((row.get("id").to_owned(), days_after(end, 1), figure(row, "quantity")));
            }
        }
        for (id, after, held) in ends {
            self.ledger.end(&id, after, held);
        }
    }

    fn index(&mut self, file: File) {
        let rows = self.data.table(file).rows().enumerate();
        let known: Vec<_> = rows.map(|(at, row)| ((file, row.get("id").to_ascii_lowercase()), at)).collect();
        self.ids.retain(|(other, _), _| *other != file);
        for (key, at) in known {
            self.ids.entry(key).or_insert(at);
        }
    }

    fn at(&self, file: File, id: &str) -> Option<usize> {
        self.ids.get(&(file, id.to_ascii_lowercase())).copied()
    }

    /// A company, contact, product or subscription; ids are compared without case.
    pub(super) fn find(&self, file: File, id: &str) -> Option<Row<'_>> {
        self.data.table(file).row(self.at(file, id)?)
    }

    pub(super) fn contacts_of<'a>(&'a self, company: &'a str) -> impl DoubleEndedIterator<Item = Row<'a>> {
        let all = self.data.table(File::VendorContacts).rows();
        all.filter(move |c| c.get("companyId").eq_ignore_ascii_case(company))
    }

    /// The currency of what a company holds; of anybody, when it holds nothing.
    pub(super) fn currency_of(&self, company: &str) -> String {
        let all =
            || self.data.table(File::VendorSubscriptions).rows().filter(|row| !row.get("currencyCode").is_empty());
        let found = all().find(|row| row.get("companyId") == company).or_else(|| all().next());
        found.map_or("USD", |row| row.get("currencyCode")).to_owned()
    }

    /// The id the next change but so many will give.
    pub(super) fn id(&self, ahead: usize) -> String {
        uuid(&format!("made/{}/{}/{ahead}", self.seed, self.made))
    }

    /// Now: the day, and one second more with every write.
    pub(super) fn moment(&self) -> String {
        let second = self.made % 36_000;
        format!("{}T{:02}:{:02}:{:02}Z", self.today, 10 + second / 3_600, second / 60 % 60, second % 60)
    }

    /// A table that holds only a row made of these cells.
    pub(super) fn row_of(&self, file: File, cells: &Cells) -> Table {
        let columns: Vec<&str> = self.data.table(file).columns().iter().map(String::as_str).collect();
        let mut table = Table::new(&columns);
        push(&mut table, cells);
        table
    }

    /// A table that holds only a copy of this row.
    pub(super) fn one_row(&self, file: File, row: Row<'_>) -> Table {
        let columns: Vec<&str> = self.data.table(file).columns().iter().map(String::as_str).collect();
        let mut table = Table::new(&columns);
        table.push(&columns.iter().map(|c| (*c, row.get(c))).collect::<Vec<_>>());
        table
    }

    /// One more read: what has waited long enough is seen.
    pub(super) fn read_once(&mut self) {
        for (reads, _) in &mut self.waiting {
            *reads = reads.saturating_sub(1);
        }
        let (due, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(|(reads, _)| *reads == 0);
        self.waiting = waiting;
        for (_, changes) in due {
            self.carry_out(changes);
        }
    }

    /// Keeps changes back for so many reads.
    pub(super) fn later(&mut self, reads: u64, changes: Vec<Change>) {
        self.made += 1;
        self.waiting.push((reads.saturating_add(1), changes));
    }

    pub(super) fn apply(&mut self, changes: Vec<Change>) {
        self.made += 1;
        self.carry_out(changes);
    }

    fn carry_out(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Add(file, cells) => self.add(file, &cells),
                Change::Set(file, id, cells) => {
                    if let Some(at) = self.at(file, &id) {
                        for (column, text) in cells {
                            self.data.table_mut(file).set(at, column, &text);
                        }
                    }
                }
                Change::Remove(file, id) => {
                    if let Some(at) = self.at(file, &id) {
                        self.data.table_mut(file).remove(at);
                        self.index(file);
                    }
                }
                Change::Contacts(company) => self.follow_contacts(&company),
                Change::Began(id, day, quantity) => self.ledger.record(&id, day, quantity, Decimal::ZERO),
                Change::Quantity(id, day, quantity) => self.ledger.record(&id, day, quantity, self.held(&id)),
                Change::Ends(id, day) => self.ledger.end(&id, days_after(day, 1), self.held(&id)),
                Change::Ordered(order) => self.orders.push(order),
                Change::Webhook(hook) => self.hooks.put(*hook),
                Change::Unhook(id) => self.hooks.remove(&id),
                Change::Deliver(log) => self.hooks.send(log),
                Change::Tell(event) => self.tell(&event),
            }
        }
    }

    pub(super) fn add(&mut self, file: File, cells: &Cells) {
        let at = self.data.table(file).len();
        push(self.data.table_mut(file), cells);
        if let Some((_, id)) = cells.iter().find(|(name, _)| *name == "id" && INDEXED.contains(&file)) {
            self.ids.insert((file, id.to_ascii_lowercase()), at);
        }
    }

    /// What a subscription is said to hold now.
    fn held(&self, id: &str) -> Decimal {
        self.find(File::VendorSubscriptions, id).map_or(Decimal::ZERO, |row| figure(row, "quantity"))
    }

    fn follow_contacts(&mut self, company: &str) {
        let covered = covers(self.contacts_of(company).map(|row| row.get("types")));
        if let Some(at) = self.at(File::VendorCompanies, company) {
            let row = self.data.table(File::VendorCompanies).row(at);
            if covered && row.is_some_and(|row| row.get("status") == "Inactive") {
                self.data.table_mut(File::VendorCompanies).set(at, "status", "Active");
            }
        }
    }

    pub(super) fn tell(&mut self, event: &Event) {
        let moment = self.moment();
        self.hooks.tell(event, &moment, self.seed);
    }

    /// What is to be delivered since this was last asked.
    pub(super) fn parcels(&mut self, twice: bool) -> Vec<Parcel> {
        self.hooks.parcels(twice)
    }

    /// What really changes between two pages, when a fault says so.
    pub(super) fn disturb(&mut self, ask: &Ask, fired: &Fired) {
        let file = match (&ask.method, ask.path.as_str()) {
            (&Method::GET, "/v1/companies") => File::VendorCompanies,
            (&Method::GET, "/v1/products") => File::VendorProducts,
            (&Method::GET, "/v1/subscriptions") => File::VendorSubscriptions,
            _ => return,
        };
        if fired.has(Fault::Resort) {
            self.turned = !self.turned;
        }
        if fired.has(Fault::Insert) {
            let id = self.id(0);
            self.made += 1;
            self.data.table_mut(file).repeat_first(&id);
        }
        if fired.has(Fault::Delete) {
            self.data.table_mut(file).remove(0);
        }
        if fired.has(Fault::Insert) || fired.has(Fault::Delete) {
            self.index(file);
        }
    }
}

fn units(data: &Data) -> BTreeMap<String, String> {
    let mut units = BTreeMap::new();
    for price in data.table(File::VendorPrices).rows() {
        let unit = || price.get("unitOfMeasurement").to_owned();
        units.entry(price.get("productId").to_owned()).or_insert_with(unit);
    }
    units
}

fn push(table: &mut Table, cells: &Cells) {
    table.push(&cells.iter().map(|(name, text)| (*name, text.as_str())).collect::<Vec<_>>());
}
