//! What a webhook of Pax8 says, as a hint of what to read.
//!
//! Keeps the invariant that nothing of a body is believed: its topic chooses a listing, the rest is text for people, short and of
//! few characters. Only `INVOICE` is published as a topic's name everywhere, so topics are told by the word they begin with.

use serde_json::Value;

use crate::core::hint::{Hint, HintedListing};

/// The beginnings of words in a topic's name, and what is read for them.
const TOPICS: [(&str, HintedListing); 6] = [
    ("invoice", HintedListing::Invoices),
    ("subscription", HintedListing::Subscriptions),
    ("compan", HintedListing::Companies),
    ("client", HintedListing::Companies),
    ("contact", HintedListing::Companies),
    ("product", HintedListing::Products),
];

/// The longest name or id that is repeated.
const WORD_MAX: usize = 64;

/// The hint in a delivery; nothing where it is no JSON object.
#[must_use]
pub fn hint(body: &[u8]) -> Option<Hint> {
    let body: Value = serde_json::from_slice(body).ok().filter(Value::is_object)?;
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).filter(|text| is_word(text));
    let topic = text("/webhookTopic/topic");
    let said = [topic, text("/webhookTopic/filters/0/action"), text("/payloadData/id")];
    Some(Hint {
        listing: topic.map_or(HintedListing::Nothing, listing),
        said: said.map(|word| word.unwrap_or("?")).join(" "),
    })
}

fn is_word(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    !text.is_empty() && text.len() <= WORD_MAX && text.chars().all(plain)
}

fn listing(topic: &str) -> HintedListing {
    let topic = topic.to_ascii_lowercase();
    let known = |word: &str| TOPICS.iter().find(|(begin, _)| word.starts_with(begin)).map(|(_, listing)| *listing);
    topic.split(|c: char| !c.is_ascii_alphanumeric()).find_map(known).unwrap_or(HintedListing::Nothing)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(topic: &str, action: &str, id: &str) -> Hint {
        let body = serde_json::json!({
            "webhookTopic": { "topic": topic, "filters": [{ "action": action }] }, "payloadData": { "id": id },
        });
        hint(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_topic_chooses_a_listing_and_the_rest_is_text() {
        for (topic, listing) in [
            ("INVOICE", HintedListing::Invoices),
            ("Subscriptions", HintedListing::Subscriptions),
            ("client.updated", HintedListing::Companies),
            ("PARTNER_COMPANY", HintedListing::Companies),
            ("CONTACT", HintedListing::Companies),
            ("product", HintedListing::Products),
            ("SUBSCRIPTION_PRODUCT", HintedListing::Subscriptions),
            ("QUOTE", HintedListing::Nothing),
            ("", HintedListing::Nothing),
        ] {
            assert_eq!(of(topic, "UPDATED", "7").listing, listing, "{topic}");
        }
        assert_eq!(of("INVOICE", "CREATED", "a-1").said, "INVOICE CREATED a-1");
    }

    #[test]
    fn what_could_do_harm_is_not_repeated() {
        let long = "x".repeat(WORD_MAX + 1);
        for id in ["../companies", "a b", "\u{1b}[31m", "'; drop table hint", long.as_str(), ""] {
            assert_eq!(of("CLIENT", "UPDATED", id).said, "CLIENT UPDATED ?", "{id}");
        }
        assert_eq!(of("INVOICE\n", "CREATED", "1").listing, HintedListing::Nothing);
        let other = hint(br#"{"webhookTopic":["INVOICE"],"payloadData":7}"#).unwrap();
        assert_eq!((other.listing, other.said.as_str()), (HintedListing::Nothing, "? ? ?"));
        for none in ["", "null", "[]", "7", "\"INVOICE\"", "{", "topic=INVOICE"] {
            assert_eq!(hint(none.as_bytes()), None, "{none}");
        }
        assert_eq!(hint("[".repeat(200_000).as_bytes()), None, "deep");
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(hint) = hint(&body) {
                prop_assert!(hint.said.is_ascii());
            }
        }
    }
}
