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
    Dialect, Failure, Frame, ProviderEvent, ProviderSession, ProviderSessionConfig, Registration,
    Request, SUBPROTOCOL_V2, StreamEnd, StreamId, Transmit,
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

/// How a provider misbehaves, in a thousand frames.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manners {
    /// A frame is sent twice.
    pub(crate) repeats: u64,
    /// A frame comes after the next one.
    pub(crate) swaps: u64,
    /// The connection ends.
    pub(crate) dies: u64,
}

/// What a provider answers.
pub(crate) trait Script: Send + Sync {
    /// What is done about a request, in order. The number names the answer afterwards.
    fn answer(&self, request: &Request) -> (usize, VecDeque<Act>);
    /// So many words of an answer are on their way.
    fn said(&self, _answer: usize, _words: u64) {}
    /// The connection has repeated, swapped or lost a frame.
    fn disturbed(&self) {}
}

/// A step of an answer.
#[derive(Debug)]
pub(crate) enum Act {
    Head(u16, &'static str),
    /// Bytes with so many words in them.
    Body(Bytes, u64),
    Finish(StreamEnd),
    Fail,
}

/// One provider, which comes back when its connection has ended.
pub(crate) struct Provider<S> {
    pub(crate) hub: Router,
    pub(crate) key: String,
    pub(crate) life: Arc<Life>,
    pub(crate) dialect: Dialect,
    pub(crate) manners: Manners,
    pub(crate) dice: Dice,
    pub(crate) script: S,
    /// So many steps it takes at once, at most.
    pub(crate) haste: u64,
}

struct Connection {
    socket: WebSocketStream<DuplexStream>,
    session: ProviderSession,
    todo: Vec<Todo>,
    late: Option<Message>,
}

/// An answer that has not ended.
struct Todo {
    stream: StreamId,
    answer: usize,
    acts: VecDeque<Act>,
}

impl<S: Script> Provider<S> {
    pub(crate) async fn run(mut self) {
        loop {
            if let Some(mut connection) = self.connect().await {
                while self.step(&mut connection).await.is_some() {}
                self.script.disturbed();
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
            todo: Vec::new(),
            late: None,
        })
    }

    /// One thing after the other; none when the connection has ended.
    async fn step(&mut self, connection: &mut Connection) -> Option<()> {
        self.flush(connection).await?;
        while let Some(event) = connection.session.poll_event() {
            match event {
                ProviderEvent::Request(request) => {
                    let (answer, acts) = self.script.answer(&request);
                    let stream = request.stream;
                    connection.todo.push(Todo {
                        stream,
                        answer,
                        acts,
                    });
                }
                ProviderEvent::Cancelled { stream, .. } => {
                    connection.todo.retain(|todo| todo.stream != stream);
                }
                _ => {}
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
                for _ in 0..=self.dice.below(self.haste) {
                    self.act(connection);
                }
            }
        }
        Some(())
    }

    /// Goes on with one of the answers.
    fn act(&mut self, connection: &mut Connection) {
        if connection.todo.is_empty() {
            return;
        }
        let place = usize::try_from(self.dice.below(connection.todo.len() as u64)).unwrap();
        let todo = &mut connection.todo[place];
        let (stream, session) = (todo.stream, &mut connection.session);
        let done = match todo.acts.pop_front() {
            Some(Act::Head(status, kind)) => session.head(stream, status, Some(kind)),
            Some(Act::Body(bytes, words)) => {
                let taken = session.body(stream, bytes);
                if taken.is_ok() {
                    self.script.said(todo.answer, words);
                }
                taken
            }
            Some(Act::Finish(end)) => session.finish(self.life.now(), stream, end),
            Some(Act::Fail) => {
                let failure = Failure::provider(500, "it broke");
                session.fail(self.life.now(), stream, failure)
            }
            None => Ok(()),
        };
        // What the hub has cancelled meanwhile is refused here, which is as it should be.
        if done.is_err() || todo.acts.is_empty() {
            connection.todo.remove(place);
        }
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
                self.script.disturbed();
                continue;
            }
            if self.dice.chance(self.manners.repeats) {
                connection.socket.send(message.clone()).await.ok()?;
                self.script.disturbed();
            }
            connection.socket.send(message).await.ok()?;
            if let Some(late) = connection.late.take() {
                connection.socket.send(late).await.ok()?;
            }
        }
        Some(())
    }
}
