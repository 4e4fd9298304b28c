//! Decisions, and the links that follow from them.
//!
//! Keeps the invariants that a decision is only ever appended (the schema refuses anything else), and that the links which
//! stand are those the decisions leave standing: both change in one transaction, in the allowed shape.

use chrono::{DateTime, Utc};

use crate::core::id::{Id, Psa, Vendor};
use crate::core::link::{AlreadyLinked, Compare, Decision, Link, LinkKind, Linkable, Shape, Verdict};
use crate::core::record::Fingerprint;
use crate::store::dialect::{on_db, on_tx};
use crate::store::error::{Result, StoreError, reading};
use crate::store::words::{self, At};
use crate::store::{RunId, Store, Tx, row_number};

row_number!(DecisionId, "The number of a decision.");

/// A decision about a pair, or about one record alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDecision<E> {
    /// The vendor's record.
    pub vendor: Option<Id<Vendor, E>>,
    /// The PSA's record.
    pub psa: Option<Id<Psa, E>>,
    /// How the sides of the link are compared; `None` leaves the usual, units against units.
    pub compare: Option<Compare>,
    /// What was said, by whom and why.
    pub decision: Decision,
}

/// A decision as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDecision<E> {
    /// Its number; later decisions have higher ones.
    pub id: DecisionId,
    /// The run it was made in.
    pub run: RunId,
    /// When.
    pub at: DateTime<Utc>,
    /// About what, and what was said.
    pub said: NewDecision<E>,
}

/// A link that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLink<E> {
    /// The vendor's record.
    pub vendor: Id<Vendor, E>,
    /// The PSA's record.
    pub psa: Id<Psa, E>,
    /// How the sides are compared.
    pub compare: Compare,
    /// The decision behind it.
    pub decision: DecisionId,
    /// Since when.
    pub since: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct DecisionRow {
    decision_id: DecisionId,
    vendor_id: Option<String>,
    psa_id: Option<String>,
    verdict: String,
    compare: Option<String>,
    decided_by: String,
    reason: Option<String>,
    evidence: Option<String>,
    run_id: RunId,
    created_at: DateTime<Utc>,
}

impl<E> TryFrom<DecisionRow> for StoredDecision<E> {
    type Error = StoreError;

    fn try_from(row: DecisionRow) -> Result<Self> {
        let at = At { table: "decision", row: &row.decision_id };
        let decision = Decision {
            verdict: at.word("verdict", &row.verdict)?,
            by: row.decided_by,
            reason: row.reason,
            evidence: row.evidence.map(Fingerprint::from_stored),
        };
        let compare = row.compare.as_deref().map(|word| at.word("compare", word)).transpose()?;
        let said = NewDecision { vendor: row.vendor_id.map(Id::new), psa: row.psa_id.map(Id::new), compare, decision };
        Ok(Self { id: row.decision_id, run: row.run_id, at: row.created_at, said })
    }
}

#[derive(sqlx::FromRow)]
struct LinkRow {
    vendor_id: String,
    psa_id: String,
    compare: String,
    decision_id: DecisionId,
    created_at: DateTime<Utc>,
}

impl<E> TryFrom<LinkRow> for StoredLink<E> {
    type Error = StoreError;

    fn try_from(row: LinkRow) -> Result<Self> {
        let compare = At { table: "link", row: &row.vendor_id }.word("compare", &row.compare)?;
        Ok(Self {
            vendor: Id::new(row.vendor_id),
            psa: Id::new(row.psa_id),
            compare,
            decision: row.decision_id,
            since: row.created_at,
        })
    }
}

fn kind<E: Linkable>(table: &'static str) -> Result<String> {
    words::word::<LinkKind>(table, "kind", &E::KIND)
}

