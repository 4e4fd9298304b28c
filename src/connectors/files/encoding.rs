//! Bytes to text: UTF-8, UTF-16 by its mark, Windows-1252 where the profile says so or the bytes leave no other reading.
//!
//! A UTF-8 file with a few broken bytes stays UTF-8: the broken places become U+FFFD, and the rows that hold them become
//! problems. It is never re-read as Windows-1252, which would spoil every good name in it.

use std::fmt;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};
use serde::{Deserialize, Serialize};

/// How the bytes of a file are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// With or without a byte order mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// Little endian, as Windows writes "Unicode".
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// Big endian.
    #[serde(rename = "utf-16be")]
    Utf16Be,
    /// Western European, as older Windows programs write.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "utf-8",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Windows1252 => "windows-1252",
        })
    }
}

/// A file's text, and how it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The text without a byte order mark.
    pub text: String,
    /// How it was read.
    pub encoding: Encoding,
    /// Whether some bytes had no reading; they are U+FFFD in the text.
    pub damaged: bool,
}

/// Reads bytes as the profile says, else as their mark says, else as they allow.
#[must_use]
pub fn decode(bytes: Vec<u8>, told: Option<Encoding>) -> Decoded {
    let encoding = told.unwrap_or_else(|| evident(&bytes));
    let (text, damaged) = match encoding {
        Encoding::Utf8 => match String::from_utf8(bytes) {
            Ok(text) => (text, false),
            Err(refused) => (String::from_utf8_lossy(refused.as_bytes()).into_owned(), true),
        },
        Encoding::Utf16Le => without_mark(UTF_16LE.decode_with_bom_removal(&bytes)),
        Encoding::Utf16Be => without_mark(UTF_16BE.decode_with_bom_removal(&bytes)),
        Encoding::Windows1252 => without_mark(WINDOWS_1252.decode_without_bom_handling(&bytes)),
    };
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Decoded { text, encoding, damaged }
}

fn without_mark((text, damaged): (std::borrow::Cow<'_, str>, bool)) -> (String, bool) {
    (text.into_owned(), damaged)
}

fn evident(bytes: &[u8]) -> Encoding {
    if bytes.starts_with(&[0xff, 0xfe]) {
        return Encoding::Utf16Le;
    }
    if bytes.starts_with(&[0xfe, 0xff]) {
        return Encoding::Utf16Be;
    }
    let reads_as_utf8 = bytes.starts_with(&[0xef, 0xbb, 0xbf])
        || match std::str::from_utf8(bytes) {
            Ok(_) => true,
            // cut inside a character, or good characters beyond ASCII beside the bad bytes
            Err(refused) => refused.error_len().is_none() || has_wide_characters(bytes),
        };
    if reads_as_utf8 { Encoding::Utf8 } else { Encoding::Windows1252 }
}

fn has_wide_characters(bytes: &[u8]) -> bool {
    bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_by_their_mark_or_as_they_allow() {
        for (bytes, text, encoding, damaged) in [
            (b"M\xc3\xbcller".to_vec(), "Müller", Encoding::Utf8, false),
            (b"\xef\xbb\xbfM\xc3\xbcller".to_vec(), "Müller", Encoding::Utf8, false),
            (b"\xff\xfeM\0\xfc\0".to_vec(), "Mü", Encoding::Utf16Le, false),
            (b"\xfe\xff\0M\0\xfc".to_vec(), "Mü", Encoding::Utf16Be, false),
            (b"M\xfcller \x80".to_vec(), "Müller €", Encoding::Windows1252, false),
            (b"M\xc3\xbcller \xfc x".to_vec(), "Müller \u{fffd} x", Encoding::Utf8, true),
            (b"Mueller M\xc3".to_vec(), "Mueller M\u{fffd}", Encoding::Utf8, true),
            (b"".to_vec(), "", Encoding::Utf8, false),
        ] {
            assert_eq!(decode(bytes, None), Decoded { text: text.into(), encoding, damaged }, "{text}");
        }
        assert_eq!(decode(b"\xfc".to_vec(), Some(Encoding::Windows1252)).text, "ü");
        assert!(decode(b"\xfc".to_vec(), Some(Encoding::Utf8)).damaged);
    }
}
