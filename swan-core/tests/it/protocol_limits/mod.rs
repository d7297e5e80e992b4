//! Limits, deadlines and hostile frames, each with its defined reaction.

mod hostile;
mod hub;
mod provider;

use bytes::Bytes;
use swan_core::Timestamp;
use swan_core::protocol::{
    Accepted, Dialect, Dispatch, FailureOrigin, FaultKind, Frame, HubEvent, HubSession,
    HubSessionConfig, Operation, ProviderSession, StreamId, Transmit,
};

const START: Timestamp = Timestamp::from_millis(1_000_000);

fn text(json: &str) -> Frame {
    Frame::Text(Bytes::copy_from_slice(json.as_bytes()))
}

fn binary(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Frame {
    let mut bytes = vec![kind, flags, 0, 0];
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    Frame::Binary(bytes.into())
}

fn events(session: &mut HubSession) -> Vec<HubEvent> {
    std::iter::from_fn(|| session.poll_event()).collect()
}

fn sent(session: &mut HubSession) -> Vec<Transmit> {
    std::iter::from_fn(|| session.poll_transmit()).collect()
}

fn said(session: &mut ProviderSession) -> Vec<Transmit> {
    std::iter::from_fn(|| session.poll_transmit()).collect()
}

/// A hub's session with a registered provider, everything so far polled.
fn open_hub(dialect: Dialect, config: HubSessionConfig) -> HubSession {
    let mut hub = HubSession::new(dialect, config, START);
    hub.handle_frame(
        START,
        text(r#"{"type":"register","payload":{"cp_version":"v0.6.1"}}"#),
    );
    hub.accept(START, &Accepted::default());
    let _ = (events(&mut hub), sent(&mut hub));
    hub
}

fn request(id: &str, body: &[u8]) -> Dispatch {
    Dispatch {
        request_id: id.to_owned(),
        model: "m".to_owned(),
        operation: Operation::ChatCompletions,
        stream: true,
        content_type: "application/json".to_owned(),
        body: vec![Bytes::copy_from_slice(body)],
        deadline_ms: 10_000,
        sign: None,
    }
}

fn failed(events: &[HubEvent]) -> Vec<(StreamId, FailureOrigin, u16)> {
    let of = |event: &HubEvent| match event {
        HubEvent::Failed { stream, failure } => Some((*stream, failure.origin, failure.status)),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

fn faults(events: &[HubEvent]) -> Vec<FaultKind> {
    let of = |event: &HubEvent| match event {
        HubEvent::Fault(fault) => Some(fault.kind),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}
