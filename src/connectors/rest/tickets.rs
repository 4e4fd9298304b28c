//! Tickets through a connector file: `[ticket]` says where they go, how they are spelled, and how one is found again.
//!
//! Keeps the invariant that what is looked for is exactly the key that was sent.

use async_trait::async_trait;
use serde_json::Value;

use super::codec::{References, text_of};
use super::language::{Ticket, TicketField};
use super::lint::Lint;
use super::lint_stretches;
use super::one::Names;
use super::path::Path;
use super::requests::{merge, wrapped};
use super::source::hint;
use super::template::{Position, Template};
use super::{Rest, advice, lint_write};
use crate::connectors::error::{ConnectorError, ErrorKind};
use crate::connectors::http::{Call, Outcome, Undecodable, Verb, decode};
use crate::connectors::tickets::{ReadBack, TicketDraft, TicketSink};
use crate::connectors::{CheckFailed, CheckLine, Environment, Result};
use crate::core::outside::excerpt;

/// What a ticket has; the bound ones a file must place.
const FIELDS: [(&str, bool); 4] = [("summary", true), ("customer", true), ("key", true), ("text", false)];

pub(super) fn lint<'f>(lint: &mut Lint<'f>, ticket: &'f Ticket) {
    lint.at("post", |lint| lint.address(&ticket.post, &[]));
    lint.at("reply", |lint| _ = lint.path(&ticket.reply));
    lint.maybe("record", ticket.record.as_ref(), |lint, path| {
        lint.demand(ticket.get.is_some(), "`get` is needed: where a ticket is read");
        let _ = lint.path(path);
    });
    lint.maybe("body", ticket.body.as_ref(), |lint, body| {
        lint.demand(body.is_object(), "an object is expected");
        lint.templates_in(body, &[]);
    });
    lint_stretches::named(lint, &ticket.named);
    if let Some(get) = &ticket.get {
        lint.at("get", |lint| {
            lint.demand(get.contains("{number}"), "it must say which ticket: `{number}`");
            lint.address(get, &["number"]);
        });
    }
    lint.maybe("record", ticket.record.as_ref(), |lint, path| {
        lint.demand(ticket.get.is_some(), "`get` is needed: where a ticket is read");
        let _ = lint.path(path);
    });
    lint.maybe("wrap", ticket.wrap.as_ref(), lint_write::check_wrap);
    lint.at("find", |lint| {
        let find = &ticket.find;
        lint.maybe("number", find.number.as_ref(), |lint, path| _ = lint.path(path));
        lint.one_of(&[("get", find.get.is_some()), ("post", find.post.is_some())]);
        for (verb, address) in [("get", &find.get), ("post", &find.post)] {
            lint.maybe(verb, address.as_ref(), |lint, address| lint.address(address, &[]));
        }
        lint.at("records", |lint| _ = lint.path(&find.records));
        lint.maybe("body", find.body.as_ref(), |lint, body| {
            lint.demand(find.post.is_some(), "what is asked for by GET has no body; say `post`");
            lint.demand(body.is_object(), "an object is expected");
            lint.templates_in(body, &["key"]);
        });
        lint.at("query", |lint| {
            let in_body = find.body.as_ref().is_some_and(|body| body.to_string().contains("{key}"));
            let named = in_body || find.query.values().any(|text| text.contains("{key}"));
            lint.demand(named, "one of them must say which ticket: `{key}`");
            for (name, text) in &find.query {
                lint.at(name, |lint| _ = lint.template(text, &["key"]));
            }
        });
    });
    lint.at("fields", |lint| {
        let known: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
        for (name, field) in &ticket.fields {
            lint.at(name, |lint| {
                lint.demand(
                    known.contains(&name.as_str()),
                    format!("a ticket has no field `{name}`{}", hint(name, &known)),
                );
                lint.demand(!field.behind || name == "key", "only the key stands behind another field");
                lint.at("at", |lint| {
                    if let Some(path) = lint.path(&field.at) {
                        lint.demand(path.names().is_some(), "a plain place is needed, such as `company.id`");
                    }
                });
            });
        }
        for (name, _) in FIELDS.iter().filter(|(name, bound)| *bound && !ticket.fields.contains_key(*name)) {
            lint.fault(format!("a ticket needs `{name}`: say where it is written"));
        }
    });
}

