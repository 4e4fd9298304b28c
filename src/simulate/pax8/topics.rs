//! What webhooks can be told about, and which of them want to hear of an event.
//!
//! Names beyond `INVOICE` with `CREATED` are not published alike everywhere; these are one spelling of them. Invariant: an
//! event is told to a webhook only where a filter of the topic names its action and all its conditions hold.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::changes::Cells;
use super::validation::Fields;

/// Something that happened to a record.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) topic: &'static str,
    pub(super) action: &'static str,
    id: String,
}

/// A topic: its name, what it is called, its actions.
pub(super) struct Definition {
    pub(super) topic: &'static str,
    pub(super) name: &'static str,
    actions: &'static [&'static str],
}

pub(super) const DEFINITIONS: [Definition; 3] = [
    Definition { topic: "INVOICE", name: "Invoice", actions: &["CREATED"] },
    Definition { topic: "SUBSCRIPTION", name: "Subscription", actions: &["CREATED", "UPDATED", "CANCELLED"] },
    Definition { topic: "CLIENT", name: "Client", actions: &["CREATED", "UPDATED"] },
];

const OPERATORS: [&str; 7] = ["EQUALS", "NOT_EQUALS", "GREATER_THAN", "LESS_THAN", "IN", "NOT_IN", "CONTAINS"];

impl Definition {
    pub(super) fn of(topic: &str) -> Option<&'static Self> {
        DEFINITIONS.iter().find(|definition| definition.topic == topic)
    }

    /// The payload a test sends.
    pub(super) fn sample(&self) -> Value {
        json!({ "id": crate::simulate::json::uuid(&format!("sample/{}", self.topic)) })
    }

    pub(super) fn show(&self, sample: &Value) -> Value {
        let condition = json!({
            "field": "id",
            "operator": OPERATORS,
            "dataType": "STRING",
            "description": "The id of the record",
            "value": "",
        });
        let filters: Vec<Value> = self
            .actions
            .iter()
            .map(|action| {
                json!({
                    "action": action,
                    "actionDisplayName": action.to_ascii_lowercase(),
                    "description": format!("{} {}", self.name, action.to_ascii_lowercase()),
                    "conditions": [condition],
                })
            })
            .collect();
        json!({
            "topic": self.topic,
            "name": self.name,
            "description": format!("Changes of a record: {}", self.name),
            "availableFilters": filters,
            "samplePayload": sample,
        })
    }
}

impl Event {
    pub(super) fn of(topic: &'static str, action: &'static str, id: &str) -> Self {
        Self { topic, action, id: id.to_owned() }
    }

    /// A notification, not the record: what it names is to be read again.
    pub(super) fn payload(&self) -> Value {
        json!({ "id": self.id })
    }

    /// Whether one of a topic's filters lets the event through; a topic without filters lets all through.
    pub(super) fn passes(&self, filters: &[Value]) -> bool {
        let payload = self.payload();
        filters.is_empty()
            || filters.iter().any(|filter| {
                let conditions = filter.get("conditions").and_then(Value::as_array);
                filter.get("action").and_then(Value::as_str) == Some(self.action)
                    && conditions.is_none_or(|all| all.iter().all(|condition| holds(condition, &payload)))
            })
    }
}

fn holds(condition: &Value, payload: &Value) -> bool {
    let text = |name: &str| condition.get(name).and_then(Value::as_str).unwrap_or_default();
    let values: Vec<&str> =
        condition.get("value").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let Some(found) = payload.get(text("field")).and_then(Value::as_str) else { return false };
    let compared = |wanted: fn(&Decimal, &Decimal) -> bool| {
        let first = values.first().and_then(|v| v.parse().ok());
        found.parse().ok().zip(first).is_some_and(|(found, first)| wanted(&found, &first))
    };
    match text("operator") {
        "EQUALS" | "IN" => values.contains(&found),
        "NOT_EQUALS" | "NOT_IN" => !values.contains(&found),
        "CONTAINS" => values.iter().any(|v| found.contains(v)),
        "GREATER_THAN" => compared(|found, first| found > first),
        "LESS_THAN" => compared(|found, first| found < first),
        _ => false,
    }
}

/// The filters of a topic, as the body gives them.
pub(super) fn read_filters(fields: &mut Fields<'_>) -> Vec<Value> {
    let mut found = Vec::new();
    for (at, filter) in fields.objects("filters").unwrap_or_default().into_iter().enumerate() {
        let mut inner = fields.inside(filter, &format!("filters[{at}]"));
        let action = inner.required_text("action").to_owned();
        let mut conditions = Vec::new();
        for (nth, condition) in inner.objects("conditions").unwrap_or_default().into_iter().enumerate() {
            let mut deep = inner.inside(condition, &format!("conditions[{nth}]"));
            let field = deep.required_text("field");
            let operator = deep.one_of("operator", &OPERATORS);
            let value = deep.given("value").and_then(Value::as_array).filter(|all| all.iter().all(Value::is_string));
            if operator.is_none() || value.is_none() {
                deep.refuse("operator", "an operator and an array of texts as value are required");
            }
            conditions.push(json!({ "field": field, "operator": operator, "value": value }));
            inner.wrong.append(&mut deep.wrong);
        }
        if inner.given("conditions").is_none() {
            inner.refuse("conditions", "is required");
        }
        found.push(json!({ "action": action, "conditions": conditions }));
        fields.wrong.append(&mut inner.wrong);
    }
    if fields.given("filters").is_none() {
        fields.refuse("filters", "is required");
    }
    found
}

/// Texts of a webhook that are stored as they come.
pub(super) fn texts(fields: &mut Fields<'_>, names: &[&'static str]) -> Cells {
    names.iter().filter_map(|name| Some((*name, fields.text(name)?.to_owned()))).collect()
}
