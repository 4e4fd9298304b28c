//! How records are read: lists, the pages they are cut into, and single records.
//!
//! Keeps the invariant that how a list ends is said, never guessed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::answers::When;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct List {
    /// The address; or `post`, for a list that is asked for by POST.
    pub(in crate::connectors::rest) get: Option<String>,
    pub(in crate::connectors::rest) post: Option<String>,
    /// What a list asked for by POST is asked with; a next page that is an address is asked with the same.
    pub(in crate::connectors::rest) body: Option<Value>,
    /// Where what asks for a page is sent.
    #[serde(default)]
    pub(in crate::connectors::rest) page_in: PageIn,
    #[serde(default)]
    pub(in crate::connectors::rest) query: BTreeMap<String, Value>,
    /// Where the system is asked in a query language: one parameter holds the whole statement.
    pub(in crate::connectors::rest) statement: Option<Statement>,
    /// Where the rows are in the answer; `$` is the answer itself. A list that comes without what is around it is taken as well.
    pub(in crate::connectors::rest) records: String,
    /// What an answer without rows says, where it has no list then.
    pub(in crate::connectors::rest) empty: Option<When>,
    pub(in crate::connectors::rest) page: Page,
    /// A second address that says how many rows there are. Asked only for listings of several pages.
    pub(in crate::connectors::rest) count: Option<Count>,
    pub(in crate::connectors::rest) gone: Option<Gone>,
    /// Whether its rows lack what a record read by itself has: then each of them is read by `get`.
    #[serde(default)]
    pub(in crate::connectors::rest) read_each: bool,
    /// With `read_each`: the fields that its rows do have, by which a new record is looked for without reading each.
    pub(in crate::connectors::rest) has: Option<Vec<String>>,
}

impl List {
    /// Its address.
    pub(in crate::connectors::rest) fn address(&self) -> &str {
        self.get.as_deref().or(self.post.as_deref()).unwrap_or_default()
    }
}

/// A statement of a query language: `select`, then `WHERE` and the conditions joined by `AND`, then `order`, then what asks for a
/// page, each as its name and its value.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Statement {
    /// The parameter that holds it.
    pub(in crate::connectors::rest) param: String,
    /// What is asked for, such as `SELECT * FROM Customer`.
    pub(in crate::connectors::rest) select: String,
    /// What every row must be.
    pub(in crate::connectors::rest) r#where: Option<String>,
    /// In which order the rows come, such as `ORDERBY Id`.
    pub(in crate::connectors::rest) order: Option<String>,
}

/// Where what asks for a page is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum PageIn {
    /// As parameters of the address.
    #[default]
    Query,
    /// As members of the body.
    Body,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Count {
    /// The address; or `post`, where it is asked for with the body of the list.
    pub(in crate::connectors::rest) get: Option<String>,
    pub(in crate::connectors::rest) post: Option<String>,
    pub(in crate::connectors::rest) at: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Size {
    pub(in crate::connectors::rest) param: String,
    pub(in crate::connectors::rest) value: u32,
}

/// How a list is cut into pages. "No paging" is said, with a bound, never assumed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::connectors::rest) enum Page {
    /// One answer holds all; more than `at_most` rows is an error, not a cut.
    None { at_most: usize },
    /// The `Link` header names the next page (RFC 8288).
    Link { rel: String, size: Option<Size> },
    /// The answer holds a mark that is sent to get the next page.
    Cursor { next: String, param: String, size: Option<Size>, total: Option<String> },
    /// Counted in rows.
    Offset { offset: String, size: Size, first: Option<u64>, total: Option<String> },
    /// Counted in pages.
    Number { page: String, first: u64, size: Option<Size>, pages: Option<String>, total: Option<String> },
    /// The answer holds the next page's address.
    NextUrl { at: String, size: Option<Size>, total: Option<String> },
}

/// How a row says that it is no longer in use. Such rows are kept, with `status` as their state.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Gone {
    pub(in crate::connectors::rest) at: String,
    /// The value that says so; a list holds several.
    pub(in crate::connectors::rest) eq: Value,
    pub(in crate::connectors::rest) status: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the words of the file")]
pub(in crate::connectors::rest) struct Get {
    pub(in crate::connectors::rest) get: String,
    /// Parameters of the list that are sent here as well.
    #[serde(default)]
    pub(in crate::connectors::rest) as_listed: Vec<String>,
    /// Where the record is in the answer; the answer itself where nothing is said.
    pub(in crate::connectors::rest) record: Option<String>,
    /// Where else it is, where the answer has none there.
    pub(in crate::connectors::rest) or_record: Option<String>,
}
