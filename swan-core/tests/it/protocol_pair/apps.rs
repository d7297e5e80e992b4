//! What stands on both ends of the simulated connection: a hub that sends requests and checks what comes back, and a provider
//! that answers each request in a way that follows from its id.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use swan_core::protocol::{
    Accepted, CancelReason, Dispatch, Failure, FailureOrigin, Heartbeat, HubEvent, Operation,
    Piece, ProviderEvent, Registration, StreamEnd, StreamError, StreamId,
};
use swan_core::testkit::SessionPair;
use swan_core::{Rng, SeededRng, Timestamp};

use super::plan::Plan;

/// What the hub saw of one stream.
#[derive(Default)]
struct Seen {
    request_id: String,
    head: Option<u16>,
    raw: Vec<u8>,
    events: Vec<String>,
    unread: usize,
    cancelled: bool,
    end: Option<Result<StreamEnd, Failure>>,
}

/// A request that the provider works on.
struct Work {
    stream: bool,
    status: u16,
    rest: Bytes,
    sent: usize,
    fail_at: Option<usize>,
    waiting: bool,
}

pub(super) struct World {
    pub(super) pair: SessionPair,
    rng: SeededRng,
    to_dispatch: u64,
    serial: u64,
    next_dispatch: Timestamp,
    seen: BTreeMap<StreamId, Seen>,
    work: BTreeMap<StreamId, Work>,
    hub_lost: bool,
    provider_lost: bool,
    limit: Timestamp,
}

impl World {
    pub(super) fn new(pair: SessionPair, seed: u64) -> Self {
        let now = pair.now();
        let mut world = Self {
            pair,
            rng: SeededRng::new(seed ^ 0xABCD),
            to_dispatch: 10,
            serial: 0,
            next_dispatch: now,
            seen: BTreeMap::new(),
            work: BTreeMap::new(),
            hub_lost: false,
            provider_lost: false,
            limit: now.after(Duration::from_secs(400)),
        };
        let registration = Registration {
            token: "sk-prov-test".to_owned(),
            node_id: "node".to_owned(),
            models: vec!["m".to_owned()],
            cp_version: Some("0.5.5".to_owned()),
            ..Registration::default()
        };
        world.pair.provider.register(now, registration);
        world
    }

    pub(super) fn run(&mut self) {
        while self.step() {}
    }

    /// One step of the wire, and of both applications. `false` when nothing is left to do.
    pub(super) fn step(&mut self) -> bool {
        let moved = self.pair.step(self.limit);
        self.drain_hub();
        self.drain_provider();
        self.dispatch_some();
        self.read_some();
        self.answer_some();
        self.drain_hub();
        self.drain_provider();
        moved
    }

    fn drain_hub(&mut self) {
        let now = self.pair.now();
        while let Some(event) = self.pair.hub.poll_event() {
            assert!(!self.hub_lost, "{event:?} after the end");
            match event {
                HubEvent::Register(_) => self.pair.hub.accept(now, &Accepted::default()),
                HubEvent::Lost { .. } => self.hub_lost = true,
                HubEvent::Head { stream, status, .. } => {
                    let seen = self.open(stream);
                    assert_eq!(seen.head.replace(status), None, "two heads");
                    assert!(seen.raw.is_empty() && seen.events.is_empty());
                }
                HubEvent::Body { stream, piece } => {
                    let seen = self.open(stream);
                    assert!(seen.head.is_some(), "body before head");
                    seen.unread += piece.len();
                    match piece {
                        Piece::Raw(bytes) => seen.raw.extend_from_slice(&bytes),
                        Piece::Event(bytes) => {
                            seen.events
                                .push(String::from_utf8_lossy(&bytes).into_owned());
                        }
                    }
                }
                HubEvent::End { stream, end, .. } => self.open(stream).end = Some(Ok(end)),
                HubEvent::Failed { stream, failure } => self.open(stream).end = Some(Err(failure)),
                _ => {}
            }
        }
    }

    /// The stream of an event, which must not have ended or been cancelled.
    fn open(&mut self, stream: StreamId) -> &mut Seen {
        let seen = self
            .seen
            .get_mut(&stream)
            .expect("a stream that was dispatched");
        assert!(seen.end.is_none(), "an event after the end");
        assert!(!seen.cancelled, "an event after the cancel");
        seen
    }

    fn dispatch_some(&mut self) {
        let now = self.pair.now();
        while self.to_dispatch > 0 && now >= self.next_dispatch {
            let request_id = format!("request-{}", self.serial);
            let plan = Plan::of(&request_id);
            let body = Bytes::from(Plan::request_body(&request_id));
            let middle = body.len() / 2;
            let result = self.pair.hub.dispatch(
                now,
                Dispatch {
                    request_id: request_id.clone(),
                    model: "m".to_owned(),
                    operation: Operation::ChatCompletions,
                    stream: plan.stream,
                    content_type: "application/json".to_owned(),
                    body: vec![body.slice(..middle), body.slice(middle..)],
                    deadline_ms: 200_000,
                    sign: None,
                },
            );
            let Ok(stream) = result else {
                return;
            };
            self.serial += 1;
            self.to_dispatch -= 1;
            let seen = Seen {
                request_id,
                ..Seen::default()
            };
            assert!(
                self.seen.insert(stream, seen).is_none(),
                "a handle used twice"
            );
            let pause = self.rng.below(120);
            self.next_dispatch = now.after(Duration::from_millis(pause));
        }
    }

