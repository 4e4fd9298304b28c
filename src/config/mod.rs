//! Configuration: one TOML file, read once, checked, passed down as values.
