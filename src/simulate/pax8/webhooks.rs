//! Pax8's webhooks: their settings, topics and logs.
//!
//! Invariant: a webhook has a topic at most once, and every delivery has exactly one log.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::changes::Change;
use super::delivery::{Log, Parcel};
use super::paging::Page;
use super::topics::{DEFINITIONS, Definition, Event, read_filters, texts};
use super::validation::Fields;
use super::{Call, Done, Written, detailed, failure, missing, not_allowed};
use crate::simulate::json::uuid;
use crate::simulate::server::Answer;

/// Whoever wants to be told.
#[derive(Debug, Clone, Default)]
pub(super) struct Webhook {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) url: String,
    pub(super) authorization: String,
    active: bool,
    email: String,
    threshold: u64,
    integration: String,
    topics: Vec<Topic>,
    pub(super) last: Option<&'static str>,
    created: String,
    updated: String,
}

#[derive(Debug, Clone)]
struct Topic {
    id: String,
    name: String,
    filters: Vec<Value>,
}

impl Topic {
    fn show(&self) -> Value {
        json!({ "id": self.id, "topic": self.name, "filters": self.filters })
    }
}

/// All webhooks and what was delivered to them.
#[derive(Debug, Default)]
pub(super) struct Hooks {
    all: Vec<Webhook>,
    pub(super) logs: Vec<Log>,
    /// Logs whose delivery is due.
    due: Vec<String>,
}

impl Hooks {
    pub(super) fn put(&mut self, hook: Webhook) {
        match self.all.iter_mut().find(|known| known.id == hook.id) {
            Some(known) => *known = hook,
            None => self.all.push(hook),
        }
    }

    pub(super) fn remove(&mut self, id: &str) {
        self.all.retain(|hook| hook.id != id);
        self.logs.retain(|log| log.webhook != id);
    }

    pub(super) fn find(&self, id: &str) -> Option<&Webhook> {
        self.all.iter().find(|hook| hook.id.eq_ignore_ascii_case(id))
    }

    pub(super) fn find_mut(&mut self, id: &str) -> Option<&mut Webhook> {
        self.all.iter_mut().find(|hook| hook.id == id)
    }

    /// Makes a delivery due; a log that is known already is delivered again.
    pub(super) fn send(&mut self, log: Log) {
        self.due.push(log.id.clone());
        if !self.logs.iter().any(|known| known.id == log.id) {
            self.logs.push(log);
        }
    }

    /// Tells every active webhook that wants to hear of it.
    pub(super) fn tell(&mut self, event: &Event, moment: &str, seed: u64) {
        let mut told = Vec::new();
        for hook in self.all.iter().filter(|hook| hook.active && !hook.url.is_empty()) {
            let heard = hook.topics.iter().find(|topic| topic.name == event.topic);
            if let Some(topic) = heard.filter(|topic| event.passes(&topic.filters)) {
                let id = uuid(&format!("log/{seed}/{}", self.logs.len() + told.len()));
                told.push(Log::new(id, hook, moment, event.topic, payload(hook, topic, moment, &event.payload())));
            }
        }
        for log in told {
            self.send(log);
        }
    }

    pub(super) fn parcels(&mut self, twice: bool) -> Vec<Parcel> {
        let mut parcels = Vec::new();
        for id in std::mem::take(&mut self.due) {
            let Some(log) = self.logs.iter().find(|log| log.id == id) else { continue };
            let Some(hook) = self.find(&log.webhook) else { continue };
            let parcel = Parcel {
                log: id,
                url: hook.url.clone(),
                authorization: hook.authorization.clone(),
                body: log.payload.to_string(),
            };
            parcels.extend(std::iter::repeat_n(parcel, if twice { 2 } else { 1 }));
        }
        parcels
    }
}

/// The body of a delivery.
fn payload(hook: &Webhook, topic: &Topic, moment: &str, data: &Value) -> Value {
    json!({
        "accountId": account(),
        "url": hook.url,
        "webhookId": hook.id,
        "sentAt": moment,
        "webhookTopic": topic.show(),
        "payloadData": data,
    })
}

fn account() -> String {
    uuid("the partner's account")
}

const TEXTS: [&str; 4] = ["displayName", "url", "authorization", "contactEmail"];

