//! Pax8's contacts, which hang on a company.
//!
//! Invariant: a type has at most one primary contact in a company, and the last one cannot go.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::changes::{Cells, Change};
use super::validation::Fields;
use super::{Call, Written, missing, undocumented};
use crate::simulate::data::{File, Row};
use crate::simulate::json::As;
use crate::simulate::server::Answer;

/// The types of which a company needs a primary contact each.
pub(super) const TYPES: [&str; 3] = ["Admin", "Billing", "Technical"];

impl Call<'_> {
    /// Newest first, as documented.
    pub(super) fn contacts(&self, company: &str) -> Answer {
        let Some(row) = self.state.find(File::VendorCompanies, company) else {
            return missing(self.ask, "Company", company);
        };
        let mut rows: Vec<Row<'_>> = self.state.contacts_of(row.get("id")).collect();
        rows.reverse();
        rows.sort_by(|a, b| b.get("createdDate").cmp(a.get("createdDate")));
        self.page(&rows, |row| self.show_contact(*row))
    }

    pub(super) fn contact(&self, company: &str, id: &str) -> Answer {
        match self.find_contact(company, id) {
            Ok(row) => Answer::ok(self.show_contact(row)),
            Err(refusal) => refusal,
        }
    }

    fn find_contact(&self, company: &str, id: &str) -> Result<Row<'_>, Answer> {
        let Some(row) = self.state.find(File::VendorCompanies, company) else {
            return Err(missing(self.ask, "Company", company));
        };
        let found = self.state.contacts_of(row.get("id")).find(|c| c.get("id").eq_ignore_ascii_case(id));
        found.ok_or_else(|| missing(self.ask, "Contact", id))
    }

    /// `types` of the row is a list such as `Admin+;Billing`, `+` marking the primary contact.
    fn show_contact(&self, row: Row<'_>) -> Value {
        let types: Vec<Value> = row
            .get("types")
            .split(';')
            .filter(|t| !t.is_empty())
            .map(|t| json!({ "type": t.trim_end_matches('+'), "primary": t.ends_with('+') }))
            .collect();
        let columns = ["id", "firstName", "lastName", "email", "phone", "createdDate"].map(|c| (c, As::Text));
        undocumented::add(self.object().columns(row, &columns).value("types", Value::Array(types)).done(), row)
    }

    pub(super) fn create_contact(&self, company: &str) -> Written {
        let Some(row) = self.state.find(File::VendorCompanies, company) else {
            return Err(missing(self.ask, "Company", company));
        };
        let company = row.get("id").to_owned();
        let body = self.body()?;
        let mut fields = Fields::new(&body, "");
        let mut cells = cells(&mut fields);
        self.all_good(&fields.wrong)?;
        cells.extend([
            ("id", self.state.id(0)),
            ("companyId", company.clone()),
            ("createdDate", self.state.today.to_string()),
        ]);
        let shown = self.show_cells(&cells);
        let mut changes = self.step_back(&company, "", types_of(&cells));
        changes.extend([Change::Add(File::VendorContacts, cells), Change::Contacts(company)]);
        Ok((Answer::ok(shown), changes))
    }

    /// PUT replaces the whole contact.
    pub(super) fn replace_contact(&self, company: &str, id: &str) -> Written {
        let row = self.find_contact(company, id)?;
        let (id, company) = (row.get("id").to_owned(), row.get("companyId").to_owned());
        let body = self.body()?;
        let mut fields = Fields::new(&body, "");
        let mut cells = cells(&mut fields);
        cells.push((undocumented::COLUMN, undocumented::replaced(row, &body)));
        let kept = primaries(types_of(&cells));
        if let Some(lost) = primaries(row.get("types")).difference(&kept).next() {
            fields.refuse("types", &format!("the company would have no primary {lost} contact"));
        }
        self.all_good(&fields.wrong)?;
        let mut whole = cells.clone();
        whole.extend(["id", "companyId", "createdDate"].map(|c| (c, row.get(c).to_owned())));
        let shown = self.show_cells(&whole);
        let mut changes = self.step_back(&company, &id, types_of(&cells));
        changes.extend([Change::Set(File::VendorContacts, id, cells), Change::Contacts(company)]);
        Ok((Answer::ok(shown), changes))
    }

    pub(super) fn delete_contact(&self, company: &str, id: &str) -> Written {
        let row = self.find_contact(company, id)?;
        if let Some(last) = primaries(row.get("types")).first() {
            return Err(
                self.refusal("types", &format!("the only primary {last} contact of a company cannot be deleted"))
            );
        }
        let company = row.get("companyId").to_owned();
        let changes = vec![Change::Remove(File::VendorContacts, row.get("id").to_owned()), Change::Contacts(company)];
        Ok((Answer::empty(axum::http::StatusCode::NO_CONTENT), changes))
    }

    fn show_cells(&self, cells: &Cells) -> Value {
        let table = self.state.row_of(File::VendorContacts, cells);
        table.row(0).map_or(Value::Null, |row| self.show_contact(row))
    }

    /// Whoever was primary for a type that now has another primary contact is so no longer.
    fn step_back(&self, company: &str, own: &str, types: &str) -> Vec<Change> {
        let taken = primaries(types);
        let others = self.state.contacts_of(company).filter(|row| row.get("id") != own);
        others
            .filter(|row| !primaries(row.get("types")).is_disjoint(&taken))
            .map(|row| {
                let left: Vec<&str> = row
                    .get("types")
                    .split(';')
                    .map(|t| t.strip_suffix('+').filter(|name| taken.contains(name)).unwrap_or(t))
                    .collect();
                let cells = vec![("types", left.join(";"))];
                Change::Set(File::VendorContacts, row.get("id").to_owned(), cells)
            })
            .collect()
    }
}

/// What the body says of a contact; all four texts are required.
pub(super) fn cells(fields: &mut Fields<'_>) -> Cells {
    let mut cells: Cells = ["firstName", "lastName", "email", "phone"]
        .map(|name| (name, fields.required_text(name).to_owned()))
        .into_iter()
        .collect();
    if let Some((_, email)) = cells.iter().find(|(name, _)| *name == "email") {
        fields.check_email("email", email);
    }
    let mut types = Vec::new();
    for (at, entry) in fields.objects("types").unwrap_or_default().into_iter().enumerate() {
        let mut inner = fields.inside(entry, &format!("types[{at}]"));
        if inner.given("type").is_none() {
            inner.refuse("type", "is required");
        }
        let kind = inner.one_of("type", &TYPES).unwrap_or_default();
        let mark = if inner.flag("primary").unwrap_or_default() { "+" } else { "" };
        types.push(format!("{kind}{mark}"));
        fields.wrong.append(&mut inner.wrong);
    }
    cells.push(("types", types.join(";")));
    cells
}

/// The `types` among cells.
pub(super) fn types_of(cells: &Cells) -> &str {
    cells.iter().find(|(name, _)| *name == "types").map_or("", |(_, text)| text)
}

/// The types somebody is primary for.
fn primaries(types: &str) -> BTreeSet<&str> {
    types.split(';').filter_map(|t| t.strip_suffix('+')).collect()
}

/// Whether primary contacts of all types are among these.
pub(super) fn covers<'a>(contacts: impl Iterator<Item = &'a str>) -> bool {
    let all: BTreeSet<&str> = contacts.flat_map(primaries).collect();
    TYPES.iter().all(|kind| all.contains(kind))
}
