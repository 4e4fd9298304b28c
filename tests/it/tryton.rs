//! Tryton, a real ERP that others wrote, behind the shipped connector file: what is pulled is what its own interface says,
//! and every oddity the file was written around is shown on the server itself.
#![cfg(test)]

mod month;
mod reading;
mod seed;
mod server;
mod traps;
mod writing;
