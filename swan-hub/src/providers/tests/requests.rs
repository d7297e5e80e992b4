//! Requests to public agents: served, refused, given up, lost.

use std::time::Duration;

use bytes::Bytes;
use futures::SinkExt;
use serde_json::{Value, json};
use swan_core::health::Blame;
use swan_core::protocol::{Operation, Piece};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::super::{AttemptError, Outcome, Reply};
use super::agent::{Agent, legacy_registration};
use super::rig::{PATIENCE, Rig, job, until};

pub(super) async fn collect(reply: &mut Reply) -> Result<Vec<Piece>, AttemptError> {
    let mut pieces = Vec::new();
    while let Some(piece) = timeout(PATIENCE, reply.next()).await.expect("in time") {
        pieces.push(piece?);
    }
    Ok(pieces)
}

pub(super) fn text(piece: &Piece) -> String {
    let value: Value = serde_json::from_slice(piece.bytes()).expect("JSON");
    value["choices"][0]["delta"]["content"]
        .as_str()
        .expect("content")
        .to_owned()
}

#[tokio::test]
async fn a_stream_arrives_piece_by_piece() {
    let rig = Rig::start().await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    let (slot, mut reply) = rig.ask(1, job(true));

    let frame = agent.expect("inference").await;
    let id = frame["request_id"].as_str().expect("an id").to_owned();
    assert_eq!(frame["payload"]["operation"], "chat/completions");
    assert_eq!(frame["payload"]["stream"], true);
    assert_eq!(frame["payload"]["request"]["messages"], json!([]));

    agent.chunk(&id, "Hel").await;
    assert_eq!(reply.head().await.expect("a head").status, 200);
    let first = reply.next().await.expect("a piece").expect("no failure");
    assert_eq!(text(&first), "Hel");
    agent.chunk(&id, "lo").await;
    agent.end(&id).await;
    let rest = collect(&mut reply).await.expect("complete");
    assert_eq!(rest.iter().map(text).collect::<String>(), "lo");
    let end = reply.end().expect("an end");
    assert_eq!((end.tokens_input, end.tokens_output), (Some(5), Some(2)));
    assert_eq!(rig.registry.models()[0].in_flight, 1);
    slot.finish(Outcome::Served {
        first_token: Some(Duration::from_millis(3)),
    });
    assert_eq!(rig.registry.models()[0].in_flight, 0);
}

#[tokio::test]
async fn an_answer_without_a_stream_comes_as_it_is() {
    let rig = Rig::start().await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    let (_slot, mut reply) = rig.ask(1, job(false));
    let id = agent.request().await;
    let response = json!({ "id": "x", "choices": [] });
    let payload =
        json!({ "request_id": id, "response": response, "error": "", "status_code": 200 });
    agent.send("ack", &id, payload).await;
    assert_eq!(reply.head().await.expect("a head").status, 200);
    let pieces = collect(&mut reply).await.expect("complete");
    let body: Vec<u8> = pieces
        .iter()
        .flat_map(|piece| piece.bytes().to_vec())
        .collect();
    assert_eq!(
        serde_json::from_slice::<Value>(&body).expect("JSON"),
        response
    );
}

