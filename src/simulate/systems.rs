//! Every PSA and ERP that can be simulated.
//!
//! Invariant: a system is one row here; what is particular about it stands in its own folder.

use std::net::SocketAddr;

use super::autotask::AUTOTASK;
use super::connectwise::CONNECTWISE;
use super::dataverse::DATAVERSE;
use super::erpnext::ERPNEXT;
use super::halopsa::HALOPSA;
use super::quickbooks::QUICKBOOKS;
use super::revio::REVIO;
use super::server::{self, Running, Service};
use super::syncro::SYNCRO;
use super::xero::XERO;
use super::{Data, Faults, SimulateError};

/// A system on the PSA side.
#[derive(Debug)]
pub struct System {
    /// As it is asked for, and as the connector file that comes with the program is called.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// What a client puts after its address.
    pub path: &'static str,
    /// What a connection needs besides the address: the settings of its connector file, with what is accepted; `{url}` stands
    /// for the address.
    pub settings: &'static [(&'static str, &'static str)],
    /// Makes one of the data.
    pub(super) make: fn(&Data) -> Box<dyn Service>,
}

/// All of them, in the order of their names.
pub static SYSTEMS: [&System; 9] =
    [&AUTOTASK, &CONNECTWISE, &DATAVERSE, &ERPNEXT, &HALOPSA, &QUICKBOOKS, &REVIO, &SYNCRO, &XERO];

impl System {
    /// The system of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        SYSTEMS.into_iter().find(|system| system.name == name)
    }

    /// What is accepted for a setting; nothing for one that it does not have.
    #[must_use]
    pub fn setting(&self, name: &str) -> &'static str {
        self.settings.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// Serves the data until the answer is dropped. Port 0 takes a free one.
    ///
    /// # Errors
    /// The address is not on loopback, or cannot be had.
    pub async fn serve(&self, data: &Data, faults: Faults, addr: SocketAddr) -> Result<Running, SimulateError> {
        server::serve((self.make)(data), faults, addr).await
    }
}
