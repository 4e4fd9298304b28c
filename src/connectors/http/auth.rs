//! Authentication: how a call is signed, and tokens that are fetched, kept in memory and renewed.
//!
//! Keeps the invariant that no secret is ever shown: not in `Debug`, not in an error (even when a remote echoes it), not in
//! a log.

use std::sync::Arc;
use std::time::Duration;

use reqwest::RequestBuilder;
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::connectors::error::ErrorKind;
use crate::connectors::http::exchange::Transport;
use crate::connectors::http::json;
use crate::connectors::http::pace::Pacer;
use crate::connectors::http::retry::{Judge, Patience, Trouble};
use crate::connectors::http::secrets::Secrets;

/// How a connection is let in.
#[derive(Debug, Clone)]
pub enum Auth {
    /// Nothing is asked.
    None,
    /// `Authorization: Bearer …` with a fixed token.
    Bearer(SecretString),
    /// HTTP Basic.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// A header of its own.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: SecretString,
    },
    /// A query parameter of its own.
    Query {
        /// Its name.
        name: String,
        /// Its value.
        value: SecretString,
    },
    /// A member of every JSON body, and a query parameter too where it is said.
    Body {
        /// Its name.
        name: String,
        /// Its value.
        value: SecretString,
        /// Whether it is a query parameter as well: for calls without a body.
        also_query: bool,
    },
    /// A token fetched by a call and renewed before it ends.
    Token(TokenCall),
}

/// The call that fetches a token. The reply is OAuth2's (`access_token`, `expires_in`, perhaps `refresh_token`) unless an
/// exchange says where it has the token.
#[derive(Debug, Clone)]
pub struct TokenCall {
    url: String,
    fields: Vec<(String, SecretString)>,
    body: TokenBody,
    basic: Option<(String, SecretString)>,
    exchange: Option<Exchange>,
}

impl TokenCall {
    /// What may be wrong where the remote does not let in.
    fn wrong(&self) -> &'static str {
        match self.exchange {
            Some(_) => "what is sent for a token is wrong",
            None => "the client id, its secret or the audience is wrong",
        }
    }
}

/// How a key is exchanged for a token that lives for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The members that lead to the token in the reply.
    pub token_at: Vec<String>,
    /// The members that lead to how many seconds it lives, where the reply says.
    pub expires_at: Option<Vec<String>>,
    /// How long it lives, where the reply does not say.
    pub life: Option<Duration>,
    /// The header it is sent in.
    pub header: String,
    /// What stands before it there.
    pub before: String,
    /// Whether the fields are sent as a form; else as a JSON object.
    pub form: bool,
}

/// Who asks for an OAuth2 token, and for what.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    /// The client's id.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
    /// What the token is to be good for, where the remote wants to be told.
    pub scope: Option<String>,
    /// Sends id and secret as HTTP Basic instead of fields.
    pub basic: bool,
}

#[derive(Debug, Clone, Copy)]
enum TokenBody {
    Json,
    Form,
}

impl TokenCall {
    /// A POST of these fields as a JSON object.
    pub fn json(url: impl Into<String>, fields: Vec<(String, SecretString)>) -> Self {
        Self { url: url.into(), fields, body: TokenBody::Json, basic: None, exchange: None }
    }

    /// A POST of these fields that answers a token.
    pub fn exchanged(url: impl Into<String>, fields: Vec<(String, SecretString)>, exchange: Exchange) -> Self {
        let body = if exchange.form { TokenBody::Form } else { TokenBody::Json };
        Self { url: url.into(), fields, body, basic: None, exchange: Some(exchange) }
    }

    /// OAuth2 client credentials as a form.
    pub fn client_credentials(url: impl Into<String>, client: OAuthClient) -> Self {
        Self::form(url, vec![field("grant_type", "client_credentials")], client)
    }

    /// OAuth2 refresh as a form. A rotated refresh token in the reply replaces the given one in memory.
    pub fn refresh(url: impl Into<String>, client: OAuthClient, refresh: SecretString) -> Self {
        let fields = vec![field("grant_type", "refresh_token"), (REFRESH_TOKEN.to_owned(), refresh)];
        Self::form(url, fields, client)
    }

