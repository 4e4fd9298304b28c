//! The frame of every job that writes: the lock, the run, and its end.

use serde_json::Value;

use crate::engine::{Engine, Result};
use crate::store::{Lease, NewRun, RunId, RunOutcome, Store, Tx};

/// A job under way.
pub(super) struct Job {
    lease: Lease,
    run: RunId,
}

impl Engine {
    /// Takes the lock and opens a run.
    pub(super) async fn begin(&self, job: &'static str) -> Result<Job> {
        let store = self.store().await?;
        let lease = store.lease(&format!("{job} by {}, process {}", self.who, std::process::id()), self.wait()).await?;
        let config = self.config.fingerprint();
        let run = lease.open_run(&NewRun { job, who: &self.who, config: Some(&config) }).await?;
        Ok(Job { lease, run })
    }
}

impl Job {
    /// The database.
    pub(super) fn store(&self) -> &Store {
        self.lease.store()
    }

    /// A transaction of the run.
    pub(super) async fn tx(&self) -> Result<Tx> {
        Ok(self.lease.begin(self.run).await?)
    }

    /// Ends the run.
    pub(super) async fn end(self, outcome: RunOutcome, receipt: &Value) -> Result<()> {
        let mut tx = self.tx().await?;
        tx.end_run(outcome, Some(receipt)).await?;
        Ok(tx.commit().await?)
    }

    /// Ends the run as failed when the work failed; the work's own error is the answer.
    pub(super) async fn settle<T>(self, worked: Result<T>, receipt: impl Fn(&T) -> (RunOutcome, Value)) -> Result<T> {
        match worked {
            Ok(done) => {
                let (outcome, receipt) = receipt(&done);
                self.end(outcome, &receipt).await?;
                Ok(done)
            }
            Err(error) => {
                let receipt = serde_json::json!({ "error": error.to_string() });
                // The first failure is what the user has to hear of.
                if let Err(second) = self.end(RunOutcome::Failed, &receipt).await {
                    tracing::warn!("the run could not be marked as failed: {second}");
                }
                Err(error)
            }
        }
    }
}
