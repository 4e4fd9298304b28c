//! Rebuilds the program when a migration is added; the compiler sees only changes to those it has embedded.

#![expect(clippy::print_stdout, reason = "how a build script speaks to cargo")]

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
