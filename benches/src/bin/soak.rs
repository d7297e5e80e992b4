//! Runs the soak; see the README of this package. It fails when anything is not as it must be.

use std::process::ExitCode;

use clap::Parser;
use swan_benches::{Failure, SoakArgs};

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::print_stdout,
    reason = "the report is what this program is for"
)]
async fn main() -> Result<ExitCode, Failure> {
    let (report, passed) = SoakArgs::parse().run().await?;
    println!("{report}");
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
