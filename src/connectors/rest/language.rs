//! The language of a connector file: what a TOML file can say about one JSON REST system.
//!
//! Keeps the invariant that an unknown key is refused everywhere, never ignored, and that nothing is guessed: what a file
//! does not say (paging, the form of numbers, a default) is not done. Keys that only writing will use are read and
//! checked like the others, so that a file is known to be sound before the first write.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Connector {
    /// Version of this language; 1.
    pub(super) schema: u32,
    /// What the system is called.
    pub(super) name: String,
    /// What the user has to fill in.
    #[serde(default)]
    pub(super) settings: BTreeMap<String, Setting>,
    pub(super) http: Http,
    #[serde(default)]
    pub(super) limits: Limits,
    /// What answers mean; the first rule that fits decides, before the built-in table.
    #[serde(default)]
    pub(super) errors: Vec<Rule>,
    pub(super) custom_fields: Option<CustomFields>,
    pub(super) entity: BTreeMap<String, Entity>,
    /// How tickets are made; without it none are.
    pub(super) ticket: Option<Ticket>,
}

/// How a ticket is made, and found again by its key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ticket {
    pub(super) post: String,
    /// Where an answer, and a ticket that is found, has the number.
    pub(super) reply: String,
    pub(super) find: TicketFind,
    /// `summary`, `customer`, `key` and `text`.
    pub(super) fields: BTreeMap<String, TicketField>,
}

impl Ticket {
    /// Where a ticket has its key.
    pub(super) fn key_at(&self) -> String {
        self.fields.get("key").map(|field| field.at.clone()).unwrap_or_default()
    }
}

/// How the tickets with a key are looked for: `{key}` stands for it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TicketFind {
    pub(super) get: String,
    pub(super) query: BTreeMap<String, String>,
    pub(super) records: String,
}

/// Where a field of a ticket is written, and how.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TicketField {
    pub(super) at: String,
    /// The most characters the server takes.
    pub(super) max: Option<u32>,
    /// Whether it travels as a whole number.
    #[serde(default)]
    pub(super) number: bool,
}

/// One value the user fills in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setting {
    pub(super) kind: SettingKind,
    pub(super) default: Option<String>,
    pub(super) example: Option<String>,
    pub(super) note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SettingKind {
    Text,
    Host,
    Url,
    Secret,
}

/// How the system is called.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Http {
    pub(super) base: String,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) auth: Auth,
    /// How decimals travel, unless a field's codec says otherwise.
    pub(super) numbers: Numbers,
}

/// The JSON form of a decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Numbers {
    /// `"22.10"`.
    String,
    /// `22.10`.
    Number,
    /// `{"__class__": "Decimal", "decimal": "22.10"}`.
    Tagged,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Auth {
    None {},
    Bearer {
        token: String,
    },
    Basic {
        user: String,
        pass: String,
    },
    Header {
        name: String,
        value: String,
    },
    Query {
        name: String,
        value: String,
    },
    /// Client credentials, or a refresh token where `refresh` is said; `basic` sends the client as HTTP Basic.
    Oauth2 {
        token: String,
        client: String,
        secret: String,
        scope: Option<String>,
        refresh: Option<String>,
        basic: Option<bool>,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    /// Call budgets; all of them hold.
    pub(super) rate: Vec<Rate>,
    /// How many child lists are read at once.
    pub(super) concurrency: Option<u32>,
    /// The longest address the server takes.
    pub(super) url_max: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rate {
    pub(super) calls: u32,
    pub(super) per: String,
}

/// One rule of what an answer means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) when: When,
    pub(super) is: Class,
    pub(super) wait: Option<Wait>,
    /// Where the answer's own words are.
    pub(super) message: Option<String>,
    /// Where the answer names the field it refuses.
    pub(super) field: Option<String>,
}

/// All that is said must hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    #[serde(default)]
    pub(super) status: Vec<u16>,
    pub(super) at: Option<String>,
    pub(super) eq: Option<Value>,
    pub(super) r#in: Option<Vec<Value>>,
    pub(super) like: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Class {
    Throttled,
    Transient,
    Unknown,
    Auth,
    Forbidden,
    Missing,
    Conflict,
    Duplicate,
    Locked,
    Rejected,
    Fatal,
}

/// How long a throttled answer asks to wait.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    pub(super) header: Option<String>,
    pub(super) fixed: Option<String>,
    pub(super) max: Option<String>,
}

/// Fields a tenant adds itself, as a write has to carry them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomFields {
    pub(super) shape: CustomShape,
    pub(super) at: String,
    pub(super) key: Option<String>,
    #[serde(default)]
    pub(super) send: Vec<String>,
    pub(super) in_patch: Option<InPatch>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CustomShape {
    Array,
    Map,
    Prefix,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum InPatch {
    Always,
    Changed,
}

/// One kind of record of the system.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entity {
    /// Where a row has its id.
    pub(super) id: String,
    /// The entity whose every record has a list of these.
    pub(super) parent: Option<String>,
    pub(super) version: Option<Version>,
    pub(super) list: Option<List>,
    pub(super) get: Option<Get>,
    pub(super) create: Option<Create>,
    pub(super) update: Option<Update>,
    pub(super) archive: Option<Update>,
    pub(super) link: Option<Link>,
    #[serde(default)]
    pub(super) actions: BTreeMap<String, Action>,
    #[serde(default)]
    pub(super) children: BTreeMap<String, Children>,
    #[serde(default)]
    pub(super) fields: BTreeMap<String, Field>,
}

