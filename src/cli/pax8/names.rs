//! Names of companies and products: shown beside their ids, and taken in place of them.
//!
//! Keeps the invariant that a name stands for an id only where it can mean no other, and that what it was taken for is said.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Kind};
use crate::cli::pax8::lines::Line;
use crate::cli::pax8::options::refused;
use crate::core::entity::Entity;
use crate::core::outside::excerpt;
use crate::engine::pax8::{Ask, Extent, Invalid, Query, Record, Remote, RemoteId};

/// So many of several are named.
const NAMED_MAX: usize = 8;
/// So long a database is waited for that a read could do without.
const PULLED_MAX: Duration = Duration::from_secs(2);
/// From so many characters on the beginning of an id stands for it.
const ID_START_MIN: usize = 6;

/// What has names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Company,
    Product,
    Webhook,
}

impl Of {
    /// What an id is of, by Pax8's name for the field, or by the place holder of an argument.
    pub(super) fn field(name: &str) -> Option<Self> {
        match name {
            "companyId" | "COMPANY" => Some(Self::Company),
            "productId" | "PRODUCT" => Some(Self::Product),
            "WEBHOOK" => Some(Self::Webhook),
            _ => None,
        }
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Company => ("company", "companies"),
            Self::Product => ("product", "products"),
            Self::Webhook => ("webhook", "webhooks"),
        }
    }
}

/// The id of a company or product that a person named: by its id, its whole name, or the beginning of either:
/// of an id at least [`ID_START_MIN`] characters.
pub(super) async fn id_of(
    context: &Context,
    remote: &Remote,
    (of, field): (Of, &str),
    typed: &str,
) -> Result<RemoteId, CommandError> {
    let typed = RemoteId::new(field, typed)?;
    if is_id(typed.as_str()) {
        return Ok(typed);
    }
    let mut found = meant(typed.as_str(), &pulled(context, remote, of).await);
    if found.is_empty() {
        found = meant(typed.as_str(), &listed(context, remote, of, typed.as_str()).await?);
    }
    only(context, &found, (of.words(), field), &typed)
}

/// The id of a contact of a company that a person named: by its id, its mail address or its name.
pub(super) async fn contact_of(
    context: &Context,
    remote: &Remote,
    company: &RemoteId,
    typed: &str,
) -> Result<RemoteId, CommandError> {
    let typed = RemoteId::new("CONTACT", typed)?;
    if is_id(typed.as_str()) {
        return Ok(typed);
    }
    let ask = Ask::Contacts { company: company.clone() };
    let people = remote.ask(&ask, &Query::default(), Extent::All, &*context.ui).await?.records;
    let by = |paths: &[&str]| -> BTreeMap<String, String> {
        let text = |person: &Record| {
            let texts: Vec<String> = paths.iter().filter_map(|path| person.text(path)).collect();
            Some((person.id()?, texts.join(" ")))
        };
        people.iter().filter_map(text).collect()
    };
    let mut found = meant(typed.as_str(), &by(&["email"]));
    if found.is_empty() {
        found = meant(typed.as_str(), &by(&["firstName", "lastName"]));
    }
    only(context, &found, (("contact", "contacts"), "CONTACT"), &typed)
}

/// The one that was found, said; or what else there is.
fn only(
    context: &Context,
    found: &[(String, String)],
    ((one, many), field): ((&str, &str), &str),
    typed: &RemoteId,
) -> Result<RemoteId, CommandError> {
    match found {
        [(id, name)] => {
            context.ui.say(&format!("{one} {id}: {name}"));
            Ok(RemoteId::new(field, id)?)
        }
        [] => {
            let what = format!("no {one} has this id or name: {}", excerpt(typed.as_str(), 60));
            let error = refused(Invalid { field: field.to_owned(), what }, "", &[]);
            let start = format!("The beginning of an id is taken from {ID_START_MIN} characters on.");
            Err(error.hint(format!("{start} Look it up: trueup pax8 {many} list")))
        }
        several => {
            let mut lines: Vec<String> =
                several.iter().take(NAMED_MAX).map(|(id, name)| format!("\n  {id}  {name}")).collect();
            if let Some(more) = several.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
                lines.push(format!("\n  and {more} more"));
            }
            let what = format!("{} may be any of these {many}:{}", excerpt(typed.as_str(), 60), lines.concat());
            let error = CommandError::new(Kind::Usage, Invalid { field: field.to_owned(), what });
            Err(error.hint("Name more of it, or its id."))
        }
    }
}

