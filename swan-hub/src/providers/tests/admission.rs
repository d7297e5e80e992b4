//! Who may register, with what, and what he is told.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::json;
use swan_core::{KeyId, ProviderId};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::agent::{Agent, legacy_registration, registration};
use super::rig::{MODEL, Rig, job, model, until};

#[tokio::test]
async fn a_registration_is_answered_with_what_will_be_routed() {
    let rig = Rig::start().await;
    let token = rig.provider_key(1).await;
    let mut agent = Agent::dial(&rig).await;
    let mut payload = registration(
        &token,
        &[MODEL, "some-org/Strange-13B", "BAAI/bge-large-en-v1.5"],
    );
    payload["model_declarations"] = json!([{
        "schema_version": "1", "model_id": MODEL,
        "capacity": [{ "type": "concurrency", "unit": "request", "value": 3 }],
    }]);
    let ack = agent.register(payload).await;
    assert_eq!(ack["request_id"], "reg-1");
    assert_eq!(ack["payload"]["success"], true);
    let served = json!([
        model().as_str(),
        "some-org/Strange-13B",
        "BAAI/bge-large-en-v1.5"
    ]);
    assert_eq!(ack["payload"]["registered_models"], served);

    let online = rig.registry.models();
    let capacity = |name: &str| {
        online
            .iter()
            .find(|o| o.model.id.as_str() == name)
            .expect("served")
            .capacity
    };
    assert_eq!(capacity(model().as_str()), 3, "as declared");
    assert_eq!(capacity("some-org/Strange-13B"), 10, "by default");
    let slot = rig.slot(1).expect("room");
    assert_eq!(&**slot.provider_name(), "gpu-box");
    assert_eq!(slot.mode().as_str(), "websocket");
}

#[tokio::test]
async fn a_legacy_agent_which_asks_its_model_server_only_for_chats_is_refused_other_models() {
    let rig = Rig::start().await;
    let token = rig.provider_key(1).await;
    let mut agent = Agent::dial(&rig).await;
    let mut payload = legacy_registration(&token);
    payload["models"] = json!([MODEL, "BAAI/bge-large-en-v1.5"]);
    let ack = agent.register(payload).await;
    assert_eq!(
        ack["payload"]["registered_models"],
        json!([model().as_str()])
    );
    let notice = agent.expect("notice").await;
    assert_eq!(notice["payload"]["event"], "model_refused");
    assert_eq!(notice["payload"]["model_id"], "BAAI/bge-large-en-v1.5");
    let why = notice["payload"]["message"].as_str().expect("words");
    assert!(why.contains("embedding"), "{why}");
}

#[tokio::test]
async fn an_alias_is_served_under_its_canonical_name_and_asked_for_by_its_own() {
    let rig = Rig::start().await;
    let token = rig.provider_key(1).await;
    let canonical = swan_core::testkit::swan_2_0()
        .model(MODEL)
        .expect("in the catalogue");
    let alias = canonical.aliases.first().expect("it has one").to_string();
    let mut agent = Agent::registered(&rig, registration(&token, &[&alias, MODEL])).await;
    let notice = agent.expect("notice").await;
    assert_eq!(notice["payload"]["model_id"], MODEL, "offered twice");
    assert_eq!(rig.slot(1).expect("room").upstream(), alias);
    let (_slot, _reply) = rig.ask(1, job(false));
    let frame = agent.expect("inference").await;
    assert_eq!(frame["payload"]["model_id"], alias);
}

#[tokio::test]
async fn whoever_has_no_provider_key_is_told_so_and_closed_late() {
    let rig = Rig::start().await;
    let revoked = rig.provider_key(7).await;
    rig.keys
        .revoke(
            &*rig.store,
            KeyId::from_u128(7),
            swan_core::Timestamp::from_millis(1),
        )
        .await
        .expect("memory serves");
    let consumer = rig.consumer_key().await;
    let unknown = format!("sk-prov-{}", "0".repeat(64));
    for (token, words) in [
        (revoked, "revoked"),
        (consumer, "consumer"),
        (unknown, "not known"),
        (String::new(), "not known"),
    ] {
        let mut agent = Agent::dial(&rig).await;
        let refused = Instant::now();
        let ack = agent.register(registration(&token, &[MODEL])).await;
        assert_eq!(ack["payload"]["success"], false);
        let message = ack["payload"]["message"].as_str().expect("words");
        assert!(message.contains(words), "{message}");
        while agent.recv().await.is_some() {}
        assert!(
            refused.elapsed() >= Duration::from_millis(250),
            "no hot loop of reconnects"
        );
        assert!(rig.registry.models().is_empty());
    }
}

#[tokio::test]
async fn whoever_does_not_register_in_time_is_closed() {
    let mut config = super::rig::quick();
    config.session.registration_timeout = Duration::from_millis(50);
    let rig = Rig::with(config, |router| router).await;
    let mut silent = Agent::dial(&rig).await;
    assert!(silent.recv().await.is_none());
}

#[tokio::test]
async fn a_stranger_with_a_huge_frame_is_told_why_he_is_closed() {
    let rig = Rig::start().await;
    let (mut sink, mut stream) = Agent::dial(&rig).await.socket.split();
    let huge = Message::text("x".repeat(8 << 20));
    // The hub does not take it all in, so the sending may never end.
    let sending = tokio::spawn(async move { sink.send(huge).await });
    let close = loop {
        if let Message::Close(close) = stream.next().await.expect("a word").expect("a frame") {
            break close.expect("a reason");
        }
    };
    assert_eq!(u16::from(close.code), 1009);
    sending.abort();
}

