//! The one HTTP client: authentication, pacing, retry, limits, redaction.
//!
//! Keeps three invariants. A secret goes to its own host and nowhere else: no redirects, no proxies from the environment, no
//! absolute link to another origin, https wherever the wire leaves the machine, no private network that was not named. Only
//! reads are repeated, and of the other calls only what proved to have done nothing. Nothing from outside is unbounded: bytes,
//! attempts and time have limits. Logs hold method, path, status, duration and attempt, never a body or
//! a header.

mod address;
mod auth;
mod discovery;
mod exchange;
mod json;
mod names;
mod observe;
mod pace;
mod repeats;
mod retry;
mod secrets;
mod waits;
mod write;

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::dns::Resolve;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

use crate::connectors::Result;
use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::core::snapshot::Problem;
pub use address::segment;
use auth::Credentials;
pub use auth::{Auth, Exchange, OAuthClient, TokenCall};
pub use discovery::{Discovery, ReadAddress};
use exchange::Transport;
pub use json::{Undecodable, decode};
use names::{GuardedNames, SystemNames};
pub use observe::{Observe, Reset};
use pace::Pacer;
pub use pace::{Rate, wait};
pub use repeats::{PathStep, path_of, repeated};
use retry::Patience;
pub use retry::{Judge, RefusedAs, Trouble, retry_after};
use secrets::Secrets;
use waits::Waits;
pub use write::{Call, Outcome, Refusal, Verb};

/// What a connection needs of the client. [`Settings::new`] gives careful defaults for the rest.
#[derive(Clone)]
pub struct Settings {
    /// The connection's configured name; opens every error.
    pub connector: String,
    /// Where paths are added to, for example `https://api.example/v1`.
    pub base_url: String,
    /// How to be let in.
    pub auth: Auth,
    /// Headers sent with every call; their values may be secret and are never shown.
    pub headers: Vec<(String, SecretString)>,
    /// More that must never be shown, besides what `auth` holds.
    pub secrets: Vec<SecretString>,
    /// Every one of these rates is kept.
    pub rates: Vec<Rate>,
    /// How many calls may be under way at once.
    pub concurrency: usize,
    /// And how many of them to paths that begin so; of several the longest beginning counts.
    pub endpoints: Vec<(String, usize)>,
    /// What answers say of the calls that are left.
    pub observe: Option<Observe>,
    /// How the system is asked where it is, where `base_url` is only where to ask.
    pub discovery: Option<Discovery>,
    /// What is accepted from outside.
    pub limits: Limits,
    /// The first and the longest pause between attempts.
    pub backoff: Backoff,
    /// How long to wait for a connection, and for a whole reply.
    pub timeouts: Timeouts,
    /// Hosts beyond loopback that may be spoken to without TLS.
    pub plain_hosts: Vec<String>,
    /// Hosts that may be spoken to although they are addresses of a private network, or names that lead to one.
    pub private_hosts: Vec<String>,
    /// What replies mean where this remote differs from the default table.
    pub judge: Option<Judge>,
}

/// Limits on what is accepted from outside.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest reply, after decompression.
    pub body_bytes: usize,
    /// Attempts at one call.
    pub attempts: u32,
    /// Of these, attempts whose reply could not be decoded.
    pub undecodable: u32,
    /// From the first attempt at one call to the last.
    pub elapsed: Duration,
}

/// Pauses between attempts: doubling, with jitter.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// Before the second attempt.
    pub first: Duration,
    /// The longest; a remote's own `Retry-After` may be longer.
    pub most: Duration,
}

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For a whole reply.
    pub total: Duration,
}

impl Settings {
    /// Settings with defaults: four calls at once, unpaced, 64 MiB, six attempts within ten minutes.
    pub fn new(connector: impl Into<String>, base_url: impl Into<String>, auth: Auth) -> Self {
        Self {
            connector: connector.into(),
            base_url: base_url.into(),
            auth,
            headers: Vec::new(),
            secrets: Vec::new(),
            rates: Vec::new(),
            concurrency: 4,
            endpoints: Vec::new(),
            observe: None,
            discovery: None,
            limits: Limits { body_bytes: 64 << 20, attempts: 6, undecodable: 3, elapsed: Duration::from_mins(10) },
            backoff: Backoff { first: Duration::from_secs(1), most: Duration::from_mins(1) },
            timeouts: Timeouts { connect: Duration::from_secs(10), total: Duration::from_mins(2) },
            plain_hosts: Vec::new(),
            private_hosts: Vec::new(),
            judge: None,
        }
    }
}