    fn form(url: impl Into<String>, mut fields: Vec<(String, SecretString)>, client: OAuthClient) -> Self {
        fields.extend(client.scope.map(|scope| field("scope", &scope)));
        let basic = if client.basic {
            Some((client.id, client.secret))
        } else {
            fields.push(field("client_id", &client.id));
            fields.push(("client_secret".to_owned(), client.secret));
            None
        };
        Self { url: url.into(), fields, body: TokenBody::Form, basic, exchange: None }
    }

    /// Where the token is fetched.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

const REFRESH_TOKEN: &str = "refresh_token";

fn field(name: &str, value: &str) -> (String, SecretString) {
    (name.to_owned(), SecretString::from(value))
}

/// A fetched token.
#[derive(Clone)]
pub(super) struct Token {
    text: SecretString,
    renew_at: Option<Instant>,
    ends_at: Option<Instant>,
    number: u64,
}

/// A token as it was answered.
struct Fetched {
    token: SecretString,
    life: Option<Duration>,
    refresh: Option<SecretString>,
}

#[derive(Deserialize)]
struct TokenReply {
    #[serde(deserialize_with = "present")]
    access_token: SecretString,
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
    #[serde(default, deserialize_with = "perhaps")]
    refresh_token: Option<SecretString>,
}

fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

fn perhaps<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    Option::<String>::deserialize(from).map(|text| text.map(SecretString::from))
}

/// What signs the calls of one client.
pub(super) struct Credentials {
    auth: Auth,
    secrets: Arc<Secrets>,
    state: Mutex<TokenState>,
}

#[derive(Default)]
struct TokenState {
    token: Option<Token>,
    rotated: Option<SecretString>,
    fetched: u64,
}

impl Credentials {
    pub(super) fn new(auth: Auth, secrets: Arc<Secrets>) -> Result<Self, String> {
        if let Auth::Header { name, value } = &auth {
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is not a header name"))?;
            HeaderValue::from_str(value.expose_secret()).map_err(|_| cannot_travel("header"))?;
        }
        if let Auth::Bearer(token) = &auth {
            HeaderValue::from_str(token.expose_secret()).map_err(|_| cannot_travel("token"))?;
        }
        if let Auth::Token(TokenCall { exchange: Some(Exchange { header, .. }), .. }) = &auth {
            HeaderName::from_bytes(header.as_bytes()).map_err(|_| format!("`{header}` is not a header name"))?;
        }
        Ok(Self { auth, secrets, state: Mutex::default() })
    }

    /// Puts the credentials on a call.
    pub(super) fn sign(&self, request: RequestBuilder, token: Option<&Token>) -> RequestBuilder {
        match &self.auth {
            Auth::None => request,
            Auth::Bearer(token) => request.bearer_auth(token.expose_secret()),
            Auth::Basic { user, password } => request.basic_auth(user, Some(password.expose_secret())),
            Auth::Header { name, value } => match HeaderValue::from_str(value.expose_secret()) {
                Ok(mut value) => {
                    value.set_sensitive(true);
                    request.header(name, value)
                }
                Err(_) => request,
            },
            Auth::Query { name, value } | Auth::Body { name, value, also_query: true } => {
                request.query(&[(name, value.expose_secret())])
            }
            Auth::Body { also_query: false, .. } => request,
            Auth::Token(call) => match (token, &call.exchange) {
                (None, _) => request,
                (Some(token), None) => request.bearer_auth(token.text.expose_secret()),
                (Some(token), Some(Exchange { header, before, .. })) => {
                    match HeaderValue::from_str(&format!("{before}{}", token.text.expose_secret())) {
                        Ok(mut value) => {
                            value.set_sensitive(true);
                            request.header(header, value)
                        }
                        Err(_) => request,
                    }
                }
            },
        }
    }

    /// Puts the credentials into a JSON body, where that is their place. A body that is no object carries none.
    pub(super) fn sealed(&self, body: &str) -> String {
        let Auth::Body { name, value, .. } = &self.auth else { return body.to_owned() };
        match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(body) {
            Ok(mut members) => {
                members.insert(name.clone(), serde_json::Value::from(value.expose_secret()));
                serde_json::Value::Object(members).to_string()
            }
            Err(_) => body.to_owned(),
        }
    }

