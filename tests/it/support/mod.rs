//! What several integration tests share.

pub mod database;
pub(crate) mod hermetic;