/// A reply that was judged good.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, decompressed.
    pub body: Vec<u8>,
}

/// The client of one connection. Clones share the token, the pace and the connections.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    connector: String,
    base: Url,
    credentials: Credentials,
    secrets: Arc<Secrets>,
    transport: Transport,
    judge: Option<Judge>,
    pacer: Pacer,
    waits: Waits,
    slots: Semaphore,
    endpoints: Vec<(String, Semaphore)>,
    observe: Option<Observe>,
    discovery: Option<Discovery>,
    found: OnceCell<Url>,
    /// Those that may be spoken to without TLS, and those in private networks.
    hosts: (Vec<String>, Vec<String>),
    limits: Limits,
    backoff: Backoff,
}

impl Client {
    /// A client, unless the settings cannot work.
    ///
    /// # Errors
    /// [`ErrorKind::Settings`] for an address, a header or a rate that cannot be used.
    pub fn new(settings: Settings) -> Result<Self> {
        Self::resolving(settings, Arc::new(SystemNames))
    }

    /// A client that asks these for the addresses of a name.
    fn resolving(settings: Settings, names: Arc<dyn Resolve>) -> Result<Self> {
        let connector = settings.connector.clone();
        Self::build(settings, names)
            .map_err(|what| ConnectorError::new(connector, "settings", ErrorKind::Settings(what)))
    }

    fn build(settings: Settings, names: Arc<dyn Resolve>) -> std::result::Result<Self, String> {
        let base = address::base(&settings.base_url, &settings.plain_hosts, &settings.private_hosts)?;
        if let Auth::Token(call) = &settings.auth {
            // the account may be said behind a `?` there
            let (address, _) = call.url().split_once('?').unwrap_or((call.url(), ""));
            address::base(address, &settings.plain_hosts, &settings.private_hosts)
                .map_err(|e| format!("token address: {e}"))?;
        }
        let none_at_once = settings.endpoints.iter().any(|(_, most)| *most == 0);
        if settings.concurrency == 0 || settings.limits.attempts == 0 || none_at_once {
            return Err("concurrency and attempts must be at least 1".to_owned());
        }
        let headers = default_headers(&settings.headers)?;
        let held = settings.auth.secrets();
        let secrets = Secrets::new(held.iter().chain(&settings.secrets).map(secrecy::ExposeSecret::expose_secret));
        let secrets = Arc::new(secrets);
        let credentials = Credentials::new(settings.auth, Arc::clone(&secrets))?;
        let guarded = GuardedNames::new(names, &settings.private_hosts);
        let client = exchange::client(headers, guarded, settings.timeouts)?;
        let body_bytes = settings.limits.body_bytes;
        let transport = Transport::new(settings.connector.clone(), Arc::clone(&secrets), client, body_bytes);
        let waits = Waits::default();
        let slots = |most: usize| Semaphore::new(most.min(Semaphore::MAX_PERMITS));
        Ok(Self {
            inner: Arc::new(Inner {
                connector: settings.connector,
                base,
                credentials,
                secrets,
                transport,
                judge: settings.judge,
                pacer: Pacer::new(&settings.rates, waits.clone())?,
                waits,
                slots: slots(settings.concurrency),
                endpoints: settings.endpoints.into_iter().map(|(path, most)| (path, slots(most))).collect(),
                observe: settings.observe,
                discovery: settings.discovery,
                found: OnceCell::new(),
                hosts: (settings.plain_hosts, settings.private_hosts),
                limits: settings.limits,
                backoff: settings.backoff,
            }),
        })
    }

