//! A provider that does what the test says, over a real WebSocket and in the real protocol.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use swan_core::protocol::{
    CancelReason, Dialect, Failure, Frame, ModelDeclaration, ProviderEvent, ProviderSession,
    ProviderSessionConfig, Registration, Request, SUBPROTOCOL_V2, StreamEnd, StreamId, Transmit,
};
use swan_core::receipt::SignedStatement;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{now, within};

/// One thing that the provider does.
pub(crate) enum Act {
    /// Begins an answer.
    Head(u16, &'static str),
    /// Begins a refusal that says when to come again.
    HeadLater(u16, &'static str, Duration),
    /// Goes on with it.
    Body(String),
    /// Goes on with bytes that need be no text.
    Bytes(Vec<u8>),
    /// Ends it.
    Finish(StreamEnd),
    /// Ends it with a statement.
    Sign(Box<SignedStatement>),
    /// Fails it.
    Fail(Failure),
    /// Sends a frame that the protocol does not know, as it is.
    Garbage(Message),
    /// Closes the socket without a word.
    Die,
}

/// What the provider has met.
#[derive(Debug)]
pub(crate) enum Met {
    Request(Box<Request>),
    Cancelled(StreamId, CancelReason),
    Draining,
    Gone,
}

/// The test's end of a provider.
pub(crate) struct Provider {
    acts: mpsc::Sender<(Option<StreamId>, Act)>,
    met: mpsc::Receiver<Met>,
    task: JoinHandle<()>,
}

/// A whole answer with this body.
pub(crate) fn reply(body: impl Into<String>) -> Vec<Act> {
    vec![
        Act::Head(200, "application/json"),
        Act::Body(body.into()),
        Act::Finish(StreamEnd::default()),
    ]
}

/// A stream with these bytes.
pub(crate) fn sse(body: impl Into<String>) -> Vec<Act> {
    vec![
        Act::Head(200, "text/event-stream"),
        Act::Body(body.into()),
        Act::Finish(StreamEnd::default()),
    ]
}

/// The beginning of a stream.
pub(crate) fn begin(body: impl Into<String>) -> Vec<Act> {
    vec![Act::Head(200, "text/event-stream"), Act::Body(body.into())]
}

/// A refusal of the model server.
pub(crate) fn refusal(status: u16, body: impl Into<String>) -> Vec<Act> {
    vec![
        Act::Head(status, "application/json"),
        Act::Body(body.into()),
        Act::Finish(StreamEnd::default()),
    ]
}

impl Provider {
    /// Connects, and waits until the hub has accepted the registration.
    pub(crate) async fn connect(
        address: SocketAddr,
        key: &str,
        node: &str,
        v2: bool,
        models: &[&str],
    ) -> Self {
        Self::declaring(address, key, node, v2, models, Vec::new()).await
    }

    /// The same with declarations of its models.
    pub(crate) async fn declaring(
        address: SocketAddr,
        key: &str,
        node: &str,
        v2: bool,
        models: &[&str],
        model_declarations: Vec<ModelDeclaration>,
    ) -> Self {
        let registration = Registration {
            token: key.to_owned(),
            node_id: node.to_owned(),
            node_name: node.to_owned(),
            models: models.iter().map(ToString::to_string).collect(),
            cp_version: Some("9.9.9".to_owned()),
            model_declarations,
            ..Registration::default()
        };
        Self::registering(address, v2, registration).await
    }

    /// The same with whatever it says of itself.
    pub(crate) async fn registering(
        address: SocketAddr,
        v2: bool,
        registration: Registration,
    ) -> Self {
        let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
        if v2 {
            let header = SUBPROTOCOL_V2.parse().unwrap();
            request
                .headers_mut()
                .insert("sec-websocket-protocol", header);
        }
        let (socket, response) = Box::pin(within(connect_async(request))).await.unwrap();
        let chosen = response.headers().get("sec-websocket-protocol");
        let dialect = Dialect::from_subprotocol(chosen.map(|value| value.to_str().unwrap()));
        assert_eq!(dialect == Dialect::V2, v2);
        let session = ProviderSession::new(dialect, ProviderSessionConfig::default(), now());
        let (acts, todo) = mpsc::channel(1024);
        let (tell, met) = mpsc::channel(1024);
        let ready = Arc::new(Notify::new());
        let runner = Runner {
            socket,
            session,
            tell,
            ready: Arc::clone(&ready),
        };
        let task = tokio::spawn(runner.run(registration, todo));
        within(ready.notified()).await;
        Self { acts, met, task }
    }

    /// The next request.
    pub(crate) async fn request(&mut self) -> Request {
        loop {
            match within(self.met.recv()).await {
                Some(Met::Request(request)) => return *request,
                Some(_) => {}
                None => panic!("the provider is gone"),
            }
        }
    }

    /// Waits until the hub wants nothing more of a request, and gives the reason.
    pub(crate) async fn cancelled(&mut self, stream: StreamId) -> CancelReason {
        loop {
            match within(self.met.recv()).await {
                Some(Met::Cancelled(cancelled, reason)) if cancelled == stream => return reason,
                Some(_) => {}
                None => panic!("the provider is gone"),
            }
        }
    }

    /// Waits until the hub says that it drains.
    pub(crate) async fn draining(&mut self) {
        while !matches!(within(self.met.recv()).await, Some(Met::Draining) | None) {}
    }

    /// Does something.
    pub(crate) async fn act(&self, stream: StreamId, acts: impl IntoIterator<Item = Act>) {
        for act in acts {
            self.acts.send((Some(stream), act)).await.unwrap();
        }
    }

    /// Goes on with bytes that need be no text.
    pub(crate) async fn bytes(&self, stream: StreamId, bytes: Vec<u8>) {
        self.act(stream, [Act::Bytes(bytes)]).await;
    }

    /// Sends a frame that has nothing to do with a request.
    pub(crate) async fn garbage(&self, message: Message) {
        self.acts.send((None, Act::Garbage(message))).await.unwrap();
    }

    /// Answers one request with `acts`, and gives the request.
    pub(crate) async fn serve(&mut self, acts: impl IntoIterator<Item = Act>) -> Request {
        let request = self.request().await;
        self.act(request.stream, acts).await;
        request
    }

    /// Closes the socket without a word.
    pub(crate) async fn die(self) {
        self.acts.send((None, Act::Die)).await.unwrap();
        within(self.task).await.unwrap();
    }

    /// How many requests wait unanswered in the test's queue.
    pub(crate) fn has_request(&mut self) -> bool {
        while let Ok(met) = self.met.try_recv() {
            if matches!(met, Met::Request(_)) {
                return true;
            }
        }
        false
    }
}

struct Runner {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: ProviderSession,
    tell: mpsc::Sender<Met>,
    ready: Arc<Notify>,
}

impl Runner {
    async fn run(
        mut self,
        registration: Registration,
        mut todo: mpsc::Receiver<(Option<StreamId>, Act)>,
    ) {
        self.session.register(now(), registration);
        loop {
            self.flush().await;
            while let Some(event) = self.session.poll_event() {
                self.event(event).await;
            }
            self.flush().await;
            tokio::select! {
                message = self.socket.next() => {
                    let frame = match message {
                        Some(Ok(Message::Text(text))) => Frame::Text(Bytes::from(text)),
                        Some(Ok(Message::Binary(bytes))) => Frame::Binary(bytes),
                        Some(Ok(_)) => continue,
                        Some(Err(_)) | None => break,
                    };
                    self.session.handle_frame(now(), frame);
                }
                act = todo.recv() => match act {
                    Some((_, Act::Die)) | None => break,
                    Some((stream, act)) => self.act(stream, act).await,
                },
            }
        }
        let _ = self.tell.send(Met::Gone).await;
    }

    async fn flush(&mut self) {
        while let Some(transmit) = self.session.poll_transmit() {
            let message = match transmit {
                Transmit::Frame(Frame::Text(text)) => {
                    Message::text(String::from_utf8(text.to_vec()).unwrap())
                }
                Transmit::Frame(Frame::Binary(bytes)) => Message::binary(bytes),
                Transmit::Close { .. } => Message::Close(None),
            };
            let _ = self.socket.send(message).await;
        }
    }

    async fn event(&mut self, event: ProviderEvent) {
        let met = match event {
            ProviderEvent::Registered(_) => return self.ready.notify_one(),
            ProviderEvent::Rejected { message } => panic!("the hub refused: {message}"),
            ProviderEvent::Request(request) => Met::Request(request),
            ProviderEvent::Cancelled { stream, reason } => Met::Cancelled(stream, reason),
            ProviderEvent::Notice(notice) if notice.event == "hub_draining" => Met::Draining,
            ProviderEvent::HubDraining => Met::Draining,
            _ => return,
        };
        let _ = self.tell.send(met).await;
    }

    async fn act(&mut self, stream: Option<StreamId>, act: Act) {
        if let Act::Garbage(message) = act {
            self.socket.send(message).await.unwrap();
            return;
        }
        let stream = stream.unwrap();
        // What the hub has cancelled meanwhile is refused here, which is as it should be.
        let _ = match act {
            Act::Head(status, content_type) => {
                self.session.head(stream, status, Some(content_type))
            }
            Act::HeadLater(status, kind, after) => {
                self.session
                    .head_with_retry(stream, status, Some(kind), Some(after))
            }
            Act::Body(text) => self.session.body(stream, Bytes::from(text)),
            Act::Bytes(bytes) => self.session.body(stream, Bytes::from(bytes)),
            Act::Finish(end) => self.session.finish(now(), stream, end),
            Act::Sign(signed) => {
                let end = StreamEnd::default();
                self.session.finish_signed(now(), stream, end, &signed)
            }
            Act::Fail(failure) => self.session.fail(now(), stream, failure),
            Act::Garbage(_) | Act::Die => Ok(()),
        };
    }
}
