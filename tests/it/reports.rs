//! Reports as files: golden texts.