    /// The address paths are added to, as far as it is known.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.inner.found.get().unwrap_or(&self.inner.base).as_str()
    }

    /// Keeps one more text out of everything this connection says: something secret that is about to be sent.
    pub fn hide(&self, secret: &str) {
        self.inner.secrets.learn(secret);
    }

    /// Problems free of this connection's secrets, should the remote have echoed one in a record.
    #[must_use]
    pub fn clean(&self, problems: Vec<Problem>) -> Vec<Problem> {
        problems.into_iter().map(|problem| self.inner.secrets.problem(problem)).collect()
    }

    /// Makes sure there is a token, where tokens are fetched; otherwise does nothing.
    ///
    /// # Errors
    /// What the token's remote said.
    pub async fn authenticate(&self) -> Result<()> {
        let mut patience = self.inner.patience();
        match self.inner.token(&mut patience).await {
            Ok(_) => Ok(()),
            Err(kind) => Err(ConnectorError::new(&self.inner.connector, "POST token", kind)),
        }
    }

    /// Forgets the token there is and fetches another; how long it may be used, where the remote says.
    ///
    /// # Errors
    /// What the token's remote said.
    pub async fn reauthorize(&self) -> Result<Option<Duration>> {
        self.inner.credentials.forget().await;
        self.authenticate().await?;
        Ok(self.inner.credentials.left().await)
    }

    /// Reads a path below the base address, or an absolute link of the same origin.
    ///
    /// # Errors
    /// What the remote said, after as many attempts as are worth making.
    pub async fn get(&self, path_or_url: &str, query: &[(&str, &str)]) -> Result<Reply> {
        self.get_with(path_or_url, query, |reply| Ok(reply.clone())).await
    }

    /// Reads and decodes JSON. A body that does not decode is read again a few times: it may have been cut.
    ///
    /// # Errors
    /// As [`Client::get`]; [`ErrorKind::Malformed`] names the place in the JSON.
    pub async fn get_json<T: serde::de::DeserializeOwned>(
        &self,
        path_or_url: &str,
        query: &[(&str, &str)],
    ) -> Result<T> {
        self.get_with(path_or_url, query, |reply| json::decode(&reply.body)).await
    }

    /// Reads and decodes with a function, which is asked again when the body is read again.
    ///
    /// # Errors
    /// As [`Client::get_json`].
    pub async fn get_with<T>(
        &self,
        path_or_url: &str,
        query: &[(&str, &str)],
        decode: impl Fn(&Reply) -> std::result::Result<T, Undecodable>,
    ) -> Result<T> {
        self.ask_with(path_or_url, query, None, decode).await
    }

    /// The same, asked by POST where there is a body: a question that changes nothing, and is repeated as a read is.
    ///
    /// # Errors
    /// As [`Client::get_json`].
    pub async fn ask_with<T>(
        &self,
        path_or_url: &str,
        query: &[(&str, &str)],
        body: Option<&str>,
        decode: impl Fn(&Reply) -> std::result::Result<T, Undecodable>,
    ) -> Result<T> {
        let verb = if body.is_some() { "POST" } else { "GET" };
        let operation = self.inner.secrets.shown(&address::operation(verb, path_or_url, query));
        let url = self.inner_base().await.and_then(|base| address::resolve(base, path_or_url, query));
        let read = match url {
            Ok(url) => self.read_at(&url, body, &operation, decode).await,
            Err(kind) => Err(kind),
        };
        match read {
            Ok(value) => Ok(value),
            Err(kind) => Err(ConnectorError::new(&self.inner.connector, operation, kind)),
        }
    }

    async fn read_at<T>(
        &self,
        url: &Url,
        body: Option<&str>,
        operation: &str,
        decode: impl Fn(&Reply) -> std::result::Result<T, Undecodable>,
    ) -> std::result::Result<T, ErrorKind> {
        let mut patience = self.inner.patience();
        let (mut renewed, mut undecodable) = (false, 0);
        loop {
            let token = self.inner.token(&mut patience).await?;
            match self.inner.once(url, body, token.as_ref(), (operation, patience.attempt())).await {
                Ok(reply) => match decode(&reply) {
                    Ok(value) => return Ok(value),
                    Err(bad) => {
                        let Undecodable { at, what } = self.inner.secrets.undecodable(&bad);
                        undecodable += 1;
                        let kind = ErrorKind::Malformed { at, what };
                        if undecodable >= self.inner.limits.undecodable {
                            return Err(kind);
                        }
                        patience.again(kind, None).await?;
                    }
                },
                Err(Trouble::Failed(kind)) => return Err(kind),
                Err(Trouble::Refused { field, message, .. }) => return Err(ErrorKind::Rejected { field, message }),
                Err(Trouble::Unauthorized(what)) => {
                    let Some(token) = token else { return Err(ErrorKind::Auth(what)) };
                    if renewed {
                        // Fetching it worked, so client and secret are right.
                        return Err(ErrorKind::Auth(format!("{what}; a token fetched just now was refused as well")));
                    }
                    renewed = true;
                    self.inner.credentials.discard(&token).await;
                }
                Err(Trouble::Throttled { wait }) => {
                    // A pause nobody will sit out is this call's error, not every call's wait.
                    if let Some(wait) = wait.filter(|wait| *wait <= self.inner.limits.elapsed) {
                        self.inner.pacer.hold(wait);
                    }
                    patience.again(ErrorKind::RateLimited { retry_after: wait }, wait).await?;
                }
                Err(Trouble::Transient { what, wait }) => {
                    patience.again(ErrorKind::Transient(what), wait).await?;
                }
            }
        }
    }
}

