//! Consumers on good and bad days.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use memchr::memmem;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::ask::{NONSENSE, completion, cost_of, embedding, may_fail};
use super::dice::Dice;
use super::verdict::pico;
use crate::Failure;

/// What nobody may wait longer for than this.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most failures that are told in full.
const TOLD: usize = 10;

/// What consumers did, and what they saw.
#[derive(Debug, Default)]
pub(super) struct Deeds {
    /// How often each thing was done, and how it ended.
    pub(super) counts: BTreeMap<String, u64>,
    /// What was not as it must be.
    pub(super) wrong: Vec<String>,
    /// The sum of the charges that were seen, in pico-units.
    pub(super) seen: i128,
    /// Requests of which no charge was seen, because they broke or were left.
    pub(super) unseen: u64,
    /// The dearest answer.
    pub(super) dearest: i128,
}

impl Deeds {
    pub(super) fn add(&mut self, other: Self) {
        for (what, count) in other.counts {
            *self.counts.entry(what).or_default() += count;
        }
        self.wrong.extend(other.wrong);
        self.wrong.truncate(TOLD);
        self.seen += other.seen;
        self.unseen += other.unseen;
        self.dearest = self.dearest.max(other.dearest);
    }

    fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    fn charged(&mut self, cost: i128) {
        self.seen += cost;
        self.dearest = self.dearest.max(cost);
    }

    fn wrong(&mut self, what: String) {
        self.count("wrong");
        if self.wrong.len() < TOLD {
            self.wrong.push(what);
        }
    }
}

/// One consumer with one request at a time.
pub(super) struct Consumer {
    target: SocketAddr,
    key: String,
    dice: Dice,
    number: usize,
    requests: u64,
    connection: Option<Connection>,
    deeds: Deeds,
}

