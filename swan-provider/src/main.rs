//! The `swan-provider` command.
fn main() {}