impl Call<'_> {
    pub(super) fn webhook_operation(&self, path: &[&str]) -> Done {
        let written = match (self.ask.method.as_str(), path) {
            ("GET", ["webhooks"]) => return Done::Read(self.webhooks()),
            ("GET", ["webhooks", "topic-definitions"]) => return Done::Read(self.topic_definitions()),
            ("GET", ["webhooks", id]) => return Done::Read(self.webhook(id)),
            ("GET", ["webhooks", id, "logs"]) => return Done::Read(self.logs(id)),
            ("GET", ["webhooks", id, "logs", log]) => return Done::Read(self.log(id, log)),
            ("POST", ["webhooks"]) => self.create_webhook(),
            ("DELETE", ["webhooks", id]) if *id != "topic-definitions" => self
                .known(id)
                .map_err(|()| missing(self.ask, "Webhook", id))
                .map(|hook| (Answer::empty(StatusCode::NO_CONTENT), vec![Change::Unhook(hook.id.clone())])),
            ("POST", ["webhooks", id, "configuration"]) => self.configure(id),
            ("POST", ["webhooks", id, "status"]) => self.set_active(id),
            ("POST", ["webhooks", id, "topics"]) => self.add_topic(id),
            ("PUT", ["webhooks", id, "topics"]) => self.replace_topics(id),
            ("DELETE", ["webhooks", id, "topics", topic]) => self.remove_topic(id, topic),
            ("POST", ["webhooks", id, "topics", topic, "configuration"]) => self.filter_topic(id, topic),
            ("POST", ["webhooks", id, "topics", topic, "test"]) => self.test_topic(id, topic),
            ("POST", ["webhooks", id, "logs", log, "retry"]) => self.retry(id, log),
            _ => Err(match allowed(path) {
                "" => missing(self.ask, "Path", &path.join("/")),
                methods => not_allowed(self.ask, methods),
            }),
        };
        Done::Write(written)
    }

    fn known(&self, id: &str) -> Result<&Webhook, ()> {
        self.state.hooks.find(id).ok_or(())
    }

    /// Changes answer 400 for a webhook nobody knows: 404 is not among their documented statuses.
    fn changed(&self, id: &str) -> Result<Webhook, Answer> {
        let mut hook = self.known(id).cloned().map_err(|()| self.bad(&[format!("id: no webhook {id}")]))?;
        hook.updated = self.state.moment();
        Ok(hook)
    }

    fn bad(&self, reasons: &[String]) -> Answer {
        let message = reasons.first().map_or("Bad request", String::as_str);
        detailed(self.ask, StatusCode::BAD_REQUEST, message, reasons)
    }

    fn good(&self, wrong: &[String]) -> Result<(), Answer> {
        if wrong.is_empty() { Ok(()) } else { Err(self.bad(wrong)) }
    }

    fn show_webhook(&self, hook: &Webhook) -> Value {
        let topics: Vec<Value> = hook.topics.iter().map(Topic::show).collect();
        self.object()
            .text("id", &hook.id)
            .text("accountId", &account())
            .text("displayName", &hook.name)
            .text("url", &hook.url)
            .text("authorization", &hook.authorization)
            .value("active", Value::Bool(hook.active))
            .text("contactEmail", &hook.email)
            .value("errorThreshold", Value::from(hook.threshold))
            .text("integrationId", &hook.integration)
            .value("webhookTopics", Value::Array(topics))
            .text("lastDeliveryStatus", hook.last.unwrap_or_default())
            .text("createdAt", &hook.created)
            .text("updatedAt", &hook.updated)
            .done()
    }

    fn webhooks(&self) -> Answer {
        let asked = |name: &str, is: &dyn Fn(&str) -> bool| self.ask.query(name).is_none_or(is);
        let mut found: Vec<&Webhook> = self.state.hooks.all.iter().collect();
        found.retain(|hook| {
            asked("query", &|q| hook.name.to_lowercase().contains(&q.to_lowercase()))
                && asked("active", &|a| a == hook.active.to_string())
                && asked("topic", &|t| hook.topics.iter().any(|topic| topic.name == t))
                && asked("status", &|s| hook.last == Some(s))
                && asked("accountId", &|a| a.eq_ignore_ascii_case(&account()))
        });
        let (field, direction) = self.ask.query("sort").map_or(("", ""), |s| s.split_once(':').unwrap_or((s, "asc")));
        match field {
            "displayName" => found.sort_by(|a, b| a.name.cmp(&b.name)),
            "createdAt" => found.sort_by(|a, b| a.created.cmp(&b.created)),
            "updatedAt" => found.sort_by(|a, b| a.updated.cmp(&b.updated)),
            _ => {}
        }
        if direction == "desc" {
            found.reverse();
        }
        self.page(&found, |hook| self.show_webhook(hook))
    }

    fn webhook(&self, id: &str) -> Answer {
        match self.known(id) {
            Ok(hook) => Answer::ok(self.show_webhook(hook)),
            Err(()) => missing(self.ask, "Webhook", id),
        }
    }

    /// Its page figures are flat.
    fn topic_definitions(&self) -> Answer {
        let asked = |name: &str, is: &dyn Fn(&str) -> bool| self.ask.query(name).is_none_or(is);
        let found: Vec<&Definition> = DEFINITIONS
            .iter()
            .filter(|d| {
                asked("topic", &|t| t == d.topic)
                    && asked("search", &|s| d.name.to_lowercase().contains(&s.to_lowercase()))
            })
            .collect();
        let moment = self.state.moment();
        let cut: Result<Page, Answer> = self.cut(&found, |definition| {
            let hook =
                Webhook { id: uuid("sample"), url: "https://hooks.example/pax8".to_owned(), ..Webhook::default() };
            let topic = Topic { id: uuid(definition.topic), name: definition.topic.to_owned(), filters: Vec::new() };
            definition.show(&payload(&hook, &topic, &moment, &definition.sample()))
        });
        match cut {
            Ok(page) => {
                let mut body = page.figures();
                if let Value::Object(fields) = &mut body {
                    fields.insert("content".to_owned(), Value::Array(page.content));
                }
                Answer::ok(body)
            }
            Err(refusal) => refusal,
        }
    }

    /// `POST /webhooks`: only the name must be there.
    fn create_webhook(&self) -> Written {
        let body = self.body()?;
        let mut fields = Fields::new(&body, "");
        let moment = self.state.moment();
        let mut hook = Webhook {
            id: self.state.id(0),
            active: fields.flag("active").unwrap_or_default(),
            integration: fields.text("integrationId").unwrap_or_default().to_owned(),
            created: moment.clone(),
            updated: moment,
            ..Webhook::default()
        };
        settings(&mut hook, &mut fields, true);
        let topics = fields.objects("webhookTopics").unwrap_or_default();
        hook.topics = self.topics(&mut fields, &topics);
        self.good(&fields.wrong)?;
        Ok(self.put(hook))
    }

    fn topics(&self, fields: &mut Fields<'_>, given: &[&Map<String, Value>]) -> Vec<Topic> {
        let mut topics: Vec<Topic> = Vec::new();
        for (at, topic) in given.iter().enumerate() {
            let mut inner = fields.inside(topic, &format!("webhookTopics[{at}]"));
            let read = self.topic(&mut inner, at + 1);
            if topics.iter().any(|other| other.name == read.name) {
                inner.refuse("topic", "is there already");
            }
            topics.push(read);
            fields.wrong.append(&mut inner.wrong);
        }
        topics
    }

    fn topic(&self, fields: &mut Fields<'_>, ahead: usize) -> Topic {
        let name = fields.required_text("topic").to_owned();
        if Definition::of(&name).is_none() && !name.is_empty() {
            fields.refuse("topic", "is no topic; they are listed under topic-definitions");
        }
        Topic { id: self.state.id(ahead), name, filters: read_filters(fields) }
    }

    /// The answer that shows the webhook as it will be.
    fn put(&self, hook: Webhook) -> (Answer, Vec<Change>) {
        (Answer::ok(self.show_webhook(&hook)), vec![Change::Webhook(Box::new(hook))])
    }

    fn configure(&self, id: &str) -> Written {
        let mut hook = self.changed(id)?;
        let body = self.body()?;
        let mut fields = Fields::new(&body, "");
        settings(&mut hook, &mut fields, false);
        self.good(&fields.wrong)?;
        Ok(self.put(hook))
    }

    fn set_active(&self, id: &str) -> Written {
        let mut hook = self.changed(id)?;
        let body = self.body()?;
        let mut fields = Fields::new(&body, "");
        hook.active = fields.required_flag("active");
        self.good(&fields.wrong)?;
        Ok(self.put(hook))
    }

    fn add_topic(&self, id: &str) -> Written {
        let mut hook = self.changed(id)?;
        let body = self.body()?;
        let mut fields = Fields::new(&body, "");
        let topic = self.topic(&mut fields, 0);
        if hook.topics.iter().any(|other| other.name == topic.name) {
            fields.refuse("topic", "is there already");
        }
        self.good(&fields.wrong)?;
        hook.topics.push(topic);
        Ok(self.put(hook))
    }

    fn replace_topics(&self, id: &str) -> Written {
        let mut hook = self.changed(id)?;
        let body = self.body()?;
        let mut fields = Fields::new(&body, "");
        if fields.given("webhookTopics").is_none() {
            fields.refuse("webhookTopics", "is required");
        }
        let topics = fields.objects("webhookTopics").unwrap_or_default();
        hook.topics = self.topics(&mut fields, &topics);
        self.good(&fields.wrong)?;
        Ok(self.put(hook))
    }

    fn remove_topic(&self, id: &str, topic: &str) -> Written {
        let mut hook = self.changed(id)?;
        let before = hook.topics.len();
        hook.topics.retain(|known| !known.id.eq_ignore_ascii_case(topic));
        if hook.topics.len() == before {
            return Err(self.bad(&[format!("topicId: no topic {topic}")]));
        }
        Ok((Answer::empty(StatusCode::NO_CONTENT), vec![Change::Webhook(Box::new(hook))]))
    }

    fn filter_topic(&self, id: &str, topic: &str) -> Written {
        let mut hook = self.changed(id)?;
        let body = self.body()?;
        let mut fields = Fields::new(&body, "");
        let filters = read_filters(&mut fields);
        match hook.topics.iter_mut().find(|known| known.id.eq_ignore_ascii_case(topic)) {
            Some(known) => known.filters = filters,
            None => fields.refuse("topicId", "no such topic"),
        }
        self.good(&fields.wrong)?;
        Ok(self.put(hook))
    }

    /// Sends a sample; the topic is given by its name.
    fn test_topic(&self, id: &str, name: &str) -> Written {
        let hook = self.known(id).map_err(|()| self.bad(&[format!("id: no webhook {id}")]))?;
        let found = Definition::of(name).zip(hook.topics.iter().find(|topic| topic.name == name));
        let Some((definition, topic)) = found else {
            return Err(self.bad(&[format!("topic: the webhook has no topic {name}")]));
        };
        if hook.url.is_empty() {
            return Err(self.bad(&["url: the webhook has no address".to_owned()]));
        }
        let moment = self.state.moment();
        let sent = payload(hook, topic, &moment, &definition.sample());
        let answer = json!({ "url": hook.url, "webhook": self.show_webhook(hook), "samplePayload": sent });
        let log = Log::new(self.state.id(0), hook, &moment, definition.topic, sent);
        Ok((Answer::ok(answer), vec![Change::Deliver(log)]))
    }

    fn logs(&self, id: &str) -> Answer {
        if self.known(id).is_err() {
            return self.bad(&[format!("webhookId: no webhook {id}")]);
        }
        let asked = |name: &str, is: &dyn Fn(&str) -> bool| self.ask.query(name).is_none_or(is);
        let mut found: Vec<&Log> =
            self.state.hooks.logs.iter().filter(|log| log.webhook.eq_ignore_ascii_case(id)).collect();
        found.retain(|log| {
            asked("topicName", &|t| log.topic == t)
                && asked("status", &|s| log.status() == s)
                && asked("startDate", &|day| log.created.as_str() >= day)
                && asked("endDate", &|day| log.created.get(..10) <= day.get(..10))
        });
        self.page(&found, |log| log.show())
    }

    fn log(&self, id: &str, log: &str) -> Answer {
        match self.find_log(id, log) {
            Some(log) => Answer::ok(log.show()),
            None => missing(self.ask, "Webhook Log", log),
        }
    }

    fn find_log(&self, id: &str, log: &str) -> Option<&Log> {
        let mut all = self.state.hooks.logs.iter();
        all.find(|known| known.webhook.eq_ignore_ascii_case(id) && known.id.eq_ignore_ascii_case(log))
    }

    fn retry(&self, id: &str, log: &str) -> Written {
        let Some(log) = self.find_log(id, log) else {
            return Err(failure(self.ask, StatusCode::BAD_REQUEST, &format!("no delivery {log} of webhook {id}")));
        };
        Ok((Answer::empty(StatusCode::ACCEPTED), vec![Change::Deliver(log.clone())]))
    }
}

