//! Tryton, a real ERP that others wrote, behind the shipped connector file: what is pulled is what its own interface says,
//! every oddity the file was written around is shown on the server itself, and what is written through it changes that and nothing
//! else, also where answers are lost.
#![cfg(test)]

mod bench;
mod lines;
mod month;
mod reading;
mod records;
mod seed;
mod server;
mod traps;
mod wire;
mod writing;
