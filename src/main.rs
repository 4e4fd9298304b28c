//! The thin binary: parse, run, turn the result into an exit status.

fn main() {}
