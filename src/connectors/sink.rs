//! Where the records of a listing go while it is read.
//!
//! Keeps the invariant that nothing taken counts until the listing was read to its proven end: it may have to be let go.

use async_trait::async_trait;

use crate::connectors::Result;
use crate::core::snapshot::{Problem, Pulled};

/// Takes the records of one listing as they arrive, so that nobody has to hold all of them.
#[async_trait]
pub trait Sink<R>: Send {
    /// Takes the next records, in the order of the source.
    ///
    /// # Errors
    /// Where they cannot be kept: the reading ends with this error.
    async fn take(&mut self, records: Vec<R>) -> Result<()>;

    /// Lets go of everything taken: the listing moved, and is read from its start.
    ///
    /// # Errors
    /// As [`Sink::take`].
    async fn again(&mut self) -> Result<()>;
}

/// Holds them.
#[async_trait]
impl<R: Send> Sink<R> for Vec<R> {
    async fn take(&mut self, records: Vec<R>) -> Result<()> {
        self.extend(records);
        Ok(())
    }

    async fn again(&mut self) -> Result<()> {
        self.clear();
        Ok(())
    }
}

/// Hands on a listing that was held as a whole.
pub(super) async fn hand_on<R: Send>(pulled: Pulled<R>, into: &mut dyn Sink<R>) -> Result<Vec<Problem>> {
    let (records, problems) = pulled.into_parts();
    into.take(records).await?;
    Ok(problems)
}
