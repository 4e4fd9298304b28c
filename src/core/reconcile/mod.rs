//! Reconcile: the charges of a period against what the PSA bills, cell by cell.
//!
//! A cell is one currency, one customer, one product. Every line of either side ends in exactly one bucket; rows and sums in
//! equal rows and sums out. A side with lines that could not be read makes the outcome unknown, never zero.

pub mod book;
mod cell;
pub mod coverage;
pub mod detail;
mod finish;
pub mod held;
pub mod lines;
pub mod mapping;
pub mod outcome;

pub use book::Book;
pub use mapping::Mapping;
pub use outcome::Outcome;
