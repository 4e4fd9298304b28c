//! The thin binary: the arguments in, the exit status out.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(trueup::cli::main(std::env::args_os()))
}
