//! A hub made of the core's session and a socket, which does what a test tells it.

use super::SOON;
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use std::{
    collections::{HashMap, VecDeque},
    sync::atomic::{AtomicBool, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};
use swan_core::{
    Timestamp,
    protocol::{
        Accepted, CancelReason, Dialect, Dispatch, DispatchError, Failure, Frame, HubEvent,
        HubSession, HubSessionConfig, Operation, Registration, StreamEnd, StreamId, Transmit,
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time,
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

#[derive(Clone, Debug)]
pub struct HubOptions {
    /// What it speaks; a v1 hub does not know any sub-protocol.
    pub dialect: Dialect,
    /// Refuses each registration with these words.
    pub reject: Option<String>,
    /// The body of the status route; without one it does not exist.
    pub status: Option<String>,
    /// Whether what arrives is given back as credit at once.
    pub takes: bool,
}

impl HubOptions {
    pub fn speaking(dialect: Dialect) -> Self {
        Self {
            dialect,
            reject: None,
            status: None,
            takes: true,
        }
    }
}

/// Listens until it is dropped.
pub struct Hub {
    pub url: String,
    pub address: String,
    connections: mpsc::Receiver<Connection>,
    task: JoinHandle<()>,
}

impl Hub {
    pub async fn start(options: HubOptions) -> Self {
        Self::on("127.0.0.1:0", options).await
    }

    pub async fn on(address: &str, options: HubOptions) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, connections) = mpsc::channel(64);
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                open.spawn(welcome(socket, options.clone(), sender.clone()));
            }
        });
        Self {
            url: format!("ws://{address}"),
            address,
            connections,
            task,
        }
    }

    /// The next provider that opens a socket.
    pub async fn next(&mut self) -> Connection {
        time::timeout(SOON, self.connections.recv())
            .await
            .expect("a connection soon")
            .unwrap()
    }

    /// Ends it with all its connections; its address is free then.
    pub async fn close(mut self) -> String {
        self.task.abort();
        let _ = (&mut self.task).await;
        self.address.clone()
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One provider, as the hub sees it.
pub struct Connection {
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<HubEvent>,
    /// Events of other streams, read while waiting for one.
    kept: HashMap<StreamId, Vec<HubEvent>>,
    registrations: VecDeque<Registration>,
    next_request: u32,
}

enum Command {
    Dispatch(
        Box<Dispatch>,
        oneshot::Sender<Result<StreamId, DispatchError>>,
    ),
    Cancel(StreamId),
    Credit(StreamId, usize),
    /// Cuts the connection without a word.
    Cut,
}

/// A whole answer.
#[derive(Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
    pub end: Option<StreamEnd>,
    pub failure: Option<Failure>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The status that a consumer would see.
    pub fn final_status(&self) -> u16 {
        self.failure
            .as_ref()
            .map_or(self.status, |failure| failure.status)
    }
}

impl Connection {
    /// The next registration that offers at least one model.
    pub async fn registered(&mut self) -> Registration {
        self.registered_when(|r| !r.models.is_empty()).await
    }

    pub async fn registered_when(
        &mut self,
        wanted: impl Fn(&Registration) -> bool,
    ) -> Registration {
        loop {
            while let Some(registration) = self.registrations.pop_front() {
                if wanted(&registration) {
                    return registration;
                }
            }
            self.event().await;
        }
    }

    /// The next thing that happened, whatever it is.
    pub async fn event(&mut self) -> HubEvent {
        let event = time::timeout(SOON, self.events.recv()).await;
        let event = event.expect("an event soon").expect("is open");
        if let HubEvent::Register(registration) = &event {
            self.registrations.push_back((**registration).clone());
        }
        event
    }

    /// Waits until the provider has gone.
    pub async fn gone(&mut self) {
        let read = async { while self.events.recv().await.is_some() {} };
        time::timeout(SOON, read).await.expect("goes soon");
    }

