//! Calls that change something at a remote: sent once, and their answer told apart from no answer.
//!
//! Keeps the invariant that a call is sent again only where nothing can have happened: no connection was made, or the remote
//! answered 429, or 401 to a token that was fetched earlier. Everything else that is neither a good answer nor the remote's own
//! refusal is [`Outcome::Unknown`], to be settled by looking.

use std::time::Duration;

use reqwest::{RequestBuilder, Url};

use crate::connectors::Result;
use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::http::auth::Token;
use crate::connectors::http::exchange::Sent;
use crate::connectors::http::retry::{Patience, RefusedAs, Trouble, refusal, retry_after};
use crate::connectors::http::{Client, Reply, Undecodable, address};

/// How a call changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Makes something, or does something.
    Post,
    /// Replaces something.
    Put,
    /// Changes a part of something.
    Patch,
    /// Ends something.
    Delete,
}

impl Verb {
    /// As HTTP spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A call that changes something.
#[derive(Debug, Clone, Copy)]
pub struct Call<'c> {
    /// How.
    pub verb: Verb,
    /// A path below the base address, or an absolute link of the same origin.
    pub path: &'c str,
    /// Its parameters.
    pub query: &'c [(&'c str, &'c str)],
    /// Its own headers.
    pub headers: &'c [(&'c str, &'c str)],
    /// Its body, as JSON text.
    pub body: Option<&'c str>,
}

/// What became of a call that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// It took effect, and this was answered.
    Done(T),
    /// The remote said no; nothing happened.
    Refused(Refusal),
    /// It was sent and nobody can say from the answer whether it took effect.
    Unknown(String),
}

impl<T> Outcome<T> {
    /// The same end, with another answer.
    pub fn map<U>(self, of: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Done(answer) => Outcome::Done(of(answer)),
            Self::Refused(refusal) => Outcome::Refused(refusal),
            Self::Unknown(why) => Outcome::Unknown(why),
        }
    }
}

/// A remote's no, in its own words, free of secrets and cut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status}{}{message}", if .message.is_empty() { "" } else { ": " })]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// What kind of no.
    pub as_what: RefusedAs,
    /// The word it has for the kind of refusal.
    pub kind: Option<String>,
    /// What it said, with its details.
    pub message: String,
}

impl Client {
    /// Sends a call that changes something, and reads its answer with a function.
    ///
    /// # Errors
    /// Only where nothing was done: the call could not be made, no connection, no token, or too many calls for too long.
    pub async fn write<T>(
        &self,
        call: Call<'_>,
        decode: impl Fn(&Reply) -> std::result::Result<T, Undecodable>,
    ) -> Result<Outcome<T>> {
        let operation = self.inner.secrets.shown(&address::operation(call.verb.as_str(), call.path, call.query));
        let sent = self.send(call, &operation, decode).await;
        sent.map_err(|kind| ConnectorError::new(&self.inner.connector, operation, kind))
    }

    async fn send<T>(
        &self,
        call: Call<'_>,
        operation: &str,
        decode: impl Fn(&Reply) -> std::result::Result<T, Undecodable>,
    ) -> std::result::Result<Outcome<T>, ErrorKind> {
        let url = address::resolve(&self.inner.base, call.path, call.query)?;
        let mut patience = self.inner.patience();
        let mut renewed = false;
        loop {
            let token = self.inner.token(&mut patience).await?;
            let reply = match self.once_sent(call, &url, token.as_ref(), (operation, patience.attempt())).await {
                Sent::Reply(reply) => reply,
                Sent::Never(kind) => {
                    patience.again(kind, None).await?;
                    continue;
                }
                Sent::Impossible(kind) => return Err(kind),
                Sent::Lost(what) => return Ok(Outcome::Unknown(self.inner.secrets.shown(&what))),
            };
            match (self.judged(&reply), reply.status) {
                (Some(Err(Trouble::Unauthorized(_))), _) | (None, 401) if !renewed && token.is_some() => {
                    renewed = true;
                    if let Some(token) = token {
                        self.inner.credentials.discard(&token).await;
                    }
                }
                (Some(Err(Trouble::Throttled { wait })), _) => self.held(&mut patience, wait).await?,
                (None, 429) => self.held(&mut patience, retry_after(&reply.headers)).await?,
                (Some(Err(trouble)), status) => return Ok(Self::refused(status, trouble)),
                (Some(Ok(())), _) => return Ok(self.done(&reply, decode)),
                (None, _) => return Ok(self.outcome(&reply, decode)),
            }
        }
    }

