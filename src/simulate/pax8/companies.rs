//! Pax8's companies: list, read, create, update.
//!
//! Invariant: a company is `Active` from the moment primary contacts of all three types exist, and `Inactive` before.

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value};

use super::changes::{Cells, Change};
use super::contacts::{self, covers};
use super::shape::{Kind, of_year};
use super::topics::Event;
use super::validation::Fields;
use super::{Call, Written, missing, undocumented};
use crate::simulate::data::{File, Row, Table};
use crate::simulate::faults::Shape;
use crate::simulate::json::{As, Object};
use crate::simulate::server::Answer;

const FILTERS: [&str; 8] = [
    "city",
    "country",
    "stateOrProvince",
    "postalCode",
    "selfServiceAllowed",
    "billOnBehalfOfEnabled",
    "orderApprovalRequired",
    "status",
];
const SORTS: [(&str, &str); 5] = [
    ("name", "name"),
    ("city", "city"),
    ("country", "country"),
    ("stateOrProvince", "stateOrProvince"),
    ("postalCode", "postalCode"),
];
const TEXTS: [&str; 4] = ["name", "phone", "website", "externalId"];
const FLAGS: [&str; 3] = ["billOnBehalfOfEnabled", "selfServiceAllowed", "orderApprovalRequired"];
const ADDRESS: [&str; 6] = ["street", "street2", "city", "stateOrProvince", "postalCode", "country"];

