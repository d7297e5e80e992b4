//! The event splitter: tables of streams, and the property that the cuts between chunks do not matter.

use bytes::Bytes;
use proptest::prelude::*;
use swan_core::sse::{Event, EventSplitter, SseError, is_done};

/// All events of a stream that comes in these chunks, and whether it was too large.
fn split(chunks: &[&[u8]], limit: usize) -> (Vec<(String, String)>, bool) {
    let mut splitter = EventSplitter::new(limit);
    let mut events = Vec::new();
    let mut failed = false;
    let mut take = |result: Result<Option<Event>, SseError>| match result {
        Ok(Some(event)) => {
            let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
            events.push((text(&event.kind), text(&event.data)));
            true
        }
        Ok(None) => false,
        Err(_) => {
            failed = true;
            false
        }
    };
    for chunk in chunks {
        splitter.push(Bytes::copy_from_slice(chunk));
        while take(splitter.next_event()) {}
        assert!(splitter.buffered() <= 2 * limit);
    }
    while take(splitter.finish()) {}
    (events, failed)
}

fn data_of(stream: &str) -> Vec<String> {
    let (events, failed) = split(&[stream.as_bytes()], 1 << 16);
    assert!(!failed);
    events.into_iter().map(|(_, data)| data).collect()
}

#[test]
fn streams_and_their_events() {
    let table: &[(&str, &[&str])] = &[
        ("data: a\n\ndata: b\n\n", &["a", "b"]),
        ("data: a\r\n\r\ndata: b\r\n\r\n", &["a", "b"]),
        ("data: a\r\rdata: b\r\r", &["a", "b"]),
        ("data:a\n\ndata:  b\n\n", &["a", " b"]),
        ("data: a\ndata: b\n\n", &["a\nb"]),
        ("data\n\n", &[""]),
        (": comment\n\n: another\ndata: a\n\n", &["a"]),
        ("event: ping\n\ndata: a\n\n", &["a"]),
        ("id: 1\nretry: 10\ndata: a\nunknown: x\n\n", &["a"]),
        ("\u{feff}data: a\n\n", &["a"]),
        (
            "data: last without its blank line",
            &["last without its blank line"],
        ),
        ("data: a\n", &["a"]),
        ("", &[]),
        ("\n\n\n", &[]),
        ("datax: a\n\n", &[]),
    ];
    for (stream, expected) in table {
        assert_eq!(data_of(stream), *expected, "{stream:?}");
    }
}

#[test]
fn the_kind_belongs_to_its_own_event_only() {
    let (events, _) = split(&[b"event: error\ndata: a\n\ndata: b\n\n"], 100);
    let expected = [("error", "a"), ("", "b")];
    assert_eq!(
        events,
        expected.map(|(kind, data)| (kind.to_owned(), data.to_owned()))
    );
}

#[test]
fn an_event_too_large_is_an_error_and_the_end() {
    for chunks in [
        vec![&b"data: 0123456789\n\ndata: a\n\n"[..]],
        vec![b"data: 012", b"3456789"],
        vec![b"data: 0123\ndata: 4567\n\n"],
        vec![b"an endless line", b" without", b" any end"],
    ] {
        assert_eq!(split(&chunks, 12), (Vec::new(), true), "{chunks:?}");
    }
}

#[test]
fn one_line_in_one_chunk_is_not_copied() {
    let chunk = Bytes::from_static(b"data: {\"choices\":[]}\n\n");
    let mut splitter = EventSplitter::new(100);
    splitter.push(chunk.clone());
    let event = splitter.next_event().unwrap().unwrap();
    assert!(chunk.as_ptr_range().contains(&event.data.as_ptr()));
}

#[test]
fn the_end_marker_is_known_with_spaces() {
    assert!(is_done(b"[DONE]") && is_done(b" [DONE] "));
    assert!(!is_done(b"[DONE") && !is_done(b"\"[DONE]\""));
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just("data: ".to_owned()),
        Just("data:".to_owned()),
        Just("event: x".to_owned()),
        Just(": c".to_owned()),
        Just("\u{feff}".to_owned()),
        Just("\n".to_owned()),
        Just("\r".to_owned()),
        Just("\r\n".to_owned()),
        Just("\n\n".to_owned()),
        "[a-zé:]{0,6}",
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #[test]
    fn the_cuts_do_not_matter(stream in stream(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let whole = split(&[&stream], 1 << 16);
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        places.extend([0, stream.len()]);
        places.sort_unstable();
        let chunks: Vec<&[u8]> = places.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        prop_assert_eq!(split(&chunks, 1 << 16), whole);
    }

    #[test]
    fn no_bytes_make_it_panic_or_hold_too_much(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..20), limit in 0_usize..64) {
        let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
        let mut splitter = EventSplitter::new(limit);
        for chunk in &chunks {
            splitter.push(Bytes::copy_from_slice(chunk));
            while let Ok(Some(event)) = splitter.next_event() {
                prop_assert!(event.data.len() <= limit);
            }
            prop_assert!(splitter.buffered() <= 2 * limit);
        }
    }
}