    pub async fn dispatch(&mut self, model: &str, stream: bool, body: &str) -> StreamId {
        self.try_dispatch(model, stream, body).await.unwrap()
    }

    pub async fn try_dispatch(
        &mut self,
        model: &str,
        stream: bool,
        body: &str,
    ) -> Result<StreamId, DispatchError> {
        self.next_request += 1;
        let dispatch = Dispatch {
            request_id: format!("request-{}", self.next_request),
            model: model.to_owned(),
            operation: Operation::ChatCompletions,
            stream,
            content_type: "application/json".to_owned(),
            body: vec![Bytes::from(body.to_owned())],
            deadline_ms: 60_000,
        };
        let (answer, answered) = oneshot::channel();
        let command = Command::Dispatch(Box::new(dispatch), answer);
        self.commands.send(command).await.ok().unwrap();
        answered.await.unwrap()
    }

    pub async fn cancel(&self, stream: StreamId) {
        self.commands
            .send(Command::Cancel(stream))
            .await
            .ok()
            .unwrap();
    }

    pub async fn credit(&self, stream: StreamId, bytes: usize) {
        self.commands
            .send(Command::Credit(stream, bytes))
            .await
            .ok()
            .unwrap();
    }

    pub async fn cut(&self) {
        let _ = self.commands.send(Command::Cut).await;
    }

    /// The next event of one stream; those of others are kept.
    pub async fn stream_event(&mut self, wanted: StreamId) -> HubEvent {
        if let Some(kept) = self.kept.get_mut(&wanted).filter(|kept| !kept.is_empty()) {
            return kept.remove(0);
        }
        loop {
            let event = self.event().await;
            match stream_of(&event) {
                Some(stream) if stream == wanted => return event,
                Some(stream) => self.kept.entry(stream).or_default().push(event),
                None => {}
            }
        }
    }