impl Call<'_> {
    pub(super) fn companies(&self) -> Answer {
        if let Err(refusal) = self.check_query(&[], &FLAGS) {
            return refusal;
        }
        let rows = self.rows(File::VendorCompanies, &FILTERS, &SORTS);
        self.page(&rows, |row| self.show_company(*row, self.faults.full_lists))
    }

    pub(super) fn company(&self, id: &str) -> Answer {
        match self.state.find(File::VendorCompanies, id) {
            Some(row) => Answer::ok(self.show_company(row, true)),
            None => missing(self.ask, "Company", id),
        }
    }

    fn show_company(&self, row: Row<'_>, full: bool) -> Value {
        let address = self.object().columns(row, &ADDRESS.map(|c| (c, As::Text)));
        let updated = row.get("updatedDate");
        let mut object: Object = self
            .object()
            .columns(row, &["id", "name", "website", "externalId", "status"].map(|c| (c, As::Text)))
            .columns(row, &["billOnBehalfOfEnabled", "selfServiceAllowed"].map(|c| (c, As::Flag)))
            .value("address", address.done())
            // the wire writes the offset without a colon
            .text("updatedDate", &updated.strip_suffix('Z').map_or(updated.to_owned(), |t| format!("{t}.000+0000")));
        if full || self.faults.shape == Shape::Y2022 {
            object =
                object.text("phone", row.get("phone")).flag("orderApprovalRequired", row.get("orderApprovalRequired"));
        }
        of_year(self.faults.shape, Kind::Company, undocumented::add(object.done(), row))
    }

    /// A row that is not in the state yet, as a read would show it.
    fn show_new_company(&self, cells: &Cells) -> Value {
        let row = self.state.row_of(File::VendorCompanies, cells);
        row.row(0).map_or(Value::Null, |row| self.show_company(row, true))
    }

    /// `POST /companies`: 200, active at once when the body brings all primary contacts.
    pub(super) fn create_company(&self) -> Written {
        let body = self.body()?;
        let mut fields = Fields::new(&body, "");
        let mut cells = self.company_cells(&mut fields);
        let id = self.state.id(0);
        if fields.given("address").is_none() {
            fields.refuse("address", "is required");
        }
        self.check_name(&mut fields, "");
        let mut people = Vec::new();
        for (at, contact) in fields.objects("contacts").unwrap_or_default().into_iter().enumerate() {
            let mut inner = fields.inside(contact, &format!("contacts[{at}]"));
            let mut person = contacts::cells(&mut inner);
            person.extend([
                ("id", self.state.id(at + 1)),
                ("companyId", id.clone()),
                ("createdDate", self.state.today.to_string()),
            ]);
            people.push(person);
            fields.wrong.append(&mut inner.wrong);
        }
        self.all_good(&fields.wrong)?;
        let types = people.iter().map(contacts::types_of);
        let status = if covers(types) { "Active" } else { "Inactive" };
        cells.extend([("id", id.clone()), ("status", status.to_owned()), ("updatedDate", self.state.moment())]);
        let answer = Answer::ok(self.show_new_company(&cells));
        let mut changes = vec![Change::Add(File::VendorCompanies, cells)];
        changes.extend(people.into_iter().map(|person| Change::Add(File::VendorContacts, person)));
        changes.extend([Change::Contacts(id.clone()), Change::Tell(Event::of("CLIENT", "CREATED", &id))]);
        Ok((answer, changes))
    }

    /// `PATCH /companies/{id}`: some fields, at least one of them other than before.
    pub(super) fn update_company(&self, id: &str) -> Written {
        let row = self.state.find(File::VendorCompanies, id).ok_or_else(|| missing(self.ask, "Company", id))?;
        let id = row.get("id").to_owned();
        let body = self.body()?;
        let mut fields = Fields::new(&body, "");
        let mut cells = self.company_cells(&mut fields);
        self.check_name(&mut fields, &id);
        self.all_good(&fields.wrong)?;
        cells.push((undocumented::COLUMN, undocumented::patched(row, &body)));
        cells.retain(|(column, text)| row.get(column) != text);
        if cells.is_empty() {
            return Err(self.refusal("company", "at least one field must differ from what is stored"));
        }
        cells.push(("updatedDate", self.state.moment()));
        let mut after: Table = self.state.one_row(File::VendorCompanies, row);
        for (column, text) in &cells {
            after.set(0, column, text);
        }
        let shown = after.row(0).map_or(Value::Null, |row| self.show_company(row, true));
        let told = Change::Tell(Event::of("CLIENT", "UPDATED", &id));
        Ok((Answer::ok(shown), vec![Change::Set(File::VendorCompanies, id, cells), told]))
    }

    /// What the body says of a company; on creation everything but `externalId` must be there.
    fn company_cells(&self, fields: &mut Fields<'_>) -> Cells {
        let create = self.ask.method == Method::POST;
        let mut cells = Cells::new();
        for name in TEXTS {
            let wanted = create && name != "externalId" || name == "name" && fields.given(name).is_some();
            let text = if wanted { Some(fields.required_text(name)) } else { fields.text(name) };
            cells.extend(text.map(|text| (name, text.to_owned())));
        }
        for name in FLAGS {
            let flag = if create { Some(fields.required_flag(name)) } else { fields.flag(name) };
            cells.extend(flag.map(|flag| (name, flag.to_string())));
        }
        // A null empties what is not demanded.
        if !create && fields.is_null("externalId") {
            cells.push(("externalId", String::new()));
        }
        if let Some(address) = fields.object("address") {
            address_cells(address, fields, &mut cells);
        }
        cells
    }

    /// A name that another company has is refused, also when that one is still inactive.
    fn check_name(&self, fields: &mut Fields<'_>, own: &str) {
        let Some(name) = fields.given("name").and_then(Value::as_str).map(str::trim) else { return };
        let mut others = self.state.data.table(File::VendorCompanies).rows();
        if others.any(|row| row.get("id") != own && row.get("name").trim().eq_ignore_ascii_case(name)) {
            fields.refuse("name", "a company with this name already exists");
        }
    }
}

/// A present address replaces the whole of the old one.
fn address_cells<'a>(address: &'a Map<String, Value>, fields: &mut Fields<'a>, cells: &mut Cells) {
    let mut inner = fields.inside(address, "address");
    for name in ADDRESS {
        let text = inner.text(name).unwrap_or_default();
        let country = text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
        if name == "country" && !country && inner.given(name).is_some_and(Value::is_string) {
            inner.refuse(name, "must be two capital letters");
        }
        cells.push((name, text.to_owned()));
    }
    fields.wrong.append(&mut inner.wrong);
}

/// 403 or 404 for a company that is not ours.
impl Call<'_> {
    /// The company a list is narrowed to; refused with the status of that list when there is none.
    pub(super) fn known_company(&self, status: StatusCode) -> Result<Option<&str>, Answer> {
        let Some(asked) = self.ask.query("companyId") else { return Ok(None) };
        if self.state.find(File::VendorCompanies, asked).is_some() {
            return Ok(Some(asked));
        }
        Err(if status == StatusCode::FORBIDDEN {
            super::failure(self.ask, status, "Access to the company is denied")
        } else {
            missing(self.ask, "Company", asked)
        })
    }
}
