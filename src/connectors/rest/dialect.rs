//! How systems are asked for records by a value: conditions as each spells them.
//!
//! Keeps the invariant that a value stays one value, whatever it holds: quoting is done here and nowhere else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::{Value, json};

use super::language::Dialect;
use super::statement::Words;

/// Adds to the parameters of a list, or to its statement, that only records whose places have these values are asked for, all of
/// them.
///
/// # Errors
/// A condition of the list that cannot be read.
pub(super) fn ask(
    dialect: Dialect,
    wanted: &[(String, String)],
    of: &mut Vec<(String, String)>,
    statement: Option<&mut Words>,
) -> Result<(), String> {
    if let Some(statement) = statement {
        for (_, condition) in query(dialect, wanted) {
            statement.narrow(condition);
        }
        return Ok(());
    }
    for (name, condition) in query(dialect, wanted) {
        match of.iter_mut().find(|(known, _)| *known == name) {
            Some((_, own)) => *own = both(dialect, own, &condition)?,
            None => of.push((name, condition)),
        }
    }
    Ok(())
}

/// Two conditions as one.
fn both(dialect: Dialect, own: &str, more: &str) -> Result<String, String> {
    let unread = |_| format!("the list's own condition `{own}` cannot be read");
    match dialect {
        Dialect::Params => Ok(more.to_owned()),
        Dialect::Connectwise | Dialect::ConnectwiseCustom | Dialect::Odata => Ok(format!("({own}) and {more}")),
        Dialect::Qbo => Ok(format!("{own} AND {more}")),
        Dialect::Frappe => joined(own.as_bytes(), more.as_bytes()).map(|all| all.to_string()).map_err(unread),
        Dialect::Tryton => {
            let decoded = |text: &str| URL_SAFE.decode(text).unwrap_or_default();
            joined(&decoded(own), &decoded(more)).map(|all| URL_SAFE.encode(all.to_string())).map_err(unread)
        }
    }
}

fn joined(own: &[u8], more: &[u8]) -> serde_json::Result<Value> {
    let (mut all, more): (Vec<Value>, Vec<Value>) = (serde_json::from_slice(own)?, serde_json::from_slice(more)?);
    all.extend(more);
    Ok(Value::Array(all))
}

/// The parameters that ask for records whose places have these values, all of them.
fn query(dialect: Dialect, wanted: &[(String, String)]) -> Vec<(String, String)> {
    let each = |spelled: fn(&str, &str) -> String, and: &str| {
        wanted.iter().map(|(name, value)| spelled(name, value)).collect::<Vec<_>>().join(and)
    };
    let one = |name: &str, value: String| vec![(name.to_owned(), value)];
    match dialect {
        Dialect::Params => wanted.to_vec(),
        Dialect::Connectwise => one("conditions", each(|name, value| format!("{name}={}", quoted(value)), " and ")),
        Dialect::ConnectwiseCustom => one(
            "customFieldConditions",
            each(|name, value| format!("caption={} AND value={}", quoted(name), quoted(value)), " AND "),
        ),
        Dialect::Odata => one("$filter", each(|name, value| format!("{name} eq {}", doubled(value)), " and ")),
        Dialect::Qbo => one("where", each(|name, value| format!("{name} = {}", backslashed(value)), " AND ")),
        Dialect::Frappe => one("filters", listed(wanted).to_string()),
        Dialect::Tryton => one("d", URL_SAFE.encode(listed(wanted).to_string())),
    }
}

/// `[["name","=","value"]]`, as Frappe and Tryton take it.
fn listed(wanted: &[(String, String)]) -> Value {
    wanted.iter().map(|(name, value)| json!([name, "=", value])).collect()
}

/// Source: ConnectWise PSA, conditions: strings in double quotes; a `[` is written `[[]`.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('[', "[[]"))
}

/// Source: OData 4.01 URL conventions, 2: a quote inside a string is doubled.
fn doubled(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// Source: QuickBooks Online query operations: a quote inside a string has a backslash before it.
fn backslashed(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_one_value_in_every_dialect() {
        let wanted = [("name".to_owned(), "O'Brien \"&\" a\\b[".to_owned())];
        for (dialect, expected) in [
            (Dialect::Params, ("name", "O'Brien \"&\" a\\b[")),
            (Dialect::Connectwise, ("conditions", r#"name="O'Brien \"&\" a\\b[[]""#)),
            (
                Dialect::ConnectwiseCustom,
                ("customFieldConditions", r#"caption="name" AND value="O'Brien \"&\" a\\b[[]""#),
            ),
            (Dialect::Odata, ("$filter", r#"name eq 'O''Brien "&" a\b['"#)),
            (Dialect::Qbo, ("where", r#"name = 'O\'Brien "&" a\\b['"#)),
            (Dialect::Frappe, ("filters", r#"[["name","=","O'Brien \"&\" a\\b["]]"#)),
        ] {
            let expected = (expected.0.to_owned(), expected.1.to_owned());
            assert_eq!(query(dialect, &wanted), [expected], "{dialect:?}");
        }
        let tryton = query(Dialect::Tryton, &wanted);
        let (name, value) = tryton.first().unwrap();
        let decoded = String::from_utf8(URL_SAFE.decode(value).unwrap()).unwrap();
        assert_eq!((name.as_str(), decoded.as_str()), ("d", r#"[["name","=","O'Brien \"&\" a\\b["]]"#));
    }

    #[test]
    fn the_conditions_of_the_list_go_on_holding() {
        let wanted = [("code".to_owned(), "A".to_owned())];
        for (dialect, own, expected) in [
            (Dialect::Connectwise, ("conditions", "type=1"), r#"(type=1) and code="A""#),
            (Dialect::Frappe, ("filters", r#"[["a","=",1]]"#), r#"[["a","=",1],["code","=","A"]]"#),
        ] {
            let mut of = vec![("order".to_owned(), "id".to_owned()), (own.0.to_owned(), own.1.to_owned())];
            ask(dialect, &wanted, &mut of, None).unwrap();
            assert_eq!((of.len(), of.last().unwrap().1.as_str()), (2, expected));
        }
        let mut of = vec![("d".to_owned(), URL_SAFE.encode(r#"[["active","in",[true,false]]]"#))];
        ask(Dialect::Tryton, &wanted, &mut of, None).unwrap();
        let decoded = URL_SAFE.decode(&of.first().unwrap().1).unwrap();
        assert_eq!(decoded, br#"[["active","in",[true,false]],["code","=","A"]]"#);
    }
}
