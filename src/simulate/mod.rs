//! Simulators of the remote systems: the published wire formats on loopback, able to misbehave.
//!
//! Independent of the clients they test: nothing here is shared with a connector, so a misreading on one side cannot hide on
//! the other. What is served is a [`Data`] value, read from a folder of CSV files or made from a seed by [`World`]; every
//! figure goes out with exactly the digits it came in with. How it misbehaves is a [`Faults`] value: seeded, counted, and
//! the same on every run.
//!
//! Invariant: only loopback addresses are ever bound.

mod autotask;
mod connectwise;
mod data;
mod dataverse;
mod erpnext;
mod faults;
mod halopsa;
mod json;
mod pax8;
mod quickbooks;
mod revio;
mod server;
mod syncro;
mod systems;
mod world;
mod world_catalogue;
mod world_lines;
mod world_names;
mod world_roles;
mod world_terms;
mod xero;

use std::net::SocketAddr;
use std::path::PathBuf;

pub use autotask::AUTOTASK;
pub use connectwise::CONNECTWISE;
pub use data::{Data, File, Row, Table};
pub use dataverse::DATAVERSE;
pub use erpnext::ERPNEXT;
pub use faults::{Commitment, Faults, Oversize, Shape, Withdrawn};
pub use halopsa::HALOPSA;
pub use pax8::Pax8Credentials;
pub use quickbooks::QUICKBOOKS;
pub use revio::REVIO;
pub use server::{Logged, Running};
pub use syncro::SYNCRO;
pub use systems::{SYSTEMS, System};
pub use world::{Planted, World};
pub use xero::XERO;

/// What a client of the simulated Pax8 puts after its address.
pub const PAX8_PATH: &str = "/v1";

/// What can go wrong before a simulator serves.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// Simulators have no business on a network.
    #[error("simulators serve on loopback only, `{0}` is not a loopback address; use 127.0.0.1:PORT")]
    NotLoopback(SocketAddr),
    /// The port cannot be had.
    #[error("cannot listen on {addr}: {source}; choose another port, or 0 for a free one")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the folder cannot be read or written.
    #[error("{}: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        message: String,
    },
    /// A switch that does not exist or does not make sense.
    #[error("fault switch `{switch}`: {message}")]
    Switch {
        /// The switch as given.
        switch: String,
        /// What was expected.
        message: String,
    },
}

/// Serves the data as Pax8 would until the answer is dropped. Port 0 takes a free one.
pub async fn serve_pax8(
    data: Data,
    faults: Faults,
    credentials: Pax8Credentials,
    addr: SocketAddr,
) -> Result<Running, SimulateError> {
    let (service, courier) = pax8::Pax8::new(data, faults.clone(), credentials);
    let running = server::serve(Box::new(service), faults, addr).await?;
    Ok(running.beside(courier.run()))
}
