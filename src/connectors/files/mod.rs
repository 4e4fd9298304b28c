//! Folders of CSV or JSON exports as a vendor or a PSA.
mod blocks;
pub mod stream;
