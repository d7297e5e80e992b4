//! Limits, deadlines and hostile frames, each with its defined reaction.

use std::time::Duration;

use bytes::Bytes;
use swan_core::Timestamp;
use swan_core::protocol::{
    Accepted, Dialect, Dispatch, DispatchError, FailureOrigin, FaultKind, Frame, HubEvent,
    HubSession, HubSessionConfig, INITIAL_CREDIT, LostReason, MAX_DATA_PAYLOAD, Operation,
    ProviderEvent, ProviderSession, ProviderSessionConfig, Registration, StreamEnd, StreamError,
    StreamId, Transmit, close_code,
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

#[test]
fn who_does_not_register_in_time_is_closed_on() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let mut hub = HubSession::new(dialect, HubSessionConfig::default(), START);
        let due = hub.poll_timeout().unwrap();
        assert_eq!(due.since(START), Duration::from_secs(10));
        hub.handle_timeout(due);
        let [
            HubEvent::Lost {
                reason: LostReason::RegistrationTimedOut,
            },
        ] = &events(&mut hub)[..]
        else {
            panic!("not given up");
        };
        let [Transmit::Close { code, .. }] = &sent(&mut hub)[..] else {
            panic!("not closed");
        };
        assert_eq!((*code, hub.poll_timeout()), (close_code::POLICY, None));
    }
}