impl Inner {
    /// The patience of one call.
    fn patience(&self) -> Patience {
        Patience::new(self.limits, self.backoff, self.waits.clone())
    }

    /// The token to use, fetched where the kind of authentication needs one and none is fresh.
    async fn token(&self, patience: &mut Patience) -> std::result::Result<Option<auth::Token>, ErrorKind> {
        self.credentials.token(&self.transport, &self.pacer, patience).await
    }

    async fn once(
        &self,
        url: &Url,
        body: Option<&str>,
        token: Option<&auth::Token>,
        (operation, attempt): (&str, u32),
    ) -> std::result::Result<Reply, Trouble> {
        let _slots = self.slots(url).await;
        self.pacer.ready().await;
        let request = match body {
            None => self.transport.get(url),
            Some(body) => self.transport.question(url, self.credentials.sealed(body)),
        };
        let request = self.credentials.sign(request, token);
        let reply = self.transport.exchange(request, self.judge.as_ref(), operation, attempt).await?;
        self.observed(&reply);
        Ok(reply)
    }

    /// Room for one call: at its endpoint, then at the system.
    async fn slots(&self, url: &Url) -> [Option<SemaphorePermit<'_>>; 2] {
        let base = self.found.get().unwrap_or(&self.base).path().trim_end_matches('/');
        let path = url.path().strip_prefix(base).unwrap_or(url.path());
        let fitting = self.endpoints.iter().filter(|(begins, _)| path.starts_with(begins.as_str()));
        let endpoint = fitting.max_by_key(|(begins, _)| begins.len());
        let at_endpoint = match endpoint {
            Some((_, slots)) => slots.acquire().await.ok(),
            None => None,
        };
        [at_endpoint, self.slots.acquire().await.ok()]
    }

    /// Leaves the system alone where an answer says that the calls are used up.
    fn observed(&self, reply: &Reply) {
        let pause = self.observe.as_ref().and_then(|observe| observe.pause(&reply.headers));
        // A pause nobody will sit out is left to the refusal that follows.
        if let Some(pause) = pause.filter(|pause| *pause <= self.limits.elapsed) {
            self.pacer.hold(pause);
        }
    }
}

fn default_headers(pairs: &[(String, SecretString)]) -> std::result::Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    headers.insert(reqwest::header::ACCEPT, HeaderValue::from_static("application/json"));
    for (name, value) in pairs {
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is not a header name"))?;
        let mut value = HeaderValue::from_str(value.expose_secret())
            .map_err(|_| format!("the value of header {name} holds characters a header cannot carry"))?;
        value.set_sensitive(true);
        headers.insert(key, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod limit_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod write_tests;
