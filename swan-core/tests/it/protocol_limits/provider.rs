//! What a provider takes and sends, and for how long it waits.

use std::time::Duration;

use bytes::Bytes;
use swan_core::protocol::{
    Dialect, Frame, INITIAL_CREDIT, LostReason, ProviderEvent, ProviderSession,
    ProviderSessionConfig, Registration, StreamEnd, StreamError, Transmit,
};

use super::{START, binary, said, text};

fn open_provider(config: ProviderSessionConfig) -> ProviderSession {
    let mut provider = ProviderSession::new(Dialect::V2, config, START);
    provider.register(START, Registration::default());
    provider.handle_frame(START, text(r#"{"type":"ack","payload":{"success":true}}"#));
    let _ = said(&mut provider);
    while provider.poll_event().is_some() {}
    provider
}

fn head(body_bytes: usize) -> Vec<u8> {
    format!(r#"{{"request_id":"a","model":"m","operation":"chat/completions","body_bytes":{body_bytes}}}"#).into_bytes()
}

/// A head without a body, and the same with an operation that is none.
const EMPTY: &[u8] = br#"{"request_id":"a","model":"m","operation":"completions"}"#;
const UNKNOWN: &[u8] = br#"{"request_id":"a","model":"m","operation":"../x"}"#;

/// Kind, flags and payload of each frame; a request's stream is its place among the requests.
type Script = Vec<(u8, u8, Vec<u8>)>;

/// What a hub may send that a provider does not take, and the status that it answers with.
fn refused_requests() -> Vec<(&'static str, Script, u16)> {
    let begin = |bytes: usize| (1, 0, head(bytes));
    vec![
        ("no JSON", vec![(1, 0, b"{".to_vec())], 400),
        ("no body, and no end", vec![(1, 0, EMPTY.to_vec())], 400),
        ("a body, and its end", vec![(1, 1, head(5))], 400),
        ("an absurd length", vec![begin(usize::MAX)], 413),
        ("an unknown operation", vec![(1, 1, UNKNOWN.to_vec())], 501),
        ("too much", vec![begin(2), (2, 0, b"abc".to_vec())], 400),
        ("too little", vec![begin(2), (2, 1, b"a".to_vec())], 400),
        ("no end", vec![begin(2), (2, 0, b"ab".to_vec())], 400),
        ("too much in assembly", vec![begin(90), begin(90)], 503),
        ("too many", vec![begin(1), begin(1), begin(1)], 503),
    ]
}

#[test]
fn requests_that_a_v2_provider_refuses() {
    let config = ProviderSessionConfig {
        max_body: 100,
        max_assembling: 150,
        max_streams: 2,
        ..ProviderSessionConfig::default()
    };
    for (name, script, status) in refused_requests() {
        let mut provider = open_provider(config.clone());
        let mut stream = 0;
        for (kind, flags, payload) in script {
            stream += u32::from(kind == 1);
            provider.handle_frame(START, binary(kind, flags, stream, &payload));
        }
        let [Transmit::Frame(Frame::Binary(fail))] = &said(&mut provider)[..] else {
            panic!("{name}: not answered once");
        };
        let note = String::from_utf8_lossy(&fail[8..]);
        assert!(
            fail[0] == 6 && note.starts_with(&format!(r#"{{"status":{status},"#)),
            "{name}: {note}"
        );
        while let Some(event) = provider.poll_event() {
            assert!(
                matches!(event, ProviderEvent::Fault(_)),
                "{name}: {event:?}"
            );
        }
    }
}

#[test]
fn a_request_whose_body_stops_coming_is_given_up() {
    let mut provider = open_provider(ProviderSessionConfig::default());
    provider.handle_frame(START, binary(1, 0, 1, &head(100)));
    provider.handle_frame(START, binary(2, 0, 1, b"half"));
    let heartbeat = START.after(Duration::from_secs(30));
    assert_eq!(provider.poll_timeout(), Some(heartbeat));
    provider.handle_timeout(START.after(Duration::from_secs(60)));
    let fail = said(&mut provider).pop();
    assert!(
        matches!(fail, Some(Transmit::Frame(Frame::Binary(fail))) if fail[8..].starts_with(br#"{"status":408"#))
    );
    assert_eq!(provider.in_flight(), 0);
}

#[test]
fn an_answer_waits_for_credit_and_no_longer() {
    let config = ProviderSessionConfig {
        max_queued_per_stream: 400_000,
        ..ProviderSessionConfig::default()
    };
    let mut provider = open_provider(config);
    provider.handle_frame(START, binary(1, 1, 7, &head(0)));
    let Some(ProviderEvent::Request(request)) = provider.poll_event() else {
        panic!("no request");
    };
    let stream = request.stream;
    assert_eq!(
        provider.body(stream, Bytes::from_static(b"x")),
        Err(StreamError::OutOfOrder)
    );
    provider.head(stream, 200, None).unwrap();
    assert_eq!(provider.credit(stream), INITIAL_CREDIT as usize);
    let part = Bytes::from(vec![b'x'; 300_000]);
    provider.body(stream, part.clone()).unwrap();
    assert_eq!(provider.credit(stream), 0);
    provider.body(stream, part.clone()).unwrap();
    assert_eq!(provider.body(stream, part), Err(StreamError::Full));
    provider
        .finish(START, stream, StreamEnd::default())
        .unwrap();
    let data = |sent: &[Transmit]| -> usize {
        let size = |transmit: &Transmit| match transmit {
            Transmit::Frame(Frame::Binary(bytes)) if bytes[0] == 4 => bytes.len() - 8,
            _ => 0,
        };
        sent.iter().map(size).sum()
    };
    assert_eq!(data(&said(&mut provider)), INITIAL_CREDIT as usize);
    provider.handle_frame(START, binary(8, 0, 7, &63_u32.to_be_bytes()));
    assert_eq!(said(&mut provider), [], "too little credit for any frame");
    provider.handle_frame(START, binary(8, 0, 7, &1_000_000_u32.to_be_bytes()));
    let rest = said(&mut provider);
    assert_eq!(data(&rest), 600_000 - INITIAL_CREDIT as usize);
    assert!(matches!(rest.last(), Some(Transmit::Frame(Frame::Binary(end))) if end[0] == 5));
    assert_eq!(provider.in_flight(), 0);
}

#[test]
fn a_v1_answer_waits_for_the_socket() {
    let config = ProviderSessionConfig {
        max_queued_per_stream: 500,
        ..ProviderSessionConfig::default()
    };
    let mut provider = ProviderSession::new(Dialect::V1, config, START);
    provider.handle_frame(START, text(r#"{"type":"inference","request_id":"a","payload":{"model_id":"m","request":{},"stream":true}}"#));
    let Some(ProviderEvent::Request(request)) = provider.poll_event() else {
        panic!("no request");
    };
    provider.head(request.stream, 200, None).unwrap();
    let event = Bytes::from_static(b"data: {\"a\":1}\n\n");
    while provider.credit(request.stream) > 0 {
        provider.body(request.stream, event.clone()).unwrap();
    }
    assert_eq!(provider.body(request.stream, event), Err(StreamError::Full));
    assert!(provider.poll_event().is_none());
    while provider.poll_transmit().is_some() {}
    assert!(
        matches!(provider.poll_event(), Some(ProviderEvent::Credit { stream }) if stream == request.stream)
    );
}

#[test]
fn an_unanswered_registration_gives_the_hub_up_after_90_s() {
    let mut provider = ProviderSession::new(Dialect::V1, ProviderSessionConfig::default(), START);
    provider.register(START, Registration::default());
    provider.handle_frame(
        START,
        text(r#"{"type":"ack","payload":{"success":false,"message":"no such key"}}"#),
    );
    assert!(
        matches!(provider.poll_event(), Some(ProviderEvent::Rejected { message }) if message == "no such key")
    );
    assert!(!provider.is_registered());
    let due = provider.poll_timeout().unwrap();
    assert_eq!(due.since(START), Duration::from_secs(90));
    provider.handle_timeout(due);
    assert!(matches!(
        provider.poll_event(),
        Some(ProviderEvent::Lost {
            reason: LostReason::RegistrationTimedOut
        })
    ));
}
