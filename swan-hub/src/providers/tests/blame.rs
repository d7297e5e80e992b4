//! What speaks against a provider and what does not: bounds on time, failures, lost connections.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use swan_core::health::Ending;
use swan_core::routing::Candidates as _;
use swan_core::{AccountId, ProviderId};
use tokio::time::Instant;

use super::super::{AttemptError, Outcome};
use super::agent::Agent;
use super::requests::{collect, text};
use super::rig::{PATIENCE, Rig, job, model, until};
use crate::admission::QueueRules;

#[tokio::test]
async fn silence_and_slowness_have_a_deadline() {
    let rig = Rig::start().await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;

    let mut hurried = job(true);
    hurried.deadline = Instant::now() + Duration::from_millis(50);
    let (_slot, mut reply) = rig.ask(1, hurried);
    agent.request().await;
    assert_eq!(
        reply.head().await.expect_err("too late"),
        AttemptError::Deadline
    );
    let cancel = agent.expect("cancel").await;
    assert_eq!(cancel["payload"]["reason"], "attempt_timeout");

    let mut impatient = job(true);
    impatient.idle = Duration::from_millis(50);
    let (_slot, mut reply) = rig.ask(1, impatient);
    let id = agent.request().await;
    agent.chunk(&id, "Hel").await;
    reply.head().await.expect("a head");
    reply.next().await.expect("a piece").expect("no failure");
    assert_eq!(reply.next().await, Some(Err(AttemptError::Idle)));
    agent.expect("cancel").await;
    assert!(reply.next().await.is_none());
}

#[tokio::test]
async fn a_stream_shows_content_in_time_whatever_else_comes() {
    let rig = Rig::start().await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    let late = |idle| {
        let mut late = job(true);
        late.content_by = Some(Instant::now() + Duration::from_millis(500));
        late.idle = idle;
        late
    };
    let (_slot, mut reply) = rig.ask(1, late(PATIENCE));
    let id = agent.request().await;
    agent.chunk(&id, "").await;
    reply.head().await.expect("a head");
    reply.next().await.expect("a piece").expect("no failure");
    assert_eq!(reply.next().await, Some(Err(AttemptError::Deadline)));
    let cancel = agent.expect("cancel").await;
    assert_eq!(cancel["payload"]["reason"], "attempt_timeout");

    let (_slot, mut reply) = rig.ask(1, late(Duration::from_millis(700)));
    let id = agent.request().await;
    agent.chunk(&id, "Hel").await;
    reply.head().await.expect("a head");
    reply.next().await.expect("a piece").expect("no failure");
    reply.content_shown();
    assert_eq!(reply.next().await, Some(Err(AttemptError::Idle)));
}

#[tokio::test]
async fn a_stream_that_outlasts_the_hubs_time_is_nobodys_fault() {
    let rig = Rig::start().await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    let mut endless = job(true);
    endless.deadline = Instant::now() + Duration::from_millis(500);
    let (_slot, mut reply) = rig.ask(1, endless);
    let id = agent.request().await;
    agent.chunk(&id, "Hel").await;
    reply.head().await.expect("a head");
    reply.next().await.expect("a piece").expect("no failure");
    reply.content_shown();
    let error = collect(&mut reply).await.expect_err("cut off");
    assert_eq!(error, AttemptError::TooLong);
    assert_eq!(error.ending(), Ending::TooLong);
    let cancel = agent.expect("cancel").await;
    assert_eq!(cancel["payload"]["reason"], "attempt_timeout");
}

#[tokio::test]
async fn what_a_slow_consumer_lets_wait_is_not_the_providers_silence() {
    let rig = Rig::start().await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    let mut slow = job(true);
    slow.idle = Duration::from_millis(500);
    let (_slot, mut reply) = rig.ask(1, slow);
    let id = agent.request().await;
    agent.chunk(&id, "one").await;
    reply.head().await.expect("a head");
    reply.next().await.expect("a piece").expect("no failure");
    // All that time the consumer takes nothing, and so the hub asks for nothing.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let (next, ()) = futures::join!(reply.next(), agent.chunk(&id, "two"));
    let next = next.expect("a piece").expect("no failure");
    assert_eq!(text(&next), "two");
}

