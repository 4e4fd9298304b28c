//! Any JSON REST PSA or ERP, described by a TOML file instead of code.
