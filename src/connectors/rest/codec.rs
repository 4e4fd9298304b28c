//! Codecs: from the wire's spelling of a value to ours.
//!
//! Keeps the invariant that a value is taken exactly as the file says it is spelled, or refused with what was expected
//! and what was found: decimals from their text, no number out of a word, no word out of a number.

use std::collections::BTreeMap;

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, NaiveDate};
use rust_decimal::Decimal;
use serde_json::Value;

use super::language::{Codec, MoneyUnit, Numbers, UnknownWord};
use crate::core::money;
use crate::core::outside::excerpt;
use crate::core::period::iso_day;

/// The format word for dates with a time and an offset.
pub(super) const RFC3339: &str = "rfc3339";
/// The format word for dates as objects with `year`, `month`, `day`.
pub(super) const TAGGED: &str = "tagged";
/// What stands for the id in the form of a reference.
pub(super) const ID: &str = "{id}";

/// The format word for `/Date(1551399323399+0000)/`, milliseconds since 1970, that is written as `2019-03-01`.
pub(super) const JSON_DATE: &str = "json_date";

/// The word for an end that is the last day on which something is so.
pub(super) const LAST_DAY: &str = "last_day";
/// The words of `ends`, for people.
pub(super) const ENDS: &str = "`last_day` or `day_after`";

/// Whether this says what the day of an end is.
pub(super) fn is_end(word: &str) -> bool {
    matches!(word, LAST_DAY | "day_after")
}

/// A value in our form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decoded {
    Text(String),
    Flag(bool),
    Number(Decimal),
    Day(NaiveDate),
}

/// What a codec gives, for lint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Flag,
    Number,
    Day,
}

/// Fields of other records that references stand for: entity and field, then id; a record may have no value there.
pub(super) type References = BTreeMap<(String, String), BTreeMap<String, Option<Decoded>>>;

impl Codec {
    /// What it gives; `None` where another record decides.
    pub(super) fn gives(&self) -> Option<Kind> {
        match self {
            Self::Text { .. } | Self::Enum { .. } | Self::Ref { key: None, .. } => Some(Kind::Text),
            Self::Bool { .. } => Some(Kind::Flag),
            Self::Decimal { .. } | Self::Money { .. } => Some(Kind::Number),
            Self::Date { .. } => Some(Kind::Day),
            Self::Ref { key: Some(_), .. } => None,
        }
    }
}

/// Decodes one value; `Ok(None)` where the source has none (absent, null, empty text).
pub(super) fn decode(
    codec: &Codec,
    wire: Option<&Value>,
    numbers: Numbers,
    references: &References,
) -> Result<Option<Decoded>, String> {
    let Some(wire) = wire.filter(|wire| !is_nothing(wire)) else { return Ok(None) };
    let value = match codec {
        Codec::Text { wrap: None } => Decoded::Text(text_of(wire)?),
        Codec::Text { wrap: Some(member) } => {
            let Some(held) = wire.get(member).filter(|held| !is_nothing(held)) else { return Ok(None) };
            Decoded::Text(text_of(held)?)
        }
        Codec::Bool { yes, no } => Decoded::Flag(match wire {
            found if found == yes => true,
            found if found == no => false,
            found => return Err(format!("{yes} or {no} expected, found {}", shown(found))),
        }),
        Codec::Decimal { wire: form, .. } => Decoded::Number(number(wire, form.unwrap_or(numbers))?),
        Codec::Money { unit, scale, wire: form } => {
            let written = number(wire, form.unwrap_or(numbers))?;
            Decoded::Number(match unit {
                MoneyUnit::Major => written,
                MoneyUnit::Minor => shifted(written, scale.unwrap_or(0))?,
            })
        }
        Codec::Date { none: Some(none), .. } if spellings(none).contains(wire) => return Ok(None),
        Codec::Date { format, since, ends, .. } => {
            let day = day(wire, format)?;
            if since.as_deref().and_then(iso_day).is_some_and(|since| day < since) {
                return Ok(None);
            }
            let is_last = ends.as_deref() == Some(LAST_DAY);
            Decoded::Day(if is_last { day.succ_opt().ok_or("the last of all days has none after it")? } else { day })
        }
        Codec::Enum { map, unknown } => Decoded::Text(word(wire, map, *unknown)?),
        Codec::Ref { none: Some(none), .. } if spellings(none).contains(wire) => return Ok(None),
        Codec::Ref { entity, key, wrap, form, .. } => {
            let id = reference(wire, wrap.as_deref(), form.as_deref())?;
            let Some(key) = key else { return Ok(Some(Decoded::Text(id))) };
            let known = references.get(&(entity.clone(), key.clone())).and_then(|known| known.get(&id));
            return known.cloned().ok_or_else(|| format!("no {entity} with id {id} and a {key} is listed"));
        }
    };
    Ok(Some(value))
}

