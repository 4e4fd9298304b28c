//! Names: which addresses a name may lead to.
//!
//! Keeps the invariant that a connection is made to an address that was looked at: the same answer that is judged here is the
//! one that is connected to, so a name that leads elsewhere the next moment gains nothing. A name that leads only into a
//! private network, or to this machine, is refused unless `private_hosts` names it; `localhost` is this machine and nothing else.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::connectors::http::address::{is_localhost, is_named, is_private};

/// The addresses this machine knows for a name.
pub(super) struct SystemNames;

impl Resolve for SystemNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // port 0 is replaced by the port of the call
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(given(found.collect()))
        })
    }
}

fn given(addresses: Vec<SocketAddr>) -> Addrs {
    Box::new(addresses.into_iter())
}

/// Lets through what the names behind it give, as far as it may be spoken to.
pub(super) struct GuardedNames {
    names: Arc<dyn Resolve>,
    private_hosts: Arc<[String]>,
}

impl GuardedNames {
    pub(super) fn new(names: Arc<dyn Resolve>, private_hosts: &[String]) -> Self {
        Self { names, private_hosts: private_hosts.into() }
    }
}

impl Resolve for GuardedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let (host, private_hosts) = (name.as_str().to_owned(), Arc::clone(&self.private_hosts));
        let looked_up = self.names.resolve(name);
        Box::pin(async move {
            let found: Vec<SocketAddr> = looked_up.await?.collect();
            if is_named(&private_hosts, &host) {
                return Ok(given(found));
            }
            let local = is_localhost(&host);
            let may = |ip: IpAddr| if local { ip.is_loopback() } else { !ip.is_loopback() && !is_private(ip) };
            let (open, closed): (Vec<_>, Vec<_>) = found.into_iter().partition(|address| may(address.ip()));
            match closed.first() {
                Some(closed) if open.is_empty() => Err(RefusedName { host, address: closed.ip() }.into()),
                Some(_) | None => Ok(given(open)),
            }
        })
    }
}

/// A name that leads where it may not. Trying again would not mend it.
#[derive(Debug, thiserror::Error)]
#[error(
    "{host} leads to {address}, an address of a private network or of this machine; where it is meant, name {host} in private_hosts"
)]
pub(super) struct RefusedName {
    host: String,
    address: IpAddr,
}

impl RefusedName {
    /// The refusal behind an error, where there is one.
    pub(super) fn behind<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e Self> {
        std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
    }
}
