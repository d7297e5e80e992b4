//! The `swan-hub` command.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A request makes dozens of small allocations, many of which another thread frees.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    swan_hub::cli::main()
}
