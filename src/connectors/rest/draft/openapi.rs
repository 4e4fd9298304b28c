//! An OpenAPI document as far as a draft needs it: addresses, credentials, lists and what their rows hold.
//!
//! Keeps the invariant that a document that is odd gives less, never an error in the middle: only what is no document is refused.

use serde_json::{Map, Value};

/// References that are followed one after another.
const DEPTH: usize = 8;

/// A document.
pub(super) struct Document {
    root: Value,
}

/// How calls are let in.
pub(super) enum Security {
    Bearer,
    Basic,
    Header(String),
    Query(String),
    ClientCredentials { token: String },
}

/// A list of records.
pub(super) struct Collection {
    pub(super) path: String,
    /// The parameters in its path.
    pub(super) above: Vec<String>,
    /// The parameters of its query.
    pub(super) query: Vec<String>,
    /// Where the answer has the rows; `$` is the answer itself.
    pub(super) records: Option<String>,
    pub(super) row: Vec<Property>,
    pub(super) creates: bool,
    pub(super) item: Option<Item>,
}

/// One record of a list.
pub(super) struct Item {
    pub(super) path: String,
    pub(super) reads: bool,
    /// `patch`, `put` or `post`.
    pub(super) changes: Option<&'static str>,
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Property {
    pub(super) at: String,
    pub(super) kind: Form,
}

/// What a value is in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Number,
    Flag,
    Day,
    Time,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// Why it is none.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let root: Value =
            serde_json::from_str(text).map_err(|error| format!("is not JSON ({error}); convert YAML to JSON first"))?;
        let is_one = root.get("openapi").or_else(|| root.get("swagger")).is_some();
        if is_one && root.get("paths").is_some_and(Value::is_object) {
            return Ok(Self { root });
        }
        Err("is no OpenAPI document: `openapi` and `paths` are expected".to_owned())
    }

    /// The address it names, if any.
    pub(super) fn server(&self) -> Option<String> {
        if let Some(url) = self.root.pointer("/servers/0/url").and_then(Value::as_str) {
            return url.starts_with("http").then(|| url.trim_end_matches('/').to_owned());
        }
        let host = self.root.get("host").and_then(Value::as_str)?;
        let path = self.root.get("basePath").and_then(Value::as_str).unwrap_or_default();
        Some(format!("https://{host}{}", path.trim_end_matches('/')))
    }

    /// The first way of being let in that a file can say.
    pub(super) fn security(&self) -> Option<Security> {
        let schemes = self.root.pointer("/components/securitySchemes").or_else(|| self.root.get("securityDefinitions"));
        schemes?.as_object()?.values().find_map(|scheme| self.scheme(scheme))
    }

    fn scheme(&self, scheme: &Value) -> Option<Security> {
        let scheme = self.resolved(scheme)?;
        let text = |key: &str| scheme.get(key).and_then(Value::as_str);
        let name = || text("name").unwrap_or_default().to_owned();
        match (text("type")?, text("scheme").map(str::to_ascii_lowercase).as_deref(), text("in")) {
            ("http", Some("bearer"), _) => Some(Security::Bearer),
            ("http", Some("basic"), _) | ("basic", _, _) => Some(Security::Basic),
            ("apiKey", _, Some("header")) => Some(Security::Header(name())),
            ("apiKey", _, Some("query")) => Some(Security::Query(name())),
            ("oauth2", _, _) => {
                let token = scheme.pointer("/flows/clientCredentials/tokenUrl").or_else(|| scheme.get("tokenUrl"));
                let token = token.and_then(Value::as_str).filter(|token| token.starts_with("http"));
                Some(Security::ClientCredentials { token: token.unwrap_or("{url}/oauth/token").to_owned() })
            }
            _ => None,
        }
    }

    /// Every list.
    pub(super) fn collections(&self) -> Vec<Collection> {
        let paths = self.root.get("paths").and_then(Value::as_object);
        let paths = paths.into_iter().flatten().filter(|(path, _)| path.starts_with('/') && !path.ends_with('}'));
        paths.filter_map(|(path, about)| self.collection(path, about)).collect()
    }

    fn collection(&self, path: &str, about: &Value) -> Option<Collection> {
        let get = about.get("get")?;
        let schema = self.answer(get);
        let (records, row) = schema.and_then(|schema| self.rows(&schema)).unzip();
        let mut properties = Vec::new();
        if let Some(row) = row {
            self.properties(&row, "", 0, &mut properties);
        }
        let listed = |of: &Value| of.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
        let parameters: Vec<Value> = listed(about).into_iter().chain(listed(get)).collect();
        let query = parameters.iter().filter_map(|parameter| {
            let parameter = self.resolved(parameter)?;
            let is_query = parameter.get("in").is_some_and(|place| place == "query");
            is_query.then(|| parameter.get("name").and_then(Value::as_str).map(str::to_owned)).flatten()
        });
        Some(Collection {
            path: path.to_owned(),
            above: parameters_of(path),
            query: query.collect(),
            records,
            row: properties,
            creates: about.get("post").is_some(),
            item: self.item(path),
        })
    }

    fn item(&self, collection: &str) -> Option<Item> {
        let paths = self.root.get("paths").and_then(Value::as_object)?;
        let below = format!("{}/{{", collection.trim_end_matches('/'));
        let is_item = |path: &str| path.strip_prefix(&below).is_some_and(|rest| rest.find('}') == Some(rest.len() - 1));
        let (path, about) = paths.iter().find(|(path, _)| is_item(path))?;
        let changes = ["patch", "put", "post"].into_iter().find(|verb| about.get(*verb).is_some());
        Some(Item { path: path.clone(), reads: about.get("get").is_some(), changes })
    }

    /// The schema of a good answer.
    fn answer(&self, operation: &Value) -> Option<Value> {
        let answer = operation.pointer("/responses/200").or_else(|| operation.pointer("/responses/default"))?;
        let answer = self.resolved(answer)?;
        if let Some(schema) = answer.get("schema") {
            return Some(schema.clone());
        }
        let contents = answer.get("content").and_then(Value::as_object)?;
        let json = contents.iter().find(|(kind, _)| kind.contains("json")).map(|(_, content)| content)?;
        json.get("schema").cloned()
    }

    /// Where an answer has its rows, and the schema of one.
    fn rows(&self, schema: &Value) -> Option<(String, Value)> {
        let schema = self.resolved(schema)?;
        if let Some(items) = schema.get("items") {
            return Some(("$".to_owned(), self.resolved(items)?));
        }
        let members = self.members(&schema);
        members.iter().find_map(|(name, member)| {
            let items = self.resolved(member)?.get("items").cloned()?;
            let row = self.resolved(&items)?;
            (!self.members(&row).is_empty()).then(|| (name.clone(), row))
        })
    }

    /// The plain values of a row, to the second level.
    fn properties(&self, row: &Value, above: &str, depth: usize, into: &mut Vec<Property>) {
        for (name, member) in self.members(row) {
            let Some(member) = self.resolved(&member) else { continue };
            let quoted = if name.contains(['.', '[', ']', '"', '=', ',']) { format!("\"{name}\"") } else { name };
            let at = if above.is_empty() { quoted } else { format!("{above}.{quoted}") };
            // in 3.1 a type may be one of several, `null` among them
            let kind = member.get("type").and_then(|kind| match kind.as_array() {
                Some(kinds) => kinds.iter().find(|kind| **kind != "null"),
                None => Some(kind),
            });
            let format = member.get("format").and_then(Value::as_str);
            let form = match (kind.and_then(Value::as_str), format) {
                (Some("string"), Some("date")) => Form::Day,
                (Some("string"), Some("date-time")) => Form::Time,
                (Some("string"), _) => Form::Text,
                (Some("number" | "integer"), _) => Form::Number,
                (Some("boolean"), _) => Form::Flag,
                _ => {
                    if depth == 0 {
                        self.properties(&member, &at, depth + 1, into);
                    }
                    continue;
                }
            };
            into.push(Property { at, kind: form });
        }
    }

    /// The members of a schema, those of what it is made of too.
    fn members(&self, schema: &Value) -> Map<String, Value> {
        let mut members = Map::new();
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            if let Some(part) = self.resolved(part) {
                members.extend(part.get("properties").and_then(Value::as_object).cloned().unwrap_or_default());
            }
        }
        members.extend(schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default());
        members
    }

    fn resolved(&self, schema: &Value) -> Option<Value> {
        let mut schema = schema;
        for _ in 0..DEPTH {
            let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return Some(schema.clone()) };
            schema = self.root.pointer(reference.strip_prefix('#')?)?;
        }
        None
    }
}

/// The names in braces of a path.
fn parameters_of(path: &str) -> Vec<String> {
    let named = path.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    named.map(|(name, _)| name.to_owned()).collect()
}