    /// Waits for the first bytes of an answer.
    pub async fn first_piece(&mut self, stream: StreamId) -> Bytes {
        loop {
            match self.stream_event(stream).await {
                HubEvent::Body { piece, .. } => return piece.bytes().clone(),
                HubEvent::Head { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Reads one answer to its end.
    pub async fn answer(&mut self, stream: StreamId) -> Answer {
        let mut answer = Answer::default();
        loop {
            match self.stream_event(stream).await {
                HubEvent::Head {
                    status,
                    content_type,
                    ..
                } => {
                    answer.status = status;
                    answer.content_type = content_type;
                }
                HubEvent::Body { piece, .. } => answer.body.extend_from_slice(piece.bytes()),
                HubEvent::End { end, .. } => {
                    answer.end = Some(end);
                    return answer;
                }
                HubEvent::Failed { failure, .. } => {
                    answer.failure = Some(failure);
                    return answer;
                }
                _ => {}
            }
        }
    }

    pub async fn ask(&mut self, model: &str, stream: bool, body: &str) -> Answer {
        let stream = self.dispatch(model, stream, body).await;
        self.answer(stream).await
    }
}

fn stream_of(event: &HubEvent) -> Option<StreamId> {
    match event {
        HubEvent::Head { stream, .. }
        | HubEvent::Body { stream, .. }
        | HubEvent::End { stream, .. }
        | HubEvent::Failed { stream, .. } => Some(*stream),
        _ => None,
    }
}

async fn welcome(
    mut socket: TcpStream,
    options: HubOptions,
    connections: mpsc::Sender<Connection>,
) {
    let mut start = [0; 32];
    let _ = socket.peek(&mut start).await;
    if start.starts_with(b"GET /api/v1/provider/status") {
        let mut request = vec![0; 8 * 1024];
        let _ = socket.read(&mut request).await;
        let answer = match &options.status {
            Some(body) => format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ),
            None => {
                "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".into()
            }
        };
        let _ = socket.write_all(answer.as_bytes()).await;
        return;
    }
    let (dialect, offered) = (options.dialect, AtomicBool::new(false));
    #[expect(
        clippy::result_large_err,
        reason = "the WebSocket library asks for this type"
    )]
    let choose = |request: &http::Request<()>, mut response: http::Response<()>| {
        let found = request.headers().contains_key("sec-websocket-protocol");
        offered.store(found, Ordering::SeqCst);
        if dialect == Dialect::V2 && offered.load(Ordering::SeqCst) {
            let chosen = "swan.v2".parse().unwrap();
            response
                .headers_mut()
                .insert("sec-websocket-protocol", chosen);
        }
        Ok(response)
    };
    let upgraded = tokio_tungstenite::accept_hdr_async(socket, choose).await;
    // A client that offered what this hub does not speak hangs up and comes again.
    let Ok(stream) = upgraded else { return };
    if dialect == Dialect::V1 && offered.load(Ordering::SeqCst) {
        return;
    }
    let (commands, received) = mpsc::channel(64);
    let (sender, events) = mpsc::channel(65_536);
    let connection = Connection {
        commands,
        events,
        kept: HashMap::new(),
        registrations: VecDeque::new(),
        next_request: 0,
    };
    if connections.send(connection).await.is_ok() {
        let dialect = if offered.load(Ordering::SeqCst) {
            dialect
        } else {
            Dialect::V1
        };
        drive(
            stream,
            HubSession::new(dialect, HubSessionConfig::default(), now()),
            options,
            received,
            sender,
        )
        .await;
    }
}

async fn drive(
    mut socket: WebSocketStream<TcpStream>,
    mut session: HubSession,
    options: HubOptions,
    mut commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<HubEvent>,
) {
    loop {
        while let Some(event) = session.poll_event() {
            match &event {
                HubEvent::Register(registration) => match &options.reject {
                    Some(reason) => session.reject(now(), reason),
                    None => session.accept(now(), &accepted(registration)),
                },
                HubEvent::Body { stream, piece } if options.takes => {
                    session.credit(now(), *stream, piece.len());
                }
                _ => {}
            }
            let lost = matches!(event, HubEvent::Lost { .. });
            if events.send(event).await.is_err() || lost {
                return;
            }
        }
        while let Some(transmit) = session.poll_transmit() {
            let sent = match transmit {
                Transmit::Frame(Frame::Text(text)) => {
                    socket.feed(Message::Text(text.try_into().unwrap())).await
                }
                Transmit::Frame(Frame::Binary(bytes)) => socket.feed(Message::Binary(bytes)).await,
                Transmit::Close { .. } => socket.close(None).await,
            };
            if sent.is_err() {
                break;
            }
        }
        let _ = socket.flush().await;
        let due = session.poll_timeout().map_or(SOON, |at| at.since(now()));
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => session.handle_frame(now(), Frame::Text(text.into())),
                Some(Ok(Message::Binary(bytes))) => session.handle_frame(now(), Frame::Binary(bytes)),
                Some(Ok(Message::Close(_))) | None => session.handle_disconnect(now(), "closed"),
                Some(Ok(_)) => {}
                Some(Err(error)) => session.handle_disconnect(now(), &error.to_string()),
            },
            Some(command) = commands.recv() => match command {
                Command::Dispatch(dispatch, answer) => {
                    let _ = answer.send(session.dispatch(now(), *dispatch));
                }
                Command::Cancel(stream) => {
                    session.cancel(now(), stream, &CancelReason::ConsumerDisconnected);
                }
                Command::Credit(stream, bytes) => session.credit(now(), stream, bytes),
                Command::Cut => return,
            },
            () = time::sleep(due) => session.handle_timeout(now()),
        }
    }
}

fn accepted(registration: &Registration) -> Accepted {
    Accepted {
        provider_id: Some("prov-test".to_owned()),
        registered_models: registration.models.clone(),
        ..Accepted::default()
    }
}

fn now() -> Timestamp {
    Timestamp::EPOCH.after(SystemTime::now().duration_since(UNIX_EPOCH).unwrap())
}
