//! Measures what it costs hubs to share their funds; see the README of this package.

use clap::Parser;
use swan_benches::{Failure, NodesArgs};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
async fn main() -> Result<(), Failure> {
    println!("{}", NodesArgs::parse().run().await?);
    Ok(())
}
