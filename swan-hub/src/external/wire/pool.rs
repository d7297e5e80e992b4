//! The connections to one endpoint: made when there is none, and kept for a while for those who come next.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use http::Uri;
use parking_lot::Mutex;
use tokio::time::Instant;
use tower::ServiceExt as _;

use super::socket::Socket;
use crate::external::connect::{BoxError, Connector, Dial, connector};

/// How long an idle connection is kept; shorter than what servers usually allow.
const IDLE_FOR: Duration = Duration::from_secs(25);

/// A connection in the making.
pub(super) type Dialling = Pin<Box<dyn Future<Output = Result<Socket, BoxError>> + Send>>;

/// How connections to one endpoint are made, and those that nobody uses now.
pub(in super::super) struct Pool {
    connector: Connector,
    server: Uri,
    most: usize,
    idle: Mutex<Idle>,
}

/// What nobody uses, the last used at the end.
struct Idle {
    sockets: Vec<(Instant, Socket)>,
    /// When somebody last looked after them: no request reads a clock for its connection.
    looked: Instant,
}

impl Pool {
    /// For the server of this address; nothing is connected yet.
    ///
    /// # Errors
    /// When there are no certificates to trust for https, or the file of them cannot be read.
    pub(in super::super) fn new(server: Uri, dial: &Dial<'_>) -> io::Result<Self> {
        Ok(Self {
            connector: connector(dial)?,
            server,
            most: dial.idle,
            idle: Mutex::new(Idle {
                sockets: Vec::new(),
                looked: Instant::now(),
            }),
        })
    }

    /// A connection that was used before, and is open as far as that is known.
    pub(super) fn take(&self) -> Option<Socket> {
        loop {
            let (_, mut socket) = self.idle.lock().sockets.pop()?;
            if socket.is_quiet() {
                return Some(socket);
            }
        }
    }

    /// Keeps `socket` for somebody else, unless there are enough or its server has more to say.
    pub(super) fn put(&self, mut socket: Socket) {
        if !socket.is_quiet() {
            return;
        }
        let mut idle = self.idle.lock();
        if idle.sockets.len() < self.most {
            let since = idle.looked;
            idle.sockets.push((since, socket));
        }
    }

    /// Makes a connection.
    pub(super) fn dial(&self) -> Dialling {
        let connecting = self.connector.clone().oneshot(self.server.clone());
        Box::pin(async move { Ok(Socket::from(connecting.await?)) })
    }

    /// Closes connections that were idle for long, or that their server has closed. For now and then.
    pub(in super::super) fn look(&self) {
        let now = Instant::now();
        let mut idle = self.idle.lock();
        idle.looked = now;
        idle.sockets.retain_mut(|(since, socket)| {
            now.saturating_duration_since(*since) < IDLE_FOR && socket.is_quiet()
        });
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.server).finish()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// A pool that keeps two connections, and its server.
    async fn pool() -> (Pool, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let dial = Dial {
            https: false,
            within: Duration::from_secs(10),
            idle: 2,
            ca_file: None,
            allow_private: true,
        };
        let server = format!("http://{address}").parse().expect("an address");
        (Pool::new(server, &dial).expect("a pool"), listener)
    }

    async fn pair(pool: &Pool, listener: &TcpListener) -> (Socket, TcpStream) {
        let accepted = async { listener.accept().await.expect("a connection").0 };
        let (socket, server) = tokio::join!(pool.dial(), accepted);
        (socket.expect("connected"), server)
    }

    fn idle(pool: &Pool) -> usize {
        pool.idle.lock().sockets.len()
    }

    #[tokio::test]
    async fn no_more_are_kept_than_may_be_and_no_longer() {
        let (pool, listener) = pool().await;
        let mut servers = Vec::new();
        let mut sockets = Vec::new();
        for _ in 0..3 {
            let (socket, server) = pair(&pool, &listener).await;
            sockets.push(socket);
            servers.push(server);
        }
        sockets.into_iter().for_each(|socket| pool.put(socket));
        assert_eq!(idle(&pool), 2);
        tokio::time::pause();
        for (secs, left) in [(20, 2), (4, 2), (1, 0)] {
            tokio::time::advance(Duration::from_secs(secs)).await;
            pool.look();
            assert_eq!(idle(&pool), left, "{secs} s later");
        }
        assert!(pool.take().is_none());
    }

    #[tokio::test]
    async fn what_its_server_has_closed_or_spoken_on_is_nobodys() {
        for speaks in [false, true] {
            let (pool, listener) = pool().await;
            let mut servers = Vec::new();
            for _ in 0..2 {
                let (socket, server) = pair(&pool, &listener).await;
                pool.put(socket);
                servers.push(server);
            }
            let mut last = servers.pop().expect("two");
            if speaks {
                last.write_all(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
                    .await
                    .expect("written");
            } else {
                drop(last);
            }
            let all = async {
                while idle(&pool) > 1 {
                    tokio::task::yield_now().await;
                    pool.look();
                }
            };
            let within = Duration::from_secs(10);
            tokio::time::timeout(within, all).await.expect("noticed");
            assert!(pool.take().is_some(), "the other one is as it was");
            assert!(pool.take().is_none());
        }
    }
}
