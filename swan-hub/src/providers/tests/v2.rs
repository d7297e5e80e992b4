//! The second dialect, spoken by the provider's own end of the protocol.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http::HeaderValue;
use swan_core::Timestamp;
use swan_core::protocol::{
    Dialect, Frame, INITIAL_CREDIT, MIN_DATA_COST, Operation, Piece, ProviderEvent,
    ProviderSession, ProviderSessionConfig, Registration, Request, StreamEnd, StreamError,
    StreamId, Transmit,
};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::super::AttemptError;
use super::agent::{Socket, dial_with};
use super::requests::collect;
use super::rig::{MODEL, PATIENCE, Rig, job, until};

struct Provider {
    socket: Socket,
    session: ProviderSession,
    events: VecDeque<ProviderEvent>,
    started: Instant,
}

impl Provider {
    async fn serving(rig: &Rig, token: String) -> Self {
        let (socket, chosen) = dial_with(rig, "swan.v2").await;
        assert_eq!(chosen.as_deref(), Some("swan.v2"));
        let config = ProviderSessionConfig::default();
        let session = ProviderSession::new(Dialect::V2, config, Timestamp::EPOCH);
        let mut provider = Self {
            socket,
            session,
            events: VecDeque::new(),
            started: Instant::now(),
        };
        let registration = Registration {
            token,
            node_id: "node".to_owned(),
            node_name: "two".to_owned(),
            models: vec![MODEL.to_owned()],
            cp_version: Some("0.1.0".to_owned()),
            ..Registration::default()
        };
        let now = provider.now();
        provider.session.register(now, registration);
        let ProviderEvent::Registered(ack) = provider.event().await else {
            panic!("not registered");
        };
        assert_eq!(
            ack.registered_models,
            Some(vec![super::rig::model().to_string()])
        );
        provider
    }

    fn now(&self) -> Timestamp {
        Timestamp::EPOCH.after(self.started.elapsed())
    }

    async fn flush(&mut self) {
        loop {
            while let Some(event) = self.session.poll_event() {
                self.events.push_back(event);
            }
            let message = match self.session.poll_transmit() {
                Some(Transmit::Frame(Frame::Binary(bytes))) => Message::Binary(bytes),
                Some(Transmit::Frame(Frame::Text(bytes))) => {
                    Message::Text(bytes.try_into().expect("UTF-8"))
                }
                Some(Transmit::Close { .. }) => Message::Close(None),
                None => break,
            };
            self.socket.send(message).await.expect("the hub reads");
        }
        while let Some(event) = self.session.poll_event() {
            self.events.push_back(event);
        }
    }

    async fn event(&mut self) -> ProviderEvent {
        loop {
            self.flush().await;
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            self.step().await;
        }
    }

    /// Takes one message of the hub and sends what follows from it.
    async fn step(&mut self) {
        let message = timeout(PATIENCE, self.socket.next())
            .await
            .expect("in time");
        let frame = match message.expect("open").expect("a frame") {
            Message::Binary(bytes) => Frame::Binary(bytes),
            Message::Text(text) => Frame::Text(text.into()),
            _ => return,
        };
        let now = self.now();
        self.session.handle_frame(now, frame);
        self.flush().await;
    }

    async fn request(&mut self) -> Request {
        loop {
            if let ProviderEvent::Request(request) = self.event().await {
                return *request;
            }
        }
    }

    async fn body(&mut self, stream: StreamId, bytes: Bytes) {
        while self.session.body(stream, bytes.clone()) == Err(StreamError::Full) {
            self.step().await;
        }
        self.flush().await;
    }

    async fn finish(&mut self, stream: StreamId) {
        let now = self.now();
        self.session
            .finish(now, stream, StreamEnd::default())
            .expect("in order");
        self.flush().await;
    }
}

#[tokio::test]
async fn bytes_go_through_as_they_are_in_both_directions() {
    let rig = Rig::start().await;
    let mut provider = Provider::serving(&rig, rig.provider_key(1).await).await;
    let mut asked = job(false);
    asked.operation = Operation::AudioTranscriptions;
    asked.content_type = HeaderValue::from_static("multipart/form-data; boundary=x");
    // Larger than a frame and than the first credit, in segments, and no text.
    asked.body = (0..5u8)
        .map(|n| Bytes::from(vec![n | 0x80; 200 << 10]))
        .collect();
    let whole = asked.body.concat();
    let (_slot, mut reply) = rig.ask(1, asked);
    let request = provider.request().await;
    assert_eq!(request.body, whole);
    assert_eq!(request.content_type, "multipart/form-data; boundary=x");
    assert_eq!(request.operation, Operation::AudioTranscriptions);
    assert!(request.deadline_ms.is_some_and(|ms| ms > 0));

    provider
        .session
        .head(request.stream, 200, Some("text/plain"))
        .expect("in order");
    let answer = Bytes::from_static(&[0xff, 0x00, 0x7f]);
    provider.body(request.stream, answer.clone()).await;
    provider.finish(request.stream).await;
    let head = reply.head().await.expect("a head");
    assert_eq!(
        head.content_type,
        Some(HeaderValue::from_static("text/plain"))
    );
    let mut got = Vec::new();
    while let Some(piece) = reply.next().await {
        got.extend_from_slice(piece.expect("no failure").bytes());
    }
    assert_eq!(got, answer);
    assert!(reply.end().is_some());
}

