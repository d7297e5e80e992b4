//! A hub made of the core's session and a socket, which does what a test tells it.

use super::{SOON, session::welcome};
use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use swan_core::protocol::{
    Dialect, Dispatch, DispatchError, Failure, HubEvent, Operation, Registration, StreamEnd,
    StreamId,
};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time,
};

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
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) events: mpsc::Receiver<HubEvent>,
    /// Events of other streams, read while waiting for one.
    pub(super) kept: HashMap<StreamId, Vec<HubEvent>>,
    pub(super) registrations: VecDeque<Registration>,
    pub(super) next_request: u32,
}

pub(super) enum Command {
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
    pub retry_after: Option<Duration>,
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
            sign: None,
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
                    retry_after,
                    ..
                } => {
                    answer.retry_after = retry_after;
                    answer.status = status;
                    answer.content_type = content_type;
                }
                HubEvent::Body { piece, .. } => answer.body.extend_from_slice(piece.bytes()),
                HubEvent::End { end, .. } => {
                    answer.end = Some(end);
                    return answer;
                }
                HubEvent::Failed { failure, .. } => {
                    answer.retry_after = failure.retry_after;
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
