//! Serves the baseline proxy until it is killed; prints `listening on http://ADDRESS` when it is ready.

use std::net::SocketAddr;

use clap::Parser;
use swan_benches::{Failure, Listener, serve_proxy};

#[derive(Debug, Parser)]
struct Args {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where requests go.
    #[arg(long)]
    upstream: SocketAddr,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::print_stdout,
    reason = "the address is what a script waits for"
)]
async fn main() -> Result<(), Failure> {
    let args = Args::parse();
    let listener = Listener::bind(args.listen).await?;
    println!("listening on http://{}", listener.address()?);
    serve_proxy(listener, args.upstream).await
}
