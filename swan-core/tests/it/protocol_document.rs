//! The hex examples of docs/PROTOCOL.md, replayed against the sessions, so that the page cannot drift from the code.

use bytes::Bytes;
use swan_core::Timestamp;
use swan_core::protocol::{
    Accepted, CancelReason, Dialect, Dispatch, Frame, HubEvent, HubSession, HubSessionConfig,
    Operation, ProviderEvent, ProviderSession, ProviderSessionConfig, StreamId, Transmit,
};

const START: Timestamp = Timestamp::from_millis(1_000_000);

/// Title and bytes of each example in the page.
fn examples() -> Vec<(String, Bytes)> {
    let page = include_str!("../../../docs/PROTOCOL.md");
    let mut examples: Vec<(String, Vec<u8>)> = Vec::new();
    let blocks = page.split("```hexdump\n").skip(1);
    for line in blocks.flat_map(|block| block.split("```").next().unwrap().lines()) {
        let mut words = line.split_whitespace();
        match words.next() {
            Some(word) if word.ends_with(':') => examples.push((line.to_owned(), Vec::new())),
            Some(_offset) => {
                let bytes = words.take_while(|word| !word.starts_with('|')).take(16);
                let bytes = bytes.map(|word| u8::from_str_radix(word, 16).unwrap());
                examples.last_mut().unwrap().1.extend(bytes);
            }
            None => {}
        }
    }
    let finish = |(title, bytes): (String, Vec<u8>)| (title, Bytes::from(bytes));
    examples.into_iter().map(finish).collect()
}

fn open_hub() -> HubSession {
    let mut hub = HubSession::new(Dialect::V2, HubSessionConfig::default(), START);
    let register = Bytes::from_static(br#"{"type":"register","payload":{}}"#);
    hub.handle_frame(START, Frame::Text(register));
    hub.accept(START, &Accepted::default());
    while hub.poll_event().is_some() || hub.poll_transmit().is_some() {}
    hub
}

fn dispatch(hub: &mut HubSession, id: &str) -> StreamId {
    let request = Dispatch {
        request_id: id.to_owned(),
        model: "m".to_owned(),
        operation: Operation::ChatCompletions,
        stream: true,
        content_type: "application/json".to_owned(),
        body: vec![Bytes::from_static(b"{\"messages\":[]}")],
        deadline_ms: 120_000,
        sign: None,
    };
    hub.dispatch(START, request).unwrap()
}

#[test]
fn the_long_example_is_what_a_hub_says_and_takes() {
    let mut hub = open_hub();
    dispatch(&mut hub, "r1");
    let mut seen = Vec::new();
    for (title, bytes) in examples().into_iter().take(5) {
        if title.starts_with("hub:") {
            let expected = Transmit::Frame(Frame::Binary(bytes));
            assert_eq!(hub.poll_transmit(), Some(expected), "{title}");
        } else {
            hub.handle_frame(START, Frame::Binary(bytes));
            seen.extend(hub.poll_event());
        }
    }
    assert!(matches!(
        &seen[..],
        [HubEvent::Head { status: 200, .. }, HubEvent::Body { piece, .. }, HubEvent::End { end, .. }]
            if piece.len() == 15 && end.tokens_input == Some(9)
    ));
}

#[test]
fn the_other_examples_mean_what_their_titles_say() {
    let examples = examples();
    let [cancel, credit, fail] = &examples[5..] else {
        panic!("three other examples");
    };
    let mut hub = open_hub();
    let mut provider = ProviderSession::new(Dialect::V2, ProviderSessionConfig::default(), START);
    let streams = ["r1", "r2", "r3", "r4"].map(|id| dispatch(&mut hub, id));
    while let Some(Transmit::Frame(frame)) = hub.poll_transmit() {
        provider.handle_frame(START, frame);
    }
    while provider.poll_event().is_some() {}
    hub.cancel(START, streams[1], &CancelReason::ConsumerDisconnected);
    let expected = Transmit::Frame(Frame::Binary(cancel.1.clone()));
    assert_eq!(hub.poll_transmit(), Some(expected), "{}", cancel.0);
    for (_, frame) in [cancel, credit] {
        provider.handle_frame(START, Frame::Binary(frame.clone()));
    }
    assert!(matches!(
        provider.poll_event(),
        Some(ProviderEvent::Cancelled { .. })
    ));
    assert!(provider.poll_event().is_none(), "credit is no fault");
    assert_eq!(provider.credit(streams[2]), 262_144 + 131_072);
    hub.handle_frame(START, Frame::Binary(fail.1.clone()));
    assert!(matches!(
        hub.poll_event(),
        Some(HubEvent::Failed { stream, failure }) if stream == streams[3] && failure.status == 503
    ));
}