/// The body of a ticket.
fn body(ticket: &Ticket, draft: &TicketDraft<'_>) -> std::result::Result<Value, String> {
    let mut body = Value::Object(serde_json::Map::new());
    for (name, value) in
        [("summary", draft.summary), ("customer", draft.customer), ("key", draft.key), ("text", draft.text)]
    {
        let Some(field) = ticket.fields.get(name) else { continue };
        let (at, mut wire) =
            (Path::parse(&field.at)?, spelled(field, value).map_err(|what| format!("{name}: {what}"))?);
        if field.behind {
            let (mark, most) = (marked(draft.key), field.max.and_then(|most| usize::try_from(most).ok()));
            let room = most.map_or(usize::MAX, |most| most.saturating_sub(mark.chars().count()));
            let before = at.get(&body).and_then(Value::as_str).unwrap_or_default();
            wire = Value::from(before.chars().take(room).chain(mark.chars()).collect::<String>());
        }
        put(&mut body, &at, wire);
    }
    Ok(body)
}

/// A key behind a text.
fn marked(key: &str) -> String {
    format!(" [{key}]")
}

/// The value as the wire spells it; a text is cut where the server would refuse it.
fn spelled(field: &TicketField, value: &str) -> std::result::Result<Value, String> {
    if field.number {
        let number: u64 = value.parse().map_err(|_| format!("a whole number expected, found `{value}`"))?;
        return Ok(Value::from(number));
    }
    let most = field.max.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    Ok(Value::from(value.chars().take(most).collect::<String>()))
}

/// Puts a value at a plain place; the objects above it are made.
fn put(into: &mut Value, at: &Path, value: Value) {
    let Some((last, above)) =
        at.names().and_then(|names| names.split_last().map(|(l, a)| ((*l).to_owned(), a.to_vec())))
    else {
        return;
    };
    let mut here = into;
    for name in above {
        let Value::Object(members) = here else { return };
        here = members.entry(name).or_insert_with(|| Value::Object(serde_json::Map::new()));
    }
    if let Value::Object(members) = here {
        members.insert(last, value);
    }
}

/// A key that no ticket has.
const NO_TICKET: &str = "trueup:check";

/// What of a ticket is not as it was sent. A text may be kept where a ticket does not show it.
fn differing(ticket: &Ticket, sent: &Value, there: &Value) -> std::result::Result<Vec<String>, String> {
    let mut differing = Vec::new();
    for (name, field) in &ticket.fields {
        let at = Path::parse(&field.at)?;
        let told = |value: Option<&Value>| value.and_then(|value| text_of(value).ok());
        let (Some(sent), there) = (told(at.get(sent)), told(at.get(there))) else { continue };
        let bound = FIELDS.iter().any(|(known, bound)| known == name && *bound);
        match there {
            Some(there) if there != sent => {
                differing.push(format!("{name} is `{}`, sent was `{}`", excerpt(&there, SHOWN), excerpt(&sent, SHOWN)));
            }
            None if bound => differing.push(format!("{name} is not there")),
            Some(_) | None => {}
        }
    }
    Ok(differing)
}

/// So much of a text is shown.
const SHOWN: usize = 60;

impl Rest {
    /// Looks for a ticket there is none of. Whether one may be made shows only by making it, and a check makes nothing.
    pub(super) async fn check_tickets(&self, is_down: bool) -> [CheckLine; 2] {
        let found = if is_down {
            Err(CheckFailed::not_tried())
        } else {
            self.find_tickets(NO_TICKET).await.map_err(|error| CheckFailed::of(&error, advice(&error.kind)))
        };
        let found = match (found, self.connection.connector.ticket.as_ref()) {
            (Ok(_), Some(ticket)) => match self.around(ticket).await {
                Ok(_) => Ok("they can be looked for".to_owned()),
                Err(error) => Err(CheckFailed::of(&error, "correct the settings that name it")),
            },
            (found, _) => found.map(|_| String::new()),
        };
        let why = match self.environment {
            Environment::Production => "whether this API user may make one shows only when one is made",
            Environment::Test => "a test connection makes none",
        };
        [CheckLine::new("find tickets (only for renewals)", found), CheckLine::not_tried("make tickets", why)]
    }

