//! What a hub takes and sends, and for how long it waits.

use std::time::Duration;

use bytes::Bytes;
use swan_core::protocol::{
    Accepted, CancelReason, Dialect, Dispatch, DispatchError, HubEvent, HubSession,
    HubSessionConfig, LostReason, ProviderEvent, ProviderSession, ProviderSessionConfig, Transmit,
    close_code,
};

use super::{START, events, open_hub, request, sent, text};

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

#[test]
fn a_request_cancelled_before_it_left_is_never_sent() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let mut hub = open_hub(dialect, HubSessionConfig::default());
        let stream = hub.dispatch(START, request("a", b"{}")).unwrap();
        hub.cancel(START, stream, &CancelReason::ConsumerDisconnected);
        assert_eq!((sent(&mut hub), hub.queued_bytes()), (vec![], 0));
        // The next one goes as if nothing had been, though with a number of its own.
        hub.dispatch(START, request("a", b"{}")).unwrap();
        let mut provider = ProviderSession::new(dialect, ProviderSessionConfig::default(), START);
        for transmit in sent(&mut hub) {
            let Transmit::Frame(frame) = transmit else {
                panic!("closed");
            };
            provider.handle_frame(START, frame);
        }
        let event = provider.poll_event();
        assert!(
            matches!(event, Some(ProviderEvent::Request(_))),
            "{event:?}"
        );
    }
}
