//! What is always true of the pieces between the sockets.

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use swan_core::protocol::{Operation, Piece};
use swan_core::{Amount, Usage, Work};

use super::admit::AdmitError;
use super::attempt::Attempting;
use super::gate::Gate;
use super::receipt::Receipt;
use super::relay::Relay;
use super::settle::Bill;
use super::start::{Start, StartError, Step};
use super::tally::{Tally, frame, with_own_usage};

const STREAM: &str = concat!(
    ": hello\r\n\r\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\r\n\r\n",
    "id: 3\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"caf\u{e9} \"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\"noir\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3}}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n",
    "data: [DONE]\n\n",
);

/// Feeds a stream in pieces; gives what the consumer would see before the end.
fn relayed(pieces: &[&[u8]], wants_usage: bool) -> Result<(Vec<u8>, u64, u64), StartError> {
    let mut start = Start::new(Tally::new(&Operation::ChatCompletions, wants_usage));
    let mut pieces = pieces.iter();
    loop {
        match start.step()? {
            Step::Event(_) => {}
            Step::Done => break,
            Step::Starved => match pieces.next() {
                Some(piece) => start.push(Piece::Raw(Bytes::copy_from_slice(piece))),
                None => {
                    start.end()?;
                    break;
                }
            },
        }
    }
    Ok((
        start.out.to_vec(),
        start.tally.content_bytes,
        start.tally.content_events,
    ))
}

proptest! {
    #[test]
    fn a_stream_looks_the_same_wherever_it_was_cut(
        mut cuts in proptest::collection::vec(0..STREAM.len(), 0..12),
        wants_usage: bool,
    ) {
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts {
            pieces.push(&STREAM.as_bytes()[from..cut]);
            from = cut;
        }
        pieces.push(&STREAM.as_bytes()[from..]);
        let whole = relayed(&[STREAM.as_bytes()], wants_usage);
        prop_assert_eq!(&relayed(&pieces, wants_usage), &whole);
        let (out, bytes, events) = whole.unwrap();
        prop_assert_eq!((bytes, events), (10, 2));
        prop_assert!(!String::from_utf8(out).unwrap().contains("hello"));
    }

    #[test]
    fn no_data_can_leave_its_event(parts in proptest::collection::vec("[a-z:\r\n ]{0,20}", 0..4)) {
        let mut out = bytes::BytesMut::new();
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        frame(&parts, &mut out);
        let text = String::from_utf8(out.to_vec()).unwrap();
        let event = text.strip_suffix("\n\n").unwrap();
        prop_assert!(!event.contains('\r'));
        for line in event.split('\n') {
            prop_assert!(line.starts_with("data: "), "{:?}", line);
        }
    }

    #[test]
    fn hostile_streams_end_in_an_error_and_nothing_else(noise in proptest::collection::vec(any::<u8>(), 0..300)) {
        // Whatever comes is either shown in whole events or refused; nothing panics.
        if let Ok((out, ..)) = relayed(&[&noise], true) {
            prop_assert!(out.is_empty() || out.ends_with(b"\n\n"));
        }
    }
}

#[test]
fn the_charged_usage_stands_in_a_whole_answer_exactly_once() {
    let usage = Usage::tokens(3, 1, 2);
    let cost: Amount = "0.5".parse().unwrap();
    let receipt = Receipt {
        work: Work::Text {
            max_output_tokens: 2,
            choices: 1,
            generated: 1,
            echoed_bytes: 0,
        },
        usage,
        trusted: false,
        cost,
    };
    for (body, claimed) in [
        (r#"{"a":1}"#, None),
        (r" { } ", None),
        (r#"{"usage":null,"a":1}"#, None),
        (
            r#"{"a":1,"usage":{"prompt_tokens":9}}"#,
            Some(r#"{"prompt_tokens":9}"#),
        ),
    ] {
        let body = Bytes::from_static(body.as_bytes());
        let place = claimed.and_then(|text| {
            let at = memchr::memmem::find(&body, text.as_bytes())?;
            Some(body.slice(at..at + text.len()))
        });
        let segments = with_own_usage(&body, place.as_ref(), &receipt, "0.5");
        let text = String::from_utf8(segments.concat()).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(text.matches("\"usage\"").count(), 1, "{text}");
        assert_eq!(json["usage"]["total_tokens"], 5);
        assert_eq!(json["usage"]["prompt_tokens_details"]["cached_tokens"], 1);
        assert_eq!(json["usage"]["cost"], "0.5");
    }
}

#[tokio::test]
async fn a_gate_counts_refuses_and_tells_when_it_is_empty() {
    let gate = Gate::new(2);
    let (first, second) = (gate.enter().unwrap(), gate.enter().unwrap());
    assert_eq!(
        gate.enter().unwrap_err(),
        AdmitError::Overloaded { limit: 2 }
    );
    drop(first);
    let third = gate.enter().unwrap();
    gate.close();
    assert_eq!(gate.enter().unwrap_err(), AdmitError::Draining);
    assert_eq!(gate.in_flight(), 2);
    let mut empty = std::pin::pin!(gate.empty());
    assert!(futures::poll!(&mut empty).is_pending());
    drop((second, third));
    empty.await;
}

/// Keeps the codes that requests have ended with.
#[derive(Debug, Default)]
struct Codes(parking_lot::Mutex<Vec<Option<(String, u16)>>>);

impl crate::EventSink for Codes {
    fn on_request(&self, record: &crate::RequestRecord) {
        let code = record.error.clone().zip(record.error_status);
        self.0.lock().push(code);
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_off_while_it_waits_has_its_code_on_record() {
    let codes = Arc::new(Codes::default());
    let sink = Arc::clone(&codes) as Arc<dyn crate::EventSink>;
    let hub = crate::Hub::builder().with_event_sink(sink);
    let hub = hub.build().await.unwrap().current.load();
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    let waiting = |request| {
        let bill = Box::new(Bill::open(&hub, request));
        let attempting = Attempting::of(async move {
            let _bill = bill;
            std::future::pending().await
        });
        Relay::waiting(Arc::clone(&hub), request, deadline, attempting)
    };
    let relay = waiting(hub.request_id());
    hub.streams.cut_all();
    let told = Some(("answer_cut_off".to_owned(), 504));
    let seen = || codes.0.lock().clone();
    assert_eq!(seen(), std::slice::from_ref(&told));
    drop((relay, waiting(hub.request_id())));
    assert_eq!(seen(), [told, None], "a hang-up has none");
}
