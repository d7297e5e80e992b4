//! What the fuzz targets run, shared with the ordinary tests: arbitrary bytes as a script of hostile frames and honest calls.

mod requests;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use crate::protocol::{
    Accepted, CancelReason, Dialect, Dispatch, Failure, Frame, HubEvent, HubSession,
    HubSessionConfig, Operation, ProviderEvent, ProviderSession, ProviderSessionConfig,
    Registration, StreamEnd, StreamId,
};
use crate::receipt::{SignTerms, SignedStatement, Statement};
use crate::sse::EventSplitter;
use crate::{ModelId, Timestamp};

pub use requests::{answer, form, request};

/// Reads a script: choices and pieces of bytes, zeros once it is used up.
struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()) * 3;
        let (piece, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        piece
    }

    /// A message: raw, or with a head that gets past the first checks.
    fn frame(&mut self) -> Frame {
        const TYPES: [&str; 12] = [
            "register",
            "heartbeat",
            "model_health_update",
            "stream_chunk",
            "stream_end",
            "ack",
            "error",
            "drain",
            "inference",
            "cancel",
            "benchmark",
            "notice",
        ];
        match self.byte() % 4 {
            0 => Frame::Text(Bytes::copy_from_slice(self.bytes())),
            1 => Frame::Binary(Bytes::copy_from_slice(self.bytes())),
            2 => {
                let mut frame = vec![self.byte() % 10, self.byte(), 0, 0, 0, 0, 0];
                frame.push(self.byte() % 16);
                frame.extend_from_slice(self.bytes());
                Frame::Binary(frame.into())
            }
            _ => {
                let kind = TYPES.get(usize::from(self.byte()) % TYPES.len());
                let id = self.byte() % 16;
                let payload = String::from_utf8_lossy(self.bytes());
                let (kind, payload) = (kind.unwrap_or(&"ack"), payload.trim());
                let payload = if payload.is_empty() { "{}" } else { payload };
                let text =
                    format!(r#"{{"type":"{kind}","request_id":"r{id}","payload":{payload}}}"#);
                Frame::Text(text.into())
            }
        }
    }
}

const fn dialect(byte: u8) -> Dialect {
    if byte.is_multiple_of(2) {
        Dialect::V1
    } else {
        Dialect::V2
    }
}

/// Drives a [`HubSession`] by a script.
///
/// # Panics
/// When a stream does not end exactly once, or something happens after the end of the conversation.
pub fn hub_session(script: &[u8]) {
    let mut script = Script(script);
    let mut now = Timestamp::from_millis(1_000_000);
    let dialect = dialect(script.byte());
    let mut session = HubSession::new(dialect, HubSessionConfig::default(), now);
    // Whether each stream is open.
    let mut streams: BTreeMap<StreamId, bool> = BTreeMap::new();
    let mut lost = false;
    let mut serial = 0_u8;
    while !script.0.is_empty() {
        match script.byte() % 16 {
            0 => {
                now = now.after(Duration::from_millis(u64::from(script.byte()) * 100));
                session.handle_timeout(now);
            }
            1 => session.accept(now, &Accepted::default()),
            2..=4 => {
                let dispatch = Dispatch {
                    request_id: format!("r{}", serial % 16),
                    model: "m".to_owned(),
                    operation: Operation::ChatCompletions,
                    stream: !serial.is_multiple_of(3),
                    content_type: "application/json".to_owned(),
                    body: vec![Bytes::from_static(b"{\"messages\":[]}")],
                    deadline_ms: 5_000,
                    sign: serial.is_multiple_of(2).then(terms).flatten(),
                };
                serial = serial.wrapping_add(1);
                if let Ok(stream) = session.dispatch(now, dispatch) {
                    assert!(
                        streams.insert(stream, true).is_none(),
                        "a handle used twice"
                    );
                }
            }
            5 => {
                let stream = StreamId(u64::from(script.byte() % 16));
                session.cancel(now, stream, &CancelReason::ConsumerDisconnected);
                streams.entry(stream).and_modify(|open| *open = false);
            }
            6 => {
                let stream = StreamId(u64::from(script.byte() % 16));
                session.credit(now, stream, usize::from(script.byte()) * 1000);
            }
            7 if script.byte() == 0 => session.reject(now, "no"),
            8 if script.byte() == 0 => session.drain(now),
            _ => session.handle_frame(now, script.frame()),
        }
        settle_hub(&mut session, &mut streams, &mut lost);
    }
    session.handle_disconnect(now, "end");
    settle_hub(&mut session, &mut streams, &mut lost);
    assert!(lost, "no end of the conversation");
    assert!(streams.values().all(|open| !open), "a stream was left open");
    assert_eq!(session.in_flight(), 0, "a stream was left in the session");
}

/// What a hub asks to have signed.
fn terms() -> Option<Box<SignTerms>> {
    Some(Box::new(SignTerms {
        model: ModelId::new("m").ok()?,
        price: None,
        policy: None,
        policy_hash: None,
    }))
}