#[tokio::test]
async fn an_error_status_counts_against_nobody_but_its_provider() {
    let rig = Rig::start().await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    for _ in 0..5 {
        let (slot, mut reply) = rig.ask(1, job(false));
        let id = agent.request().await;
        let failed = json!({ "request_id": id, "error": "broken", "status_code": 500 });
        agent.send("ack", &id, failed).await;
        let error = reply.head().await.expect_err("a failure");
        slot.finish(Outcome::Failed(error.ending()));
    }
    assert!(rig.slot(1).is_none(), "the breaker is open");
    assert!(is_held_off(&rig));
    rig.clock.advance(Duration::from_secs(6));
    let probe = rig.slot(1).expect("a probe may pass");
    assert!(rig.slot(1).is_none(), "one probe at a time");
    drop(probe);
    assert!(
        rig.slot(1).is_some(),
        "a probe without a verdict gives its permit back"
    );
}

#[tokio::test]
async fn a_lost_connection_speaks_once_against_its_provider() {
    let rig = Rig::start().await;
    let key = rig.provider_key(1).await;
    for connection in 1..=5 {
        let mut agent = Agent::serving(&rig, &key).await;
        assert!(
            !is_held_off(&rig),
            "{} lost connections are too few",
            connection - 1
        );
        let mut asked: Vec<_> = (0..8).map(|_| rig.ask(1, job(true))).collect();
        agent.request().await;
        drop(agent);
        let heads = asked.iter_mut().map(|(_, reply)| reply.head());
        for head in join_all(heads).await {
            assert!(matches!(head, Err(AttemptError::Lost(_))), "{head:?}");
        }
        for (slot, _) in asked {
            slot.finish(Outcome::Failed(Ending::Lost));
        }
        until("it is out", || rig.registry.models().is_empty()).await;
    }
    let _agent = Agent::serving(&rig, &key).await;
    assert!(is_held_off(&rig), "five in a row are enough");
}

#[tokio::test]
async fn who_fails_far_more_often_than_the_others_is_left_out_for_a_while() {
    let rig = Rig::start().await;
    let mut agents = Vec::new();
    for number in 1..=4 {
        let key = rig.provider_key(number).await;
        agents.push(Agent::serving(&rig, &key).await);
        for request in 0..100 {
            // Two in five go well, which keeps the breaker closed.
            let outcome = if number == 1 && request % 5 < 3 {
                Outcome::Failed(Ending::Status { code: 500 })
            } else {
                Outcome::Served { first_token: None }
            };
            rig.slot(number).expect("a place").finish(outcome);
        }
    }
    let ejected = || {
        let nodes = rig.registry.candidates(&model());
        let nodes = (0..nodes.len()).filter_map(|position| nodes.candidate(position));
        let ejected = nodes.filter(|node| node.ejected);
        ejected.map(|node| node.provider).collect::<Vec<_>>()
    };
    assert_eq!(ejected(), [], "nobody is judged while requests run");
    rig.registry.judge();
    assert_eq!(ejected(), [ProviderId::from_u128(1)]);
    rig.clock.advance(Duration::from_secs(30));
    assert_eq!(ejected(), []);
}

#[tokio::test]
async fn a_suspect_counts_unless_it_is_acquitted_and_gives_its_place_back_at_once() {
    let rig = Rig::start().await;
    let _agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    let broken = Ending::Status { code: 500 };
    for _ in 0..20 {
        let suspect = rig.slot(1).expect("a place").suspect(broken);
        assert_eq!(rig.registry.models()[0].in_flight, 0);
        suspect.acquit();
    }
    assert!(!is_held_off(&rig));
    for _ in 0..5 {
        drop(rig.slot(1).expect("a place").suspect(broken));
    }
    assert!(is_held_off(&rig));
}

fn is_held_off(rig: &Rig) -> bool {
    let nodes = rig.registry.candidates(&model());
    let node = nodes.candidate(0).expect("it is connected");
    node.breaker_open
}

#[tokio::test]
async fn a_place_that_the_breaker_refuses_rings_for_whoever_saw_it_taken() {
    let rig = Rig::start().await;
    let _agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    for _ in 0..5 {
        let slot = rig.slot(1).expect("the provider has room");
        slot.finish(Outcome::Failed(Ending::Lost));
    }
    let (account, rules) = (AccountId::from_u128(1), QueueRules::default());
    let waiting = rig.registry.queue().join(&model(), account, &rules);
    let mut waiting = waiting.expect("few wait");
    let soon = Instant::now() + PATIENCE;
    assert!(waiting.turn(soon).await, "whoever comes looks at once");
    waiting.pass(false);
    assert!(rig.slot(1).is_none(), "its breaker is open");
    assert!(waiting.turn(soon).await, "the place was taken for a moment");
}
