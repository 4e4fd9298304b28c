//! Keys that an object of an answer has twice: of two values nobody can say which is meant.
//!
//! Keeps the invariant that such an answer is found whatever is read of it, in one pass over its text and without building it.

use std::borrow::Cow;

/// One step to a place in a JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// A key of an object.
    Key(String),
    /// A place in a list, from 0.
    At(usize),
}

/// Steps as a path: `content[1].name`.
#[must_use]
pub fn path_of(steps: &[PathStep]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            PathStep::Key(key) if path.is_empty() => path.push_str(key),
            PathStep::Key(key) => path.extend([".", key]),
            PathStep::At(at) => path.extend(["[", &at.to_string(), "]"]),
        }
    }
    path
}

/// What is open at a place of the text.
enum Open {
    /// An object whose keys begin here among all keys, and whether a key comes next.
    Object { keys: usize, key_next: bool },
    /// A list, at this entry.
    List { at: usize },
}

/// The place of the first key that an object of a JSON text has twice. A text that is no JSON may have none.
#[must_use]
pub fn repeated(text: &[u8]) -> Option<Vec<PathStep>> {
    // The keys of every open object, one after the other.
    let mut keys: Vec<Cow<'_, [u8]>> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0usize;
    while let Some(byte) = text.get(at) {
        at = at.saturating_add(1);
        match byte {
            b'"' => {
                let (inner, after) = string(text, at)?;
                at = after;
                if let Some(Open::Object { key_next, .. }) = open.last_mut()
                    && std::mem::take(key_next)
                {
                    keys.push(key(inner));
                }
            }
            b'{' => open.push(Open::Object { keys: keys.len(), key_next: true }),
            b'[' => open.push(Open::List { at: 0 }),
            b',' => match open.last_mut() {
                Some(Open::Object { key_next, .. }) => *key_next = true,
                Some(Open::List { at }) => *at = at.saturating_add(1),
                None => return None,
            },
            b'}' | b']' => {
                if let Some(Open::Object { keys: from, .. }) = open.pop() {
                    if let Some(twice) = twice(keys.get_mut(from..)?) {
                        return Some(place(&open, &keys, from, &twice));
                    }
                    keys.truncate(from);
                }
            }
            _ => {}
        }
    }
    None
}

/// A string from behind its first quote: what is in it, and where the text goes on.
fn string(text: &[u8], from: usize) -> Option<(&[u8], usize)> {
    let mut at = from;
    loop {
        let more = text.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        at = at.checked_add(more)?;
        if text.get(at) == Some(&b'"') {
            return Some((text.get(from..at)?, at.checked_add(1)?));
        }
        at = at.checked_add(2)?;
    }
}

/// A key as it is meant: `\u0061` is `a`.
fn key(written: &[u8]) -> Cow<'_, [u8]> {
    if !written.contains(&b'\\') {
        return Cow::Borrowed(written);
    }
    let quoted = [b"\"", written, b"\""].concat();
    serde_json::from_slice::<String>(&quoted).map_or(Cow::Borrowed(written), |key| Cow::Owned(key.into_bytes()))
}

/// A key that is among these twice. They are few; where they are many they are sorted.
fn twice<'t>(keys: &mut [Cow<'t, [u8]>]) -> Option<Cow<'t, [u8]>> {
    const FEW: usize = 24;
    if keys.len() <= FEW {
        let mut before: &[Cow<'t, [u8]>] = keys;
        while let [rest @ .., last] = before {
            if rest.contains(last) {
                return Some(last.clone());
            }
            before = rest;
        }
        return None;
    }
    keys.sort_unstable();
    keys.windows(2).find_map(|pair| match pair {
        [one, other] if one == other => Some(one.clone()),
        _ => None,
    })
}

/// The steps to a key of an object that ended, whose keys begin at `from`, below what is still open.
fn place(open: &[Open], keys: &[Cow<'_, [u8]>], from: usize, last: &[u8]) -> Vec<PathStep> {
    let named = |key: &[u8]| PathStep::Key(String::from_utf8_lossy(key).into_owned());
    let mut below = from;
    let mut steps = vec![named(last)];
    for one in open.iter().rev() {
        match one {
            Open::List { at } => steps.push(PathStep::At(*at)),
            // Where it goes on is below the last of its keys, which stands before those of the object below.
            Open::Object { keys: first, .. } => {
                steps.extend(below.checked_sub(1).and_then(|at| keys.get(at)).map(|key| named(key)));
                below = *first;
            }
        }
    }
    steps.reverse();
    steps
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn found(text: &str) -> Option<String> {
        repeated(text.as_bytes()).map(|steps| path_of(&steps))
    }

    #[test]
    fn a_key_that_is_there_twice_is_found_at_its_place() {
        for (text, expected) in [
            (r#"{"quantity":1,"quantity":2}"#, Some("quantity")),
            (r#"{"a":{"b":[{"c":1},{"d":"}","c":[],"c":2}]}}"#, Some("a.b[1].c")),
            (r#"[0,[{"x":{"y":1,"y":1}}]]"#, Some("[1][0].x.y")),
            (r#"{"a\u0062":1,"ab":2}"#, Some("ab")),
            (r#"{"a\"":1,"b":"a\"","a":{"a":1},"c":["a","a","b"]}"#, None),
            (r#"{"a":1,"b":{"a":2,"c":{"a":3}},"A":4}"#, None),
            ("", None),
            (r#"{"a":"#, None),
            ("]}],,", None),
            (r#"{"a\"#, None),
        ] {
            assert_eq!(found(text).as_deref(), expected, "{text}");
        }
        let many: String = (0..100).map(|key| format!("\"k{key}\":{{\"k{key}\":0}},")).collect();
        assert_eq!(found(&format!("{{{many}\"k100\":1}}")), None);
        assert_eq!(found(&format!("{{{many}\"k42\":1}}")).as_deref(), Some("k42"));
    }

    proptest! {
        #[test]
        fn what_a_writer_made_has_none_and_one_more_key_is_found(
            keys in proptest::collection::btree_set("[a-c\"\\\\é]{0,3}", 1..6), deep in any::<bool>(), at in any::<prop::sample::Index>()
        ) {
            let inner: serde_json::Map<String, Value> =
                keys.iter().map(|key| (key.clone(), Value::from(vec![Value::from(key.as_str())]))).collect();
            let text = Value::Object(inner).to_string();
            let wrap = |text: &str| if deep { format!("[{{\"x\":{text}}}]") } else { text.to_owned() };
            prop_assert_eq!(found(&wrap(&text)), None);
            let again = keys.iter().nth(at.index(keys.len())).unwrap();
            let more = format!("{},{}:0}}", text.strip_suffix('}').unwrap(), Value::from(again.as_str()));
            let path = format!("{}{again}", if deep { "[0].x." } else { "" });
            prop_assert_eq!(found(&wrap(&more)), Some(path));
        }

        #[test]
        fn no_text_makes_it_fail(text in "[\\[\\]{}\",:a\\\\0 ]{0,40}") {
            let _any = found(&text);
        }
    }
}
