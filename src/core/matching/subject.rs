//! A record as it is compared, whatever it is: customers and products differ only in how they are prepared here.
//!
//! Keeps the rule that the order of input does not matter: subjects are sorted by id, and an id that is listed twice
//! counts once.

use std::collections::BTreeSet;

use super::evidence::Attribute;
use super::fields::{self, Compared};
use super::normalize::{Word, WordKind, company_words};
use super::titles::TitleWords;
use crate::core::customer::CustomerFields;
use crate::core::id::Id;
use crate::core::product::ProductFields;
use crate::core::record::{Fingerprint, Record};

/// One record, prepared.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) words: Vec<Word>,
    pub(super) audience: BTreeSet<String>,
    pub(super) terms: BTreeSet<String>,
    /// In order of the attribute.
    pub(super) fields: Vec<Field>,
}

/// A field besides the name.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) attribute: Attribute,
    pub(super) shown: String,
    pub(super) compared: Compared,
}

impl Subject {
    /// The class of the legal form in the name.
    pub(super) fn legal_form(&self) -> Option<&str> {
        self.words.iter().rev().find(|w| w.kind == WordKind::LegalForm).map(|w| w.text.as_str())
    }

    pub(super) fn field(&self, attribute: Attribute) -> Option<&Field> {
        self.fields.iter().find(|f| f.attribute == attribute)
    }

    /// Everything that is compared, in one text: what changes none of it changes no evidence.
    fn content(&self) -> String {
        let mut text = format!("id {}\n", self.id);
        for word in &self.words {
            text.extend(["word ", &word.text, "\n"]);
        }
        for said in self.audience.iter().chain(&self.terms) {
            text.extend(["says ", said, "\n"]);
        }
        for field in &self.fields {
            text.extend([field.attribute.as_str(), " ", &field.compared.full, "\n"]);
        }
        text
    }
}

/// Fingerprint of what is compared between these; a record alone has one too.
pub(super) fn fingerprint(vendor: Option<&Subject>, psa: Option<&Subject>) -> Fingerprint {
    let side = |s: Option<&Subject>| s.map(Subject::content).unwrap_or_default();
    Fingerprint::of(format!("vendor\n{}psa\n{}", side(vendor), side(psa)).as_bytes())
}

/// The records in order of their ids, each id once.
pub(super) fn sorted<S, E, F: std::fmt::Debug>(records: &[Record<Id<S, E>, F>]) -> Vec<&Record<Id<S, E>, F>> {
    let mut sorted: Vec<_> = records.iter().collect();
    // two rows with one id are reported where they are read; here only the choice must not depend on their order
    sorted.sort_by(|a, b| a.id.cmp(&b.id).then_with(|| format!("{:?}", a.fields).cmp(&format!("{:?}", b.fields))));
    sorted.dedup_by(|a, b| a.id == b.id);
    sorted
}

/// A customer, prepared.
pub(super) fn customer(id: &str, f: &CustomerFields) -> Subject {
    // a company that names no page may still write from its own domain
    let mail = f.contacts.iter().flatten().filter_map(|c| c.email.as_deref());
    let site = f.website.as_deref().into_iter().chain(mail).find(|raw| fields::domain(raw).is_some());
    let said = [
        read(Attribute::Phone, f.phone.as_deref(), fields::phone),
        read(Attribute::Domain, site, fields::domain),
        read(Attribute::Street, f.street.as_deref(), fields::street),
        read(Attribute::Postcode, f.postcode.as_deref(), fields::postcode),
        read(Attribute::City, f.city.as_deref(), fields::city),
    ];
    Subject {
        id: id.to_owned(),
        name: f.name.clone(),
        words: company_words(&f.name),
        audience: BTreeSet::new(),
        terms: BTreeSet::new(),
        fields: said.into_iter().flatten().collect(),
    }
}

/// A product, prepared.
pub(super) fn product(id: &str, f: &ProductFields, table: &TitleWords) -> Subject {
    let title = table.read(&f.name);
    let said = [
        read(Attribute::Manufacturer, f.manufacturer.as_deref(), fields::manufacturer),
        read(Attribute::ArticleCode, f.vendor_sku.as_deref(), fields::article_code),
    ];
    Subject {
        id: id.to_owned(),
        name: f.name.clone(),
        words: title.words,
        audience: title.audience,
        terms: title.terms,
        fields: said.into_iter().flatten().collect(),
    }
}

fn read(attribute: Attribute, raw: Option<&str>, form: fn(&str) -> Option<Compared>) -> Option<Field> {
    let raw = raw?;
    Some(Field { attribute, shown: raw.trim().to_owned(), compared: form(raw)? })
}
