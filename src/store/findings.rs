//! Findings: what reconciling a period yielded, kept so that its reports can be shown again.
//!
//! Keeps the invariant that a loaded outcome equals the saved one: same cells, same order, same money, so the same report.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::QueryBuilder;

use crate::core::id::{Company, Product};
use crate::core::link::Link;
use crate::core::money::Currency;
use crate::core::period::BillingPeriod;
use crate::core::reconcile::detail::Detail;
use crate::core::reconcile::outcome::{Class, ClassTotal, CustomerMargin, Outcome, Variance, Verdict};
use crate::core::record::Fingerprint;
use crate::core::snapshot::Problem;
use crate::store::dialect::{ROWS_PER_INSERT, on_db, on_tx};
use crate::store::error::{Result, StoreError, reading};
use crate::store::words::{self, At, storable, stored_count};
use crate::store::{RunId, SnapshotId, Store, Tx, row_number};

row_number!(ReconciliationId, "The number of a reconciliation.");

/// What is known of a reconciliation without reading its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReconciliationHeader {
    /// Its number; later ones have higher ones.
    pub id: ReconciliationId,
    /// The run that made it.
    pub run: RunId,
    /// The month.
    pub period: BillingPeriod,
    /// What was said of the month.
    pub verdict: Verdict,
    /// Of the report that was shown.
    pub digest: Fingerprint,
    /// How many cells differ.
    pub variances: u64,
    /// When it was made.
    pub at: DateTime<Utc>,
}

/// A stored reconciliation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOutcome {
    /// What is known of it.
    pub header: ReconciliationHeader,
    /// The result, as it was.
    pub outcome: Outcome,
    /// The snapshots it was made from.
    pub sources: Vec<SnapshotId>,
    /// The links it was made through; `None` where an earlier version did not keep them.
    pub links: Option<LinksUsed>,
}

/// The links a month was reconciled through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinksUsed {
    /// Of customers, in order.
    pub companies: Vec<Link<Company>>,
    /// Of products, in order.
    pub products: Vec<Link<Product>>,
}

/// The parts of an outcome that are neither cells nor coverage.
#[derive(Serialize, Deserialize)]
struct Totals {
    cells: u64,
    classes: BTreeMap<Currency, BTreeMap<Class, ClassTotal>>,
    margins: Vec<CustomerMargin>,
    problems: Vec<Problem>,
    #[serde(default)]
    detail: Detail,
    #[serde(default)]
    links: Option<LinksUsed>,
}

#[derive(sqlx::FromRow)]
struct ReconciliationRow {
    reconciliation_id: ReconciliationId,
    run_id: RunId,
    period: String,
    verdict: String,
    totals: String,
    coverage: String,
    digest: String,
    variances: i64,
    created_at: DateTime<Utc>,
}

impl TryFrom<&ReconciliationRow> for ReconciliationHeader {
    type Error = StoreError;

    fn try_from(row: &ReconciliationRow) -> Result<Self> {
        let at = At { table: "reconciliation", row: &row.reconciliation_id };
        Ok(Self {
            id: row.reconciliation_id,
            run: row.run_id,
            period: BillingPeriod::from_str(&row.period).map_err(|error| at.corrupt("period", error))?,
            verdict: at.word("verdict", &row.verdict)?,
            digest: Fingerprint::from_stored(row.digest.clone()),
            variances: at.count("variances", row.variances)?,
            at: row.created_at,
        })
    }
}

