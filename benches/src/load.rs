//! A closed loop: each connection sends its next request when the answer to the last one has ended.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::join_all;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use memchr::memmem;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

use crate::Failure;
use crate::samples::{Percentiles, Samples};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[expect(clippy::exhaustive_enums, reason = "the mock answers these")]
pub enum Operation {
    /// Chat completions, whole or streamed.
    Chat,
    /// The embedding of one text.
    Embeddings,
}

impl Operation {
    /// The name as the flag takes it.
    #[must_use]
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embeddings => "embeddings",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Embeddings => "/v1/embeddings",
        }
    }
}

/// What to ask, where, and for how long.
#[derive(Debug, Clone, clap::Args)]
#[non_exhaustive]
pub struct Load {
    /// The server's address.
    #[arg(long)]
    pub target: SocketAddr,
    /// The bearer token; without one no `Authorization` is sent.
    #[arg(long)]
    pub key: Option<String>,
    /// The model to ask for.
    #[arg(long, default_value = "Qwen3-8B")]
    pub model: String,
    /// What to ask for.
    #[arg(long, value_enum, default_value_t = Operation::Chat)]
    pub operation: Operation,
    /// Connections, each with one request at a time.
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// For how many milliseconds new requests are sent.
    #[arg(long, default_value_t = 3000)]
    pub millis: u64,
    /// Ask for streams.
    #[arg(long)]
    pub stream: bool,
    /// Ask the mock for so many milliseconds between the chunks of a stream.
    #[arg(long, default_value_t = 0)]
    pub pace_ms: u64,
}

/// What came of it; only whole and right answers count as requests.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LoadReport {
    /// Answers that were right.
    pub requests: u64,
    /// Answers that were not, and connections that broke.
    pub errors: u64,
    /// What the first wrong answer looked like.
    pub first_error: Option<String>,
    /// From the first request to the end of the last answer.
    pub seconds: f64,
    /// From sending a request to the end of its answer.
    pub whole: Percentiles,
    /// From sending a request to the first bytes of its body.
    pub first: Percentiles,
}

impl LoadReport {
    /// Right answers per second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a count of requests is far below 2^52"
        )]
        let requests = self.requests as f64;
        requests / self.seconds.max(f64::MIN_POSITIVE)
    }
}

#[derive(Debug, Default)]
struct Seen {
    requests: u64,
    errors: u64,
    first_error: Option<String>,
    whole: Samples,
    first: Samples,
}

impl Load {
    /// Runs the loop.
    ///
    /// # Errors
    /// When no connection can be made; failing requests are counted instead.
    pub async fn run(&self) -> Result<LoadReport, Failure> {
        TcpStream::connect(self.target).await?;
        let started = Instant::now();
        let deadline = started + Duration::from_millis(self.millis);
        let all = join_all((0..self.connections).map(|_| self.connection(deadline))).await;
        let seconds = started.elapsed().as_secs_f64();
        let mut sum = Seen::default();
        for seen in all {
            sum.requests += seen.requests;
            sum.errors += seen.errors;
            sum.first_error = sum.first_error.or(seen.first_error);
            sum.whole.extend(&seen.whole);
            sum.first.extend(&seen.first);
        }
        Ok(LoadReport {
            requests: sum.requests,
            errors: sum.errors,
            first_error: sum.first_error,
            seconds,
            whole: sum.whole.percentiles(),
            first: sum.first.percentiles(),
        })
    }

    async fn connection(&self, deadline: Instant) -> Seen {
        let mut seen = Seen::default();
        let body = self.body();
        let mut sender = None;
        let mut buffer = Vec::with_capacity(8 * 1024);
        while Instant::now() < deadline {
            if let Err(error) = self.one(&mut sender, &body, &mut buffer, &mut seen).await {
                seen.errors += 1;
                seen.first_error.get_or_insert_with(|| error.to_string());
                sender = None;
                // A server that refuses everything is not to be flooded with connections.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        seen
    }

    fn body(&self) -> Bytes {
        if self.operation == Operation::Embeddings {
            return Bytes::from(format!(
                r#"{{"model":"{}","input":"Tell me about swans and how far they fly in one day, please.","encoding_format":"float"}}"#,
                self.model
            ));
        }
        let stream = match (self.stream, self.pace_ms) {
            (false, _) => String::new(),
            (true, 0) => ",\"stream\":true".to_owned(),
            (true, pace) => format!(",\"stream\":true,\"pace_ms\":{pace}"),
        };
        Bytes::from(format!(
            r#"{{"model":"{}","messages":[{{"role":"system","content":"You are a helpful assistant."}},{{"role":"user","content":"Tell me about swans and how far they fly in one day, please."}}],"temperature":0.7,"max_tokens":128{stream}}}"#,
            self.model
        ))
    }

    async fn one(
        &self,
        sender: &mut Option<SendRequest<Full<Bytes>>>,
        body: &Bytes,
        buffer: &mut Vec<u8>,
        seen: &mut Seen,
    ) -> Result<(), Failure> {
        let open = match sender.take() {
            Some(open) => sender.insert(open),
            None => sender.insert(connect(self.target).await?),
        };
        open.ready().await?;
        let request = self.request(body)?;
        let sent = Instant::now();
        let response = open.send_request(request).await?;
        let status = response.status();
        let mut incoming = response.into_body();
        buffer.clear();
        let mut first = None;
        while let Some(frame) = incoming.frame().await {
            if let Ok(data) = frame?.into_data() {
                first.get_or_insert_with(|| sent.elapsed());
                buffer.extend_from_slice(&data);
            }
        }
        let whole = sent.elapsed();
        if let Some(wrong) = self.wrong(status, buffer) {
            return Err(wrong.into());
        }
        seen.requests += 1;
        seen.whole.push(whole);
        seen.first.push(first.unwrap_or(whole));
        Ok(())
    }

    fn request(&self, body: &Bytes) -> Result<Request<Full<Bytes>>, Failure> {
        let mut request = Request::post(self.operation.path())
            .header(header::HOST, self.target.to_string())
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = &self.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        Ok(request.body(Full::new(body.clone()))?)
    }

    fn wrong(&self, status: StatusCode, body: &[u8]) -> Option<String> {
        let right = status == StatusCode::OK
            && if self.stream {
                body.ends_with(b"data: [DONE]\n\n")
                    && memmem::find_iter(body, b"data: {").count() >= 20
            } else {
                let sign: &[u8] = match self.operation {
                    Operation::Chat => b"\"choices\"",
                    Operation::Embeddings => b"\"embedding\"",
                };
                memmem::find(body, sign).is_some()
            };
        (!right).then(|| {
            let shown = body.get(..body.len().min(400)).unwrap_or_default();
            format!("{status}: {}", String::from_utf8_lossy(shown))
        })
    }
}

async fn connect(target: SocketAddr) -> Result<SendRequest<Full<Bytes>>, Failure> {
    let socket = TcpStream::connect(target).await?;
    socket.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
    tokio::spawn(async move {
        // The sender learns of a broken connection by itself.
        let _broken = connection.await;
    });
    Ok(sender)
}
