//! Codecs run backwards: from our form of a value to the wire's spelling.
//!
//! Keeps the law that what is encoded is decoded to the same value; what the wire cannot hold exactly is refused, never
//! rounded, cut or guessed.

use chrono::{Datelike as _, NaiveDate};
use rust_decimal::Decimal;
use serde_json::{Number, Value, json};

use super::codec::{Decoded, ID, JSON_DATE, LAST_DAY, RFC3339, References, TAGGED, decode, spellings};
use super::language::{Codec, MoneyUnit, Numbers};
use crate::core::money;
use crate::core::outside::excerpt;

/// Encodes one value.
///
/// # Errors
/// What the wire cannot hold, and why.
pub(super) fn encode(
    codec: &Codec,
    value: &Decoded,
    numbers: Numbers,
    references: &References,
) -> Result<Value, String> {
    let wire = spelling(codec, value, numbers, references)?;
    // an empty text is no value on the way back, and means the same
    let is_empty = matches!(value, Decoded::Text(text) if text.is_empty());
    match decode(codec, Some(&wire), numbers, references)? {
        Some(back) if back == *value => Ok(wire),
        None if is_empty => Ok(wire),
        Some(other) => Err(format!("{} would be read back as {}", shown(value), shown(&other))),
        None => Err(format!("{} would be read back as no value", shown(value))),
    }
}

fn spelling(codec: &Codec, value: &Decoded, numbers: Numbers, references: &References) -> Result<Value, String> {
    match (codec, value) {
        (Codec::Text { wrap }, Decoded::Text(text)) => Ok(match wrap {
            None => Value::from(text.as_str()),
            Some(member) => json!({ member: text }),
        }),
        (Codec::Bool { yes, no }, Decoded::Flag(flag)) => Ok(if *flag { yes.clone() } else { no.clone() }),
        (Codec::Decimal { scale, wire }, Decoded::Number(number)) => {
            spelled(&kept(*number, scale.unwrap_or(Decimal::MAX_SCALE))?, wire.unwrap_or(numbers))
        }
        (Codec::Money { unit, scale, wire }, Decoded::Number(number)) => {
            let text = kept(*number, scale.unwrap_or(Decimal::MAX_SCALE))?;
            let text = match unit {
                MoneyUnit::Major => text,
                MoneyUnit::Minor => minor(&text, scale.unwrap_or(0))?,
            };
            spelled(&text, wire.unwrap_or(numbers))
        }
        (Codec::Date { format, ends, .. }, Decoded::Day(day)) => {
            let last = day.pred_opt().filter(|_| ends.as_deref() == Some(LAST_DAY));
            written(last.unwrap_or(*day), format)
        }
        (Codec::Enum { map, .. }, Decoded::Text(word)) => {
            map.get(word).and_then(|theirs| spellings(theirs).first()).cloned().ok_or_else(|| {
                let known: Vec<&str> = map.keys().map(String::as_str).collect();
                format!("one of {} expected, found `{}`", known.join(", "), excerpt(word, 40))
            })
        }
        (Codec::Ref { entity, key, wrap, number, form, none: _ }, value) => {
            let id = match (key, value) {
                (None, Decoded::Text(id)) => id.as_str(),
                (None, _) => return Err(mismatch(value)),
                (Some(key), value) => looked_up(value, entity, key, references)?,
            };
            let id = match form {
                Some(form) => Value::from(form.replacen(ID, id, 1)),
                None if *number => whole(id)?,
                None => Value::from(id),
            };
            Ok(match wrap {
                None => id,
                Some(member) => json!({ member: id }),
            })
        }
        (
            Codec::Text { .. }
            | Codec::Bool { .. }
            | Codec::Decimal { .. }
            | Codec::Money { .. }
            | Codec::Date { .. }
            | Codec::Enum { .. },
            _,
        ) => Err(mismatch(value)),
    }
}

fn mismatch(value: &Decoded) -> String {
    format!("the codec does not write {value:?}")
}

/// The number as text, if the server keeps all its decimals.
fn kept(number: Decimal, scale: u32) -> Result<String, String> {
    let text = money::plain(number);
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let fits = usize::try_from(scale).is_ok_and(|scale| decimals <= scale);
    if fits { Ok(text) } else { Err(format!("{text} has more decimals than the {scale} the server keeps")) }
}

/// The point moved to the right, by the text: no arithmetic, no rounding.
fn minor(text: &str, places: u32) -> Result<String, String> {
    money::exact(&format!("{text}e{places}")).map(money::plain).map_err(|error| error.to_string())
}