#[tokio::test]
async fn registering_again_replaces_the_models() {
    let rig = Rig::start().await;
    let token = rig.provider_key(1).await;
    let mut agent = Agent::registered(&rig, registration(&token, &[])).await;
    assert!(
        rig.registry.models().is_empty(),
        "model servers may still be starting"
    );
    assert_eq!(
        agent.register(registration(&token, &[MODEL])).await["payload"]["success"],
        true
    );
    assert!(rig.registry.serves(&model()));
    let (_slot, mut reply) = rig.ask(1, job(true));
    let id = agent.request().await;
    agent.register(registration(&token, &[])).await;
    assert!(!rig.registry.serves(&model()));
    agent.chunk(&id, "goes on").await;
    assert_eq!(reply.head().await.expect("what runs goes on").status, 200);

    let other = rig.provider_key(2).await;
    let ack = agent.register(registration(&other, &[MODEL])).await;
    assert_eq!(
        ack["payload"]["success"], false,
        "a connection keeps its provider"
    );
}

#[tokio::test]
async fn any_number_of_registrations_may_come_at_once() {
    let rig = Rig::start().await;
    let token = rig.provider_key(1).await;
    let mut agent = Agent::serving(&rig, &token).await;
    for number in 0..60 {
        let models: &[&str] = if number % 2 == 0 { &[] } else { &[MODEL] };
        agent
            .send("register", "again", registration(&token, models))
            .await;
    }
    for _ in 0..60 {
        assert_eq!(agent.expect("ack").await["payload"]["success"], true);
    }
    assert!(rig.registry.serves(&model()), "the last one counts");
}

#[tokio::test]
async fn heartbeats_and_pings_are_answered() {
    let rig = Rig::start().await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    for payload in [
        json!({ "models": null }),
        json!({ "metrics": { "gpu_utilization": 7.5 } }),
    ] {
        agent.send("heartbeat", "hb-7", payload).await;
        let ack = agent.expect("ack").await;
        assert_eq!(
            (&ack["payload"]["success"], &ack["request_id"]),
            (&json!(true), &json!("hb-7"))
        );
    }
    agent.send_raw(Message::Ping(vec![1, 2].into())).await;
    let pong = agent.socket.next().await.expect("open").expect("a frame");
    assert_eq!(pong, Message::Pong(vec![1, 2].into()));
}

#[tokio::test]
async fn a_provider_that_falls_silent_is_out() {
    let mut config = super::rig::quick();
    config.session.heartbeat_expiry = Duration::from_millis(100);
    let rig = Rig::with(config, |router| router).await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    assert!(agent.recv().await.is_none());
    until("it is out", || rig.registry.models().is_empty()).await;
}

#[tokio::test]
async fn a_model_that_its_provider_calls_unhealthy_gets_nothing() {
    let rig = Rig::start().await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    for (state, served) in [
        ("unhealthy", false),
        ("degraded", true),
        ("unhealthy", false),
        ("healthy", true),
    ] {
        let payload = json!({ "model_health": { MODEL: state } });
        agent.send("model_health_update", "", payload).await;
        until(state, || rig.slot(1).is_some() == served).await;
    }
}

#[tokio::test]
async fn a_revoked_key_ends_its_session_within_a_second() {
    let rig = Rig::start().await;
    let token = rig.provider_key(1).await;
    let mut agent = Agent::serving(&rig, &token).await;
    let (_slot, mut reply) = rig.ask(1, job(true));
    let revoked = Instant::now();
    let now = swan_core::Clock::now(&rig.clock);
    rig.keys
        .revoke(&*rig.store, KeyId::from_u128(1), now)
        .await
        .expect("memory serves");
    assert!(reply.head().await.expect_err("lost").is_retryable());
    assert!(revoked.elapsed() < Duration::from_secs(1));
    while agent.recv().await.is_some() {}
    assert!(rig.registry.models().is_empty());
    let mut again = Agent::dial(&rig).await;
    assert_eq!(
        again.register(registration(&token, &[MODEL])).await["payload"]["success"],
        false
    );
}

#[tokio::test]
async fn the_store_learns_who_was_here() {
    let rig = Rig::start().await;
    let _agent = Agent::serving(&rig, &rig.provider_key(5).await).await;
    rig.sessions.record().await;
    let known = rig.store.providers().await.expect("memory serves");
    let record = known
        .iter()
        .find(|r| r.id == ProviderId::from_u128(5))
        .expect("recorded");
    assert_eq!(record.name, "gpu-box");
    assert_eq!(record.last_seen, Some(swan_core::Clock::now(&rig.clock)));
}

#[tokio::test]
async fn a_hub_that_goes_tells_its_providers_and_finishes_what_runs() {
    let rig = Rig::start().await;
    let token = rig.provider_key(1).await;
    let mut agent = Agent::serving(&rig, &token).await;
    let (_slot, mut reply) = rig.ask(1, job(true));
    let id = agent.request().await;
    rig.registry.drain();
    agent.expect("notice").await;
    agent.chunk(&id, "done").await;
    agent.end(&id).await;
    reply.head().await.expect("what runs goes on");
    reply.next().await.expect("a piece").expect("no failure");
    assert!(reply.next().await.is_none());
    let late = tokio_tungstenite::connect_async(format!("ws://{}/ws", rig.address)).await;
    let Err(tokio_tungstenite::tungstenite::Error::Http(refusal)) = late else {
        panic!("nobody gets in any more");
    };
    assert_eq!(refusal.status(), 503);
    assert!(refusal.headers().contains_key("retry-after"));
    let (_slot, _reply) = rig.ask(1, job(true));
    agent.request().await;
    rig.registry.close();
    while agent.recv().await.is_some() {}
    until("all are out", || rig.registry.models().is_empty()).await;
}