#[test]
fn a_hub_that_never_decides_does_not_keep_the_connection() {
    let mut hub = HubSession::new(Dialect::V1, HubSessionConfig::default(), START);
    let later = START.after(Duration::from_secs(9));
    hub.handle_frame(later, text(r#"{"type":"register","payload":{}}"#));
    assert_eq!(
        hub.poll_timeout().unwrap().since(later),
        Duration::from_secs(10)
    );
    assert!(matches!(
        hub.dispatch(later, request("r", b"{}")),
        Err(DispatchError::NotRegistered)
    ));
}

#[test]
fn frames_by_the_program_of_the_agent() {
    // A body whose frame is just over the limit of legacy agents.
    let large = format!(r#"{{"pad":"{}"}}"#, "x".repeat(1024 * 1024));
    let table = [
        ("", true),
        (r#","cp_version":null"#, true),
        (r#","cp_version":"0.4.9""#, true),
        (r#","cp_version":"unknown""#, true),
        (r#","cp_version":"0.5.0""#, false),
        (r#","cp_version":"v0.5.5+mainnet""#, false),
        (r#","cp_version":"0.10.0-rc1""#, false),
        (r#","cp_version":"1.0""#, false),
    ];
    for (version, refused) in table {
        let mut hub = HubSession::new(Dialect::V1, HubSessionConfig::default(), START);
        let register = format!(r#"{{"type":"register","payload":{{"models":null{version}}}}}"#);
        hub.handle_frame(START, text(&register));
        hub.accept(START, &Accepted::default());
        let result = hub.dispatch(START, request("r", large.as_bytes()));
        let is_refused = matches!(result, Err(DispatchError::FrameTooLarge { .. }));
        assert_eq!(is_refused, refused, "{version}");
        assert_eq!(hub.in_flight(), usize::from(!refused));
        assert!(
            hub.dispatch(START, request("s", b"{}")).is_ok(),
            "the connection goes on"
        );
    }
}

#[test]
fn bodies_that_would_break_the_v1_envelope() {
    let mut hub = open_hub(Dialect::V1, HubSessionConfig::default());
    let bodies: &[&[u8]] = &[
        b"",
        b"[]",
        b"\"a\"",
        b"{",
        b"{}}",
        b"{},\"type\":\"drain\"",
        b"{\"a\":\"\xff\"}",
        b"null",
    ];
    for body in bodies {
        assert_eq!(
            hub.dispatch(START, request("r", body)),
            Err(DispatchError::NotJson)
        );
    }
    assert!(sent(&mut hub).is_empty() && hub.in_flight() == 0);
    let segments = [&b" {\"a\""[..], b":1", b"} \n"];
    let body = segments.iter().map(|s| Bytes::from_static(s)).collect();
    assert!(
        hub.dispatch(
            START,
            Dispatch {
                body,
                ..request("r", b"")
            }
        )
        .is_ok()
    );
}

#[test]
fn ids_that_cannot_be_used() {
    let mut hub = open_hub(Dialect::V1, HubSessionConfig::default());
    let long = "x".repeat(129);
    for id in ["", "a b", "\u{e4}", "a\n", &long] {
        let result = hub.dispatch(START, request(id, b"{}"));
        assert_eq!(result, Err(DispatchError::RequestId), "{id:?}");
    }
    hub.dispatch(START, request("r", b"{}")).unwrap();
    assert_eq!(
        hub.dispatch(START, request("r", b"{}")),
        Err(DispatchError::RequestId)
    );
}

#[test]
fn a_connection_takes_only_so_much_at_once() {
    let config = HubSessionConfig {
        max_streams: 2,
        max_queued: 1_000,
        ..HubSessionConfig::default()
    };
    for dialect in [Dialect::V1, Dialect::V2] {
        let mut hub = open_hub(dialect, config.clone());
        let large = format!(r#"{{"pad":"{}"}}"#, "x".repeat(5_000));
        hub.dispatch(START, request("a", large.as_bytes()))
            .expect("the first one always fits");
        let result = hub.dispatch(START, request("b", b"{\"a\":1}"));
        assert_eq!(result, Err(DispatchError::Busy), "too many bytes wait");
        let _ = sent(&mut hub);
        assert_eq!(hub.queued_bytes(), 0);
        hub.dispatch(START, request("b", b"{\"a\":1}")).unwrap();
        let result = hub.dispatch(START, request("c", b"{\"a\":1}"));
        assert_eq!(result, Err(DispatchError::Busy), "too many requests");
    }
}

/// What a provider may do wrong on a v2 stream, and what comes of it.
#[test]
fn hostile_frames_of_a_v2_provider_cost_it_one_stream() {
    let head = binary(3, 0, 1, br#"{"status":200}"#);
    let too_much: Vec<Frame> = (0..=INITIAL_CREDIT as usize / MAX_DATA_PAYLOAD)
        .map(|_| binary(4, 0, 1, &[b'x'; MAX_DATA_PAYLOAD]))
        .collect();
    let tiny: Vec<Frame> = (0..=INITIAL_CREDIT / 64)
        .map(|_| binary(4, 0, 1, b"x"))
        .collect();
    let table: Vec<(&str, Vec<Frame>, FaultKind)> = vec![
        (
            "data before its head",
            vec![binary(4, 0, 1, b"x")],
            FaultKind::OutOfOrder,
        ),
        (
            "end before its head",
            vec![binary(5, 0, 1, b"{}")],
            FaultKind::OutOfOrder,
        ),
        (
            "two heads",
            vec![head.clone(), head.clone()],
            FaultKind::OutOfOrder,
        ),
        (
            "a head that is no JSON",
            vec![binary(3, 0, 1, b"200")],
            FaultKind::Malformed,
        ),
        (
            "a status that is none",
            vec![binary(3, 0, 1, br#"{"status":99}"#)],
            FaultKind::Malformed,
        ),
        (
            "a status beyond u16",
            vec![binary(3, 0, 1, br#"{"status":70000}"#)],
            FaultKind::Malformed,
        ),
        (
            "more bytes than credit",
            [vec![head.clone()], too_much].concat(),
            FaultKind::OverCredit,
        ),
        (
            "more tiny frames than credit",
            [vec![head.clone()], tiny].concat(),
            FaultKind::OverCredit,
        ),
        (
            "a hub's frame",
            vec![binary(1, 0, 1, b"{}")],
            FaultKind::OutOfOrder,
        ),
        (
            "short credit",
            vec![binary(8, 0, 1, &[1])],
            FaultKind::Malformed,
        ),
        (
            "absurd credit",
            vec![binary(8, 0, 1, &[0xFF; 4])],
            FaultKind::OverCredit,
        ),
        (
            "a failure that is no JSON",
            vec![binary(6, 0, 1, b"oops")],
            FaultKind::Malformed,
        ),
    ];
    for (name, frames, kind) in table {
        let mut hub = open_hub(Dialect::V2, HubSessionConfig::default());
        let struck = hub.dispatch(START, request("a", b"{}")).unwrap();
        let other = hub.dispatch(START, request("b", b"{}")).unwrap();
        let _ = sent(&mut hub);
        for frame in frames {
            hub.handle_frame(START, frame);
        }
        let seen = events(&mut hub);
        assert_eq!(faults(&seen), [kind], "{name}");
        assert_eq!(
            failed(&seen),
            [(struck, FailureOrigin::Protocol, 502)],
            "{name}"
        );
        let [Transmit::Frame(Frame::Binary(cancel))] = &sent(&mut hub)[..] else {
            panic!("{name}: the provider is not told");
        };
        assert_eq!(
            (cancel[0], &cancel[8..]),
            (7, &br#"{"reason":"protocol_violation"}"#[..])
        );
        // Whatever else comes for that stream is late; the other one goes on.
        hub.handle_frame(START, binary(5, 0, 1, b"{}"));
        hub.handle_frame(START, binary(3, 0, 2, br#"{"status":200}"#));
        hub.handle_frame(START, binary(5, 0, 2, b""));
        let seen = events(&mut hub);
        assert!(
            matches!(seen[..], [HubEvent::Head { .. }, HubEvent::End { stream, .. }] if stream == other),
            "{name}"
        );
    }
}

#[test]
fn frames_of_no_stream_are_counted_until_it_is_too_much() {
    let config = HubSessionConfig {
        max_faults: 3,
        ..HubSessionConfig::default()
    };
    let mut hub = open_hub(Dialect::V2, config);
    let stream = hub.dispatch(START, request("a", b"{}")).unwrap();
    let late = START.after(Duration::from_secs(61));
    for (now, frame, kind) in [
        (START, binary(4, 0, 9, b"x"), FaultKind::UnknownStream),
        (START, binary(4, 0, 0, b"x"), FaultKind::UnknownStream),
        (
            START,
            Frame::Binary(Bytes::from_static(b"short")),
            FaultKind::Malformed,
        ),
        // A minute later the count begins anew.
        (late, text("[]"), FaultKind::Malformed),
        (late, text(r#"{"type":7}"#), FaultKind::Malformed),
        (
            late,
            text(r#"{"type":"heartbeat","payload":[1]}"#),
            FaultKind::Malformed,
        ),
    ] {
        hub.handle_frame(now, frame);
        let seen = events(&mut hub);
        assert_eq!(faults(&seen), [kind]);
    }
    assert_eq!(hub.in_flight(), 1);
    hub.handle_frame(late, Frame::Text(Bytes::new()));
    let seen = events(&mut hub);
    assert_eq!(failed(&seen), [(stream, FailureOrigin::Lost, 502)]);
    assert!(matches!(
        seen.last(),
        Some(HubEvent::Lost {
            reason: LostReason::ProtocolViolation(_)
        })
    ));
    let close = sent(&mut hub).pop();
    assert!(matches!(
        close,
        Some(Transmit::Close {
            code: close_code::PROTOCOL,
            ..
        })
    ));
}

#[test]
fn a_frame_too_large_ends_the_conversation() {
    let mut unregistered = HubSession::new(Dialect::V1, HubSessionConfig::default(), START);
    let mut registered = open_hub(Dialect::V2, HubSessionConfig::default());
    for (hub, frame) in [
        (
            &mut unregistered,
            Frame::Text(vec![b' '; 1024 * 1024 + 1].into()),
        ),
        (&mut registered, binary(4, 0, 1, &[0; MAX_DATA_PAYLOAD + 1])),
    ] {
        hub.handle_frame(START, frame);
        let close = sent(hub).pop();
        assert!(matches!(
            close,
            Some(Transmit::Close {
                code: close_code::TOO_LARGE,
                ..
            })
        ));
    }
}

#[test]
fn a_v1_answer_that_nobody_reads_does_not_fill_the_memory() {
    let config = HubSessionConfig {
        max_unconsumed: 100,
        ..HubSessionConfig::default()
    };
    let mut hub = open_hub(Dialect::V1, config);
    let stream = hub.dispatch(START, request("a", b"{}")).unwrap();
    let chunk = text(&format!(
        r#"{{"type":"stream_chunk","request_id":"a","payload":{{"chunk":"{}"}}}}"#,
        "x".repeat(58)
    ));
    hub.handle_frame(START, chunk.clone());
    hub.credit(START, stream, 60);
    hub.handle_frame(START, chunk.clone());
    assert!(failed(&events(&mut hub)).is_empty());
    hub.handle_frame(START, chunk);
    assert_eq!(
        failed(&events(&mut hub)),
        [(stream, FailureOrigin::Overflow, 502)]
    );
}

#[test]
fn a_peer_that_does_not_read_is_given_up() {
    let mut hub = open_hub(Dialect::V1, HubSessionConfig::default());
    let heartbeat = text(r#"{"type":"heartbeat","payload":{}}"#);
    let count = (0..10_000).take_while(|_| {
        hub.handle_frame(START, heartbeat.clone());
        !events(&mut hub).iter().any(|event| {
            matches!(
                event,
                HubEvent::Lost {
                    reason: LostReason::NotReading
                }
            )
        })
    });
    assert_eq!(count.count(), 4_096);
}

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

/// What a hub may send that a provider does not take, and the status that it answers with.
#[test]
fn requests_that_a_v2_provider_refuses() {
    let config = ProviderSessionConfig {
        max_body: 100,
        max_assembling: 150,
        max_streams: 2,
        ..ProviderSessionConfig::default()
    };
    let operation = br#"{"request_id":"a","model":"m","operation":"../x"}"#;
    let table: Vec<(&str, Vec<Frame>, u16)> = vec![
        ("no JSON", vec![binary(1, 0, 1, b"{")], 400),
        ("no body, and no end", vec![binary(1, 0, 1, &head(0))], 400),
        ("a body, and its end", vec![binary(1, 1, 1, &head(5))], 400),
        (
            "an absurd length",
            vec![binary(1, 0, 1, &head(usize::MAX))],
            413,
        ),
        (
            "an unusable operation",
            vec![binary(1, 1, 1, operation)],
            501,
        ),
        (
            "more than was said",
            vec![binary(1, 0, 1, &head(2)), binary(2, 0, 1, b"abc")],
            400,
        ),
        (
            "less than was said",
            vec![binary(1, 0, 1, &head(2)), binary(2, 1, 1, b"a")],
            400,
        ),
        (
            "no end",
            vec![binary(1, 0, 1, &head(2)), binary(2, 0, 1, b"ab")],
            400,
        ),
        (
            "too much in assembly",
            vec![binary(1, 0, 1, &head(90)), binary(1, 0, 2, &head(90))],
            503,
        ),
        (
            "too many",
            (1..=3).map(|n| binary(1, 0, n, &head(1))).collect(),
            503,
        ),
    ];
    for (name, frames, status) in table {
        let mut provider = open_provider(config.clone());
        for frame in frames {
            provider.handle_frame(START, frame);
        }
        let [Transmit::Frame(Frame::Binary(fail))] = &said(&mut provider)[..] else {
            panic!("{name}: not answered once");
        };
        let expected = format!(r#"{{"status":{status},"#);
        assert_eq!(fail[0], 6, "{name}");
        assert!(
            fail[8..].starts_with(expected.as_bytes()),
            "{name}: {fail:?}"
        );
        let unknown = |event: &ProviderEvent| {
            matches!(
                event,
                ProviderEvent::Request(_) | ProviderEvent::Lost { .. }
            )
        };
        assert!(
            !std::iter::from_fn(|| provider.poll_event()).any(|event| unknown(&event)),
            "{name}"
        );
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
