//! What is known of an endpoint, and how long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use http::StatusCode;

use super::{Spare, ask, config, job, model, serve};
use crate::external::ExternalConfig;
use crate::providers::Outcome;

#[tokio::test]
async fn one_that_is_gone_gets_nothing_until_it_answers_again() {
    let (questions, healthy) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (asked, well) = (Arc::clone(&questions), Arc::clone(&healthy));
    let list = get(move || {
        asked.fetch_add(1, Ordering::Relaxed);
        let is_well = well.load(Ordering::Relaxed) > 0;
        async move {
            match is_well {
                true => (StatusCode::OK, r#"{"data":[{"id":"qwen3:32b"}]}"#),
                false => (StatusCode::BAD_GATEWAY, "{}"),
            }
        }
    });
    let base = serve(Router::new().route("/v1/models", list)).await;
    healthy.store(1, Ordering::Relaxed);
    let spare = Spare::of(&[ExternalConfig::new("found", &base)]).expect("good");
    spare.look().await;
    assert!(spare.connect(&model()).is_some());
    healthy.store(0, Ordering::Relaxed);
    let mut at = Vec::new();
    for second in 0..100 {
        let before = questions.load(Ordering::Relaxed);
        spare.look().await;
        if questions.load(Ordering::Relaxed) > before {
            at.push(second);
        }
        let is_served = spare.connect(&model()).is_some();
        assert_eq!(is_served, at.len() < 2, "after {second} s: {at:?}");
        spare.clock.advance(Duration::from_secs(1));
    }
    // After the list's 30 seconds, then 5, 10, 20 and 40.
    assert_eq!(at, [30, 35, 45, 65]);
    healthy.store(1, Ordering::Relaxed);
    spare.clock.advance(Duration::from_secs(40));
    spare.look().await;
    assert!(spare.connect(&model()).is_some());
}

#[tokio::test]
async fn one_with_a_configured_list_is_asked_only_when_it_fails() {
    let questions = Arc::new(AtomicU32::new(0));
    let asked = Arc::clone(&questions);
    let list = get(move || {
        asked.fetch_add(1, Ordering::Relaxed);
        async { StatusCode::NOT_FOUND }
    });
    let fails = post(|| async { StatusCode::INTERNAL_SERVER_ERROR });
    let routes = Router::new().route("/v1/models", list);
    let base = serve(routes.route("/v1/chat/completions", fails)).await;
    let spare = Spare::of(&[config(&base)]).expect("good");
    spare.look().await;
    assert_eq!(questions.load(Ordering::Relaxed), 0);
    for _ in 0..5 {
        let (slot, mut reply) = ask(&spare, job(false));
        let error = reply.head().await.expect_err("broken");
        slot.finish(Outcome::Failed(error.ending()));
    }
    assert!(spare.connect(&model()).is_none(), "its breaker is open");
    spare.look().await;
    assert_eq!(questions.load(Ordering::Relaxed), 1);
    // It answers, if only that it has no list: the breaker decides when to try it again.
    spare.clock.advance(Duration::from_secs(10));
    assert!(spare.connect(&model()).is_some());
}

#[tokio::test]
async fn a_reload_keeps_what_is_known_of_what_stays() {
    let fails = post(|| async { StatusCode::INTERNAL_SERVER_ERROR });
    let base = serve(Router::new().route("/v1/chat/completions", fails)).await;
    let before = Spare::of(&[config(&base)]).expect("good");
    for _ in 0..5 {
        let (slot, mut reply) = ask(&before, job(false));
        let error = reply.head().await.expect_err("broken");
        slot.finish(Outcome::Failed(error.ending()));
    }
    let mut roomier = config(&base);
    roomier.limits.capacity = 9;
    let elsewhere = config("http://127.0.0.1:9");
    for (config, is_known) in [(config(&base), true), (roomier, true), (elsewhere, false)] {
        let after = Spare::after(&[config], Some(&before)).expect("good");
        assert_eq!(after.connect(&model()).is_none(), is_known);
    }
    let held = before.clock.clone();
    held.advance(Duration::from_secs(10));
    let same = Spare::after(&[config(&base)], Some(&before)).expect("good");
    let (one, two) = (before.connect(&model()), same.connect(&model()));
    assert!(one.is_some() && two.is_none(), "they share one breaker");
}

#[tokio::test]
async fn what_an_account_may_do_is_counted_over_its_models() {
    let base = serve(Router::new()).await;
    let mut tight = config(&base).with_model("Qwen/Qwen3-8B", "small");
    tight.limits.tokens_per_minute = Some(1_000);
    tight.limits.total_capacity = Some(2);
    tight.limits.capacity = 9;
    let spare = Spare::of(&[tight]).expect("good");
    let small = "Qwen/Qwen3-8B".parse().expect("a name");
    let first = spare.connect_for(&model(), 600).expect("room");
    assert!(spare.connect_for(&small, 600).is_none(), "1,200 tokens");
    let second = spare.connect_for(&small, 300).expect("room");
    assert!(
        spare.connect_for(&small, 1).is_none(),
        "both places are taken"
    );
    drop((first, second));
    assert!(spare.connect_for(&small, 101).is_none(), "1,001 tokens");
    spare.clock.advance(Duration::from_secs(61));
    assert!(spare.connect_for(&small, 101).is_some());
}