/// A default, written in our form: numbers as text or whole, days as `2026-04-01`.
pub(super) fn decode_default(value: &Value, kind: Kind) -> Result<Decoded, String> {
    let text = || match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) if !number.is_f64() => Ok(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(format!("a text is expected here, found {}", shown(value)))
        }
    };
    match (kind, value) {
        (Kind::Flag, Value::Bool(flag)) => Ok(Decoded::Flag(*flag)),
        (Kind::Flag, _) => Err(format!("true or false expected, found {}", shown(value))),
        (Kind::Text, _) => text().map(Decoded::Text),
        (Kind::Number, _) => money::exact(&text()?).map(Decoded::Number).map_err(|error| error.to_string()),
        (Kind::Day, _) => day(&Value::String(text()?), "%Y-%m-%d").map(Decoded::Day),
    }
}

fn is_nothing(wire: &Value) -> bool {
    wire.is_null() || wire.as_str().is_some_and(str::is_empty)
}

/// Text, or a number as written: ids come as both.
pub(super) fn text_of(wire: &Value) -> Result<String, String> {
    match wire {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.as_str().to_owned()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(format!("text expected, found {}", shown(wire)))
        }
    }
}

fn number(wire: &Value, form: Numbers) -> Result<Decimal, String> {
    let text = match (form, wire) {
        (Numbers::String | Numbers::Either, Value::String(text)) => Some(text.as_str()),
        (Numbers::Number | Numbers::Either, Value::Number(number)) => Some(number.as_str()),
        (Numbers::Tagged, Value::Object(tagged)) if tagged.get("__class__").is_some_and(|class| class == "Decimal") => {
            tagged.get("decimal").and_then(Value::as_str)
        }
        (Numbers::String | Numbers::Number | Numbers::Either | Numbers::Tagged, _) => None,
    };
    let expected = match form {
        Numbers::String => "a decimal written as text",
        Numbers::Number => "a JSON number",
        Numbers::Either => "a number, or a decimal written as text",
        Numbers::Tagged => "a tagged decimal",
    };
    let text = text.ok_or_else(|| format!("{expected} expected, found {}", shown(wire)))?;
    money::measured(text, Decimal::MAX_SCALE).map_err(|error| error.to_string())
}

/// The number with its point moved to the left, by its text: no arithmetic, no rounding.
fn shifted(number: Decimal, places: u32) -> Result<Decimal, String> {
    money::exact(&format!("{}e-{places}", money::plain(number))).map_err(|error| error.to_string())
}

fn day(wire: &Value, format: &str) -> Result<NaiveDate, String> {
    let found = || format!("a date ({format}) expected, found {}", shown(wire));
    if format == TAGGED {
        let part = |name: &str| wire.get(name).and_then(Value::as_u64).and_then(|part| u32::try_from(part).ok());
        let (year, month, day) =
            part("year").zip(part("month")).zip(part("day")).map(|((y, m), d)| (y, m, d)).ok_or_else(found)?;
        let year = i32::try_from(year).map_err(|_| found())?;
        return NaiveDate::from_ymd_opt(year, month, day).ok_or_else(found);
    }
    let text = wire.as_str().ok_or_else(found)?;
    if format == JSON_DATE {
        return json_date(text).ok_or_else(found);
    }
    if format == RFC3339 {
        return DateTime::parse_from_rfc3339(text).map(|time| time.date_naive()).map_err(|_| found());
    }
    NaiveDate::parse_from_str(text, format).map_err(|_| found())
}