fn spelled(text: &str, form: Numbers) -> Result<Value, String> {
    // what would be refused on reading is not written
    money::measured(text, Decimal::MAX_SCALE).map_err(|error| error.to_string())?;
    Ok(match form {
        Numbers::String | Numbers::Either => Value::from(text),
        Numbers::Number => Value::Number(whole_number(text)?),
        Numbers::Tagged => json!({ "__class__": "Decimal", "decimal": text }),
    })
}

fn whole_number(text: &str) -> Result<Number, String> {
    text.parse().map_err(|error| format!("`{text}` is no JSON number: {error}"))
}

fn written(day: NaiveDate, format: &str) -> Result<Value, String> {
    if format == TAGGED {
        return Ok(json!({ "__class__": "date", "year": day.year(), "month": day.month(), "day": day.day() }));
    }
    let midnight = day.and_hms_opt(0, 0, 0).ok_or("a day without midnight")?.and_utc();
    let format = match format {
        RFC3339 => "%Y-%m-%dT%H:%M:%SZ",
        JSON_DATE => "%Y-%m-%d",
        pattern => pattern,
    };
    Ok(Value::from(midnight.format(format).to_string()))
}

/// The id of the one record whose field reads so.
pub(super) fn looked_up<'r>(
    value: &Decoded,
    entity: &str,
    key: &str,
    references: &'r References,
) -> Result<&'r str, String> {
    let known = references.get(&(entity.to_owned(), key.to_owned())).into_iter().flatten();
    let mut fitting = known.filter(|(_, held)| held.as_ref() == Some(value)).map(|(id, _)| id.as_str());
    match (fitting.next(), fitting.next()) {
        (Some(id), None) => Ok(id),
        (None, _) => Err(format!("no {entity} is listed whose {key} is {}", shown(value))),
        (Some(first), Some(second)) => {
            Err(format!("{entity} {first} and {second} both have the {key} {}: which is meant?", shown(value)))
        }
    }
}

pub(super) fn whole(id: &str) -> Result<Value, String> {
    let is_canonical = id.parse::<i64>().is_ok_and(|number| number.to_string() == id);
    if is_canonical {
        whole_number(id).map(Value::Number)
    } else {
        Err(format!("a whole number expected as id, found `{}`", excerpt(id, 40)))
    }
}

