//! The address of a system that tells it itself: one call to a known address answers where all others go.
//!
//! Keeps the invariant that what is answered passes the guard of configured addresses, and lies within the domains that were
//! named beforehand: an answer cannot lead the credentials elsewhere.

use std::sync::Arc;

use reqwest::Url;

use crate::connectors::Result;
use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::http::{Client, Inner, Undecodable, address};

/// Reads the address out of the answer.
pub type ReadAddress = Arc<dyn Fn(&[u8]) -> std::result::Result<String, Undecodable> + Send + Sync>;

/// How the address of a system is asked for.
#[derive(Clone)]
pub struct Discovery {
    /// The path below the configured address.
    pub path: String,
    /// Its parameters.
    pub query: Vec<(String, String)>,
    /// What the answer says.
    pub read: ReadAddress,
    /// What is added to it.
    pub append: String,
    /// The domains it may lie in: one of them, or a name below one.
    pub within: Vec<String>,
}

impl Client {
    /// The address paths are added to, asked for where the system tells it itself.
    ///
    /// # Errors
    /// What the system said, or an address that may not be spoken to.
    pub async fn located(&self) -> Result<&str> {
        let located = self.inner_base().await;
        located.map(Url::as_str).map_err(|kind| ConnectorError::new(&self.inner.connector, "ask for the address", kind))
    }

    /// Where calls go.
    pub(super) async fn inner_base(&self) -> std::result::Result<&Url, ErrorKind> {
        let Some(discovery) = &self.inner.discovery else { return Ok(&self.inner.base) };
        // on the heap: every call asks for its address, and few systems tell it themselves
        self.inner.found.get_or_try_init(|| Box::pin(self.discovered(discovery))).await
    }

    async fn discovered(&self, discovery: &Discovery) -> std::result::Result<Url, ErrorKind> {
        let query: Vec<(&str, &str)> =
            discovery.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let url = address::resolve(&self.inner.base, &discovery.path, &query)?;
        let operation = self.inner.secrets.shown(&address::operation("GET", &discovery.path, &query));
        let found = self.read_at(&url, None, &operation, |reply| (discovery.read)(&reply.body)).await?;
        self.inner.allowed(discovery, &found)
    }
}

impl Inner {
    /// The answered address, if calls may go there.
    fn allowed(&self, discovery: &Discovery, found: &str) -> std::result::Result<Url, ErrorKind> {
        let refused = |what: String| ErrorKind::Malformed { at: "the address the system answered".to_owned(), what };
        let text = format!("{}{}", found.trim_end_matches('/'), discovery.append);
        let (plain, private) = &self.hosts;
        let url = address::base(&text, plain, private).map_err(refused)?;
        let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
        let is_within = |domain: &String| {
            let domain = domain.trim_matches('.').to_ascii_lowercase();
            host == domain || host.strip_suffix(&domain).is_some_and(|name| name.ends_with('.'))
        };
        // who was asked may answer with itself: credentials go where the configuration sends them
        if url.origin() == self.base.origin() || discovery.within.iter().any(is_within) {
            return Ok(url);
        }
        let within = discovery.within.join(", ");
        Err(refused(format!("a host within {within} expected, found {host}; credentials are not sent elsewhere")))
    }
}