/// A connection that is closed when it is dropped.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    task: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Consumer {
    pub(super) fn new(target: SocketAddr, key: &str, dice: Dice, number: usize) -> Self {
        Self {
            target,
            key: key.to_owned(),
            dice,
            number,
            requests: 0,
            connection: None,
            deeds: Deeds::default(),
        }
    }

    /// Does one thing after the other until the time is over.
    pub(super) async fn run(mut self, over: Arc<AtomicBool>) -> Deeds {
        while !over.load(Ordering::Relaxed) {
            let deed = self.dice.below(100);
            match tokio::time::timeout(PATIENCE, self.one(deed)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self.failed(deed, &error.to_string()),
                Err(_) => self.failed(deed, "no end within 30 s"),
            }
        }
        self.deeds
    }

    fn failed(&mut self, deed: u64, why: &str) {
        self.connection = None;
        self.deeds.wrong(format!("deed {deed}: {why}"));
    }

    async fn one(&mut self, deed: u64) -> Result<(), Failure> {
        self.requests += 1;
        match deed {
            0..40 => self
                .whole("whole answer", completion(None), None)
                .await
                .map(drop),
            40..48 => self.whole("embedding", embedding(), None).await.map(drop),
            48..66 => {
                self.stream("stream", completion(Some(0)), u64::MAX, Duration::ZERO)
                    .await
            }
            66..74 => {
                let chunks = self.dice.below(20);
                self.stream(
                    "left in the middle",
                    completion(Some(5)),
                    chunks,
                    Duration::ZERO,
                )
                .await
            }
            74..78 => {
                let pause = Duration::from_millis(20 + self.dice.below(80));
                self.stream("slow reader", completion(Some(0)), u64::MAX, pause)
                    .await
            }
            78..84 => self.hang_up().await,
            84..92 => self.again().await,
            _ => self.nonsense().await,
        }
    }

    /// A request to its end; answers the body of a success.
    async fn whole(
        &mut self,
        what: &str,
        (path, body): (&str, String),
        once: Option<&str>,
    ) -> Result<Option<(HeaderMap, Bytes)>, Failure> {
        let request = self.request(path, body.into(), once)?;
        let (status, headers, body) = self.send(request).await?;
        let (status, body) = (status, body.collect().await?.to_bytes());
        self.deeds.count(&format!("{what}: {}", status.as_u16()));
        if status != StatusCode::OK {
            may_fail(status, &body)?;
            return Ok(None);
        }
        let cost = headers
            .get("x-swan-cost")
            .ok_or("an answer without its cost")?;
        let cost = pico(cost.to_str()?).ok_or("a cost that is no amount")?;
        if !headers.contains_key("idempotency-replayed") {
            self.deeds.charged(cost);
        }
        Ok(Some((headers, body)))
    }

    /// The same request twice under one key: the second is what the first was, where the hub knows of such keys.
    async fn again(&mut self) -> Result<(), Failure> {
        let key = format!("soak-{}-{}", self.number, self.requests);
        let ask = completion(None);
        let Some((_, first)) = self.whole("first of two", ask.clone(), Some(&key)).await? else {
            return Ok(());
        };
        match self.whole("second of two", ask, Some(&key)).await? {
            Some((headers, second)) => {
                if headers.contains_key("idempotency-replayed") {
                    self.deeds.count("replayed");
                    if first != second {
                        return Err("a replay that differs".into());
                    }
                }
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Reads `chunks` pieces of a stream with pauses, and goes away if there are more.
    async fn stream(
        &mut self,
        what: &str,
        (path, body): (&str, String),
        chunks: u64,
        pause: Duration,
    ) -> Result<(), Failure> {
        let request = self.request(path, body.into(), None)?;
        let (status, _, mut body) = self.send(request).await?;
        if status != StatusCode::OK {
            self.deeds.count(&format!("{what}: {}", status.as_u16()));
            return may_fail(status, &body.collect().await?.to_bytes());
        }
        let mut text = Vec::new();
        let mut taken = 0;
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                text.extend_from_slice(&data);
            }
            taken += 1;
            if taken > chunks {
                self.connection = None;
                self.deeds.unseen += 1;
                self.deeds.count(&format!("{what}: left"));
                return Ok(());
            }
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
        let ended = text.ends_with(b"data: [DONE]\n\n");
        let error = memmem::find(&text, b"data: {\"error\"").is_some();
        self.deeds.count(&format!(
            "{what}: {}",
            if ended { "whole" } else { "broken" }
        ));
        match (ended, error) {
            (true, false) => {
                let cost = cost_of(&text).ok_or("a stream without its cost")?;
                self.deeds.charged(cost);
                Ok(())
            }
            (false, true) => {
                self.deeds.unseen += 1;
                Ok(())
            }
            _ => Err("a stream must end with [DONE] or say why not, and never both".into()),
        }
    }

    /// Sends a request and goes before the answer.
    async fn hang_up(&mut self) -> Result<(), Failure> {
        let stream = self.dice.chance(50).then_some(20);
        let (path, body) = completion(stream);
        let request = self.request(path, body.into(), None)?;
        let mut connection = connect(self.target).await?;
        let wait = Duration::from_micros(self.dice.below(3_000));
        let sent = connection.sender.send_request(request);
        let answered = tokio::time::timeout(wait, sent).await.is_ok();
        self.deeds.unseen += 1;
        self.deeds.count(if answered {
            "hung up with the head"
        } else {
            "hung up before the head"
        });
        Ok(())
    }

    async fn nonsense(&mut self) -> Result<(), Failure> {
        let which = usize::try_from(self.dice.below(NONSENSE.len() as u64))?;
        let (path, known, kind, body, expected) = NONSENSE.get(which).ok_or("no such nonsense")?;
        let mut request = self.request(path, Bytes::from_static(body.as_bytes()), None)?;
        request
            .headers_mut()
            .insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
        if !known {
            let wrong = header::HeaderValue::from_static("Bearer sk-swan-wrong");
            request.headers_mut().insert(header::AUTHORIZATION, wrong);
        }
        let (status, _, body) = self.send(request).await?;
        let body = body.collect().await?.to_bytes();
        self.deeds.count("nonsense refused");
        match status.as_u16() == *expected {
            true => Ok(()),
            false => Err(format!(
                "{expected} expected for {path} {which}, not {status}: {}",
                String::from_utf8_lossy(&body)
            )
            .into()),
        }
    }

    fn request(
        &self,
        path: &str,
        body: Bytes,
        once: Option<&str>,
    ) -> Result<Request<Full<Bytes>>, Failure> {
        let mut request = Request::post(path)
            .header(header::HOST, self.target.to_string())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key));
        if let Some(once) = once {
            request = request.header("idempotency-key", once);
        }
        Ok(request.body(Full::new(body))?)
    }

    async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, HeaderMap, Incoming), Failure> {
        let is_open = self
            .connection
            .as_ref()
            .is_some_and(|open| !open.sender.is_closed());
        if !is_open {
            self.connection = Some(connect(self.target).await?);
        }
        let open = self.connection.as_mut().ok_or("no connection")?;
        open.sender.ready().await?;
        let (head, body) = open.sender.send_request(request).await?.into_parts();
        Ok((head.status, head.headers, body))
    }
}

/// Waits until the market serves.
pub(super) async fn wait_for_an_answer(target: SocketAddr, key: &str) -> Result<(), Failure> {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut first = Consumer::new(target, key, Dice::new(0, 0), usize::MAX);
    loop {
        let request = first.request("/v1/models", Bytes::new(), None)?;
        let (mut head, body) = request.into_parts();
        head.method = http::Method::GET;
        let (_, _, body) = first.send(Request::from_parts(head, body)).await?;
        let listed = body.collect().await?.to_bytes();
        if memmem::find(&listed, b"\"available\":true").is_some() {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err("no model is available after 30 s".into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn connect(target: SocketAddr) -> Result<Connection, Failure> {
    let socket = TcpStream::connect(target).await?;
    socket.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
    let task = tokio::spawn(async move {
        // The sender learns of a broken connection by itself.
        let _broken = connection.await;
    });
    Ok(Connection { sender, task })
}
