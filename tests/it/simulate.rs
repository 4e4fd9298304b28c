//! The simulators speak the published formats.
