//! Whoever means harm: consumers, providers and peers on the wire. Each attack has an answer, and leaves nothing behind.

mod bodies;
mod cost_claims;
mod forms;
mod routes;
mod sse;
mod wire;

use swan_core::Amount;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Market, within};

/// What comes back on a connection that is sent `bytes` and nothing more.
async fn exchange(market: &Market, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(market.address).await.unwrap();
    // Who is refused early may find the connection closed.
    let _ = socket.write_all(bytes).await;
    let _ = socket.shutdown().await;
    let mut answer = Vec::new();
    let _ = within(socket.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of an answer, 0 when there is none.
fn status(answer: &str) -> u16 {
    let status = answer
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.get(2..5));
    status.and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// Nobody is in the hub, nothing is on hold, nothing was paid, the books are right.
async fn left_nothing(market: &Market) {
    market.settled().await;
    assert_eq!(market.spent("5"), Amount::ZERO);
}