/// Where the remote's mark of a record's state is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Version {
    pub(super) at: Option<String>,
    pub(super) header: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    pub(super) get: String,
    #[serde(default)]
    pub(super) query: BTreeMap<String, Value>,
    /// Where the rows are in the answer; `$` is the answer itself.
    pub(super) records: String,
    pub(super) page: Page,
    /// A second address that says how many rows there are. Asked only for listings of several pages.
    pub(super) count: Option<Count>,
    pub(super) since: Option<Since>,
    pub(super) gone: Option<Gone>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Count {
    pub(super) get: String,
    pub(super) at: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Size {
    pub(super) param: String,
    pub(super) value: u32,
}

/// How a list is cut into pages. "No paging" is said, with a bound, never assumed.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Page {
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Dialect {
    Params,
    Connectwise,
    ConnectwiseCustom,
    Odata,
    Qbo,
    Frappe,
    Tryton,
}

/// How to ask only for what changed. Checked, not used: every read is a whole listing, because only that can say what is gone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Since {
    pub(super) field: String,
    pub(super) param: Option<String>,
    pub(super) header: Option<String>,
    pub(super) dialect: Option<Dialect>,
    pub(super) format: String,
    pub(super) overlap: String,
}

/// How a row says that it is no longer in use. Such rows are kept, with `status` as their state.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gone {
    pub(super) at: String,
    /// The value that says so; a list holds several.
    pub(super) eq: Value,
    pub(super) status: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Get {
    pub(super) get: String,
    /// Where the record is in the answer; the answer itself where nothing is said.
    pub(super) record: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    pub(super) post: Option<String>,
    pub(super) put: Option<String>,
    pub(super) reply: Option<String>,
    pub(super) idempotent: Option<Idempotent>,
    /// Fields to look for before a create is tried again.
    #[serde(default)]
    pub(super) probe: Vec<String>,
    pub(super) body: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Idempotent {
    pub(super) header: Option<String>,
    pub(super) query: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    pub(super) patch: Option<String>,
    pub(super) put: Option<String>,
    pub(super) post: Option<String>,
    pub(super) style: Option<Style>,
    pub(super) clear: Option<Clear>,
    pub(super) guard: Option<Guard>,
    pub(super) after: Option<After>,
    pub(super) body: Option<Value>,
    #[serde(default)]
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Style {
    Merge,
    Sparse,
    JsonPatch,
    Full,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Clear {
    Null,
    Empty,
    Remove,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum After {
    Reply,
    Get,
}

/// Where the state a change was planned from is sent, or that it is read again first.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Guard {
    pub(super) header: Option<String>,
    pub(super) at: Option<String>,
    pub(super) recheck: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) r#if: When,
    pub(super) r#do: Vec<String>,
}

/// Where the other side's id is kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Link {
    pub(super) store: Store,
    pub(super) at: Option<String>,
    pub(super) field: Option<String>,
    pub(super) lookup: Option<Lookup>,
    pub(super) unique: Option<Unique>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Store {
    Field,
    Custom,
    AlternateKey,
    Local,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unique {
    Server,
    None,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lookup {
    pub(super) get: String,
    pub(super) dialect: Dialect,
    pub(super) r#where: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Action {
    pub(super) post: String,
    pub(super) body: Option<Value>,
}

/// Rows inside a record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Children {
    pub(super) at: String,
    pub(super) write: ChildWrite,
    pub(super) key: String,
    pub(super) fields: BTreeMap<String, Field>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChildWrite {
    ReplaceAll,
    Keyed,
    Commands,
}

/// One field: where its value comes from, and how the wire spells it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Field {
    /// Where in the row.
    pub(super) at: Option<String>,
    /// Where else in the row, if there is no value at `at`; spelled as there.
    pub(super) or_at: Option<String>,
    /// Or: the field of the parent's record that it takes over, as decoded there.
    pub(super) from_parent: Option<String>,
    /// Or: two number fields of the record that it is the product of, where the system keeps no total.
    pub(super) product_of: Option<[String; 2]>,
    #[serde(default)]
    pub(super) dir: Dir,
    pub(super) codec: Option<Codec>,
    /// The most characters the server keeps.
    pub(super) max: Option<u32>,
    pub(super) compare: Option<Compare>,
    pub(super) new: Option<BTreeMap<String, Value>>,
    /// The canonical value where the row has none.
    pub(super) default: Option<Value>,
    pub(super) make: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Dir {
    #[default]
    Both,
    Read,
    Write,
    Create,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Compare {
    Exact,
    Trim,
    Fold,
    Url,
    Phone,
    Set,
    Ignore,
}

/// How the wire spells a value. Every codec can be run backwards.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Codec {
    Text {},
    Bool {
        yes: Value,
        no: Value,
    },
    /// `scale`: how many decimals the server keeps, needed to write.
    Decimal {
        scale: Option<u32>,
        wire: Option<Numbers>,
    },
    /// `scale`: for `minor`, how many decimals the currency has; for `major`, as for a decimal.
    Money {
        unit: MoneyUnit,
        scale: Option<u32>,
        wire: Option<Numbers>,
    },
    /// `rfc3339`, `tagged`, or a pattern such as `%Y-%m-%d`. The calendar day is what counts, as the source writes it.
    Date {
        format: String,
    },
    /// `map`: our word to the wire's value.
    Enum {
        map: BTreeMap<String, Value>,
        unknown: Option<UnknownWord>,
    },
    /// The id of a record of `entity`; with `key`, that record's field instead. `wrap`: the member that holds the id.
    Ref {
        entity: String,
        key: Option<String>,
        wrap: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MoneyUnit {
    Minor,
    Major,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum UnknownWord {
    Reject,
    Keep,
}
