//! What several integration tests share.

pub(crate) mod database;
pub(crate) mod hermetic;
pub(crate) mod source;