    /// A token that is still good, fetched when there is none; `None` where no tokens are fetched. Callers that come while one
    /// is being fetched wait for it.
    pub(super) async fn token(
        &self,
        transport: &Transport,
        pacer: &Pacer,
        patience: &mut Patience,
    ) -> Result<Option<Token>, ErrorKind> {
        let Auth::Token(call) = &self.auth else { return Ok(None) };
        let mut state = self.state.lock().await;
        if let Some(token) = &state.token
            && token.renew_at.is_none_or(|at| Instant::now() < at)
        {
            return Ok(Some(token.clone()));
        }
        let reply = loop {
            pacer.ready().await;
            match fetch(call, state.rotated.as_ref(), transport, patience.attempt()).await {
                Ok(reply) => break reply,
                Err(Trouble::Throttled { wait }) => {
                    patience.again(ErrorKind::RateLimited { retry_after: wait }, wait).await?;
                }
                Err(Trouble::Transient { what, wait }) => {
                    patience.again(ErrorKind::Transient(format!("token call: {what}")), wait).await?;
                }
                Err(Trouble::Unauthorized(what)) => {
                    let what = format!("token call: {what}; {}", call.wrong());
                    return Err(ErrorKind::Auth(what));
                }
                Err(Trouble::Failed(ErrorKind::Rejected { message, .. }) | Trouble::Refused { message, .. }) => {
                    return Err(ErrorKind::Auth(format!("token call: {message}")));
                }
                Err(Trouble::Failed(kind)) => return Err(kind),
            }
        };
        state.fetched += 1;
        for secret in [Some(&reply.token), reply.refresh.as_ref()].into_iter().flatten() {
            self.secrets.learn(secret.expose_secret());
        }
        let after = |life: Duration| Instant::now().checked_add(life);
        let renew_at = reply.life.map(used).and_then(after);
        let token = Token { text: reply.token, renew_at, ends_at: reply.life.and_then(after), number: state.fetched };
        state.token = Some(token.clone());
        state.rotated = reply.refresh.or(state.rotated.take());
        Ok(Some(token))
    }

    /// Forgets the token there is.
    pub(super) async fn forget(&self) {
        self.state.lock().await.token = None;
    }

    /// How long the token there is holds.
    pub(super) async fn left(&self) -> Option<Duration> {
        let ends_at = self.state.lock().await.token.as_ref()?.ends_at?;
        Some(ends_at.saturating_duration_since(Instant::now()))
    }

    /// Forgets a token the remote no longer takes, unless it was replaced meanwhile.
    pub(super) async fn discard(&self, refused: &Token) {
        let mut state = self.state.lock().await;
        if state.token.as_ref().is_some_and(|held| held.number == refused.number) {
            state.token = None;
        }
    }
}

impl Auth {
    /// Everything of it that must not be shown, HTTP Basic's pair as one text too.
    pub(super) fn secrets(&self) -> Vec<SecretString> {
        let pair = |user: &str, password: &SecretString| {
            [password.clone(), SecretString::from(format!("{user}:{}", password.expose_secret()))]
        };
        match self {
            Self::None => Vec::new(),
            Self::Bearer(secret)
            | Self::Header { value: secret, .. }
            | Self::Query { value: secret, .. }
            | Self::Body { value: secret, .. } => vec![secret.clone()],
            Self::Basic { user, password } => pair(user, password).to_vec(),
            Self::Token(call) => {
                let fields = call.fields.iter().filter(|(name, _)| call.exchange.is_some() || is_secret_field(name));
                let basic = call.basic.iter().flat_map(|(user, password)| pair(user, password));
                fields.map(|(_, value)| value.clone()).chain(basic).collect()
            }
        }
    }
}

fn is_secret_field(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["secret", "password", "token", "key"].iter().any(|part| name.contains(part)) && name != "grant_type"
}

fn cannot_travel(what: &str) -> String {
    format!("the {what} holds characters a header cannot carry; was it pasted with a line break?")
}

