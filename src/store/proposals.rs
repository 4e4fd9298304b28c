//! Proposals: the candidates a person is asked about.
//!
//! Keeps the invariant that the stored proposals of a kind are always one whole answer of the matcher: each propose replaces
//! them all. Numbers are never used again, so that a number a person noted cannot come to mean another pair.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::QueryBuilder;

use crate::core::link::LinkKind;
use crate::core::record::Fingerprint;
use crate::store::dialect::{ROWS_PER_INSERT, on_db, on_tx};
use crate::store::error::{Result, reading};
use crate::store::words::{self, At};
use crate::store::{RunId, Store, Tx, row_number};

row_number!(ProposalId, "The number of a proposal.");

/// A candidate on its way into the database.
#[derive(Debug, Clone, Copy)]
pub struct NewProposal<'a, P> {
    /// The vendor's record; `None` for a PSA record without a counterpart.
    pub vendor: Option<&'a str>,
    /// The PSA's record; `None` for a vendor record without a counterpart.
    pub psa: Option<&'a str>,
    /// In thousandths.
    pub score: u32,
    /// The matcher's word for how sure it is.
    pub band: &'a str,
    /// Of the evidence that would be shown.
    pub evidence: &'a Fingerprint,
    /// The whole proposal.
    pub payload: &'a P,
}

/// A stored candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredProposal<P> {
    /// Its number.
    pub id: ProposalId,
    /// The run that proposed it.
    pub run: RunId,
    /// The vendor's record.
    pub vendor: Option<String>,
    /// The PSA's record.
    pub psa: Option<String>,
    /// In thousandths.
    pub score: u64,
    /// The matcher's word for how sure it is.
    pub band: String,
    /// Of the evidence that is shown; a decision names it.
    pub evidence: Fingerprint,
    /// The whole proposal.
    pub payload: P,
}

#[derive(sqlx::FromRow)]
struct ProposalRow {
    proposal_id: ProposalId,
    run_id: RunId,
    vendor_id: Option<String>,
    psa_id: Option<String>,
    score: i64,
    band: String,
    evidence: String,
    payload: String,
}

impl ProposalRow {
    fn into_stored<P: DeserializeOwned>(self) -> Result<StoredProposal<P>> {
        let at = At { table: "proposal", row: &self.proposal_id };
        Ok(StoredProposal {
            id: self.proposal_id,
            run: self.run_id,
            score: at.count("score", self.score)?,
            payload: at.json("payload", &self.payload)?,
            vendor: self.vendor_id,
            psa: self.psa_id,
            band: self.band,
            evidence: Fingerprint::from_stored(self.evidence),
        })
    }
}

impl Store {
    /// The proposals of a kind, in the order they were saved.
    pub async fn list_proposals<P: DeserializeOwned>(&self, kind: LinkKind) -> Result<Vec<StoredProposal<P>>> {
        let rows: Vec<ProposalRow> = on_db!(self, conn => sqlx::query_as(
            "select proposal_id, run_id, vendor_id, psa_id, score, band, evidence, payload
             from proposal
             where kind = $1
             order by proposal_id")
            .bind(words::word("proposal", "kind", &kind)?)
            .fetch_all(conn).await)
        .map_err(reading("proposal", "of all"))?;
        rows.into_iter().map(ProposalRow::into_stored).collect()
    }
}

impl Tx {
    /// Replaces every proposal of a kind. They are numbered in the order given.
    pub async fn save_proposals<P: Serialize>(&mut self, kind: LinkKind, new: &[NewProposal<'_, P>]) -> Result<()> {
        let kind = words::word("proposal", "kind", &kind)?;
        on_tx!(self.inner, conn => sqlx::query(
            "delete from proposal
             where kind = $1")
            .bind(kind.as_str())
            .execute(conn).await.map(|_| ()))?;
        let (run, now) = (self.run, self.clock.now());
        for chunk in new.chunks(ROWS_PER_INSERT) {
            let payloads =
                chunk.iter().map(|row| words::json("proposal", "payload", row.payload)).collect::<Result<Vec<_>>>()?;
            on_tx!(self.inner, conn => {
                let mut insert = QueryBuilder::new(
                    "insert into proposal
                     (kind, vendor_id, psa_id, score, band, evidence, payload, run_id, created_at) ");
                insert.push_values(chunk.iter().zip(&payloads), |mut values, (row, payload)| {
                    values.push_bind(kind.as_str()).push_bind(row.vendor).push_bind(row.psa)
                        .push_bind(i64::from(row.score)).push_bind(row.band).push_bind(row.evidence.as_str())
                        .push_bind(payload.as_str()).push_bind(run).push_bind(now);
                });
                insert.build().execute(conn).await.map(|_| ())
            })?;
        }
        Ok(())
    }
}
