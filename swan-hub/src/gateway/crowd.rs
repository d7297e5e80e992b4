//! Connections beyond what a listener takes: each is told so in a few bytes and closed, before anything is read or allocated for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The whole answer: 503 in OpenAI's shape, so that SDKs wait and try again.
const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
content-type: application/json\r\n\
content-length: 149\r\n\
retry-after: 1\r\n\
connection: close\r\n\
\r\n\
{\"error\":{\"message\":\"this hub already has as many connections as it takes; try again soon\",\"type\":\"server_error\",\"param\":null,\"code\":\"overloaded\"}}\r\n";

/// Connections that are told at once; those beyond are closed without a word.
const TOLD_MAX: usize = 256;
/// How long a connection that has been told may take to hang up: one that is closed with bytes unread is reset, and its answer lost.
const LINGER: Duration = Duration::from_secs(1);
/// What of its bytes is taken in meanwhile.
const LINGER_BYTES: usize = 64 << 10;

/// Turns connections away.
#[derive(Debug, Clone, Default)]
pub(super) struct Doorman(Arc<AtomicUsize>);

struct Told(Arc<AtomicUsize>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Doorman {
    pub(super) fn turn_away(&self, socket: TcpStream) {
        let told = Told(Arc::clone(&self.0));
        if self.0.fetch_add(1, Ordering::Relaxed) < TOLD_MAX {
            tokio::spawn(async move {
                let _told = told;
                // Whoever does not listen is closed all the same.
                let _ = timeout(LINGER, tell(socket)).await;
            });
        }
    }
}

async fn tell(mut socket: TcpStream) -> std::io::Result<()> {
    socket.write_all(ANSWER).await?;
    socket.shutdown().await?;
    let (mut left, mut bytes) = (LINGER_BYTES, [0; 1 << 10]);
    while left > 0 {
        match socket.read(&mut bytes).await? {
            0 => break,
            count => left = left.saturating_sub(count),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::ANSWER;

    #[test]
    fn the_answer_is_as_long_as_it_says_and_json() {
        let text = std::str::from_utf8(ANSWER).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())));
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["error"]["code"], "overloaded");
    }
}
