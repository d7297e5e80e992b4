//! Consumers who remember what they saw.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Failure;
use crate::soak::ask::{completion, cost_of};
use crate::soak::dice::Dice;
use crate::soak::verdict::pico;

/// What nobody may wait longer for than this.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two tries of a request with a key.
const PAUSE: Duration = Duration::from_millis(10);
/// How often a request with a key is tried: hundreds of kills cannot need more.
const TRIES_MAX: u32 = 20_000;

/// What consumers saw.
#[derive(Debug, Default)]
pub(super) struct Deeds {
    /// Requests whose end was seen, and what they cost in pico-units.
    pub(super) seen: Vec<(String, i128)>,
    /// The same of those with a key.
    pub(super) keyed: Vec<(String, i128)>,
    /// How many of them were asked more than once.
    pub(super) repeated: u64,
    /// Requests with a key that were charged and whose answer was lost with a hub.
    pub(super) lost: Vec<String>,
    /// Requests that were refused.
    pub(super) refused: Vec<(String, String)>,
    /// Requests without a key that broke: whether they were charged, nobody knows.
    pub(super) broken: u64,
    /// What was not as it must be.
    pub(super) wrong: Vec<String>,
}

impl Deeds {
    pub(super) fn add(&mut self, other: Self) {
        self.seen.extend(other.seen);
        self.keyed.extend(other.keyed);
        self.lost.extend(other.lost);
        self.refused.extend(other.refused);
        self.broken += other.broken;
        self.repeated += other.repeated;
        self.wrong.extend(other.wrong);
    }
}

/// How a request ended for who asked.
enum End {
    /// To the last byte, at this cost.
    Seen(String, i128),
    /// With a reason.
    Refused {
        id: String,
        code: String,
        message: String,
    },
    /// Somewhere on the way.
    Broken,
    /// There was nobody to ask.
    Unsent,
}

/// One consumer with one request at a time.
pub(super) struct Consumer {
    target: SocketAddr,
    key: String,
    dice: Dice,
    number: usize,
    has_keys: bool,
    deeds: Deeds,
}

impl Consumer {
    pub(super) fn new(
        target: SocketAddr,
        key: &str,
        dice: Dice,
        number: usize,
        has_keys: bool,
    ) -> Self {
        Self {
            target,
            key: key.to_owned(),
            dice,
            number,
            has_keys,
            deeds: Deeds::default(),
        }
    }

    /// One request after the other until the time is over.
    pub(super) async fn run(mut self, over: Arc<AtomicBool>) -> Deeds {
        let mut requests = 0;
        while !over.load(Ordering::Relaxed) {
            requests += 1;
            let pace = self.dice.below(6);
            let stream = self.dice.chance(60).then_some(pace);
            if self.has_keys {
                self.until_answered(requests, stream).await;
            } else {
                self.once(stream).await;
            }
            tokio::time::sleep(Duration::from_millis(self.dice.below(10))).await;
        }
        self.deeds
    }

    async fn once(&mut self, stream: Option<u64>) {
        match self.ask(stream, None).await {
            End::Seen(id, cost) => self.deeds.seen.push((id, cost)),
            End::Refused { id, code, .. } => self.deeds.refused.push((id, code)),
            End::Broken => self.deeds.broken += 1,
            End::Unsent => tokio::time::sleep(PAUSE).await,
        }
    }

    /// Asks the same again and again, through as many hubs as it takes.
    async fn until_answered(&mut self, number: u64, stream: Option<u64>) {
        let once = format!("kills-{}-{number}", self.number);
        for tries in 0..TRIES_MAX {
            let end = self.ask(stream, Some(&once)).await;
            if tries == 1 {
                self.deeds.repeated += 1;
            }
            match end {
                End::Seen(id, cost) => return self.deeds.keyed.push((id, cost)),
                End::Refused { code, message, .. } if code == "idempotency_outcome_lost" => {
                    // The id in the header is that of the repeat.
                    let id = message.split(' ').nth(1).unwrap_or_default();
                    return self.deeds.lost.push(id.to_owned());
                }
                // What was refused has done nothing, so its key is free.
                End::Refused { .. } | End::Broken | End::Unsent => tokio::time::sleep(PAUSE).await,
            }
        }
        self.deeds.wrong.push(format!("{once} was never answered"));
    }

    async fn ask(&mut self, stream: Option<u64>, once: Option<&str>) -> End {
        let Ok(socket) = TcpStream::connect(self.target).await else {
            return End::Unsent;
        };
        match tokio::time::timeout(PATIENCE, self.asked(socket, stream, once)).await {
            Ok(Ok(end)) => end,
            Ok(Err(_)) => End::Broken,
            Err(_) => {
                self.deeds.wrong.push("no end within 30 s".to_owned());
                End::Broken
            }
        }
    }

    /// An error is a connection that broke.
    async fn asked(
        &self,
        socket: TcpStream,
        stream: Option<u64>,
        once: Option<&str>,
    ) -> Result<End, Failure> {
        let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
        let connection = tokio::spawn(connection);
        let (path, body) = completion(stream);
        let mut request = Request::post(path)
            .header(header::HOST, self.target.to_string())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key));
        if let Some(once) = once {
            request = request.header("idempotency-key", once);
        }
        let request = request.body(Full::new(Bytes::from(body)))?;
        let (head, body) = sender.send_request(request).await?.into_parts();
        let text = |name: &str| head.headers.get(name)?.to_str().ok().map(str::to_owned);
        let id = text("x-request-id").ok_or("an answer without an id")?;
        let body = body.collect().await?.to_bytes();
        connection.abort();
        if head.status != StatusCode::OK {
            let error: serde_json::Value = serde_json::from_slice(&body)?;
            let member = |name| error.pointer(name).and_then(serde_json::Value::as_str);
            let code = member("/error/code").unwrap_or_default().to_owned();
            let message = member("/error/message").unwrap_or_default().to_owned();
            return Ok(End::Refused { id, code, message });
        }
        let cost = match stream {
            // A stream that says why it ends early is charged for what was delivered.
            Some(_) if !body.ends_with(b"data: [DONE]\n\n") => return Ok(End::Broken),
            Some(_) => cost_of(&body),
            None => text("x-swan-cost").and_then(|cost| pico(&cost)),
        };
        Ok(End::Seen(id, cost.ok_or("an answer without its cost")?))
    }
}
