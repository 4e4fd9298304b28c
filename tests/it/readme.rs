//! The tour in README.md runs and prints what it says.