fn shown(value: &Decoded) -> String {
    match value {
        Decoded::Text(text) => format!("`{}`", excerpt(text, 40)),
        Decoded::Flag(flag) => flag.to_string(),
        Decoded::Number(number) => money::plain(*number),
        Decoded::Day(day) => day.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn codec(text: &str) -> Codec {
        toml::from_str(text).unwrap()
    }

    fn forms() -> impl Strategy<Value = Numbers> {
        prop_oneof![Just(Numbers::String), Just(Numbers::Number), Just(Numbers::Either), Just(Numbers::Tagged)]
    }

    fn references() -> References {
        let status = |id: &str, name: &str| (id.to_owned(), Some(Decoded::Text(name.to_owned())));
        References::from([(
            ("status".to_owned(), "name".to_owned()),
            BTreeMap::from([status("1", "Active"), status("2", "Gone"), status("3", "Twin"), status("4", "Twin")]),
        )])
    }

    fn returns(codec: &Codec, value: Decoded, numbers: Numbers) {
        let wire = encode(codec, &value, numbers, &references()).unwrap();
        // over the wire, as text
        let wire: Value = serde_json::from_str(&wire.to_string()).unwrap();
        assert_eq!(decode(codec, Some(&wire), numbers, &references()), Ok(Some(value)), "{wire}");
    }

    proptest! {
        #[test]
        fn numbers_come_back(units in -99_999_999_999_999..=99_999_999_999_999_i64, scale in 0_u32..=4, form in forms(), minor in any::<bool>()) {
            let number = money::exact(&format!("{units}e-{scale}")).unwrap();
            let unit = if minor { "minor" } else { "major" };
            returns(&codec(&format!("kind = 'money'\nunit = '{unit}'\nscale = {scale}")), Decoded::Number(number), form);
            returns(&codec(&format!("kind = 'decimal'\nscale = {scale}")), Decoded::Number(number), form);
        }

        #[test]
        fn days_come_back(day in 0_i32..=40_000, format in prop::sample::select(vec!["rfc3339", "tagged", "%Y-%m-%d", "%d/%m/%Y", "%Y-%m-%dT%H:%M:%S"])) {
            let day = NaiveDate::from_num_days_from_ce_opt(710_000 + day).unwrap();
            let plain = codec(&format!("kind = 'date'\nformat = '{format}'"));
            let last = codec(&format!("kind = 'date'\nformat = '{format}'\nends = 'last_day'"));
            for codec in [&plain, &last] {
                returns(codec, Decoded::Day(day), Numbers::Number);
            }
            // the last day on which it is so is the one before
            let eve = encode(&plain, &Decoded::Day(day.pred_opt().unwrap()), Numbers::Number, &references());
            prop_assert_eq!(encode(&last, &Decoded::Day(day), Numbers::Number, &references()), eve);
        }

        #[test]
        fn texts_come_back(text in ".{1,40}") {
            returns(&codec("kind = 'text'"), Decoded::Text(text.clone()), Numbers::String);
            returns(&codec("kind = 'text'\nwrap = 'name'"), Decoded::Text(text), Numbers::String);
        }

        #[test]
        fn ids_come_back(id in any::<i64>(), wrap in any::<bool>(), number in any::<bool>(), form in any::<bool>()) {
            let wrap = if wrap { "\nwrap = 'id'" } else { "" };
            let form = if form { "\nform = '/x({id})'" } else { "" };
            let codec = codec(&format!("kind = 'ref'\nentity = 'x'\nnumber = {number}{wrap}{form}"));
            returns(&codec, Decoded::Text(id.to_string()), Numbers::Number);
        }
    }

    #[test]
    fn words_flags_and_names_of_references_come_back() {
        for flag in [true, false] {
            returns(&codec("kind = 'bool'\nyes = 1\nno = 0"), Decoded::Flag(flag), Numbers::Number);
        }
        for word in ["Active", "Inactive"] {
            for map in ["{ Active = false, Inactive = true }", "{ Active = [true, 1], Inactive = [false, 0] }"] {
                let words = codec(&format!("kind = 'enum'\nmap = {map}"));
                returns(&words, Decoded::Text(word.to_owned()), Numbers::Number);
            }
        }
        let named = codec("kind = 'ref'\nentity = 'status'\nkey = 'name'\nwrap = 'id'\nnumber = true");
        returns(&named, Decoded::Text("Gone".to_owned()), Numbers::Number);
    }

    #[test]
    fn what_the_wire_cannot_hold_is_refused() {
        let text = |text: &str| Decoded::Text(text.to_owned());
        let number = |text: &str| Decoded::Number(money::exact(text).unwrap());
        for (codec_text, value, expected) in [
            ("kind = 'decimal'\nscale = 2", number("1.005"), "1.005 has more decimals than the 2 the server keeps"),
            (
                "kind = 'money'\nunit = 'minor'\nscale = 0",
                number("0.5"),
                "0.5 has more decimals than the 0 the server keeps",
            ),
            (
                "kind = 'money'\nunit = 'minor'\nscale = 9",
                number("9999999999"),
                "`9999999999000000000` is larger than any figure of a month; at most 18 digits before the point are expected",
            ),
            (
                "kind = 'date'\nformat = '%Y-%m-%d'\nnone = '1899-12-30'",
                Decoded::Day(NaiveDate::from_ymd_opt(1899, 12, 30).unwrap()),
                "1899-12-30 would be read back as no value",
            ),
            (
                "kind = 'date'\nformat = '%d/%m/%y'",
                Decoded::Day(NaiveDate::from_ymd_opt(1950, 4, 1).unwrap()),
                "1950-04-01 would be read back as 2050-04-01",
            ),
            ("kind = 'enum'\nmap = { a = '' }", text("a"), "`a` would be read back as no value"),
            ("kind = 'enum'\nmap = { a = 'A', b = 'B' }", text("c"), "one of a, b expected, found `c`"),
            ("kind = 'ref'\nentity = 'x'\nnumber = true", text("007"), "a whole number expected as id, found `007`"),
            ("kind = 'ref'\nentity = 'status'\nkey = 'name'", text("New"), "no status is listed whose name is `New`"),
            (
                "kind = 'ref'\nentity = 'status'\nkey = 'name'",
                text("Twin"),
                "status 3 and 4 both have the name `Twin`: which is meant?",
            ),
            ("kind = 'text'", Decoded::Flag(true), "the codec does not write Flag(true)"),
        ] {
            let refused = encode(&codec(codec_text), &value, Numbers::Number, &references());
            assert_eq!(refused, Err(expected.to_owned()), "{codec_text}");
        }
    }
}
