//! The demo, whole.
