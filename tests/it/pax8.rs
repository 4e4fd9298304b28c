//! The Pax8 connector against a simulator that misbehaves.
