//! Review: the list a person works through, as things stand now.
//!
//! Keeps the invariant that what is linked, gone or decided is told from the database, whatever a proposal once said.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use crate::core::billing::{BilledLine, VendorCharge};
use crate::core::entity::Entity;
use crate::core::id::{Company, Id, Product, Psa, Vendor};
use crate::core::link::{LinkSet, Linkable, Shape};
use crate::core::matching::Proposal;
use crate::core::money::{MoneyError, Totals};
use crate::core::review::{self, Kind, ReviewRow, Work};
use crate::engine::directory::{Directory, Records};
use crate::engine::{Engine, Result};

/// The review of one kind of record, as it stands.
#[derive(Debug, Clone)]
pub struct Board<E> {
    /// Its rows, most money first.
    pub rows: Vec<ReviewRow<E>>,
    /// The proposals behind them, with their evidence.
    pub proposals: Vec<Proposal<E>>,
    /// The links that stand.
    pub links: LinkSet<E>,
    /// Every PSA record.
    pub psa_names: BTreeMap<Id<Psa, E>, String>,
    /// How many vendor records one PSA record may stand for.
    pub shape: Shape,
}

/// The names of the vendor's and of the PSA's records.
pub type Names<E> = (BTreeMap<Id<Vendor, E>, String>, BTreeMap<Id<Psa, E>, String>);

/// Records of the vendor and of the PSA that are no longer listed.
pub type Gone<E> = (BTreeSet<Id<Vendor, E>>, BTreeSet<Id<Psa, E>>);

/// A kind of record that is reviewed: where its names and its money are.
pub trait Reviewed: Linkable + Clone + Sized {
    /// Its kind in the review.
    const REVIEW: Kind;
    /// The names of both sides.
    fn names(directory: Directory) -> Names<Self>;
    /// The linked records of both sides that are gone for certain.
    fn gone(records: &Records, links: &LinkSet<Self>) -> Gone<Self>;
    /// The record a charge is for.
    fn charged(charge: &VendorCharge) -> Option<&Id<Vendor, Self>>;
    /// The record a line bills.
    fn billed(line: &BilledLine) -> &Id<Psa, Self>;
}

impl Reviewed for Company {
    const REVIEW: Kind = Kind::Customer;
    fn names(directory: Directory) -> Names<Self> {
        (directory.vendor_companies, directory.psa_companies)
    }
    fn gone(records: &Records, links: &LinkSet<Self>) -> Gone<Self> {
        let vendor = records.vendor_customers.pulled.absent(links.iter().map(|(vendor, _)| vendor));
        (vendor, records.psa_customers.pulled.absent(links.iter().map(|(_, psa)| psa)))
    }
    fn charged(charge: &VendorCharge) -> Option<&Id<Vendor, Self>> {
        charge.company.as_ref()
    }
    fn billed(line: &BilledLine) -> &Id<Psa, Self> {
        &line.company
    }
}

impl Reviewed for Product {
    const REVIEW: Kind = Kind::Product;
    fn names(directory: Directory) -> Names<Self> {
        (directory.vendor_products, directory.psa_products)
    }
    fn gone(records: &Records, links: &LinkSet<Self>) -> Gone<Self> {
        let vendor = records.vendor_products.pulled.absent(links.iter().map(|(vendor, _)| vendor));
        (vendor, records.psa_products.pulled.absent(links.iter().map(|(_, psa)| psa)))
    }
    fn charged(charge: &VendorCharge) -> Option<&Id<Vendor, Self>> {
        charge.product.as_ref()
    }
    fn billed(line: &BilledLine) -> &Id<Psa, Self> {
        &line.product
    }
}

impl Engine {
    /// The review of one kind of record.
    ///
    /// # Errors
    /// [`crate::engine::EngineError::NotPulled`] before the first pull.
    pub async fn board<E: Reviewed>(&self) -> Result<Board<E>> {
        let records = self.records().await?;
        let links = self.links::<E>().await?;
        let history = self.history::<E>().await?;
        let stored = self.store.list_proposals::<Proposal<E>>(E::KIND).await?;
        let proposals: Vec<Proposal<E>> = stored.into_iter().map(|row| row.payload).collect();
        let (gone_vendor, gone_psa) = E::gone(&records, &links);
        let (vendor_names, psa_names) = E::names(records.directory());
        let (vendor_money, psa_money) = self.money::<E>().await?;
        let open: Vec<Proposal<E>> = proposals.iter().filter(|p| is_open(p, &links)).cloned().collect();
        let work = Work {
            kind: E::REVIEW,
            proposals: &open,
            links: &links,
            history: &history,
            vendor_names: &vendor_names,
            gone_vendor: &gone_vendor,
            gone_psa: &gone_psa,
            psa_names: &psa_names,
            vendor_money: &vendor_money,
            psa_money: &psa_money,
        };
        let rows = review::rows(&work);
        Ok(Board { rows, proposals: open, links, psa_names, shape: self.shape(E::KIND) })
    }

    /// The money that hangs on each record in the last month that was pulled.
    async fn money<E: Reviewed>(&self) -> Result<(BTreeMap<Id<Vendor, E>, Totals>, BTreeMap<Id<Psa, E>, Totals>)> {
        let sides = self.sides()?;
        let charges = self.last_of_a_month::<VendorCharge>(&sides.vendor, Entity::Charges).await?;
        let lines = self.last_of_a_month::<BilledLine>(&sides.psa, Entity::BilledLines).await?;
        let (mut vendor, mut psa) = (BTreeMap::new(), BTreeMap::new());
        for charge in &charges {
            if let Some(id) = E::charged(charge) {
                add(&mut vendor, id, charge.cost_total.in_currency(charge.currency))?;
            }
        }
        for line in &lines {
            add(&mut psa, E::billed(line), line.amount.in_currency(line.currency))?;
        }
        Ok((vendor, psa))
    }

    /// The records of the latest month of a listing; none when it was never pulled.
    pub(super) async fn last_of_a_month<R: DeserializeOwned>(&self, connector: &str, entity: Entity) -> Result<Vec<R>> {
        let headers = self.store.list_snapshots(u32::from(u16::MAX)).await?;
        let latest = headers.iter().find(|header| header.connector == connector && header.entity == entity);
        let Some(header) = latest else { return Ok(Vec::new()) };
        let Some(usable) = self.usable(&headers, connector, entity, header.period).await? else {
            return Ok(Vec::new());
        };
        let stored = self.store.load_snapshot::<R>(usable.header.id).await?;
        Ok(stored.map(|stored| stored.pulled.into_parts().0).unwrap_or_default())
    }
}

/// A proposal made before a decision may speak of records that are linked by now.
fn is_open<E>(proposal: &Proposal<E>, links: &LinkSet<E>) -> bool {
    let vendor_free = proposal.vendor.as_ref().is_none_or(|id| links.psa_of(id).is_none());
    let psa_free = proposal.vendor.is_some() || proposal.psa.as_ref().is_none_or(|id| !links.knows_psa(id));
    vendor_free && psa_free
}

fn add<S, E>(
    sums: &mut BTreeMap<Id<S, E>, Totals>,
    id: &Id<S, E>,
    money: crate::core::money::Money,
) -> std::result::Result<(), MoneyError> {
    sums.entry(id.clone()).or_default().add(money)
}
