//! Measures what idle provider sessions cost a hub; see the README of this package.

use clap::Parser;
use swan_benches::{Failure, IdleArgs, IdleReport};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
async fn main() -> Result<(), Failure> {
    let reports = IdleArgs::parse().run().await?;
    println!("{}", IdleReport::head());
    for report in reports {
        println!("{}", report.markdown());
    }
    Ok(())
}
