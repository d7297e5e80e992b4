//! The `swan-provider` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    swan_provider::run_command()
}
