//! Fields besides the name, brought to the form they are compared in.
//!
//! Keeps two forms of each: the full one decides "equal", the coarse one "close". A value that says nothing (a free mail
//! host, a telephone number of three digits) becomes none.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::normalize::{folded, table_lines, words};

/// Digits of a telephone number that are compared: country and trunk prefixes are written in too many ways.
const PHONE_DIGITS: usize = 9;
/// Fewer digits are an extension, not a number.
const PHONE_DIGITS_MIN: usize = 6;

/// A value as compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Compared {
    pub(super) full: String,
    /// What is enough for "close"; `None` when only equality counts.
    pub(super) coarse: Option<String>,
}

impl Compared {
    fn only(full: String) -> Option<Self> {
        (!full.is_empty()).then_some(Self { full, coarse: None })
    }
}

/// The last nine digits.
pub(super) fn phone(raw: &str) -> Option<Compared> {
    let first = raw.split(['x', 'X', '/', ';']).next().unwrap_or_default();
    let digits: Vec<u8> = first.bytes().filter(u8::is_ascii_digit).collect();
    if digits.len() < PHONE_DIGITS_MIN || digits.iter().all(|d| Some(d) == digits.first()) {
        return None;
    }
    let kept = digits.get(digits.len().saturating_sub(PHONE_DIGITS)..).unwrap_or_default();
    Compared::only(kept.iter().map(|d| char::from(*d)).collect())
}

/// The registrable part of a web or mail address; none for hosts anybody may use.
///
/// Two labels, or three where the second-last is one of the usual registries of a country (`co.uk`, `com.au`).
pub(super) fn domain(raw: &str) -> Option<Compared> {
    let lower = raw.trim().to_lowercase();
    let rest = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = rest.split(['/', '?', '#', ':', ' ']).next().unwrap_or_default().trim_end_matches('.');
    let labels: Vec<&str> = host.split('.').collect();
    if labels.len() < 2 || labels.iter().any(|l| l.is_empty()) || labels.last().is_some_and(|l| l.len() < 2) {
        return None;
    }
    let registry = |l: &&str| matches!(*l, "co" | "com" | "org" | "net" | "ac" | "gov" | "edu" | "or" | "ne");
    let second = labels.len() >= 3
        && labels.last().is_some_and(|l| l.len() == 2)
        && labels.get(labels.len() - 2).is_some_and(registry);
    let keep = if second { 3 } else { 2 };
    let kept = labels.get(labels.len().saturating_sub(keep)..).unwrap_or_default().join(".");
    if MAIL_HOSTS.contains(kept.as_str()) || MAIL_HOSTS.contains(host) {
        return None;
    }
    let name = kept.split('.').next().unwrap_or_default().to_owned();
    // the same name under another ending is close: a company owns both, or somebody mistyped one
    let coarse = (name.len() >= 5).then_some(name);
    Some(Compared { full: kept, coarse })
}

static MAIL_HOSTS: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| table_lines(include_str!("data/mail_hosts.txt")).map(|(_, line)| line).collect());

/// The code without spaces and, in the American long form, without its last four digits; close is the district.
pub(super) fn postcode(raw: &str) -> Option<Compared> {
    let code: String = raw.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let digits = code.bytes().all(|b| b.is_ascii_digit());
    let full: String = if digits && code.len() == 9 { code.chars().take(5).collect() } else { code };
    if full.len() < 3 || full.bytes().all(|b| b == b'0') {
        return None;
    }
    let district: String = full.chars().take(3).collect();
    Some(Compared { full, coarse: Some(district) })
}

/// The town's words.
pub(super) fn city(raw: &str) -> Option<Compared> {
    Compared::only(words(&folded(raw)).join(" "))
}

/// House number and street words, the usual abbreviations written out; close is the same number and first long word.
pub(super) fn street(raw: &str) -> Option<Compared> {
    let all: Vec<String> = words(&folded(raw)).iter().filter_map(|w| street_word(w)).collect();
    let number = all.iter().find(|w| w.bytes().any(|b| b.is_ascii_digit()));
    let word = all.iter().find(|w| w.len() >= 3 && Some(*w) != number);
    let coarse = number.zip(word).map(|(n, w)| format!("{n} {w}"));
    Some(Compared { full: all.join(" "), coarse }).filter(|c| !c.full.is_empty())
}