/// The day of `/Date(1551399323399+0000)/`, whose offset is what the moment is shown in; or one written plainly.
fn json_date(text: &str) -> Option<NaiveDate> {
    let Some(inside) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) else {
        return NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    };
    let sign = inside.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-')).map_or(inside.len(), |(at, _)| at);
    let (moment, offset) = (inside.get(..sign)?, inside.get(sign..)?);
    let moment = DateTime::from_timestamp_millis(moment.parse().ok()?)?;
    match offset {
        "" => Some(moment.date_naive()),
        offset => Some(moment.with_timezone(&offset.parse::<chrono::FixedOffset>().ok()?).date_naive()),
    }
}

/// Whether a date format can be read and written back.
pub(super) fn is_date_format(format: &str) -> bool {
    if matches!(format, RFC3339 | TAGGED | JSON_DATE) {
        return true;
    }
    let items: Vec<Item<'_>> = StrftimeItems::new(format).collect();
    let Some(probe) = NaiveDate::from_ymd_opt(2031, 12, 25) else { return false };
    if items.contains(&Item::Error) {
        return false;
    }
    // a pattern with a time of day cannot format a bare date: give it midnight
    let Some(probe_time) = probe.and_hms_opt(0, 0, 0) else { return false };
    let written = probe_time.and_utc().format_with_items(items.iter()).to_string();
    NaiveDate::parse_from_str(&written, format).is_ok_and(|back| back == probe)
}

fn word(wire: &Value, map: &BTreeMap<String, Value>, unknown: Option<UnknownWord>) -> Result<String, String> {
    if let Some((ours, _)) = map.iter().find(|(_, theirs)| spellings(theirs).contains(wire)) {
        return Ok(ours.clone());
    }
    match unknown.unwrap_or(UnknownWord::Reject) {
        UnknownWord::Keep => text_of(wire),
        UnknownWord::Reject => {
            let known: Vec<String> = map.values().flat_map(spellings).map(ToString::to_string).collect();
            Err(format!("one of {} expected, found {}", known.join(", "), shown(wire)))
        }
    }
}

impl Codec {
    /// What is written for no value, where the system has a spelling of its own for it.
    pub(super) fn nothing(&self) -> Option<&Value> {
        match self {
            Self::Date { none, .. } | Self::Ref { none, .. } => none.as_ref().and_then(|none| spellings(none).first()),
            Self::Text { .. } | Self::Bool { .. } | Self::Decimal { .. } | Self::Money { .. } | Self::Enum { .. } => {
                None
            }
        }
    }
}

/// The wire's values for a word: the first is written, all are read.
pub(super) fn spellings(theirs: &Value) -> &[Value] {
    theirs.as_array().map_or_else(|| std::slice::from_ref(theirs), Vec::as_slice)
}

/// The id that a reference holds.
fn reference(wire: &Value, wrap: Option<&str>, form: Option<&str>) -> Result<String, String> {
    let id = match wrap {
        None => wire,
        Some(member) => {
            wire.get(member).ok_or_else(|| format!("an object with `{member}` expected, found {}", shown(wire)))?
        }
    };
    let id = text_of(id)?;
    let Some((before, after)) = form.and_then(|form| form.split_once(ID)) else { return Ok(id) };
    let inside = id.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    inside.map(str::to_owned).ok_or_else(|| format!("`{before}{ID}{after}` expected, found {}", shown(wire)))
}

