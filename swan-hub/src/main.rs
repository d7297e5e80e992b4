//! The `swan-hub` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    swan_hub::cli::main()
}