/// One word of a street; directions and ordinals in one spelling, the kind of street dropped (it is the part people vary).
fn street_word(word: &str) -> Option<String> {
    let ordinal = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end));
    if let Some(number) = ordinal.filter(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) {
        return Some(number.to_owned());
    }
    Some(match word {
        "st" | "str" | "street" | "strasse" | "ave" | "av" | "avenue" | "rd" | "road" | "blvd" | "boulevard" | "dr"
        | "drive" | "ln" | "lane" | "pl" | "place" | "ct" | "court" | "way" | "pkwy" | "parkway" | "hwy"
        | "highway" | "sq" | "square" | "ter" | "terrace" => return None,
        "n" => "north".to_owned(),
        "s" => "south".to_owned(),
        "e" => "east".to_owned(),
        "w" => "west".to_owned(),
        "ste" => "suite".to_owned(),
        other => other.to_owned(),
    })
}

/// A maker's name without what follows the first word that tells: "Microsoft Corporation" and "Microsoft" are one.
pub(super) fn manufacturer(raw: &str) -> Option<Compared> {
    let all = super::normalize::company_words(raw);
    let kept: Vec<&str> =
        all.iter().filter(|w| w.kind != super::normalize::WordKind::LegalForm).map(|w| w.text.as_str()).collect();
    let coarse = kept.first().map(|w| (*w).to_owned());
    Some(Compared { full: kept.join(" "), coarse }).filter(|c| !c.full.is_empty())
}

/// An article code without marks and case; the product part of a commerce key where it holds one.
pub(super) fn article_code(raw: &str) -> Option<Compared> {
    let plain: String = raw.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    if plain.len() < 3 {
        return None;
    }
    let Some(at) = plain.find("CFQ7TTC") else {
        return Compared::only(plain);
    };
    // product (12 signs) and sku (4 digits), whatever term, country or segment is written around them
    let product: String = plain.chars().skip(at).take(12).collect();
    let sku: String = plain.chars().skip(at + 12).take(4).collect();
    if sku.len() == 4 && sku.bytes().all(|b| b.is_ascii_digit()) {
        Some(Compared { full: format!("{product}:{sku}"), coarse: Some(product) })
    } else {
        Some(Compared { full: product.clone(), coarse: Some(product) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(read: fn(&str) -> Option<Compared>, cases: &[(&str, Option<&str>)]) {
        for (raw, full) in cases {
            assert_eq!(read(raw).map(|c| c.full).as_deref(), *full, "{raw}");
        }
    }

    #[test]
    fn fields_are_compared_in_one_spelling() {
        check(
            phone,
            &[
                ("+1 (705) 555-4008", Some("055554008")),
                ("705-555-4008 x12", Some("055554008")),
                ("2859902", Some("2859902")),
                ("112", None),
                ("000-000-0000", None),
            ],
        );
        check(
            domain,
            &[
                ("https://www.harbour.example/about?x", Some("harbour.example")),
                ("info@shop.harbour.co.uk", Some("harbour.co.uk")),
                ("anna@gmail.com", None),
                ("https://harbour.sharepoint.com/", None),
                ("n/a", None),
                ("localhost", None),
            ],
        );
        check(postcode, &[("60623-1234", Some("60623")), ("g2 1ab", Some("G21AB")), ("00000", None), ("-", None)]);
        check(
            street,
            &[
                ("8805 Market St.", Some("8805 market")),
                ("8805 Market Street", Some("8805 market")),
                ("432 E. 134th Street", Some("432 east 134")),
            ],
        );
        check(city, &[("Saint-Étienne ", Some("saint etienne")), (" ", None)]);
        check(manufacturer, &[("Microsoft Corporation", Some("microsoft")), ("Microsoft", Some("microsoft"))]);
        check(
            article_code,
            &[
                ("P1Y:CFQ7TTC0LCHC:0002:1:", Some("CFQ7TTC0LCHC:0002")),
                ("CFQ7TTC0LCHC-0002-P1Y-12M", Some("CFQ7TTC0LCHC:0002")),
                ("USCFQ7TTC0LH180001", Some("CFQ7TTC0LH18:0001")),
                ("CFQ7TTC0LH1G - A/M", Some("CFQ7TTC0LH1G")),
                ("mic-a49f00", Some("MICA49F00")),
            ],
        );
    }
}
