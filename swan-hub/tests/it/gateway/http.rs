//! A small HTTP client that can hang up when it likes.

use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::within;

/// A request that is being put together.
pub(crate) struct Call {
    address: SocketAddr,
    request: http::request::Builder,
    body: Bytes,
}

/// An answer that is whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// An answer whose body is still to come. Dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    body: Incoming,
    seen: BytesMut,
    connection: JoinHandle<()>,
}

impl Call {
    pub(crate) fn new(address: SocketAddr, method: &str, path: &str) -> Self {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", address.to_string());
        Self {
            address,
            request,
            body: Bytes::new(),
        }
    }

    pub(crate) fn get(address: SocketAddr, path: &str) -> Self {
        Self::new(address, "GET", path)
    }

    pub(crate) fn post(address: SocketAddr, path: &str) -> Self {
        Self::new(address, "POST", path)
    }

    /// Sets a header, in the place of one of this name.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request
            .headers_mut()
            .unwrap()
            .insert(name, value.parse().unwrap());
        self
    }

    pub(crate) fn without(mut self, name: &'static str) -> Self {
        self.request.headers_mut().unwrap().remove(name);
        self
    }

    pub(crate) fn body(self, body: impl Into<Bytes>) -> Self {
        Self {
            body: body.into(),
            ..self
        }
    }

    /// Sends it and waits for the head of the answer.
    pub(crate) async fn open(self) -> Open {
        let socket = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await.unwrap();
        let connection = tokio::spawn(async move {
            let _ = connection.await;
        });
        let request = self.request.body(Full::new(self.body)).unwrap();
        let response = within(sender.send_request(request)).await.unwrap();
        let (parts, body) = response.into_parts();
        Open {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
            seen: BytesMut::new(),
            connection,
        }
    }

    /// Sends it and waits for the whole answer.
    pub(crate) async fn send(self) -> Answer {
        let open = self.open().await;
        open.whole().await
    }

    /// Sends it and hangs up when dropped, whatever has come until then.
    pub(crate) fn background(self) -> JoinHandle<Answer> {
        tokio::spawn(self.send())
    }
}

impl Open {
    /// Reads until `text` has come.
    pub(crate) async fn read_until(&mut self, text: &str) {
        let find = |seen: &[u8]| memchr::memmem::find(seen, text.as_bytes()).is_some();
        while !find(&self.seen) {
            let frame = within(self.body.frame())
                .await
                .expect("the body ended too soon")
                .unwrap();
            self.seen.extend_from_slice(&frame.into_data().unwrap());
        }
    }

    /// Closes the connection.
    pub(crate) async fn hang_up(self) {
        self.connection.abort();
        let _ = self.connection.await;
    }

    pub(crate) async fn whole(mut self) -> Answer {
        let rest = within(self.body.collect()).await.unwrap().to_bytes();
        self.seen.extend_from_slice(&rest);
        self.connection.abort();
        Answer {
            status: self.status,
            headers: self.headers,
            body: self.seen.freeze(),
        }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// The data of each event, and nothing else may stand between them.
    pub(crate) fn events(&self) -> Vec<String> {
        let text = self.text();
        assert!(text.ends_with("\n\n"), "{text:?}");
        let event = |block: &str| {
            block
                .strip_prefix("data: ")
                .unwrap_or_else(|| panic!("{block:?}"))
                .to_owned()
        };
        text.trim_end_matches("\n\n")
            .split("\n\n")
            .map(event)
            .collect()
    }
}
