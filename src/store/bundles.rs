//! Bundles: what one unit of a PSA product stands for.
//!
//! Keeps the invariant that the stored bundles are always one whole answer of the PSA: saving replaces them all.

use std::collections::BTreeMap;

use crate::core::id::PsaProductId;
use crate::core::link::BundlePart;
use crate::store::dialect::{DbDecimal, on_db, on_tx};
use crate::store::error::{Result, reading};
use crate::store::words::stored_count;
use crate::store::{Store, Tx};

#[derive(sqlx::FromRow)]
struct PartRow {
    psa_id: String,
    component_id: String,
    per_unit: DbDecimal,
    weight_from: DbDecimal,
    weight_to: DbDecimal,
}

impl From<PartRow> for BundlePart {
    fn from(row: PartRow) -> Self {
        Self {
            product: PsaProductId::new(row.component_id),
            per_unit: row.per_unit.0,
            weight_from: row.weight_from.0,
            weight_to: row.weight_to.0,
        }
    }
}

impl Store {
    /// The parts of every bundle, in the order they were saved.
    pub async fn load_bundles(&self) -> Result<BTreeMap<PsaProductId, Vec<BundlePart>>> {
        let rows: Vec<PartRow> = on_db!(self, conn => sqlx::query_as(
            "select psa_id, component_id, per_unit, weight_from, weight_to
             from bundle_part
             order by psa_id, position")
            .fetch_all(conn).await)
        .map_err(reading("bundle_part", "of all"))?;
        let mut bundles: BTreeMap<PsaProductId, Vec<BundlePart>> = BTreeMap::new();
        for row in rows {
            bundles.entry(PsaProductId::new(row.psa_id.as_str())).or_default().push(row.into());
        }
        Ok(bundles)
    }
}

impl Tx {
    /// Replaces every bundle.
    ///
    /// # Errors
    /// [`StoreError::Conflict`](crate::store::StoreError::Conflict) when a bundle is listed twice.
    pub async fn save_bundles(&mut self, bundles: &[(PsaProductId, Vec<BundlePart>)]) -> Result<()> {
        on_tx!(self.inner, conn => sqlx::query("delete from bundle_part").execute(conn).await.map(|_| ()))?;
        for (bundle, parts) in bundles {
            for (position, part) in parts.iter().enumerate() {
                on_tx!(self.inner, conn => sqlx::query(
                    "insert into bundle_part
                     (psa_id, position, component_id, per_unit, weight_from, weight_to, run_id, created_at)
                     values ($1, $2, $3, $4, $5, $6, $7, $8)")
                    .bind(bundle.as_str()).bind(stored_count(position)).bind(part.product.as_str())
                    .bind(DbDecimal(part.per_unit)).bind(DbDecimal(part.weight_from)).bind(DbDecimal(part.weight_to))
                    .bind(self.run).bind(self.clock.now())
                    .execute(conn).await.map(|_| ()))?;
            }
        }
        Ok(())
    }
}