    /// The hub's consumers take some of what came; now and then one hangs up.
    fn read_some(&mut self) {
        let now = self.pair.now();
        for (stream, seen) in &mut self.seen {
            if seen.end.is_some() || seen.cancelled {
                continue;
            }
            if seen.unread > 0 && self.rng.below(3) > 0 {
                let bytes = 1 + self.rng.below(seen.unread as u64);
                let bytes = if self.rng.below(2) == 0 {
                    seen.unread
                } else {
                    usize::try_from(bytes).unwrap()
                };
                seen.unread -= bytes;
                self.pair.hub.credit(now, *stream, bytes);
            }
            if self.rng.below(400) == 0 {
                seen.cancelled = true;
                self.pair
                    .hub
                    .cancel(now, *stream, &CancelReason::ConsumerDisconnected);
            }
        }
    }

    fn drain_provider(&mut self) {
        let now = self.pair.now();
        while let Some(event) = self.pair.provider.poll_event() {
            assert!(!self.provider_lost, "{event:?} after the end");
            match event {
                ProviderEvent::Request(request) => {
                    if request.request_id.starts_with("request-") && request.body.len() > 40 {
                        let expected = Plan::request_body(&request.request_id);
                        assert!(
                            request.body == expected || self.serial == 0,
                            "the body came as it was sent"
                        );
                    }
                    let plan = Plan::of(&request.request_id);
                    let rest = Bytes::from(plan.bytes());
                    let fail_at = plan.fail_after.map(|parts| {
                        plan.parts
                            .iter()
                            .take(parts)
                            .map(|part| part.len() + 8)
                            .sum()
                    });
                    let work = Work {
                        stream: plan.stream,
                        status: plan.status,
                        rest,
                        sent: 0,
                        fail_at,
                        waiting: false,
                    };
                    let twice = self.work.insert(request.stream, work);
                    assert!(twice.is_none(), "a request that came twice");
                }
                ProviderEvent::Cancelled { stream, .. } => {
                    assert!(self.work.remove(&stream).is_some(), "nothing to cancel");
                    assert_eq!(self.pair.provider.credit(stream), 0);
                }
                ProviderEvent::Credit { stream } => {
                    if let Some(work) = self.work.get_mut(&stream) {
                        work.waiting = false;
                    }
                }
                ProviderEvent::HeartbeatDue => {
                    self.pair.provider.heartbeat(now, &Heartbeat::default());
                }
                ProviderEvent::Lost { .. } => self.provider_lost = true,
                _ => {}
            }
        }
    }

    fn answer_some(&mut self) {
        let streams: Vec<StreamId> = self.work.keys().copied().collect();
        for stream in streams {
            if self.rng.below(3) > 0 && self.answer(stream) {
                self.work.remove(&stream);
            }
        }
    }

    /// Goes on with one answer; `true` when it is complete.
    fn answer(&mut self, stream: StreamId) -> bool {
        let now = self.pair.now();
        let session = &mut self.pair.provider;
        let work = self.work.get_mut(&stream).unwrap();
        if work.waiting {
            return false;
        }
        if work.fail_at.is_some_and(|at| work.sent >= at) {
            let failure = Failure::provider(500, "planned");
            session.fail(now, stream, failure).unwrap();
            return true;
        }
        if work.sent == 0 {
            let kind = if work.stream {
                "text/event-stream"
            } else {
                "application/json"
            };
            match session.head(stream, work.status, Some(kind)) {
                Ok(()) | Err(StreamError::OutOfOrder) => {}
                Err(error) => panic!("{error}"),
            }
        }
        if work.rest.is_empty() {
            let end = StreamEnd {
                tokens_output: Some(3),
                ..StreamEnd::default()
            };
            session.finish(now, stream, end).unwrap();
            return true;
        }
        let credit = session.credit(stream);
        if credit == 0 {
            work.waiting = true;
            return false;
        }
        let size = 1 + self.rng.below(30_000);
        let room = work.fail_at.map_or(usize::MAX, |at| at - work.sent);
        let size = usize::try_from(size)
            .unwrap()
            .min(work.rest.len())
            .min(credit)
            .min(room);
        session.body(stream, work.rest.split_to(size)).unwrap();
        work.sent += size;
        false
    }

    /// Each stream that was dispatched ended once, or was cancelled.
    pub(super) fn check_all_ended(&self) {
        for (stream, seen) in &self.seen {
            assert!(
                seen.end.is_some() != seen.cancelled,
                "{stream} {} ended {:?}, cancelled {}",
                seen.request_id,
                seen.end,
                seen.cancelled
            );
        }
        assert_eq!(self.pair.hub.in_flight(), 0);
    }

    /// Each stream brought what its plan says; a failed one a beginning of it.
    pub(super) fn check_whole(&self) {
        assert_eq!(self.to_dispatch, 0);
        for seen in self.seen.values().filter(|seen| !seen.cancelled) {
            let plan = Plan::of(&seen.request_id);
            match seen.end.as_ref().unwrap() {
                Ok(_) if seen.events.is_empty() && !seen.raw.is_empty() => {
                    assert_eq!(seen.raw, plan.bytes());
                    assert_eq!(seen.head, Some(plan.status));
                }
                Ok(end) => {
                    assert_eq!(seen.events, plan.parts);
                    assert_eq!(end.tokens_output, Some(3));
                }
                Err(failure) => {
                    assert_eq!(failure.origin, FailureOrigin::Provider, "{failure:?}");
                    assert!(plan.fail_after.is_some() || plan.status == failure.status);
                    assert!(plan.parts.starts_with(&seen.events));
                    assert!(plan.bytes().starts_with(&seen.raw));
                }
            }
        }
    }
}
