//! Many requests at once, each given up at some point or served to its end: nothing may be left over.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use serde_json::json;
use swan_core::{ProviderId, Rng, SeededRng};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::super::{Outcome, Registry};
use super::agent::{Agent, registration};
use super::rig::{MODEL, PATIENCE, Rig, job, model, until};

/// Serves every request with this many chunks, and ignores cancels as a legacy agent does.
const CHUNKS: usize = 5;

async fn serve(mut agent: Agent) {
    while let Some(Ok(message)) = agent.socket.next().await {
        let Message::Text(text) = message else {
            continue;
        };
        let frame: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        if frame["type"] == "inference" {
            let id = frame["request_id"].as_str().expect("an id").to_owned();
            for _ in 0..CHUNKS {
                agent.chunk(&id, "x").await;
            }
            agent.end(&id).await;
        }
    }
}

/// One consumer: asks, reads `pieces` pieces at most, and goes away.
async fn consume(registry: Registry, provider: u128, pieces: usize) -> bool {
    let slot = loop {
        match registry.connect(ProviderId::from_u128(provider), &model()) {
            Some(slot) => break slot,
            None => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    };
    let mut reply = slot.dispatch(job(true)).expect("the connection is there");
    if pieces == 0 {
        return false;
    }
    reply.head().await.expect("a head");
    for _ in 0..pieces {
        match reply.next().await {
            Some(piece) => assert!(!piece.expect("no failure").is_empty()),
            None => {
                slot.finish(Outcome::Served { first_token: None });
                return true;
            }
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_goes_when_he_likes_leaves_nothing_behind() {
    let rig = Rig::start().await;
    let mut served = JoinSet::new();
    for provider in 0..3 {
        let mut payload = registration(&rig.provider_key(provider).await, &[MODEL]);
        payload["node_id"] = json!(format!("node-{provider}"));
        served.spawn(serve(Agent::registered(&rig, payload).await));
    }
    let mut rng = SeededRng::new(7);
    let mut consumers = JoinSet::new();
    let mut complete = 0;
    for _ in 0..600 {
        let provider = u128::from(rng.below(3));
        let pieces = usize::try_from(rng.below(8)).expect("small");
        complete += usize::from(pieces > CHUNKS);
        consumers.spawn(consume(rig.registry.clone(), provider, pieces));
    }
    let ended = timeout(PATIENCE * 3, consumers.join_all())
        .await
        .expect("nobody hangs");
    assert_eq!(ended.into_iter().filter(|whole| *whole).count(), complete);
    let online = rig.registry.models();
    assert_eq!(
        (online[0].providers, online[0].in_flight),
        (3, 0),
        "all are well, all places free"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn providers_that_come_and_go_lose_no_request_silently() {
    let rig = Arc::new(Rig::start().await);
    let token = rig.provider_key(1).await;
    let churn = {
        let rig = Arc::clone(&rig);
        tokio::spawn(async move {
            for round in 0..20u32 {
                let mut payload = registration(&token, &[MODEL]);
                payload["node_id"] = json!(format!("node-{round}"));
                let serving = tokio::spawn(serve(Agent::registered(&rig, payload).await));
                tokio::time::sleep(Duration::from_millis(20)).await;
                serving.abort();
            }
        })
    };
    let mut ended = 0;
    while !churn.is_finished() {
        let Some(slot) = rig.slot(1) else {
            tokio::task::yield_now().await;
            continue;
        };
        let mut job = job(true);
        job.body = vec![Bytes::from_static(b"{}")];
        let Ok(mut reply) = slot.dispatch(job) else {
            continue;
        };
        // Served or failed in words, and never silent.
        let answer = async {
            reply.head().await?;
            while let Some(piece) = reply.next().await {
                piece?;
            }
            Ok::<_, super::super::AttemptError>(())
        };
        if let Err(error) = timeout(PATIENCE, answer).await.expect("no silence") {
            assert!(error.is_retryable(), "{error}");
        }
        ended += 1;
    }
    churn.await.expect("no panic");
    assert!(ended > 0);
    until("all are out", || rig.registry.models().is_empty()).await;
}
