//! The hub dies under load: what a consumer has seen settled stays settled, and nothing stays held.

use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::join_all;
use serde_json::json;

use super::hub::TestHub;
use super::model_server::{MODEL, chat, long_stream};
use super::part::until;
use super::provider::TestProvider;
use super::wire;

const STREAMS: u32 = 64;

#[tokio::test]
async fn a_hub_killed_under_64_streams_recovers_with_every_amount_in_its_place() {
    let mut hub = TestHub::start().await;
    let consumer = hub.consumer("alice", "5").await;
    let provider = TestProvider::start(&hub, "gpu", STREAMS).await;
    hub.serves(MODEL, 1).await;

    // One request that ends before the crash: its charge must be there afterwards.
    let done = wire::post(
        &hub.url(),
        "/v1/chat/completions",
        &consumer.key,
        &chat(&json!({})),
    )
    .await;
    assert_eq!(done.status, 200);
    assert!(done.text().await.contains("each word."));
    let before = hub.settled_funds(&consumer, 1).await;
    assert!(before.spent > 0);

    let (url, request) = (hub.url(), long_stream());
    let streams = join_all((0..STREAMS).map(|_| async {
        let mut answer = wire::post(&url, "/v1/chat/completions", &consumer.key, &request).await;
        assert_eq!(answer.status, 200);
        answer.content().await;
        answer
    }))
    .await;
    // A hold alone does not wait for the disk, but it does not wait for long either.
    until("the journal has every hold", || async {
        (hub.audit_holds().await == u64::from(STREAMS)).then_some(())
    })
    .await;
    hub.kill().await;
    for mut answer in streams {
        while let Ok(Some(data)) = answer.event().await {
            assert_ne!(data, "[DONE]", "no stream looks whole");
        }
    }

    hub.restart().await;
    hub.audit().await;
    let after = hub.settled_funds(&consumer, 1).await;
    assert_eq!(
        after.spent, before.spent,
        "what was settled stays, what was held is back"
    );

    hub.serves(MODEL, 1).await;
    let again = wire::post(
        &hub.url(),
        "/v1/chat/completions",
        &consumer.key,
        &chat(&json!({})),
    )
    .await;
    assert_eq!(again.status, 200, "the provider came back by itself");
    assert!(again.text().await.contains("each word."));
    assert_eq!(
        hub.settled_funds(&consumer, 2).await.spent,
        2 * before.spent
    );
    assert_eq!(hub.earned(provider.name).await, 2 * before.spent * 95 / 100);
    hub.audit().await;
}

#[tokio::test]
async fn every_answer_whose_end_was_seen_before_the_crash_is_charged_after_it() {
    let mut hub = TestHub::start().await;
    let consumer = hub.consumer("alice", "5").await;
    let provider = TestProvider::start(&hub, "gpu", STREAMS).await;
    hub.serves(MODEL, 1).await;
    let one = wire::post(
        &hub.url(),
        "/v1/chat/completions",
        &consumer.key,
        &chat(&json!({})),
    )
    .await;
    assert_eq!(one.status, 200);
    let cost = hub.settled_funds(&consumer, 1).await.spent;

    // Streams that end one after the other, each with the same answer; the crash comes in the middle of their ends.
    let ends_seen = AtomicU32::new(0);
    let url = hub.url();
    let streams = join_all((0..STREAMS).map(|number| {
        let request = chat(&json!({"stream": true, "first_delay_ms": number * 20, "delay_ms": 5}));
        let (url, key, ends_seen) = (&url, &consumer.key, &ends_seen);
        async move {
            let Ok(mut answer) = wire::try_post(url, "/v1/chat/completions", key, &request).await
            else {
                return;
            };
            while let Ok(Some(data)) = answer.event().await {
                if data == "[DONE]" {
                    ends_seen.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
    }));
    let crash = async {
        until("a quarter of the ends is seen", || async {
            (ends_seen.load(Ordering::SeqCst) >= STREAMS / 4).then_some(())
        })
        .await;
        hub.kill().await;
    };
    tokio::join!(streams, crash);
    let seen = i128::from(ends_seen.load(Ordering::SeqCst));
    assert!(
        seen < i128::from(STREAMS),
        "the crash came too late to show anything"
    );

    hub.restart().await;
    hub.audit().await;
    let spent = hub.funds(&consumer).await.spent;
    assert_eq!(
        spent % cost,
        0,
        "each answer is charged as a whole or not at all"
    );
    let charged = spent / cost - 1;
    assert!(
        (seen..=i128::from(STREAMS)).contains(&charged),
        "{seen} ends seen, {charged} charged"
    );
    assert_eq!(hub.earned(provider.name).await, spent * 95 / 100);
}
