//! Both sessions against each other on a simulated wire: delay, loss at every message, hostile frames.

mod apps;
mod plan;

use std::time::Duration;

use apps::World;
use bytes::Bytes;
use swan_core::protocol::{Dialect, Frame, HubSessionConfig, ProviderSessionConfig};
use swan_core::testkit::SessionPair;
use swan_core::{Rng, SeededRng};

const DIALECTS: [Dialect; 2] = [Dialect::V1, Dialect::V2];

fn pair(dialect: Dialect, seed: u64) -> SessionPair {
    let hub = HubSessionConfig::default();
    let provider = ProviderSessionConfig {
        id_seed: seed,
        ..ProviderSessionConfig::default()
    };
    SessionPair::new(dialect, hub, provider, Duration::from_millis(80), seed)
}

#[test]
fn every_stream_ends_once_with_exactly_its_bytes() {
    for dialect in DIALECTS {
        for seed in 0..40 {
            let mut world = World::new(pair(dialect, seed), seed);
            world.run();
            world.check_all_ended();
            world.check_whole();
            assert_eq!(world.pair.credit_breach(), None);
            assert_eq!(world.pair.hub.stats().faults, 0, "{dialect:?} {seed}");
            assert_eq!(world.pair.provider.stats().faults, 0, "{dialect:?} {seed}");
            assert!(world.pair.is_connected());
        }
    }
}

#[test]
fn a_connection_lost_after_any_message_ends_every_stream_once() {
    for dialect in DIALECTS {
        for seed in 100..102 {
            let mut whole = World::new(pair(dialect, seed), seed);
            whole.run();
            let messages = whole.pair.delivered();
            for at in 0..messages {
                let mut world = World::new(pair(dialect, seed), seed);
                world.pair.cut_after(at);
                world.run();
                assert!(!world.pair.is_connected(), "cut at {at} of {messages}");
                world.check_all_ended();
                assert_eq!(world.pair.hub.in_flight(), 0);
                assert_eq!(world.pair.provider.in_flight(), 0);
            }
        }
    }
}

/// Frames that belong to no stream of the conversation.
fn foreign_frame(rng: &mut SeededRng) -> Frame {
    let texts = [
        r#"{"type":"stream_chunk","request_id":"nobody","payload":{"chunk":{},"done":false}}"#,
        r#"{"type":"stream_end","request_id":"nobody","payload":{}}"#,
        r#"{"type":"ack","request_id":"nobody","payload":{"response":{"a":1}}}"#,
        r#"{"type":"error","payload":{"code":400,"message":"?"}}"#,
        r#"{"type":"cancel","request_id":"nobody","payload":{"request_id":"nobody"}}"#,
        r#"{"type":"from_the_future","payload":[1,2,3]}"#,
        r#"{"type":"heartbeat","payload":{"models":null,"metrics":{"a":"b"}}}"#,
    ];
    match rng.below(3) {
        0 => {
            let at = usize::try_from(rng.below(texts.len() as u64)).unwrap();
            Frame::Text(Bytes::from_static(texts[at].as_bytes()))
        }
        1 => Frame::Binary(Bytes::from_static(&[0x77, 0, 0, 0, 0, 0, 0, 1, 2, 3])),
        _ => {
            let size = usize::try_from(rng.below(40)).unwrap();
            Frame::Text(
                (0..size)
                    .map(|_| b'a' + (rng.next_u64() % 26) as u8)
                    .collect(),
            )
        }
    }
}

#[test]
fn frames_of_no_stream_touch_no_stream() {
    for dialect in DIALECTS {
        for seed in 200..230 {
            let mut world = World::new(pair(dialect, seed), seed);
            let mut rng = SeededRng::new(seed);
            let mut left = 10;
            while world.step() {
                if left > 0 && rng.below(10) == 0 {
                    left -= 1;
                    world.pair.inject_to_hub(foreign_frame(&mut rng));
                    world.pair.inject_to_provider(foreign_frame(&mut rng));
                }
            }
            world.check_all_ended();
            assert!(world.pair.is_connected());
            world.check_whole();
        }
    }
}

/// A frame that may hit anything: real kinds, real and absurd ids, damaged contents.
fn hostile_frame(rng: &mut SeededRng) -> Frame {
    let kinds = [
        "stream_chunk",
        "stream_end",
        "ack",
        "error",
        "register",
        "heartbeat",
        "cancel",
        "inference",
    ];
    let payloads = [
        "null",
        "[]",
        "{}",
        r#"{"chunk":1,"done":true}"#,
        r#"{"error":"x","status_code":-5}"#,
        r#"{"response":null,"status_code":1e300}"#,
        r#"{"models":{"a":1},"token":7}"#,
        r#"{"request":{"messages":[]},"model_id":"m","stream":true}"#,
        r#"{"chunk":"#,
    ];
    if rng.below(2) == 0 {
        let kind = kinds[usize::try_from(rng.below(kinds.len() as u64)).unwrap()];
        let payload = payloads[usize::try_from(rng.below(payloads.len() as u64)).unwrap()];
        let id = rng.below(12);
        return Frame::Text(Bytes::from(format!(
            r#"{{"type":"{kind}","request_id":"request-{id}","payload":{payload}}}"#
        )));
    }
    let kind = (rng.next_u64() % 10) as u8;
    let flags = (rng.next_u64() % 4) as u8;
    let stream = match rng.below(8) {
        0 => u32::MAX,
        1 => 0,
        _ => u32::try_from(rng.below(12)).unwrap(),
    };
    let mut bytes = vec![kind, flags, 0, 0];
    bytes.extend_from_slice(&stream.to_be_bytes());
    let size = match rng.below(4) {
        0 => 4,
        1 => 0,
        2 => 70_000,
        _ => usize::try_from(rng.below(1_000)).unwrap(),
    };
    bytes.extend((0..size).map(|_| (rng.next_u64() & 0xFF) as u8));
    Frame::Binary(bytes.into())
}

#[test]
fn hostile_frames_never_leave_a_stream_open_or_end_it_twice() {
    for dialect in DIALECTS {
        for seed in 300..380 {
            let mut world = World::new(pair(dialect, seed), seed);
            let mut rng = SeededRng::new(seed);
            while world.step() {
                if rng.below(8) == 0 {
                    let frame = hostile_frame(&mut rng);
                    if rng.below(2) == 0 {
                        world.pair.inject_to_hub(frame);
                    } else {
                        world.pair.inject_to_provider(frame);
                    }
                }
            }
            world.check_all_ended();
        }
    }
}