    fn ticket(&self) -> Result<&Ticket> {
        let missing = || self.refused_ticket("the connector file has no [ticket]".to_owned());
        self.connection.connector.ticket.as_ref().ok_or_else(missing)
    }

    fn refused_ticket(&self, what: String) -> ConnectorError {
        ConnectorError::new(&self.descriptor.name, "ticket", ErrorKind::Settings(what))
    }

    /// What every ticket holds besides its fields.
    async fn around(&self, ticket: &Ticket) -> Result<Value> {
        let refuse = |what: String| self.refused_ticket(what);
        let names = Names { connection: &self.connection, own: std::collections::BTreeMap::new() };
        let constant = ticket.body.as_ref().map(|body| names.filled(body)).transpose().map_err(refuse)?;
        let mut around = constant.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let mut references = References::new();
        self.connection.named_lists(ticket.named.values(), &mut references).await?;
        for (member, named) in &ticket.named {
            let at = Path::parse(member).map_err(refuse)?;
            if let Some(id) = self.connection.named(named, &references).map_err(refuse)? {
                put(&mut around, &at, id);
            }
        }
        Ok(around)
    }

    fn filled(&self, text: &str, position: Position, (given, text_of_it): (&str, &str)) -> Result<String> {
        let value = |name: &str| if name == given { Some(text_of_it) } else { self.connection.values.get(name) };
        let filled = Template::parse(text).and_then(|template| template.fill(position, &value));
        filled.map_err(|what| self.refused_ticket(what))
    }
}

#[async_trait]
impl TicketSink for Rest {
    async fn find_tickets(&self, key: &str) -> Result<Vec<String>> {
        let ticket = self.ticket()?;
        let find = &ticket.find;
        let address = find.get.as_deref().or(find.post.as_deref()).unwrap_or_default();
        let path = self.filled(address, Position::Path, ("key", key))?;
        let body = match (&find.post, &find.body) {
            (Some(_), Some(body)) => {
                let names = Names { connection: &self.connection, own: [("key", key)].into() };
                Some(names.filled(body).map_err(|what| self.refused_ticket(what))?.to_string())
            }
            (Some(_), None) => Some("{}".to_owned()),
            (None, _) => None,
        };
        let mut query = Vec::new();
        for (name, text) in &find.query {
            query.push((name.as_str(), self.filled(text, Position::Plain, ("key", key))?));
        }
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer: Value =
            self.connection.client.ask_with(&path, &query, body.as_deref(), |reply| decode(&reply.body)).await?;
        let at = |text: &str| Path::parse(text).map_err(|what| self.refused_ticket(what));
        let number = at(find.number.as_ref().unwrap_or(&ticket.reply))?;
        let (records, held) = (at(&find.records)?, at(&ticket.key_at())?);
        let rows = records.get(&answer).and_then(Value::as_array).cloned();
        let malformed = |what: String| {
            let kind = ErrorKind::Malformed { at: find.records.clone(), what };
            let verb = if find.post.is_some() { "POST" } else { "GET" };
            ConnectorError::new(&self.descriptor.name, format!("{verb} {path}"), kind)
        };
        let rows = rows.ok_or_else(|| malformed("a list of tickets expected".to_owned()))?;
        // A filter the server does not know is ignored by some: only the key itself counts.
        let is_behind = ticket.fields.get("key").is_some_and(|field| field.behind);
        let is_it = |held: String| held == key || (is_behind && held.contains(&marked(key)));
        let same = |row: &&Value| held.get(row).and_then(|held| text_of(held).ok()).is_some_and(is_it);
        let numbers = rows.iter().filter(same).map(|row| {
            let number = number.get(row).ok_or_else(|| "it has no number".to_owned());
            number.and_then(text_of).map_err(malformed)
        });
        numbers.collect()
    }