    /// What this remote's own rules say of an answer; `None` where they say nothing.
    fn judged(&self, reply: &Reply) -> Option<std::result::Result<(), Trouble>> {
        let judge = self.inner.judge.as_ref()?;
        let judged = judge(reply.status, &reply.headers, &reply.body)?;
        Some(judged.map_err(|trouble| self.inner.secrets.trouble(trouble)))
    }

    /// Nothing happened, because there were too many calls: waits.
    async fn held(&self, patience: &mut Patience, wait: Option<Duration>) -> std::result::Result<(), ErrorKind> {
        if let Some(wait) = wait.filter(|wait| *wait <= self.inner.limits.elapsed) {
            self.inner.pacer.hold(wait);
        }
        patience.again(ErrorKind::RateLimited { retry_after: wait }, wait).await
    }

    async fn once_sent(
        &self,
        call: Call<'_>,
        url: &Url,
        token: Option<&Token>,
        (operation, attempt): (&str, u32),
    ) -> Sent {
        let _slot = self.inner.slots.acquire().await;
        self.inner.pacer.ready().await;
        let request = self.inner.credentials.sign(self.request(call, url), token);
        self.inner.transport.send(request, operation, attempt).await
    }

    fn request(&self, call: Call<'_>, url: &Url) -> RequestBuilder {
        let request = self.inner.transport.change(call.verb, url);
        let request = call.headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        match call.body {
            Some(body) => request.header(reqwest::header::CONTENT_TYPE, "application/json").body(body.to_owned()),
            None => request,
        }
    }

    /// What a rule of the remote says that is neither good nor to be waited for.
    fn refused<T>(status: u16, trouble: Trouble) -> Outcome<T> {
        let no = |as_what, message: String| {
            // a rule's words begin with the status, which a refusal says by itself
            let said = message.strip_prefix(&status.to_string()).map(|rest| rest.trim_start_matches(": ").to_owned());
            Outcome::Refused(Refusal { status, as_what, kind: None, message: said.unwrap_or(message) })
        };
        match trouble {
            Trouble::Refused { as_what, field, message } => {
                let message = field.map_or_else(|| message.clone(), |field| format!("{message} ({field})"));
                no(as_what, message)
            }
            Trouble::Unauthorized(message) => no(RefusedAs::Forbidden, message),
            Trouble::Failed(ErrorKind::Auth(message)) => no(RefusedAs::Forbidden, message),
            Trouble::Failed(ErrorKind::NotFound(message)) => no(RefusedAs::Missing, message),
            Trouble::Failed(kind) => no(RefusedAs::Rejected, kind.to_string()),
            Trouble::Transient { what, .. } => Outcome::Unknown(what),
            Trouble::Throttled { .. } => Outcome::Unknown(status.to_string()),
        }
    }

    fn done<T>(&self, reply: &Reply, decode: impl Fn(&Reply) -> std::result::Result<T, Undecodable>) -> Outcome<T> {
        match decode(reply) {
            Ok(value) => Outcome::Done(value),
            Err(bad) => {
                let Undecodable { at, what } = self.inner.secrets.undecodable(&bad);
                Outcome::Unknown(format!("{}, and the answer cannot be read at {at}: {what}", reply.status))
            }
        }
    }

    fn outcome<T>(&self, reply: &Reply, decode: impl Fn(&Reply) -> std::result::Result<T, Undecodable>) -> Outcome<T> {
        let secrets = &self.inner.secrets;
        match reply.status {
            200..=299 => self.done(reply, decode),
            status @ (408 | 409 | 425 | 500..=599) => {
                let said = refusal(&reply.body).map(|(_, message)| format!(": {message}")).unwrap_or_default();
                Outcome::Unknown(secrets.shown(&format!("{status}{said}")))
            }
            status @ 400..=499 => match refusal(&reply.body) {
                Some((kind, message)) => Outcome::Refused(Refusal {
                    status,
                    as_what: RefusedAs::of_status(status),
                    kind: kind.map(|kind| secrets.shown(&kind)),
                    message: secrets.shown(&message),
                }),
                // Both prove that nothing happened, whoever answered.
                None if matches!(status, 401 | 403) => {
                    let as_what = RefusedAs::of_status(status);
                    Outcome::Refused(Refusal { status, as_what, kind: None, message: String::new() })
                }
                None => Outcome::Unknown(format!("{status}, and the answer is not the system's own")),
            },
            status => Outcome::Unknown(format!("{status}, which is no answer to this call")),
        }
    }
}
