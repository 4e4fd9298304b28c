//! The part that decides: values in, values out.
//!
//! Knows no clock, network, database, environment or log. Nothing here can fail because the world is unreachable; a decision
//! that deserves a sentence carries it in the value it returns.

pub mod billing;
pub mod change;
pub mod customer;
pub mod documents;
pub mod entity;
pub mod held_unbilled;
pub mod hint;
pub mod id;
pub mod link;
pub mod matching;
pub mod money;
pub mod nearest;
pub mod outside;
pub mod past;
pub mod period;
pub mod product;
pub mod quantity;
pub mod reconcile;
pub mod record;
pub mod renewals;
pub mod review;
pub mod snapshot;
pub mod unused;
