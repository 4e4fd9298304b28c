//! The thin binary: parse, run, turn the result into an exit status.

use std::process::ExitCode;

use trueup::cli;
use trueup::config::Environment;

fn main() -> ExitCode {
    ExitCode::from(cli::main(std::env::args_os(), Environment::of_process()))
}
