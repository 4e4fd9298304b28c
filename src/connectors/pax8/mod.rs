//! Pax8, read through its partner API v1.
