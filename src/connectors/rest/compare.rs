//! Whether two values are the same to a person: how a file says that a field is compared.
//!
//! Keeps the invariant that a system's own way of writing a value is no change: what it trims, cuts, folds or rewrites.

use std::collections::BTreeSet;

use super::codec::Decoded;
use super::language::{Compare, Field};

/// Whether two values of a field are the same. No value and an empty text are.
pub(super) fn same(field: &Field, left: Option<&Decoded>, right: Option<&Decoded>) -> bool {
    let compare = field.compare.unwrap_or(Compare::Exact);
    match (said(left), said(right)) {
        _ if compare == Compare::Ignore => true,
        (None, None) => true,
        (Some(Decoded::Text(left)), Some(Decoded::Text(right))) => {
            let canonical = |text: &str| canonical(compare, &cut(text, field.max));
            canonical(left) == canonical(right)
        }
        (Some(left), Some(right)) => left == right,
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn said(value: Option<&Decoded>) -> Option<&Decoded> {
    value.filter(|value| !matches!(value, Decoded::Text(text) if text.is_empty()))
}

/// As much of a text as the server keeps.
pub(super) fn cut(text: &str, most: Option<u32>) -> String {
    let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    text.chars().take(most).collect()
}

fn canonical(compare: Compare, text: &str) -> BTreeSet<String> {
    let one = match compare {
        Compare::Exact | Compare::Ignore => text.to_owned(),
        Compare::Trim => text.trim().to_owned(),
        Compare::Fold => text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase(),
        Compare::Url => {
            let text = text.trim().to_lowercase();
            let bare = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(&text);
            bare.strip_prefix("www.").unwrap_or(bare).trim_end_matches('/').to_owned()
        }
        Compare::Phone => {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            match digits.strip_prefix("00") {
                Some(rest) => rest.to_owned(),
                None => digits,
            }
        }
        Compare::Set => return text.split([',', ';']).map(|word| word.trim().to_lowercase()).collect(),
    };
    BTreeSet::from([one])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_systems_own_spelling_is_no_change_and_another_value_is() {
        for (compare, max, left, right, expected) in [
            ("exact", None, "Contoso Ltd ", "Contoso Ltd", false),
            ("trim", None, "Contoso Ltd ", "Contoso Ltd", true),
            ("trim", None, "Contoso Ltd", "CONTOSO LTD", false),
            ("fold", None, "Contoso  Ltd ", "CONTOSO LTD", true),
            ("url", None, "https://www.Contoso.example/", "contoso.example", true),
            ("url", None, "contoso.example/a", "contoso.example/b", false),
            ("phone", None, "+44 (20) 7946-0000", "0044 20 79460000", true),
            ("phone", None, "+44 20 7946 0000", "+44 20 7946 0001", false),
            ("set", None, "a; B", "b,a", true),
            ("ignore", None, "a", "b", true),
            ("exact", Some(5), "Renewal", "Renew", true),
            ("exact", Some(8), "Renewal", "Renew", false),
            ("exact", None, "", "", true),
        ] {
            let mut field: Field = toml::from_str(&format!("at = 'x'\ncompare = '{compare}'")).unwrap();
            field.max = max;
            let text = |text: &str| Decoded::Text(text.to_owned());
            let found = same(&field, Some(&text(left)), Some(&text(right)));
            assert_eq!(found, expected, "{compare} {left} {right}");
        }
        let field: Field = toml::from_str("at = 'x'").unwrap();
        assert!(same(&field, None, Some(&Decoded::Text(String::new()))));
        assert!(!same(&field, None, Some(&Decoded::Flag(false))));
    }
}