impl Store {
    /// The latest reconciliation of a month; `None` when there is none.
    pub async fn load_latest_outcome(&self, period: BillingPeriod) -> Result<Option<StoredOutcome>> {
        let row: Option<ReconciliationRow> = on_db!(self, conn => sqlx::query_as(
            "select reconciliation_id, run_id, period, verdict, totals, coverage, digest, variances, created_at
             from reconciliation
             where period = $1
             order by reconciliation_id desc
             limit 1")
            .bind(period.to_string())
            .fetch_optional(conn).await)
        .map_err(reading("reconciliation", format!("latest of {period}")))?;
        match row {
            Some(row) => self.complete_outcome(&row).await.map(Some),
            None => Ok(None),
        }
    }

    /// What is known of the latest reconciliations, latest first.
    pub async fn list_reconciliations(&self, at_most: u32) -> Result<Vec<ReconciliationHeader>> {
        let rows: Vec<ReconciliationRow> = on_db!(self, conn => sqlx::query_as(
            "select reconciliation_id, run_id, period, verdict, '' as totals, '' as coverage, digest, variances, created_at
             from reconciliation
             order by reconciliation_id desc
             limit $1")
            .bind(i64::from(at_most))
            .fetch_all(conn).await)
        .map_err(reading("reconciliation", "among the latest"))?;
        rows.iter().map(ReconciliationHeader::try_from).collect()
    }

    async fn complete_outcome(&self, row: &ReconciliationRow) -> Result<StoredOutcome> {
        let header = ReconciliationHeader::try_from(row)?;
        let variances = self.load_variances(&header).await?;
        let sources = on_db!(self, conn => sqlx::query_scalar(
            "select snapshot_id
             from reconciliation_source
             where reconciliation_id = $1
             order by snapshot_id")
            .bind(header.id)
            .fetch_all(conn).await)
        .map_err(reading("reconciliation_source", header.id))?;
        let at = At { table: "reconciliation", row: &row.reconciliation_id };
        let totals: Totals = at.json("totals", &row.totals)?;
        let outcome = Outcome {
            period: header.period,
            variances,
            cells: totals.cells,
            classes: totals.classes,
            coverage: at.json("coverage", &row.coverage)?,
            margins: totals.margins,
            problems: totals.problems,
            detail: totals.detail,
            verdict: header.verdict,
        };
        Ok(StoredOutcome { header, outcome, sources, links: totals.links })
    }

    async fn load_variances(&self, header: &ReconciliationHeader) -> Result<Vec<Variance>> {
        let rows: Vec<(i64, String)> = on_db!(self, conn => sqlx::query_as(
            "select position, payload
             from variance
             where reconciliation_id = $1
             order by position")
            .bind(header.id)
            .fetch_all(conn).await)
        .map_err(reading("variance", header.id))?;
        let found = stored_count(rows.len());
        let at = At { table: "reconciliation", row: &header.id };
        if at.count("variances", found)? != header.variances {
            return Err(at.corrupt("variances", format!("expected {} rows, found {found}", header.variances)));
        }
        rows.into_iter()
            .map(|(position, payload)| {
                let row = format!("{} of reconciliation {}", position.saturating_add(1), header.id);
                At { table: "variance", row: &row }.json("payload", &payload)
            })
            .collect()
    }
}

impl Tx {
    /// Saves the result of reconciling a month from some snapshots through some links; `digest` is of the report shown.
    pub async fn save_outcome(
        &mut self,
        outcome: &Outcome,
        digest: &Fingerprint,
        sources: &[SnapshotId],
        links: LinksUsed,
    ) -> Result<ReconciliationId> {
        let totals = Totals {
            cells: outcome.cells,
            classes: outcome.classes.clone(),
            margins: outcome.margins.clone(),
            problems: outcome.problems.clone(),
            detail: outcome.detail.clone(),
            links: Some(links),
        };
        let totals = words::json("reconciliation", "totals", &totals)?;
        let coverage = words::json("reconciliation", "coverage", &outcome.coverage)?;
        let verdict = words::word("reconciliation", "verdict", &outcome.verdict)?;
        let id = on_tx!(self.inner, conn => sqlx::query_scalar(
            "insert into reconciliation (period, verdict, totals, coverage, digest, variances, run_id, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
             returning reconciliation_id")
            .bind(outcome.period.to_string()).bind(verdict).bind(totals).bind(coverage).bind(digest.as_str())
            .bind(stored_count(outcome.variances.len())).bind(self.run).bind(self.clock.now())
            .fetch_one(conn).await)?;
        self.insert_variances(id, &outcome.variances).await?;
        for source in sources {
            on_tx!(self.inner, conn => sqlx::query(
                "insert into reconciliation_source (reconciliation_id, snapshot_id)
                 values ($1, $2)")
                .bind(id).bind(source)
                .execute(conn).await.map(|_| ()))?;
        }
        Ok(id)
    }

    async fn insert_variances(&mut self, id: ReconciliationId, variances: &[Variance]) -> Result<()> {
        let mut position = 0_i64;
        for chunk in variances.chunks(ROWS_PER_INSERT) {
            let payloads =
                chunk.iter().map(|cell| words::json("variance", "payload", cell)).collect::<Result<Vec<_>>>()?;
            on_tx!(self.inner, conn => {
                let mut insert = QueryBuilder::new(
                    "insert into variance (reconciliation_id, position, currency, company, product, class, payload) ");
                insert.push_values(chunk.iter().zip(&payloads), |mut values, (cell, payload)| {
                    values.push_bind(id).push_bind(position).push_bind(cell.currency.as_str())
                        .push_bind(storable(&cell.company.to_string())).push_bind(storable(&cell.product.to_string()))
                        .push_bind(cell.class().as_str()).push_bind(payload.as_str());
                    position = position.saturating_add(1);
                });
                insert.build().execute(conn).await.map(|_| ())
            })?;
        }
        Ok(())
    }
}
