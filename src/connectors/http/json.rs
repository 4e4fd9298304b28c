//! JSON replies: decoding that names the place it failed at.

use serde::de::DeserializeOwned;

/// A body that could not be decoded: where in it, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecodable {
    /// The path in the JSON, or `line 3 column 7`.
    pub at: String,
    /// What was expected and found.
    pub what: String,
}

/// Decodes a whole body. What is wrong is said uncut.
///
/// # Errors
/// The place that could not be decoded.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Undecodable> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value: T = serde_path_to_error::deserialize(&mut reader).map_err(|e| {
        let path = e.path().to_string();
        let at = if path == "." { "the top".to_owned() } else { path };
        Undecodable { at, what: e.into_inner().to_string() }
    })?;
    reader.end().map_err(|e| Undecodable { at: "the end".to_owned(), what: e.to_string() })?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_named() {
        #[derive(Debug, serde::Deserialize)]
        struct Row {
            #[expect(dead_code, reason = "only its type matters")]
            name: String,
        }
        #[derive(Debug, serde::Deserialize)]
        struct Page {
            #[expect(dead_code, reason = "only its type matters")]
            content: Vec<Row>,
        }
        let at = |body: &str| decode::<Page>(body.as_bytes()).unwrap_err();
        let wrong = at(r#"{"content":[{"name":"a"},{"name":7}]}"#);
        assert_eq!(wrong.at, "content[1].name");
        assert!(wrong.what.contains("expected a string"), "{wrong:?}");
        assert!(at(r#"{"content":[{"name":"a"#).what.contains("EOF"));
        assert_eq!(at("").at, "the top");
        assert_eq!(at(r#"{"content":[]} x"#).at, "the end");
    }
}