fn settle_hub(session: &mut HubSession, streams: &mut BTreeMap<StreamId, bool>, lost: &mut bool) {
    while let Some(event) = session.poll_event() {
        assert!(!*lost, "an event after the end of the conversation");
        let (stream, ends) = match event {
            HubEvent::Head { stream, .. } | HubEvent::Body { stream, .. } => (stream, false),
            HubEvent::End { stream, .. } | HubEvent::Failed { stream, .. } => (stream, true),
            HubEvent::Lost { .. } => {
                *lost = true;
                continue;
            }
            _ => continue,
        };
        let open = streams.get_mut(&stream);
        assert_eq!(open.as_deref(), Some(&true), "a stream that is not open");
        if let Some(open) = open {
            *open = !ends;
        }
    }
    while session.poll_transmit().is_some() {}
}

/// Reads a provider's statement out of what may be one.
///
/// # Panics
/// When what was read is not what it would be written as.
pub fn statement(script: &[u8]) {
    if let Some(signed) = SignedStatement::from_json(script) {
        let read: Result<Statement, _> = signed.statement.parse();
        let written = read.map(|statement| statement.to_string());
        assert_eq!(written.as_deref(), Ok(&*signed.statement));
    }
    if let Ok(text) = std::str::from_utf8(script)
        && let Ok(statement) = text.parse::<Statement>()
    {
        assert_eq!(statement.to_string(), text);
    }
}

/// Drives a [`ProviderSession`] by a script.
///
/// # Panics
/// When a request comes twice, is cancelled without having come, or something happens after the end of the conversation.
pub fn provider_session(script: &[u8]) {
    let mut script = Script(script);
    let mut now = Timestamp::from_millis(1_000_000);
    let dialect = dialect(script.byte());
    let mut session = ProviderSession::new(dialect, ProviderSessionConfig::default(), now);
    session.register(now, Registration::default());
    let mut open: Vec<StreamId> = Vec::new();
    let mut lost = false;
    while !script.0.is_empty() {
        let choice = script.byte() % 16;
        let at = usize::from(script.byte()) % open.len().max(1);
        match (choice, open.get(at).copied()) {
            (0, _) => {
                now = now.after(Duration::from_millis(u64::from(script.byte()) * 100));
                session.handle_timeout(now);
            }
            (1, Some(stream)) => {
                let kind = [None, Some("text/event-stream"), Some("application/json")];
                let kind = kind.get(at % 3).copied().flatten();
                let _ = session.head(stream, 200 + u16::from(script.byte()), kind);
            }
            (2..=4, Some(stream)) => {
                let bytes = Bytes::copy_from_slice(script.bytes());
                let _ = session.body(stream, bytes);
            }
            (5, Some(stream)) => {
                let _ = session.finish(now, stream, StreamEnd::default());
                let _ = session.credit(stream);
            }
            (6, Some(stream)) => {
                let _ = session.fail(now, stream, Failure::provider(500, "no"));
            }
            _ => session.handle_frame(now, script.frame()),
        }
        settle_provider(&mut session, &mut open, &mut lost);
    }
    session.handle_disconnect(now, "end");
    settle_provider(&mut session, &mut open, &mut lost);
    assert!(lost, "no end of the conversation");
    assert_eq!(session.in_flight(), 0, "a request was left in the session");
}

fn settle_provider(session: &mut ProviderSession, open: &mut Vec<StreamId>, lost: &mut bool) {
    while let Some(event) = session.poll_event() {
        assert!(!*lost, "an event after the end of the conversation");
        match event {
            ProviderEvent::Request(request) => {
                assert!(!open.contains(&request.stream), "a request that came twice");
                open.push(request.stream);
            }
            ProviderEvent::Cancelled { stream, .. } => {
                assert!(open.contains(&stream), "a cancel of nothing");
                assert_eq!(session.credit(stream), 0, "credit for a cancelled request");
            }
            ProviderEvent::Lost { .. } => *lost = true,
            _ => {}
        }
    }
    while session.poll_transmit().is_some() {}
}

/// Splits arbitrary bytes into events, in two ways of cutting them.
///
/// # Panics
/// When the cuts make a difference, or more is held than allowed.
pub fn sse(script: &[u8]) {
    const LIMIT: usize = 256;
    let mut script = Script(script);
    let step = usize::from(script.byte()) + 1;
    let stream = script.0;
    let split = |size: usize| {
        let mut splitter = EventSplitter::new(LIMIT);
        let mut events = Vec::new();
        for chunk in stream.chunks(size) {
            splitter.push(Bytes::copy_from_slice(chunk));
            while let Ok(Some(event)) = splitter.next_event() {
                events.push((event.kind, event.data));
            }
            assert!(splitter.buffered() <= 2 * LIMIT, "held too much");
        }
        while let Ok(Some(event)) = splitter.finish() {
            events.push((event.kind, event.data));
        }
        events
    };
    assert_eq!(split(step), split(1), "the cuts made a difference");
}
