//! The one integration binary; each module says what it proves.

mod cli;
mod connections;
mod contract;
mod demo;
mod errors;
mod files;
mod formats;
mod links;
mod mangled;
mod online;
mod oracle;
mod pax8;
mod played;
mod readme;
mod reports;
mod rest;
mod scenarios;
mod schema;
mod secrets;
mod serve;
mod simulate;
mod store;
mod support;
mod terminal;
mod tidy;
mod writes;
