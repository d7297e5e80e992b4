use bytes::Bytes;
use criterion::{Criterion, Throughput};
use swan_core::Timestamp;
use swan_core::protocol::{
    Accepted, Dialect, Dispatch, HubEvent, HubSession, HubSessionConfig, Operation, ProviderEvent,
    ProviderSession, ProviderSessionConfig, Registration, StreamEnd, StreamId, Transmit,
};
use swan_core::sse::EventSplitter;

const CHUNKS: usize = 20;
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const CHUNK: &str = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"Qwen3-8B\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"swan swan \"},\"finish_reason\":null}]}\n\n";
const BODY: &str = r#"{"model":"Qwen3-8B","messages":[{"role":"user","content":"Tell me about swans."}],"stream":true}"#;

pub(crate) fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("20 chunks of a stream");
    group.throughput(Throughput::Elements(CHUNKS as u64));
    group.bench_function("split into events", |bench| bench.iter(split));
    for (name, dialect) in [
        ("v1: dispatch to end, both sides", Dialect::V1),
        ("v2: dispatch to end, both sides", Dialect::V2),
    ] {
        let mut pair = Pair::new(dialect);
        group.bench_function(name, |bench| bench.iter(|| pair.serve()));
    }
    group.finish();
}

fn split() -> usize {
    let mut splitter = EventSplitter::new(1 << 20);
    let mut events = 0;
    for _ in 0..CHUNKS {
        splitter.push(Bytes::from_static(CHUNK.as_bytes()));
        while splitter.next_event().expect("a small event").is_some() {
            events += 1;
        }
    }
    assert_eq!(events, CHUNKS);
    events
}

/// A hub's session and a provider's, wired to each other without a network.
struct Pair {
    hub: HubSession,
    provider: ProviderSession,
    requests: u64,
}

impl Pair {
    fn new(dialect: Dialect) -> Self {
        let mut pair = Self {
            hub: HubSession::new(dialect, HubSessionConfig::default(), NOW),
            provider: ProviderSession::new(dialect, ProviderSessionConfig::default(), NOW),
            requests: 0,
        };
        let registration = Registration {
            token: "sk-prov-bench".to_owned(),
            node_id: "bench".to_owned(),
            models: vec!["Qwen3-8B".to_owned()],
            // A version, so that a hub takes it for an agent of today.
            cp_version: Some("0.5.5".to_owned()),
            ..Registration::default()
        };
        pair.provider.register(NOW, registration);
        pair.carry();
        while pair.hub.poll_event().is_some() {}
        let accepted = Accepted {
            registered_models: vec!["Qwen3-8B".to_owned()],
            ..Accepted::default()
        };
        pair.hub.accept(NOW, &accepted);
        pair.carry();
        while pair.provider.poll_event().is_some() {}
        assert!(pair.provider.is_registered(), "the pair is wired");
        pair
    }

    /// Carries frames both ways until neither side has any.
    fn carry(&mut self) {
        loop {
            let mut idle = true;
            while let Some(Transmit::Frame(frame)) = self.provider.poll_transmit() {
                self.hub.handle_frame(NOW, frame);
                idle = false;
            }
            while let Some(Transmit::Frame(frame)) = self.hub.poll_transmit() {
                self.provider.handle_frame(NOW, frame);
                idle = false;
            }
            if idle {
                return;
            }
        }
    }

    /// One request: dispatched, answered with a stream, read to its end.
    fn serve(&mut self) -> usize {
        self.requests += 1;
        let dispatch = Dispatch {
            request_id: format!("bench-{}", self.requests),
            model: "Qwen3-8B".to_owned(),
            operation: Operation::ChatCompletions,
            stream: true,
            content_type: "application/json".to_owned(),
            body: vec![Bytes::from_static(BODY.as_bytes())],
            deadline_ms: 600_000,
            sign: None,
        };
        self.hub.dispatch(NOW, dispatch).expect("a dispatch");
        self.carry();
        let stream = self.requested();
        self.provider
            .head(stream, 200, Some("text/event-stream"))
            .expect("a head");
        let mut bytes = 0;
        for _ in 0..CHUNKS {
            self.provider
                .body(stream, Bytes::from_static(CHUNK.as_bytes()))
                .expect("credit");
            self.carry();
            bytes += self.received();
        }
        self.provider
            .body(stream, Bytes::from_static(b"data: [DONE]\n\n"))
            .expect("credit");
        self.provider
            .finish(NOW, stream, StreamEnd::default())
            .expect("an end");
        self.carry();
        bytes += self.received();
        while self.provider.poll_event().is_some() {}
        assert!(bytes > CHUNKS * 100, "{bytes} bytes came through");
        bytes
    }

    fn requested(&mut self) -> StreamId {
        loop {
            if let ProviderEvent::Request(request) = self.provider.poll_event().expect("a request")
            {
                return request.stream;
            }
        }
    }

    fn received(&mut self) -> usize {
        let mut bytes = 0;
        while let Some(event) = self.hub.poll_event() {
            if let HubEvent::Body { stream, piece } = event {
                bytes += piece.len();
                self.hub.credit(NOW, stream, piece.len());
            }
        }
        self.carry();
        bytes
    }
}
