//! trueup finds, explains and helps to mend every difference between what a distributor charged an MSP and what the MSP
//! billed on.
//!
//! Suggested reading order: [`core`] decides, [`connectors`] and the store know the outside world, the engine carries values
//! between them, and the fronts only ask and show.

pub mod core;

pub mod connectors;

pub mod store;

pub mod engine;

pub mod report;

pub mod config;

pub mod cli;

pub mod simulate;

pub mod clock;

pub mod telemetry;
