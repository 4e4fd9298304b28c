//! Who may say something: the secret of each connection.
//!
//! Keeps the invariant that neither a secret nor the existence of a connection can be told from how long an answer takes: digests
//! are compared, in constant time, and an unknown connection is compared like a known one.

use std::collections::BTreeMap;

use axum::http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The secrets, as digests.
pub(super) struct Doors(BTreeMap<String, [u8; 32]>);

/// Why somebody is not heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    NoDoor,
    NoSecret,
    WrongSecret,
}

/// The digest of no text anybody knows.
const NOBODY: [u8; 32] = [0; 32];

impl Doors {
    pub(super) fn new(secrets: &BTreeMap<String, SecretString>) -> Self {
        let digest = |secret: &SecretString| Sha256::digest(secret.expose_secret().as_bytes()).into();
        Self(secrets.iter().map(|(name, secret)| (name.clone(), digest(secret))).collect())
    }

    /// Opens for whoever knows the connection's secret.
    pub(super) fn open(&self, connection: &str, said: Option<&HeaderValue>) -> Result<(), Refused> {
        let door = self.0.get(connection);
        let given: [u8; 32] = Sha256::digest(said.map_or(&b""[..], HeaderValue::as_bytes)).into();
        let same = bool::from(given.ct_eq(door.unwrap_or(&NOBODY)));
        match (door, said) {
            (None, _) => Err(Refused::NoDoor),
            (Some(_), None) => Err(Refused::NoSecret),
            (Some(_), Some(_)) if same => Ok(()),
            (Some(_), Some(_)) => Err(Refused::WrongSecret),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_opens_for_its_own_secret_alone() {
        let secret = |text: &str| SecretString::from(text);
        let names = [("a", "the secret of a, long"), ("b", "the secret of b, long")];
        let doors = Doors::new(&names.map(|(name, text)| (name.to_owned(), secret(text))).into());
        let open = |name: &str, said: Option<&str>| {
            doors.open(name, said.map(|text| HeaderValue::from_str(text).unwrap()).as_ref())
        };
        assert_eq!(open("a", Some("the secret of a, long")), Ok(()));
        for wrong in ["the secret of b, long", "the secret of a, lonG", "the secret of a, long ", "the secret", ""] {
            assert_eq!(open("a", Some(wrong)), Err(Refused::WrongSecret), "{wrong}");
        }
        assert_eq!(open("a", None), Err(Refused::NoSecret));
        for unknown in ["c", "A", "", "a "] {
            assert_eq!(open(unknown, Some("the secret of a, long")), Err(Refused::NoDoor), "{unknown}");
            assert_eq!(open(unknown, None), Err(Refused::NoDoor), "{unknown}");
        }
    }
}
