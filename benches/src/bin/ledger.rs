//! Measures the ledger; see the README of this package.

use clap::Parser;
use swan_benches::{Failure, LedgerArgs};

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn main() -> Result<(), Failure> {
    println!("{}", LedgerArgs::parse().run()?);
    Ok(())
}