/// The methods a path is served under; none when it is no path of ours.
fn allowed(path: &[&str]) -> &'static str {
    match path {
        ["webhooks"] => "GET, POST",
        ["webhooks", "topic-definitions"] | ["webhooks", _, "logs"] | ["webhooks", _, "logs", _] => "GET",
        ["webhooks", _] => "GET, DELETE",
        ["webhooks", _, "topics"] => "POST, PUT",
        ["webhooks", _, "topics", _] => "DELETE",
        ["webhooks", _, "configuration" | "status"]
        | ["webhooks", _, "topics", _, "configuration" | "test"]
        | ["webhooks", _, "logs", _, "retry"] => "POST",
        _ => "",
    }
}

/// Name, address, authorization, contact and threshold; a new configuration replaces all of them.
fn settings(hook: &mut Webhook, fields: &mut Fields<'_>, create: bool) {
    if create {
        fields.required_text("displayName");
    }
    let given = texts(fields, &TEXTS);
    let of =
        |name: &str| given.iter().find(|(known, _)| *known == name).map(|(_, text)| text.clone()).unwrap_or_default();
    if create || !of("displayName").is_empty() {
        hook.name = of("displayName");
    }
    (hook.url, hook.authorization, hook.email) = (of("url"), of("authorization"), of("contactEmail"));
    if !hook.url.is_empty() && reqwest::Url::parse(&hook.url).is_err() {
        fields.refuse("url", "must be an address");
    }
    let threshold = fields.given("errorThreshold").map(|value| value.as_u64().filter(|n| (1..=20).contains(n)));
    if threshold == Some(None) {
        fields.refuse("errorThreshold", "must be a whole number from 1 to 20");
    }
    hook.threshold = threshold.flatten().unwrap_or(3);
}