impl Store {
    /// The links that stand, in order of the vendor's id.
    pub async fn load_links<E: Linkable>(&self) -> Result<Vec<StoredLink<E>>> {
        let rows: Vec<LinkRow> = on_db!(self, conn => sqlx::query_as(
            "select vendor_id, psa_id, compare, decision_id, created_at
             from link
             where kind = $1
             order by vendor_id")
            .bind(kind::<E>("link")?)
            .fetch_all(conn).await)
        .map_err(reading("link", "of all"))?;
        rows.into_iter().map(StoredLink::try_from).collect()
    }

    /// Every decision ever made, first one first.
    pub async fn load_decisions<E: Linkable>(&self) -> Result<Vec<StoredDecision<E>>> {
        let rows: Vec<DecisionRow> = on_db!(self, conn => sqlx::query_as(
            "select decision_id, vendor_id, psa_id, verdict, compare, decided_by, reason, evidence, run_id, created_at
             from decision
             where kind = $1
             order by decision_id")
            .bind(kind::<E>("decision")?)
            .fetch_all(conn).await)
        .map_err(reading("decision", "of all"))?;
        rows.into_iter().map(StoredDecision::try_from).collect()
    }
}

impl Tx {
    /// Appends a decision and lets the links follow it: accepting a pair links it, rejecting or deferring a pair unlinks it,
    /// and a record that is excluded, rejected or deferred alone loses every link it has.
    ///
    /// # Errors
    /// [`StoreError::AlreadyLinked`] names the link that stands in the way; nothing is appended then.
    pub async fn append_decision<E: Linkable>(&mut self, new: &NewDecision<E>, shape: Shape) -> Result<DecisionId> {
        let pair = new.vendor.clone().zip(new.psa.clone()).map(|(vendor, psa)| Link { vendor, psa });
        match (new.decision.verdict, pair) {
            (Verdict::Accepted, Some(link)) => {
                self.refuse_other_links(&link, shape).await?;
                let decision = self.insert_decision(new).await?;
                self.insert_link(&link, new.compare.unwrap_or(Compare::Quantity), decision).await?;
                Ok(decision)
            }
            (Verdict::Accepted, None) => {
                Err(StoreError::Conflict { constraint: "only a pair of records can be accepted".into() })
            }
            (Verdict::Rejected | Verdict::Deferred | Verdict::Excluded, _) => {
                let decision = self.insert_decision(new).await?;
                self.delete_links(new.vendor.as_ref(), new.psa.as_ref()).await?;
                Ok(decision)
            }
        }
    }

    /// Refuses a claim whose vendor record, or in a one-to-one relation whose PSA record, has another link.
    async fn refuse_other_links<E: Linkable>(&mut self, link: &Link<E>, shape: Shape) -> Result<()> {
        let Link { vendor, psa } = link;
        let standing: Option<(String, String)> = on_tx!(self.inner, conn => sqlx::query_as(
            "select vendor_id, psa_id
             from link
             where kind = $1 and ((vendor_id = $2 and psa_id <> $3) or ($4 and psa_id = $3 and vendor_id <> $2))
             order by vendor_id
             limit 1")
            .bind(kind::<E>("link")?).bind(vendor.as_str()).bind(psa.as_str()).bind(shape == Shape::OneToOne)
            .fetch_optional(conn).await)?;
        match standing {
            None => Ok(()),
            Some((standing_vendor, standing_psa)) => Err(StoreError::AlreadyLinked(AlreadyLinked {
                claimed_vendor: vendor.to_string(),
                claimed_psa: psa.to_string(),
                standing_vendor,
                standing_psa,
            })),
        }
    }

    async fn insert_decision<E: Linkable>(&mut self, new: &NewDecision<E>) -> Result<DecisionId> {
        let said = &new.decision;
        let verdict = words::word("decision", "verdict", &said.verdict)?;
        let compare = new.compare.map(|compare| words::word("decision", "compare", &compare)).transpose()?;
        let id = on_tx!(self.inner, conn => sqlx::query_scalar(
            "insert into decision
             (kind, vendor_id, psa_id, verdict, compare, decided_by, reason, evidence, run_id, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             returning decision_id")
            .bind(kind::<E>("decision")?).bind(new.vendor.as_ref().map(Id::as_str))
            .bind(new.psa.as_ref().map(Id::as_str)).bind(verdict).bind(compare).bind(&said.by).bind(&said.reason)
            .bind(said.evidence.as_ref().map(Fingerprint::as_str)).bind(self.run).bind(self.clock.now())
            .fetch_one(conn).await)?;
        Ok(id)
    }

    async fn insert_link<E: Linkable>(&mut self, link: &Link<E>, compare: Compare, decision: DecisionId) -> Result<()> {
        let Link { vendor, psa } = link;
        let compare = words::word("link", "compare", &compare)?;
        // Accepting a standing link again may change how it is compared; it stays one link.
        let actual = on_tx!(self.inner, conn => sqlx::query(
            "insert into link (kind, vendor_id, psa_id, compare, decision_id, run_id, created_at)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (kind, vendor_id) do update
             set compare = excluded.compare, decision_id = excluded.decision_id, run_id = excluded.run_id
             where link.psa_id = excluded.psa_id")
            .bind(kind::<E>("link")?).bind(vendor.as_str()).bind(psa.as_str()).bind(compare).bind(decision)
            .bind(self.run).bind(self.clock.now())
            .execute(conn).await.map(|done| done.rows_affected()))?;
        if actual == 1 { Ok(()) } else { Err(StoreError::RowsAffected { table: "link", expected: 1, actual }) }
    }

    /// Deletes the link of a pair, or every link of one record.
    async fn delete_links<E: Linkable>(
        &mut self,
        vendor: Option<&Id<Vendor, E>>,
        psa: Option<&Id<Psa, E>>,
    ) -> Result<()> {
        on_tx!(self.inner, conn => sqlx::query(
            "delete from link
             where kind = $1 and vendor_id = coalesce($2, vendor_id) and psa_id = coalesce($3, psa_id)
               and coalesce($2, $3) is not null")
            .bind(kind::<E>("link")?).bind(vendor.map(Id::as_str)).bind(psa.map(Id::as_str))
            .execute(conn).await.map(|_| ()))?;
        Ok(())
    }
}
