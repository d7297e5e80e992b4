//! Kills a hub over and over; see the README of this package. It fails when the ledger is not what consumers saw.

use std::process::ExitCode;

use clap::Parser;
use swan_benches::{Failure, KillsArgs};

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::print_stdout,
    reason = "the report is what this program is for"
)]
async fn main() -> Result<ExitCode, Failure> {
    let (report, passed) = KillsArgs::parse().run().await?;
    println!("{report}");
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
