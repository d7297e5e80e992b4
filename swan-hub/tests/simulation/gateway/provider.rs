use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use swan_core::Clock as _;
use swan_core::protocol::{
    Dialect, Frame, ProviderEvent, ProviderSession, ProviderSessionConfig, Registration,
    SUBPROTOCOL_V2, StreamEnd, StreamId, Transmit,
};
use tokio::io::DuplexStream;
use tokio::time;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{WebSocketStream, client_async};
use tower::ServiceExt as _;

use super::consumer::MODEL;
use crate::dice::Dice;
use crate::life::Life;

const PROMPT_TOKENS: i128 = 7;
const WORDS: usize = 4;
/// What an answer costs: $0.01 for a million tokens in, $0.03 out.
pub(super) const PRICE: i128 = PROMPT_TOKENS * 10_000 + WORDS as i128 * 30_000;

/// How a provider misbehaves, in a thousand frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manners {
    /// A frame is sent twice.
    pub(super) repeats: u64,
    /// A frame comes after the next one.
    pub(super) swaps: u64,
    /// The connection ends.
    pub(super) dies: u64,
}

impl Manners {
    pub(super) const GOOD: Self = Self {
        repeats: 0,
        swaps: 0,
        dies: 0,
    };
}

/// One provider, which comes back when its connection has ended.
pub(super) struct Provider {
    pub(super) hub: Router,
    pub(super) key: String,
    pub(super) life: Arc<Life>,
    pub(super) dialect: Dialect,
    pub(super) manners: Manners,
    pub(super) dice: Dice,
}

enum Act {
    Head(&'static str),
    Body(String),
    Finish,
}

struct Connection {
    socket: WebSocketStream<DuplexStream>,
    session: ProviderSession,
    todo: VecDeque<(StreamId, Act)>,
    late: Option<Message>,
}

impl Provider {
    pub(super) async fn run(mut self) {
        loop {
            if let Some(mut connection) = self.connect().await {
                while self.step(&mut connection).await.is_some() {}
            }
            time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn connect(&self) -> Option<Connection> {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let hub = self.hub.clone();
        let service = service_fn(move |request: http::Request<Incoming>| {
            let hub = hub.clone();
            async move { Ok::<_, Infallible>(hub.oneshot(request.map(Body::new)).await.unwrap()) }
        });
        let served = http1::Builder::new().serve_connection(TokioIo::new(theirs), service);
        tokio::spawn(served.with_upgrades());
        let mut request = "ws://hub/ws".into_client_request().unwrap();
        if self.dialect == Dialect::V2 {
            let protocol = SUBPROTOCOL_V2.parse().unwrap();
            request
                .headers_mut()
                .insert("sec-websocket-protocol", protocol);
        }
        let (socket, _) = Box::pin(client_async(request, ours)).await.ok()?;
        let now = self.life.now();
        let mut session = ProviderSession::new(self.dialect, ProviderSessionConfig::default(), now);
        let registration = Registration {
            token: self.key.clone(),
            node_id: "node".to_owned(),
            node_name: "node".to_owned(),
            models: vec![MODEL.to_owned()],
            cp_version: Some("9.9.9".to_owned()),
            ..Registration::default()
        };
        session.register(now, registration);
        Some(Connection {
            socket,
            session,
            todo: VecDeque::new(),
            late: None,
        })
    }

    /// One thing after the other; none when the connection has ended.
    async fn step(&mut self, connection: &mut Connection) -> Option<()> {
        self.flush(connection).await?;
        while let Some(event) = connection.session.poll_event() {
            if let ProviderEvent::Request(request) = event {
                let is_stream = request
                    .body
                    .windows(13)
                    .any(|part| part == b"\"stream\":true");
                let acts = answer(is_stream).map(|act| (request.stream, act));
                connection.todo.extend(acts);
            }
        }
        self.flush(connection).await?;
        let pause = time::sleep(Duration::from_millis(self.dice.below(3)));
        tokio::select! {
            biased;
            message = connection.socket.next() => {
                let frame = match message?.ok()? {
                    Message::Text(text) => Frame::Text(Bytes::from(text)),
                    Message::Binary(bytes) => Frame::Binary(bytes),
                    _ => return Some(()),
                };
                connection.session.handle_frame(self.life.now(), frame);
            }
            () = pause, if !connection.todo.is_empty() => {
                let (stream, act) = connection.todo.pop_front()?;
                // What the hub has cancelled meanwhile is refused here, which is as it should be.
                let _ = match act {
                    Act::Head(kind) => connection.session.head(stream, 200, Some(kind)),
                    Act::Body(text) => connection.session.body(stream, Bytes::from(text)),
                    Act::Finish => connection.session.finish(self.life.now(), stream, StreamEnd::default()),
                };
            }
        }
        Some(())
    }

    async fn flush(&mut self, connection: &mut Connection) -> Option<()> {
        while let Some(transmit) = connection.session.poll_transmit() {
            let message = match transmit {
                Transmit::Frame(Frame::Text(text)) => {
                    Message::text(String::from_utf8(text.to_vec()).ok()?)
                }
                Transmit::Frame(Frame::Binary(bytes)) => Message::binary(bytes),
                Transmit::Close { .. } => Message::Close(None),
            };
            if self.dice.chance(self.manners.dies) {
                return None;
            }
            if connection.late.is_none() && self.dice.chance(self.manners.swaps) {
                connection.late = Some(message);
                continue;
            }
            if self.dice.chance(self.manners.repeats) {
                connection.socket.send(message.clone()).await.ok()?;
            }
            connection.socket.send(message).await.ok()?;
            if let Some(late) = connection.late.take() {
                connection.socket.send(late).await.ok()?;
            }
        }
        Some(())
    }
}

fn answer(is_stream: bool) -> impl Iterator<Item = Act> {
    let usage = format!(
        r#""usage":{{"prompt_tokens":{PROMPT_TOKENS},"completion_tokens":{WORDS},"total_tokens":{}}}"#,
        PROMPT_TOKENS + WORDS as i128
    );
    let mut acts = Vec::new();
    if is_stream {
        let chunk = r#"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":"#;
        acts.push(Act::Head("text/event-stream"));
        for _ in 0..WORDS {
            acts.push(Act::Body(format!("{chunk}[{{\"index\":0,\"delta\":{{\"content\":\"words \"}},\"finish_reason\":null}}]}}\n\n")));
        }
        acts.push(Act::Body(format!(
            "{chunk}[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n"
        )));
        acts.push(Act::Body(format!(
            "{chunk}[],{usage}}}\n\ndata: [DONE]\n\n"
        )));
    } else {
        acts.push(Act::Head("application/json"));
        acts.push(Act::Body(format!(
            r#"{{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{{"index":0,"message":{{"role":"assistant","content":"words words words words"}},"finish_reason":"stop"}}],{usage}}}"#
        )));
    }
    acts.push(Act::Finish);
    acts.into_iter()
}