async fn fetch(
    call: &TokenCall,
    rotated: Option<&SecretString>,
    transport: &Transport,
    attempt: u32,
) -> Result<Fetched, Trouble> {
    let fields: std::collections::BTreeMap<&str, &str> = call
        .fields
        .iter()
        .map(|(name, value)| match rotated {
            Some(fresh) if name == REFRESH_TOKEN => (name.as_str(), fresh.expose_secret()),
            Some(_) | None => (name.as_str(), value.expose_secret()),
        })
        .collect();
    let mut request = transport.post(&call.url);
    request = match call.body {
        TokenBody::Json => request.json(&fields),
        TokenBody::Form => request.form(&fields),
    };
    if let Some((user, password)) = &call.basic {
        request = request.basic_auth(user, Some(password.expose_secret()));
    }
    let reply = transport.exchange(request, Some(&token_judge()), "POST token", attempt).await?;
    // A reply to a token call may hold the token, so nothing of it is quoted.
    let unread = |what: String| Trouble::Transient { what, wait: None };
    if let Some(exchange) = &call.exchange {
        let place = exchange.token_at.join(".");
        let unread = || unread(format!("expected a token at `{place}` of a JSON object, found something else"));
        return exchanged(exchange, &reply.body).ok_or_else(unread);
    }
    let reply: TokenReply = json::decode(&reply.body).map_err(|bad| {
        unread(format!("expected a JSON object with `access_token`, found something else at {}", bad.at))
    })?;
    let life = life(reply.expires_in.as_ref());
    Ok(Fetched { token: reply.access_token, life, refresh: reply.refresh_token })
}

/// The token of an exchange, where the answer has it.
fn exchanged(exchange: &Exchange, body: &[u8]) -> Option<Fetched> {
    let answer: serde_json::Value = serde_json::from_slice(body).ok()?;
    let at = |path: &[String]| path.iter().try_fold(&answer, |here, member| here.get(member));
    let token = at(&exchange.token_at)?.as_str().filter(|token| HeaderValue::from_str(token).is_ok())?;
    let said = exchange.expires_at.as_deref().and_then(at);
    Some(Fetched { token: SecretString::from(token), life: life(said).or(exchange.life), refresh: None })
}

/// A 401 of a token endpoint is OAuth2's, with `error`. One that speaks as the API's own calls do is not a token endpoint.
fn token_judge() -> Judge {
    Arc::new(|status, _, body| {
        let spoken = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body).ok()?;
        let is_api = status == 401 && !spoken.contains_key("error") && spoken.contains_key("instance");
        is_api.then(|| {
            let what = "token call: 401, answered as the API answers a call without a token; correct the token address";
            Err(Trouble::Failed(ErrorKind::Auth(what.to_owned())))
        })
    })
}

/// How long a token holds, where the reply says.
fn life(expires_in: Option<&serde_json::Value>) -> Option<Duration> {
    let written = expires_in?;
    let text = written.as_str().map_or_else(|| written.to_string(), str::to_owned);
    text.split('.').next()?.parse::<u64>().ok().map(Duration::from_secs)
}

/// How long it is used: until five minutes before its end, or half its life when it is short.
fn used(life: Duration) -> Duration {
    const EARLY: Duration = Duration::from_mins(5);
    life.checked_sub(EARLY).filter(|left| *left >= EARLY).unwrap_or(life / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_renewed_early() {
        for (written, seconds) in
            [("86400", Some(86_100)), ("\"3600\"", Some(3300)), ("60", Some(30)), ("600.0", Some(300))]
        {
            let value = serde_json::from_str(written).unwrap();
            assert_eq!(life(Some(&value)).map(used), seconds.map(Duration::from_secs), "{written}");
        }
        assert_eq!(life(None), None);
        assert_eq!(life(Some(&serde_json::Value::Null)), None);
    }

    #[test]
    fn secrets_are_not_shown_even_when_echoed() {
        let secret = || SecretString::from("canary-hunter2");
        let client = |secret, basic| OAuthClient { id: "c".into(), secret, scope: None, basic };
        for auth in [
            Auth::Bearer(secret()),
            Auth::Basic { user: "u".into(), password: secret() },
            Auth::Header { name: "x-key".into(), value: secret() },
            Auth::Query { name: "key".into(), value: secret() },
            Auth::Token(TokenCall::json("https://api.example", vec![("client_secret".into(), secret())])),
            Auth::Token(TokenCall::client_credentials("https://api.example", client(secret(), true))),
            Auth::Token(TokenCall::refresh("https://api.example", client("other".into(), false), secret())),
        ] {
            assert!(!format!("{auth:?}").contains("canary"), "{auth:?}");
            let held = auth.secrets();
            let kind = Secrets::new(held.iter().map(secrecy::ExposeSecret::expose_secret))
                .kind(ErrorKind::Auth("401: key canary-hunter2 is unknown".into()));
            assert_eq!(kind.to_string(), "the credentials were refused (401: key *** is unknown)");
        }
        let broken = Auth::Bearer("canary\n".into());
        assert!(Credentials::new(broken, Arc::default()).is_err_and(|e| !e.contains("canary")));
    }
}
