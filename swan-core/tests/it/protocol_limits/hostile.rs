//! What a hub does about a provider that breaks the protocol.

use std::time::Duration;

use bytes::Bytes;
use swan_core::protocol::FaultKind::{self, Malformed, OutOfOrder, OverCredit};
use swan_core::protocol::{
    Dialect, FailureOrigin, Frame, HubEvent, HubSession, HubSessionConfig, INITIAL_CREDIT,
    LostReason, MAX_DATA_PAYLOAD, MIN_DATA_COST, Transmit, close_code,
};

use super::{START, binary, events, failed, faults, open_hub, request, sent, text};

/// What a provider does on stream 1: kind and payload of each frame.
type Script = &'static [(u8, &'static [u8])];

const HEAD: (u8, &[u8]) = (3, br#"{"status":200}"#);
const LARGE: (u8, &[u8]) = (4, &[b'x'; MAX_DATA_PAYLOAD]);
const TINY: (u8, &[u8]) = (4, b"x");
/// One frame more than there is credit for.
const TOO_MUCH: Script = &[LARGE; INITIAL_CREDIT as usize / MAX_DATA_PAYLOAD + 1];
const TOO_MANY: Script = &[TINY; INITIAL_CREDIT as usize / MIN_DATA_COST + 1];

const WRONGS: &[(&str, &[Script], FaultKind)] = &[
    ("data before its head", &[&[(4, b"x")]], OutOfOrder),
    ("end before its head", &[&[(5, b"{}")]], OutOfOrder),
    ("two heads", &[&[HEAD, HEAD]], OutOfOrder),
    ("a head that is no JSON", &[&[(3, b"200")]], Malformed),
    ("a head that is a list", &[&[(3, b"[200]")]], Malformed),
    ("no status", &[&[(3, br#"{"status":99}"#)]], Malformed),
    (
        "an absurd status",
        &[&[(3, br#"{"status":70000}"#)]],
        Malformed,
    ),
    ("more bytes than credit", &[&[HEAD], TOO_MUCH], OverCredit),
    ("more frames than credit", &[&[HEAD], TOO_MANY], OverCredit),
    ("a hub's frame", &[&[(1, b"{}")]], OutOfOrder),
    ("short credit", &[&[(8, &[1])]], Malformed),
    ("absurd credit", &[&[(8, &[0xFF; 4])]], OverCredit),
    ("a failure that is no JSON", &[&[(6, b"oops")]], Malformed),
];

#[test]
fn what_breaks_one_v2_stream_costs_that_stream_only() {
    for (name, scripts, kind) in WRONGS {
        let mut hub = open_hub(Dialect::V2, HubSessionConfig::default());
        let struck = hub.dispatch(START, request("a", b"{}")).unwrap();
        let other = hub.dispatch(START, request("b", b"{}")).unwrap();
        let _ = sent(&mut hub);
        for (kind, payload) in scripts.iter().copied().flatten() {
            hub.handle_frame(START, binary(*kind, 0, 1, payload));
        }
        let seen = events(&mut hub);
        assert_eq!(faults(&seen), [*kind], "{name}");
        let expected = (struck, FailureOrigin::Protocol, 502);
        assert_eq!(failed(&seen), [expected], "{name}");
        let [Transmit::Frame(Frame::Binary(cancel))] = &sent(&mut hub)[..] else {
            panic!("{name}: the provider is not told");
        };
        let (kind, note) = (cancel[0], &cancel[8..]);
        assert_eq!(
            (kind, note),
            (7, &br#"{"reason":"protocol_violation"}"#[..])
        );
        // Whatever else comes for that stream is late; the other one goes on.
        hub.handle_frame(START, binary(5, 0, 1, b"{}"));
        hub.handle_frame(START, binary(3, 0, 2, HEAD.1));
        hub.handle_frame(START, binary(5, 0, 2, b""));
        let seen = events(&mut hub);
        let [HubEvent::Head { .. }, HubEvent::End { stream, .. }] = &seen[..] else {
            panic!("{name}: {seen:?}");
        };
        assert_eq!(*stream, other);
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
            Malformed,
        ),
        // A minute later the count begins anew.
        (late, text("[]"), Malformed),
        (late, text(r#"{"type":7}"#), Malformed),
        (
            late,
            text(r#"{"type":"heartbeat","payload":[1]}"#),
            Malformed,
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

/// Whatever lies and waits costs memory beyond its bytes.
#[test]
fn a_v1_answer_in_endless_tiny_pieces_does_not_fill_the_memory() {
    let config = || HubSessionConfig {
        max_unconsumed: 100 * MIN_DATA_COST,
        ..HubSessionConfig::default()
    };
    let tiny = text(r#"{"type":"stream_chunk","request_id":"a","payload":{"chunk":1}}"#);
    let mut hub = open_hub(Dialect::V1, config());
    hub.dispatch(START, request("a", b"{}")).unwrap();
    let taken = (0..100_000).take_while(|_| {
        hub.handle_frame(START, tiny.clone());
        failed(&events(&mut hub)).is_empty()
    });
    assert_eq!(taken.count(), 100);

    let mut hub = open_hub(Dialect::V1, config());
    let stream = hub.dispatch(START, request("a", b"{}")).unwrap();
    for _ in 0..10_000 {
        hub.handle_frame(START, tiny.clone());
        assert!(
            failed(&events(&mut hub)).is_empty(),
            "it is read as it comes"
        );
        hub.credit(START, stream, 1);
    }
}

/// A piece that waits must not keep all alive that came around it.
#[test]
fn a_tiny_piece_of_a_v1_answer_does_not_hold_on_to_a_huge_frame() {
    let mut hub = open_hub(Dialect::V1, HubSessionConfig::default());
    hub.dispatch(START, request("a", b"{}")).unwrap();
    for (filler, is_slice) in [(10, true), (1 << 20, false)] {
        let frame = text(&format!(
            r#"{{"type":"stream_chunk","request_id":"a","payload":{{"chunk":"hello","more":"{}"}}}}"#,
            "x".repeat(filler)
        ));
        let Frame::Text(bytes) = &frame else {
            unreachable!()
        };
        let range = bytes.as_ptr_range();
        hub.handle_frame(START, frame.clone());
        let pieces = events(&mut hub)
            .into_iter()
            .filter_map(|event| match event {
                HubEvent::Body { piece, .. } => Some(piece),
                _ => None,
            });
        let pieces: Vec<_> = pieces.collect();
        assert_eq!(pieces.len(), 1);
        assert_eq!(&pieces[0].bytes()[..], br#""hello""#);
        assert_eq!(range.contains(&pieces[0].bytes().as_ptr()), is_slice);
    }
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

#[test]
fn large_and_deep_json_costs_no_more_than_its_frame() {
    let mut hub = open_hub(Dialect::V1, HubSessionConfig::default());
    let stream = hub.dispatch(START, request("a", b"{}")).unwrap();
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    hub.handle_frame(
        START,
        text(&format!(
            r#"{{"type":"stream_chunk","request_id":"a","payload":{{"chunk":{deep}}}}}"#
        )),
    );
    let seen = events(&mut hub);
    assert!(
        matches!(&seen[..], [HubEvent::Head { .. }, HubEvent::Body { piece, .. }] if piece.len() == 400_000)
    );
    // A list of lists where models should be, each of them deep; and more names than anybody serves.
    for models in [
        format!("[{deep}]"),
        format!("[{}0]", "\"m\",".repeat(2_000)),
    ] {
        let register = format!(r#"{{"type":"register","payload":{{"models":{models}}}}}"#);
        hub.handle_frame(START, text(&register));
        let Some(HubEvent::Register(registration)) = hub.poll_event() else {
            panic!("not registered");
        };
        assert!(registration.models.len() <= 1);
    }
    let padding = " ".repeat(1024 * 1024);
    hub.handle_frame(
        START,
        text(&format!(
            r#"{{"type":"heartbeat","payload":{{}}{padding}}}"#
        )),
    );
    assert_eq!(faults(&events(&mut hub)), [FaultKind::TooLarge]);
    hub.handle_frame(
        START,
        text(&format!(
            r#"{{"type":"ack","request_id":"a","payload":{{"error":"x"}}{padding}}}"#
        )),
    );
    assert_eq!(
        failed(&events(&mut hub)),
        [(stream, FailureOrigin::Provider, 502)]
    );
}
