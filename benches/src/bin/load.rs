//! Runs the load generator once and prints its report as JSON.

use clap::Parser;
use swan_benches::{Failure, Load};

#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    load: Load,
}

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::print_stdout,
    reason = "the report is what this program is for"
)]
async fn main() -> Result<(), Failure> {
    let report = Args::parse().load.run().await?;
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}
