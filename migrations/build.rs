//! Rebuilds the program when a migration is added; the compiler sees only changes to those it has embedded.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
