//! Ids that cannot be mixed up.
//!
//! Owns the rule that an id belongs to one side and one kind of record: a vendor company's id does not compile where a
//! PSA company's id is expected. Ids are opaque text: never parsed, padded or case-folded.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

/// Tag: the distributor's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vendor {}
/// Tag: the PSA's or ERP's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Psa {}
/// Tag: a customer record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Company {}
/// Tag: a catalogue item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product {}
/// Tag: one purchase of one product by one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subscription {}
/// Tag: one line of an invoice or an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Line {}
/// Tag: one invoice document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invoice {}

/// The id of one record of kind `Entity` as side `Side` spells it.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id<Side, Entity> {
    text: Box<str>,
    #[serde(skip)]
    tag: PhantomData<fn() -> (Side, Entity)>,
}

/// A company as the distributor numbers it.
pub type VendorCompanyId = Id<Vendor, Company>;
/// A company as the PSA numbers it.
pub type PsaCompanyId = Id<Psa, Company>;
/// A product as the distributor numbers it.
pub type VendorProductId = Id<Vendor, Product>;
/// A product as the PSA numbers it.
pub type PsaProductId = Id<Psa, Product>;
/// A subscription at the distributor.
pub type SubscriptionId = Id<Vendor, Subscription>;
/// A distributor's invoice.
pub type InvoiceId = Id<Vendor, Invoice>;
/// A line of a distributor's invoice.
pub type ChargeId = Id<Vendor, Line>;
/// A recurring line of the PSA.
pub type BilledLineId = Id<Psa, Line>;

impl<S, E> Id<S, E> {
    /// Takes the remote's own spelling as it is.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self { text: text.into(), tag: PhantomData }
    }

    /// The remote's own spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<S, E> Clone for Id<S, E> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), tag: PhantomData }
    }
}
impl<S, E> PartialEq for Id<S, E> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
impl<S, E> Eq for Id<S, E> {}
impl<S, E> PartialOrd for Id<S, E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<S, E> Ord for Id<S, E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}
impl<S, E> std::hash::Hash for Id<S, E> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}
impl<S, E> fmt::Debug for Id<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}
impl<S, E> fmt::Display for Id<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
