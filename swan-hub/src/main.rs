//! The `swan-hub` command.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A request makes dozens of small allocations, many of which another thread frees. Without huge pages: what they save
/// cannot be told from noise, and they make a hub that has worked half as large again.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    swan_hub::cli::main()
}
