//! A consumer without an SDK: sees status, headers and every event, and can hang up.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::part::within;

/// Why there is no answer.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// An answer whose body may still be coming; dropping it hangs up.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Incoming,
    read: Vec<u8>,
    connection: JoinHandle<()>,
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// `GET`, on a connection of its own.
pub(crate) async fn get(url: &str, path: &str, key: Option<&str>) -> Answer {
    try_call(Method::GET, url, path, key, Bytes::new())
        .await
        .unwrap_or_else(|error| panic!("GET {url}{path}: {error}"))
}

/// `POST` of a JSON body, on a connection of its own.
pub(crate) async fn post(url: &str, path: &str, key: &str, body: &Value) -> Answer {
    try_post(url, path, key, body)
        .await
        .unwrap_or_else(|error| panic!("POST {url}{path}: {error}"))
}

/// The same for a server that may be gone.
pub(crate) async fn try_post(
    url: &str,
    path: &str,
    key: &str,
    body: &Value,
) -> Result<Answer, Failure> {
    try_call(
        Method::POST,
        url,
        path,
        Some(key),
        Bytes::from(body.to_string()),
    )
    .await
}

/// `POST` with an `Idempotency-Key`; an error when there is no connection or it breaks before the head of the answer.
pub(crate) async fn try_post_once(
    url: &str,
    key: &str,
    idempotency_key: &'static str,
    body: &Value,
) -> Result<Answer, Failure> {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/v1/chat/completions")
        .header("idempotency-key", idempotency_key);
    call(request, url, Some(key), Bytes::from(body.to_string())).await
}

/// Any call; an error when there is no connection or it breaks before the head of the answer.
pub(crate) async fn try_call(
    method: Method,
    url: &str,
    path: &str,
    key: Option<&str>,
    body: Bytes,
) -> Result<Answer, Failure> {
    let request = Request::builder().method(method).uri(path);
    call(request, url, key, body).await
}

/// A call with more headers; an error when there is no connection or it breaks before the head of the answer.
pub(crate) async fn call(
    request: http::request::Builder,
    url: &str,
    key: Option<&str>,
    body: Bytes,
) -> Result<Answer, Failure> {
    let authority = url.strip_prefix("http://").ok_or("only http here")?;
    let mut request = request
        .header(header::HOST, authority)
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(key) = key {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    let socket = TcpStream::connect(authority).await?;
    socket.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
    let connection = tokio::spawn(async move {
        let _ended = connection.await;
    });
    let response = within(
        "the head of an answer",
        sender.send_request(request.body(Full::new(body))?),
    )
    .await?;
    let (head, body) = response.into_parts();
    Ok(Answer {
        status: head.status,
        headers: head.headers,
        body,
        read: Vec::new(),
        connection,
    })
}

impl Answer {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The whole body as text.
    pub(crate) async fn text(mut self) -> String {
        while self.more().await.unwrap() {}
        String::from_utf8(std::mem::take(&mut self.read)).unwrap()
    }

    /// The whole body as JSON.
    pub(crate) async fn json(self) -> Value {
        let status = self.status;
        let text = self.text().await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{status}, {error}: {text}"))
    }

    /// The whole body as JSON, of a server that may die in the middle of it.
    pub(crate) async fn try_json(mut self) -> Result<Value, Failure> {
        while self.more().await? {}
        Ok(serde_json::from_slice(&self.read)?)
    }

    /// The data of the next event; comments are passed over. `None` when the body has ended in good order, an error when it was cut.
    pub(crate) async fn event(&mut self) -> Result<Option<String>, hyper::Error> {
        loop {
            while let Some(end) = self.read.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.read.drain(..end + 2).collect();
                let block = String::from_utf8(block).unwrap();
                if let Some(data) = block.lines().find_map(|line| line.strip_prefix("data: ")) {
                    return Ok(Some(data.to_owned()));
                }
            }
            if !self.more().await? {
                assert_eq!(
                    String::from_utf8_lossy(&self.read),
                    "",
                    "half an event at the end of a stream"
                );
                return Ok(None);
            }
        }
    }

    /// The text of the next event that carries some, of a stream that must not end yet.
    pub(crate) async fn content(&mut self) -> String {
        loop {
            let data = self.event().await.unwrap().expect("the stream goes on");
            let chunk: Value =
                serde_json::from_str(&data).unwrap_or_else(|error| panic!("{error}: {data}"));
            assert!(chunk.get("error").is_none(), "{data}");
            if let Some(text) = chunk["choices"][0]["delta"]["content"]
                .as_str()
                .filter(|text| !text.is_empty())
            {
                return text.to_owned();
            }
        }
    }

    async fn more(&mut self) -> Result<bool, hyper::Error> {
        match within("more of a body", self.body.frame()).await {
            None => Ok(false),
            Some(frame) => {
                self.read
                    .extend_from_slice(&frame?.into_data().unwrap_or_default());
                Ok(true)
            }
        }
    }
}