/// Whether a text can only be an id.
fn is_id(text: &str) -> bool {
    text.len() > 30 && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

/// Ids and names that a text may mean: those that are it, else those that begin so.
fn meant(typed: &str, names: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let typed = typed.to_lowercase();
    let squeezed = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let all = |is: &dyn Fn(&str, &str) -> bool| -> Vec<(String, String)> {
        let fitting = names.iter().filter(|(id, name)| is(&id.to_lowercase(), &squeezed(name)));
        let mut fitting: Vec<_> = fitting.map(|(id, name)| (id.clone(), name.clone())).collect();
        fitting.sort_by(|(_, one), (_, other)| one.cmp(other));
        fitting
    };
    let exact = all(&|id, name| id == typed || name == typed);
    if !exact.is_empty() {
        return exact;
    }
    all(&|id, name| name.starts_with(&typed) || (typed.len() >= ID_START_MIN && id.starts_with(&typed)))
}

/// As of the last pull; none where there was none, or where the database cannot be read.
async fn pulled(context: &Context, remote: &Remote, of: Of) -> BTreeMap<String, String> {
    let entity = match of {
        Of::Company => Entity::VendorCustomers,
        Of::Product => Entity::VendorProducts,
        // No pull reads them.
        Of::Webhook => return BTreeMap::new(),
    };
    let read = async {
        let engine = context.engine(&context.config()?).await?;
        Ok::<_, CommandError>(engine.vendor_names(&remote.settings().name, entity).await?)
    };
    match tokio::time::timeout(PULLED_MAX, read).await {
        Ok(Ok(names)) => names,
        Ok(Err(error)) => {
            tracing::debug!("no names are known from the last pull: {error}");
            BTreeMap::new()
        }
        Err(_) => {
            tracing::debug!("the database did not tell the names of the last pull in time");
            BTreeMap::new()
        }
    }
}

/// As Pax8 has them now. It finds products by their names, and of companies and webhooks lists all.
async fn listed(
    context: &Context,
    remote: &Remote,
    of: Of,
    typed: &str,
) -> Result<BTreeMap<String, String>, CommandError> {
    let (ask, query, called) = match of {
        Of::Company => (Ask::Companies, Query::default(), "name"),
        Of::Product => (Ask::Products, Query::default().with(&Ask::Products, "search", typed)?, "name"),
        Of::Webhook => (Ask::Webhooks, Query::default(), "displayName"),
    };
    let answer = remote.ask(&ask, &query, Extent::All, &*context.ui).await?;
    let named = |record: &Record| Some((record.id()?, record.text(called).unwrap_or_default()));
    Ok(answer.records.iter().filter_map(named).collect())
}

/// Says what a subscription is and whose, before somebody changes it.
pub(super) async fn told(context: &Context, remote: &Remote, subscription: &Record) {
    let names = Names::of(context, remote, std::slice::from_ref(subscription)).await;
    let id = |field: &str| subscription.text(field).unwrap_or_default();
    let (company, product) = (id("companyId"), id("productId"));
    let name = names.get("companyId", &company).map(str::to_owned);
    let name = match (name, RemoteId::new("companyId", &company)) {
        (None, Ok(asked)) => remote.one(&Ask::Company(asked)).await.ok().and_then(|company| company.text("name")),
        (name, _) => name,
    };
    let name = name.map_or_else(|| company.clone(), |name| format!("{name} ({company})"));
    let held = subscription.text("productName").or_else(|| names.get("productId", &product).map(str::to_owned));
    context.ui.say(&format!("{} of {name}", held.unwrap_or(product)));
}

/// Names by id, to be shown beside the ids.
#[derive(Debug, Default)]
pub(super) struct Names {
    companies: BTreeMap<String, String>,
    products: BTreeMap<String, String>,
}

impl Names {
    /// As of the last pull, as far as these records hold ids without the names.
    pub(super) async fn of(context: &Context, remote: &Remote, records: &[Record]) -> Self {
        let holds = |id: &str, name: &str| {
            records.iter().any(|record| record.json().contains(id) && record.text(name).is_none())
        };
        let mut names = Self::default();
        if holds("\"companyId\"", "companyName") {
            names.companies = pulled(context, remote, Of::Company).await;
        }
        if holds("\"productId\"", "productName") {
            names.products = pulled(context, remote, Of::Product).await;
        }
        names
    }

    /// The name of what a field's id is of.
    pub(super) fn get(&self, field: &str, id: &str) -> Option<&str> {
        let names = match Of::field(field.rsplit('.').next().unwrap_or(field))? {
            Of::Company => &self.companies,
            Of::Product => &self.products,
            Of::Webhook => return None,
        };
        names.get(&id.to_lowercase()).or_else(|| names.get(id)).map(String::as_str)
    }

    /// Lines with the names beside the ids, also where a part of a list stands on one line.
    pub(super) fn beside(&self, lines: Vec<Line>) -> Vec<Line> {
        let told = |(path, text): Line| {
            let name = self.get(&path, &text).map(|name| format!("{text} ({name})"));
            let text = name.unwrap_or_else(|| if path.ends_with(']') { self.within(&text) } else { text });
            (path, text)
        };
        lines.into_iter().map(told).collect()
    }

    /// A part of a list in words, with the names beside its ids.
    pub(super) fn within(&self, text: &str) -> String {
        let word = |part: &str| match part.split_once(' ').and_then(|(field, id)| self.get(field, id)) {
            Some(name) => format!("{part} ({name})"),
            None => part.to_owned(),
        };
        let parts = |part: &str| part.split(", ").map(word).collect::<Vec<_>>().join(", ");
        text.split("; ").map(parts).collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_what_it_can_mean_alone() {
        let names: BTreeMap<String, String> = [
            ("a6ee88d3-1", "Acme"),
            ("b1", "Acme  Dental Ltd"),
            ("b2", "Acme Law"),
            ("a6ee88d4-1", "Birch"),
            ("b3", "birch"),
        ]
        .map(|(id, name)| (id.to_owned(), name.to_owned()))
        .into();
        for (typed, ids) in [
            ("acme", vec!["a6ee88d3-1"]),
            ("ACME DENTAL LTD", vec!["b1"]),
            ("Acme D", vec!["b1"]),
            ("acme ", vec!["b1", "b2"]),
            ("Birch", vec!["a6ee88d4-1", "b3"]),
            ("b2", vec!["b2"]),
            ("a6ee88d3", vec!["a6ee88d3-1"]),
            ("a6ee88d", vec!["a6ee88d3-1", "a6ee88d4-1"]),
            ("a6ee", vec![]),
            ("Zinc", vec![]),
        ] {
            let found: Vec<String> = meant(typed, &names).into_iter().map(|(id, _)| id).collect();
            assert_eq!(found, ids, "{typed}");
        }
    }

    #[test]
    fn names_stand_beside_ids_wherever_they_are() {
        let names = Names {
            companies: [("c-1".to_owned(), "Acme".to_owned())].into(),
            products: [("p-1".to_owned(), "Mail, Plan 1".to_owned())].into(),
        };
        let line = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let told = names.beside(vec![
            line("companyId", "C-1"),
            line("lineItems[1]", "quantity 2, productId p-1, subscriptionId s-1"),
            line("productId", "p-2"),
            line("id", "c-1"),
        ]);
        let texts: Vec<&str> = told.iter().map(|(_, text)| text.as_str()).collect();
        let part = "quantity 2, productId p-1 (Mail, Plan 1), subscriptionId s-1";
        assert_eq!(texts, ["C-1 (Acme)", part, "p-2", "c-1"]);
        assert_eq!(
            names.within("2, productId p-1; 3, productId p-2"),
            "2, productId p-1 (Mail, Plan 1); 3, productId p-2"
        );
    }
}