/// Outside content in an error, cut so that a hostile cell does not fill the report.
pub(super) fn shown(wire: &Value) -> String {
    excerpt(&wire.to_string(), 60)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn codec(text: &str) -> Codec {
        toml::from_str(text).unwrap()
    }

    fn decoded(codec_text: &str, wire: &str, numbers: Numbers) -> Result<Option<Decoded>, String> {
        let references = References::from([(
            ("status".to_owned(), "name".to_owned()),
            BTreeMap::from([("2".to_owned(), Some(Decoded::Text("Active".to_owned()))), ("3".to_owned(), None)]),
        )]);
        decode(&codec(codec_text), Some(&serde_json::from_str(wire).unwrap()), numbers, &references)
    }

    #[test]
    fn every_codec_reads_its_spelling() {
        let text = |t: &str| Decoded::Text(t.to_owned());
        let number = |t: &str| Decoded::Number(money::exact(t).unwrap());
        let date = |y, m, d| Decoded::Day(NaiveDate::from_ymd_opt(y, m, d).unwrap());
        let bits = "kind = 'bool'\nyes = 1\nno = 0";
        let words = "kind = 'enum'\nmap = { Active = false, Inactive = true }";
        for (codec, numbers, wire, expected) in [
            ("kind = 'text'", Numbers::Number, r#"" 0012 ""#, text(" 0012 ")),
            ("kind = 'text'", Numbers::Number, "12", text("12")),
            (bits, Numbers::Number, "1", Decoded::Flag(true)),
            (bits, Numbers::Number, "0", Decoded::Flag(false)),
            ("kind = 'decimal'", Numbers::Number, "12345678901234567.89", number("12345678901234567.89")),
            ("kind = 'decimal'", Numbers::Number, "1.50", number("1.50")),
            ("kind = 'decimal'", Numbers::Number, "15e-1", number("1.5")),
            ("kind = 'decimal'", Numbers::String, r#""-0.10""#, number("-0.10")),
            ("kind = 'decimal'", Numbers::Tagged, r#"{"__class__":"Decimal","decimal":"22.00"}"#, number("22")),
            ("kind = 'decimal'\nwire = 'number'", Numbers::Tagged, "3", number("3")),
            ("kind = 'decimal'", Numbers::Either, "3.10", number("3.1")),
            ("kind = 'decimal'", Numbers::Either, r#""3.10""#, number("3.1")),
            ("kind = 'money'\nunit = 'minor'\nscale = 2", Numbers::Number, "1999", number("19.99")),
            ("kind = 'money'\nunit = 'minor'\nscale = 0", Numbers::Number, "1999", number("1999")),
            ("kind = 'money'\nunit = 'minor'\nscale = 3", Numbers::String, r#""-5""#, number("-0.005")),
            ("kind = 'money'\nunit = 'major'", Numbers::Number, "0.000000001", number("0.000000001")),
            ("kind = 'date'\nformat = 'rfc3339'", Numbers::Number, r#""2026-04-01T00:00:00Z""#, date(2026, 4, 1)),
            ("kind = 'date'\nformat = 'rfc3339'", Numbers::Number, r#""2026-04-01T23:30:00-05:00""#, date(2026, 4, 1)),
            ("kind = 'date'\nformat = '%d.%m.%Y'", Numbers::Number, r#""01.04.2026""#, date(2026, 4, 1)),
            (
                "kind = 'date'\nformat = '%Y-%m-%d %H:%M:%S'",
                Numbers::Number,
                r#""2026-04-01 12:00:00""#,
                date(2026, 4, 1),
            ),
            (
                "kind = 'date'\nformat = 'tagged'",
                Numbers::Tagged,
                r#"{"__class__":"date","year":2026,"month":4,"day":1}"#,
                date(2026, 4, 1),
            ),
            (
                "kind = 'date'\nformat = '%Y-%m-%d'\nnone = '1899-12-30'",
                Numbers::Number,
                r#""2026-04-01""#,
                date(2026, 4, 1),
            ),
            (words, Numbers::Number, "false", text("Active")),
            (
                "kind = 'enum'\nmap = { Active = [true, 1], Inactive = [false, 0] }",
                Numbers::Number,
                "0",
                text("Inactive"),
            ),
            (
                "kind = 'enum'\nmap = { Active = [true, 1], Inactive = [false, 0] }",
                Numbers::Number,
                "true",
                text("Active"),
            ),
            (
                "kind = 'enum'\nmap = { credit = 'Credit' }\nunknown = 'keep'",
                Numbers::Number,
                r#""other""#,
                text("other"),
            ),
            (
                "kind = 'ref'\nentity = 'customer'\nwrap = 'id'",
                Numbers::Number,
                r#"{"id": 17, "name": "x"}"#,
                text("17"),
            ),
            ("kind = 'ref'\nentity = 'status'\nkey = 'name'", Numbers::Number, "2", text("Active")),
            ("kind = 'ref'\nentity = 'x'\nform = '/x({id})'", Numbers::Number, r#""/x(7)""#, text("7")),
        ] {
            assert_eq!(decoded(codec, wire, numbers), Ok(Some(expected)), "{codec} {wire}");
        }
        for nothing in ["null", "\"\""] {
            assert_eq!(decoded("kind = 'decimal'", nothing, Numbers::Number), Ok(None));
        }
        let named = "kind = 'ref'\nentity = 'status'\nkey = 'name'";
        assert_eq!(decoded(named, "3", Numbers::Number), Ok(None), "there, and without a name");
        let sentinel = "kind = 'date'\nformat = '%Y-%m-%d'\nnone = '1899-12-30'";
        assert_eq!(decoded(sentinel, r#""1899-12-30""#, Numbers::Number), Ok(None));
        assert_eq!(decode(&codec("kind = 'text'"), None, Numbers::Number, &References::new()), Ok(None));
    }

    #[test]
    fn other_spellings_are_refused_with_what_was_found() {
        for (codec, wire, expected) in [
            ("kind = 'text'", "true", "text expected, found true"),
            ("kind = 'text'", r#"{"a":1}"#, r#"text expected, found {"a":1}"#),
            ("kind = 'bool'\nyes = 'Y'\nno = 'N'", r#""y""#, r#""Y" or "N" expected, found "y""#),
            ("kind = 'decimal'", r#""12""#, r#"a JSON number expected, found "12""#),
            ("kind = 'decimal'\nwire = 'string'", "12", "a decimal written as text expected, found 12"),
            ("kind = 'decimal'\nwire = 'string'", r#""1,5""#, "`1,5` is not a decimal number"),
            ("kind = 'decimal'\nwire = 'string'", r#""NaN""#, "`NaN` is not a decimal number"),
            ("kind = 'decimal'", "1e400", "`1e+400` has more digits than can be kept exactly"),
            (
                "kind = 'decimal'\nwire = 'tagged'",
                r#"{"__class__":"date"}"#,
                r#"a tagged decimal expected, found {"__class__":"date"}"#,
            ),
            ("kind = 'money'\nunit = 'minor'\nscale = 28", "0.1", "`0.1e-28` has more digits than can be kept exactly"),
            (
                "kind = 'date'\nformat = '%Y-%m-%d'",
                r#""2026-02-30""#,
                r#"a date (%Y-%m-%d) expected, found "2026-02-30""#,
            ),
            (
                "kind = 'date'\nformat = 'rfc3339'",
                r#""2026-04-01""#,
                r#"a date (rfc3339) expected, found "2026-04-01""#,
            ),
            (
                "kind = 'date'\nformat = 'tagged'",
                r#"{"year":2026,"month":13,"day":1}"#,
                r#"a date (tagged) expected, found {"day":1,"month":13,"year":2026}"#,
            ),
            ("kind = 'enum'\nmap = { a = 'A', b = 2 }", r#""C""#, r#"one of "A", 2 expected, found "C""#),
            ("kind = 'enum'\nmap = { a = ['A', 'AA'], b = 2 }", r#""C""#, r#"one of "A", "AA", 2 expected, found "C""#),
            ("kind = 'ref'\nentity = 'customer'\nwrap = 'id'", "17", "an object with `id` expected, found 17"),
            ("kind = 'ref'\nentity = 'status'\nkey = 'name'", "9", "no status with id 9 and a name is listed"),
        ] {
            assert_eq!(decoded(codec, wire, Numbers::Number), Err(expected.to_owned()), "{codec} {wire}");
        }
        let long = json!("x".repeat(500));
        assert_eq!(shown(&long).chars().count(), 61);
    }

    #[test]
    fn date_formats_must_hold_a_whole_day() {
        for (format, good) in [
            ("rfc3339", true),
            ("tagged", true),
            ("%Y-%m-%d", true),
            ("%d/%m/%y", true),
            ("%Y-%m-%dT%H:%M:%S", true),
            ("%Y-%m", false),
            ("%Q", false),
            ("", false),
            ("date", false),
        ] {
            assert_eq!(is_date_format(format), good, "{format}");
        }
    }
}
