//! Compares the ways through the hub with going direct and with a bare proxy; see the README of this package.

use clap::Parser;
use swan_benches::{Compare, CompareArgs, Failure};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
async fn main() -> Result<(), Failure> {
    let args = CompareArgs::parse();
    let smoke = args.smoke;
    let tables = Compare::start(args).await?.run().await?;
    println!("{tables}");
    if smoke {
        println!("smoke: every path answered; these figures mean nothing");
    }
    Ok(())
}
