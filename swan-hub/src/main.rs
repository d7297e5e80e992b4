//! The `swan-hub` command.
fn main() {}