#[tokio::test]
async fn credit_follows_the_reader_and_holds_back_for_one_who_does_not_read() {
    let rig = Rig::start().await;
    let mut provider = Provider::serving(&rig, rig.provider_key(1).await).await;
    let (_slot, mut reply) = rig.ask(1, job(true));
    let request = provider.request().await;
    provider
        .session
        .head(request.stream, 200, Some("text/event-stream"))
        .expect("in order");
    let total = 4usize << 20;
    let sent = async {
        let piece = Bytes::from(vec![b'x'; 16 << 10]);
        for _ in 0..total / piece.len() {
            provider.body(request.stream, piece.clone()).await;
        }
        provider.finish(request.stream).await;
        // What is still queued leaves as credit comes.
        while provider.session.in_flight() > 0 {
            provider.step().await;
        }
    };
    let read = async {
        reply.head().await.expect("a head");
        let mut got = 0;
        while let Some(piece) = reply.next().await {
            got += piece.expect("no failure").len();
            // A slow reader; the provider must not get far ahead of it, and never be cut off.
            tokio::task::yield_now().await;
        }
        got
    };
    let ((), got) = timeout(PATIENCE, async { tokio::join!(sent, read) })
        .await
        .expect("in time");
    assert_eq!(got, total);
}

#[tokio::test]
async fn a_refusal_of_the_model_server_comes_with_its_words() {
    let rig = Rig::start().await;
    let mut provider = Provider::serving(&rig, rig.provider_key(1).await).await;
    let (_slot, mut reply) = rig.ask(1, job(true));
    let request = provider.request().await;
    provider
        .session
        .head(request.stream, 400, Some("application/json"))
        .expect("in order");
    let body = Bytes::from_static(br#"{"error":{"message":"context too long","type":"x"}}"#);
    provider.body(request.stream, body.clone()).await;
    provider.finish(request.stream).await;
    let error = reply.head().await.expect_err("a refusal");
    assert!(!error.is_retryable());
    let AttemptError::Provider {
        status,
        message,
        body: got,
        ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(
        (status, message.as_str(), got),
        (400, "context too long", body)
    );
}

#[tokio::test]
async fn a_dropped_reply_stops_the_work() {
    let rig = Rig::start().await;
    let mut provider = Provider::serving(&rig, rig.provider_key(1).await).await;
    let (slot, reply) = rig.ask(1, job(true));
    let request = provider.request().await;
    let dropped = Instant::now();
    drop((slot, reply));
    let ProviderEvent::Cancelled { stream, .. } = provider.event().await else {
        panic!("not cancelled");
    };
    assert_eq!(stream, request.stream);
    assert!(dropped.elapsed() < Duration::from_millis(500));
    assert_eq!(rig.registry.models()[0].in_flight, 0);
}

#[tokio::test]
async fn a_provider_that_drains_finishes_and_gets_nothing_new() {
    let rig = Rig::start().await;
    let mut provider = Provider::serving(&rig, rig.provider_key(1).await).await;
    let (_slot, mut reply) = rig.ask(1, job(true));
    let request = provider.request().await;
    let now = provider.now();
    provider.session.drain(now);
    provider.flush().await;
    until("it gets nothing new", || rig.slot(1).is_none()).await;
    provider
        .session
        .head(request.stream, 200, None)
        .expect("in order");
    provider.finish(request.stream).await;
    assert_eq!(reply.head().await.expect("what runs goes on").status, 200);
    assert!(reply.next().await.is_none());
}

#[tokio::test]
async fn many_streams_share_a_connection_without_mixing() {
    let rig = Rig::start().await;
    let mut provider = Provider::serving(&rig, rig.provider_key(1).await).await;
    let asked: Vec<_> = (0..10u32)
        .map(|attempt| {
            let mut job = job(true);
            job.attempt = attempt;
            rig.ask(1, job)
        })
        .collect();
    assert!(
        rig.slot(1).is_none(),
        "ten are under way, which is the default"
    );
    let mut requests = Vec::new();
    for _ in 0..10 {
        requests.push(provider.request().await);
    }
    for round in 0..20 {
        for request in &requests {
            if round == 0 {
                provider
                    .session
                    .head(request.stream, 200, None)
                    .expect("in order");
            }
            provider
                .body(request.stream, Bytes::from(request.request_id.clone()))
                .await;
        }
    }
    for request in &requests {
        provider.finish(request.stream).await;
    }
    let mut seen = std::collections::BTreeSet::new();
    for (_slot, mut reply) in asked {
        reply.head().await.expect("a head");
        let mut got = String::new();
        while let Some(piece) = reply.next().await {
            got.push_str(std::str::from_utf8(piece.expect("no failure").bytes()).expect("text"));
        }
        let id = got
            .get(..got.len() / 20)
            .expect("twenty times the id")
            .to_owned();
        assert_eq!(got, id.repeat(20));
        seen.insert(id);
    }
    assert_eq!(seen.len(), 10);
}

/// Frames below the least that they cost use credit up faster than their bytes do.
#[tokio::test]
async fn tiny_frames_are_given_credit_for_what_they_cost() {
    let rig = Rig::start().await;
    let mut provider = Provider::serving(&rig, rig.provider_key(1).await).await;
    let (_slot, mut reply) = rig.ask(1, job(true));
    let request = provider.request().await;
    provider
        .session
        .head(request.stream, 200, Some("text/event-stream"))
        .expect("in order");
    let total = 3 * INITIAL_CREDIT as usize / MIN_DATA_COST;
    let sent = async {
        for _ in 0..total {
            provider
                .body(request.stream, Bytes::from_static(b"\n"))
                .await;
            tokio::task::yield_now().await;
        }
        provider.finish(request.stream).await;
        while provider.session.in_flight() > 0 {
            provider.step().await;
        }
    };
    let ((), got) = tokio::join!(sent, collect(&mut reply));
    let got = got.expect("no failure");
    assert_eq!(got.iter().map(Piece::len).sum::<usize>(), total);
}