#[tokio::test]
async fn a_failure_before_the_first_piece_names_its_status_and_whom_to_blame() {
    let rig = Rig::start().await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    for (streaming, status, blame) in [
        (false, 400, Blame::Consumer),
        (true, 429, Blame::Provider),
        (true, 503, Blame::Provider),
    ] {
        let (_slot, mut reply) = rig.ask(1, job(streaming));
        let id = agent.request().await;
        let failed =
            json!({ "request_id": id, "response": null, "error": "no", "status_code": status });
        let kind = if streaming { "stream_end" } else { "ack" };
        agent.send(kind, &id, failed).await;
        let error = reply.head().await.expect_err("a failure");
        assert_eq!(
            (error.status(), error.ending().verdict().blame),
            (Some(status), Some(blame)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn both_failure_signals_count_once() {
    let rig = Rig::start().await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    let (_slot, mut reply) = rig.ask(1, job(true));
    let id = agent.request().await;
    let chunk = json!({ "request_id": id, "chunk": null, "done": true, "error": "too long" });
    agent.send("stream_chunk", &id, chunk).await;
    let end = json!({ "request_id": id, "error": "too long", "status_code": 400 });
    agent.send("stream_end", &id, end).await;
    assert_eq!(
        reply.head().await.expect_err("a failure").status(),
        Some(400)
    );
    assert!(reply.next().await.is_none());
}

#[tokio::test]
async fn dropping_a_reply_cancels_within_milliseconds_and_late_frames_hurt_nobody() {
    let rig = Rig::start().await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    let (slot, mut reply) = rig.ask(1, job(true));
    let id = agent.request().await;
    agent.chunk(&id, "Hel").await;
    reply.head().await.expect("a head");
    let dropped = Instant::now();
    drop((reply, slot));
    let cancel = agent.expect("cancel").await;
    assert!(dropped.elapsed() < Duration::from_millis(500));
    assert_eq!(cancel["request_id"], id.as_str());
    assert_eq!(cancel["payload"]["reason"], "consumer_disconnected");

    // A legacy agent goes on to the end; nobody may notice, and the next request is served.
    agent.chunk(&id, "lo").await;
    agent.end(&id).await;
    let (_slot, mut reply) = rig.ask(1, job(true));
    let id = agent.request().await;
    agent.chunk(&id, "next").await;
    agent.end(&id).await;
    reply.head().await.expect("a head");
    assert_eq!(
        text(&collect(&mut reply).await.expect("complete")[0]),
        "next"
    );
}

#[tokio::test]
async fn a_lost_connection_fails_every_request_at_once() {
    let rig = Rig::start().await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    let (_before, mut before) = rig.ask(1, job(true));
    let (_midway, mut midway) = rig.ask(1, job(true));
    agent.request().await;
    let id = agent.request().await;
    agent.chunk(&id, "Hel").await;
    midway.head().await.expect("a head");
    drop(agent);
    let error = before.head().await.expect_err("lost");
    assert!(
        matches!(error, AttemptError::Lost(_)) && error.is_retryable(),
        "{error}"
    );
    let error = collect(&mut midway).await.expect_err("lost");
    assert!(matches!(error, AttemptError::Lost(_)), "{error}");
    until("nobody serves", || rig.registry.models().is_empty()).await;
    assert!(rig.slot(1).is_none());
}

#[tokio::test]
async fn an_answer_to_a_request_that_was_not_given_is_ignored() {
    let rig = Rig::start().await;
    let mut thief = Agent::serving(&rig, &rig.provider_key(1).await).await;
    let mut honest = Agent::serving(&rig, &rig.provider_key(2).await).await;
    let (_slot, mut reply) = rig.ask(2, job(true));
    let id = honest.request().await;
    thief.chunk(&id, "forged").await;
    thief.end(&id).await;
    thief.send("heartbeat", "hb", json!({})).await;
    thief.expect("ack").await;
    honest.chunk(&id, "real").await;
    honest.end(&id).await;
    reply.head().await.expect("a head");
    assert_eq!(
        text(&collect(&mut reply).await.expect("complete")[0]),
        "real"
    );
}

#[tokio::test]
async fn garbage_hurts_only_its_sender() {
    let rig = Rig::start().await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    let (_slot, mut reply) = rig.ask(1, job(true));
    let id = agent.request().await;
    for garbage in [
        "{",
        "[]",
        "null",
        r#"{"type":7}"#,
        r#"{"type":"stream_chunk","payload":[]}"#,
    ] {
        agent.send_raw(Message::text(garbage)).await;
    }
    agent.send_raw(Message::binary(vec![0xff; 64])).await;
    agent.chunk(&id, "still here").await;
    agent.end(&id).await;
    reply.head().await.expect("a head");
    assert_eq!(
        text(&collect(&mut reply).await.expect("complete")[0]),
        "still here"
    );

    for _ in 0..64 {
        // The hub may have hung up already.
        let _ = agent.socket.send(Message::text("{")).await;
    }
    while agent.recv().await.is_some() {}
    until("the sender is out", || rig.registry.models().is_empty()).await;
}

#[tokio::test]
async fn a_legacy_agent_gets_small_chats_only() {
    let rig = Rig::start().await;
    let payload = legacy_registration(&rig.provider_key(1).await);
    let mut agent = Agent::registered(&rig, payload).await;

    let mut large = job(false);
    let filler = "x".repeat(2 << 20);
    large.body = vec![Bytes::from(format!(r#"{{"messages":["{filler}"]}}"#))];
    let (_slot, mut reply) = rig.ask(1, large);
    let error = reply.head().await.expect_err("too large");
    assert!(
        matches!(error, AttemptError::TooLarge { limit, .. } if limit == 1 << 20),
        "{error}"
    );
    assert!(error.is_retryable(), "another provider may take it");

    let mut embedding = job(false);
    embedding.operation = Operation::Embeddings;
    let (_slot, mut reply) = rig.ask(1, embedding);
    let error = reply.head().await.expect_err("not a chat");
    assert!(matches!(error, AttemptError::Unsupported(_)), "{error}");

    let (_slot, _reply) = rig.ask(1, job(false));
    agent.request().await;
}

#[tokio::test]
async fn a_consumer_who_does_not_read_costs_only_his_own_stream() {
    let mut config = super::rig::quick();
    config.session.max_unconsumed = 64 << 10;
    let rig = Rig::with(config, |router| router).await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    let (_slow, mut slow) = rig.ask(1, job(true));
    let id = agent.request().await;
    let filler = "x".repeat(8 << 10);
    for _ in 0..16 {
        agent.chunk(&id, &filler).await;
    }
    let cancel = agent.expect("cancel").await;
    assert_eq!(cancel["request_id"], id.as_str());

    let (_next, mut next) = rig.ask(1, job(true));
    let id = agent.request().await;
    agent.chunk(&id, "fine").await;
    agent.end(&id).await;
    next.head().await.expect("a head");
    assert_eq!(
        text(&collect(&mut next).await.expect("complete")[0]),
        "fine"
    );

    slow.head().await.expect("a head");
    let error = collect(&mut slow).await.expect_err("cut off");
    assert!(
        matches!(error, AttemptError::Overflow { limit } if limit == 64 << 10),
        "{error}"
    );
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_reader_who_keeps_up_gets_more_than_may_wait() {
    let mut config = super::rig::quick();
    config.session.max_unconsumed = 256 << 10;
    let rig = Rig::with(config, |router| router).await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    let (_slot, mut reply) = rig.ask(1, job(true));
    let id = agent.request().await;
    let filler = "x".repeat(16 << 10);
    agent.chunk(&id, &filler).await;
    reply.head().await.expect("a head");
    for _ in 0..100 {
        reply.next().await.expect("a piece").expect("no failure");
        agent.chunk(&id, &filler).await;
    }
    agent.end(&id).await;
    assert_eq!(collect(&mut reply).await.expect("complete").len(), 1);
}

#[tokio::test]
async fn a_provider_that_does_not_read_is_given_up() {
    let mut config = super::rig::quick();
    config.write_stall = Duration::from_millis(200);
    config.session.max_queued = 20 << 20;
    let rig = Rig::with(config, |router| router).await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    let filler = "x".repeat(8 << 20);
    let large = || {
        let mut large = job(false);
        large.body = vec![Bytes::from(format!(r#"{{"messages":["{filler}"]}}"#))];
        large
    };
    let (_first, mut first) = rig.ask(1, large());
    let (_second, mut second) = rig.ask(1, large());
    let (_third, mut third) = rig.ask(1, large());
    assert_eq!(
        third.head().await,
        Err(AttemptError::Busy),
        "what waits for it has a bound"
    );
    // It talks on, which does not make up for not reading.
    agent.send("heartbeat", "hb", json!({})).await;
    for reply in [&mut first, &mut second] {
        let error = reply.head().await.expect_err("given up");
        assert!(matches!(error, AttemptError::Lost(_)), "{error}");
    }
    until("it is out", || rig.registry.models().is_empty()).await;
}
