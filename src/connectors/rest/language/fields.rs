//! Fields: where a value stands in a row, and how the wire spells it.
//!
//! Keeps the invariant that every codec can be run backwards.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::calls::Numbers;

/// One field: where its value comes from, and how the wire spells it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Field {
    /// Where in the row.
    pub(in crate::connectors::rest) at: Option<String>,
    /// Or: the name of a field the tenant added itself; `[custom_fields]` says where those are. `{setting}` is filled in.
    pub(in crate::connectors::rest) custom: Option<String>,
    /// Where else in the row, if there is no value at `at`; spelled as there. A list: one after the other.
    pub(in crate::connectors::rest) or_at: Option<OneOrMore>,
    /// Where a body has it, where that is not `at`.
    pub(in crate::connectors::rest) to: Option<String>,
    /// How it is spelled there, where that is another way than it is read.
    pub(in crate::connectors::rest) to_codec: Option<Codec>,
    /// The field of the parent's record that it takes over, as decoded there; with `at`, where the row has no value of its own.
    pub(in crate::connectors::rest) from_parent: Option<String>,
    /// Or: the field of the rows that say by days what the record holds, see `stretches`.
    pub(in crate::connectors::rest) of_stretch: Option<String>,
    /// Or: two number fields of the record that it is the product of, where the system keeps no total. With `at` it does keep
    /// one there, which has to be sent along when one of the two changes: in cents, where the codec's `scale` is 2.
    pub(in crate::connectors::rest) product_of: Option<[String; 2]>,
    /// What is taken off the second of them before: the field of the units that are not charged.
    pub(in crate::connectors::rest) less: Option<String>,
    /// How the system rounds that product; without it every digit is kept.
    pub(in crate::connectors::rest) round: Option<Round>,
    #[serde(default)]
    pub(in crate::connectors::rest) dir: Dir,
    pub(in crate::connectors::rest) codec: Option<Codec>,
    /// The most characters the server keeps.
    pub(in crate::connectors::rest) max: Option<u32>,
    pub(in crate::connectors::rest) compare: Option<Compare>,
    pub(in crate::connectors::rest) new: Option<BTreeMap<String, Value>>,
    /// The canonical value where the row has none; a text may name settings.
    pub(in crate::connectors::rest) default: Option<Value>,
    pub(in crate::connectors::rest) make: Option<String>,
}

impl Field {
    /// The fields that a product is computed from.
    pub(in crate::connectors::rest) fn factors(&self) -> impl Iterator<Item = &String> {
        self.product_of.iter().flatten().chain(&self.less)
    }
}

/// One text, or a list of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::connectors::rest) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    /// All of them.
    pub(in crate::connectors::rest) fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }

    /// All of them, to be changed.
    pub(in crate::connectors::rest) fn all_mut(&mut self) -> &mut [String] {
        match self {
            Self::One(one) => std::slice::from_mut(one),
            Self::More(more) => more,
        }
    }
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum Dir {
    #[default]
    Both,
    Read,
    Write,
    Create,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum Compare {
    Exact,
    Trim,
    Fold,
    Url,
    Phone,
    Set,
    Ignore,
}

/// How a product is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connectors::rest) struct Round {
    /// To so many digits behind the point.
    pub(in crate::connectors::rest) digits: u32,
    /// Which way what lies in the middle goes.
    pub(in crate::connectors::rest) half: RoundHalf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum RoundHalf {
    /// To the even neighbour.
    Even,
    /// Away from zero.
    Up,
}

/// How the wire spells a value. Every codec can be run backwards.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::connectors::rest) enum Codec {
    /// `wrap`: the member of an object that holds it, where the system takes such an object only whole.
    Text {
        wrap: Option<String>,
    },
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
    /// `rfc3339`, `tagged`, `json_date` (`/Date(1551399323399+0000)/`, written as `2019-03-01`), or a pattern such as `%Y-%m-%d`. The calendar day is what counts, as the source writes it.
    /// `none`: what the system writes for no day; of several in a list, all are read and the first is written. `since`: days
    /// before it are no days either.
    /// `ends`: of a day on which something ends, whether it is `last_day`, on which it still is so, or `day_after`, the first
    /// on which it is not, as ours is; or `{setting}`, where that is the tenant's to say.
    Date {
        format: String,
        none: Option<Value>,
        since: Option<String>,
        ends: Option<String>,
    },
    /// `map`: our word to the wire's value; of several in a list, all are read and the first is written.
    Enum {
        map: BTreeMap<String, Value>,
        unknown: Option<UnknownWord>,
    },
    /// The id of a record of `entity`; with `key`, that record's field instead. `wrap`: the member that holds the id.
    /// `number`: whether the id travels as a whole number. `form`: what stands around the id, such as `/products({id})`. `none`: what
    /// the system writes for no record, as with a day.
    Ref {
        entity: String,
        key: Option<String>,
        wrap: Option<String>,
        none: Option<Value>,
        #[serde(default)]
        number: bool,
        form: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum MoneyUnit {
    Minor,
    Major,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors::rest) enum UnknownWord {
    Reject,
    Keep,
}
