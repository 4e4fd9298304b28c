//! trueup finds, explains and helps to mend every difference between what a distributor charged an MSP and what the MSP
//! billed on.
//!
//! A functional core and a thin shell. Suggested reading order, which is the order below:
//!
//! 1. [`core`] decides, with values: begin at [`core::money`], then [`core::reconcile`], [`core::matching`], [`core::review`].
//! 2. [`connectors`] and [`store`] know the outside world: begin at the two traits of [`connectors`].
//! 3. [`engine`] carries values between them, one function a job.
//! 4. [`report`], [`config`] and [`cli`] only ask and show.
//! 5. [`serve`] hears what remotes say has changed.
//! 6. [`simulate`] plays the remote systems and shares no code with the connectors it tests.
//!
//! `src/README.md` is the map: the rooms, the invariants, and where to look for what.

pub mod core;

pub mod connectors;

pub mod store;

pub mod engine;

pub mod report;

pub mod config;

pub mod cli;

pub mod simulate;

pub mod serve;

pub mod clock;

pub mod telemetry;
