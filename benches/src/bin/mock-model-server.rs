//! Serves the mock model until it is killed; prints `listening on http://ADDRESS` when it is ready.

use std::net::SocketAddr;

use clap::Parser;
use swan_benches::{Failure, Listener, MockArgs, serve_mock};

#[derive(Debug, Parser)]
struct Args {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    #[command(flatten)]
    mock: MockArgs,
}

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::print_stdout,
    reason = "the address is what a script waits for"
)]
async fn main() -> Result<(), Failure> {
    let args = Args::parse();
    let listener = Listener::bind(args.listen).await?;
    println!("listening on http://{}", listener.address()?);
    serve_mock(listener, args.mock).await
}