    async fn make_ticket(&self, draft: &TicketDraft<'_>) -> Result<Outcome<String>> {
        self.environment.may_write(&self.descriptor.name, "ticket")?;
        let ticket = self.ticket()?;
        let path = self.filled(&ticket.post, Position::Path, ("key", draft.key))?;
        let mut body = body(ticket, draft).map_err(|what| self.refused_ticket(what))?;
        merge(&mut body, self.around(ticket).await?);
        let body = wrapped(ticket.wrap.as_ref(), body).map_err(|what| self.refused_ticket(what))?.to_string();
        let number = Path::parse(&ticket.reply).map_err(|what| self.refused_ticket(what))?;
        let call = Call { verb: Verb::Post, path: &path, query: &[], headers: &[], body: Some(&body) };
        let read = |reply: &crate::connectors::http::Reply| {
            let answer: Value = decode(&reply.body)?;
            let unread = |what: String| Undecodable { at: ticket.reply.clone(), what };
            let made =
                answer.as_array().filter(|made| made.len() == 1).and_then(|made| made.first()).unwrap_or(&answer);
            let found = number.get(made).ok_or_else(|| unread("the number of the ticket expected".to_owned()))?;
            text_of(found).map_err(unread)
        };
        self.connection.client.write(call, read).await
    }

    async fn read_back(&self, draft: &TicketDraft<'_>, number: &str) -> Result<ReadBack> {
        let ticket = self.ticket()?;
        let Some(get) = &ticket.get else { return Ok(ReadBack::Unasked) };
        let path = self.filled(get, Position::Path, ("number", number))?;
        let answer: Value = match self.connection.client.get_json(&path, &[]).await {
            Err(ConnectorError { kind: ErrorKind::NotFound(_), .. }) => return Ok(ReadBack::Missing),
            answered => answered?,
        };
        let record = ticket.record.as_deref().unwrap_or("$");
        let record = Path::parse(record).map_err(|what| self.refused_ticket(what))?;
        let Some(there) = record.get(&answer).filter(|there| !there.is_null()) else { return Ok(ReadBack::Missing) };
        let sent = body(ticket, draft).map_err(|what| self.refused_ticket(what))?;
        let differing = differing(ticket, &sent, there).map_err(|what| self.refused_ticket(what))?;
        Ok(ReadBack::There(differing))
    }

    fn shown(&self, draft: &TicketDraft<'_>) -> Result<String> {
        let ticket = self.ticket()?;
        let body = body(ticket, draft).and_then(|body| wrapped(ticket.wrap.as_ref(), body));
        let body = body.map_err(|what| self.refused_ticket(what))?;
        let base = self.connection.client.base_url().trim_end_matches('/');
        Ok(format!("POST {base}{}\n{}", self.filled(&ticket.post, Position::Path, ("key", draft.key))?, pretty(&body)))
    }
}

fn pretty(body: &Value) -> String {
    serde_json::to_string_pretty(body).unwrap_or_else(|_| body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_spelled_as_the_file_says() {
        let ticket: Ticket = toml::from_str(
            "post = \"/t\"\nreply = \"id\"\nfind = { get = \"/t\", records = \"$\", query = { q = \"{key}\" } }\n\
             [fields]\nsummary = { at = \"summary\", max = 5 }\ncustomer = { at = \"company.id\", number = true }\n\
             key = { at = \"ref\" }\n",
        )
        .unwrap();
        let draft = TicketDraft { customer: "12", summary: "Renewal", text: "left out", key: "k" };
        assert_eq!(body(&ticket, &draft).unwrap().to_string(), r#"{"company":{"id":12},"ref":"k","summary":"Renew"}"#);
        let sent = body(&ticket, &draft).unwrap();
        let found = |there: &str| differing(&ticket, &sent, &serde_json::from_str(there).unwrap()).unwrap();
        let none: Vec<String> = Vec::new();
        assert_eq!(found(r#"{"id":7,"company":{"id":12,"name":"A"},"ref":"k","summary":"Renew"}"#), none);
        assert_eq!(
            found(r#"{"id":7,"company":{"id":13},"summary":"Renew"}"#),
            ["customer is `13`, sent was `12`", "key is not there"]
        );
        let refused = body(&ticket, &TicketDraft { customer: "a1", ..draft }).unwrap_err();
        assert_eq!(refused, "customer: a whole number expected, found `a1`");
    }
}
