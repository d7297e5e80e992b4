//! Whatever a request has taken is given back, wherever it is dropped.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::request::Parts;
use swan_core::AccountId;
use swan_hub::{Access, Allowance, AuthenticateError, Authenticator, Consumer, KeyLimits};
use tokio::sync::Semaphore;

use super::limits::refusal;
use super::provider::reply;
use super::{Market, ask, completion, until};

/// Users of an embedder's own: some are never found, the others share one place.
#[derive(Debug)]
struct Slow {
    asked: Semaphore,
    access: Arc<Access>,
}

#[async_trait]
impl Authenticator for Slow {
    async fn authenticate(&self, request: &Parts) -> Result<Consumer, AuthenticateError> {
        if request.headers.contains_key("x-lost") {
            self.asked.add_permits(1);
            std::future::pending::<()>().await;
        }
        let consumer = Consumer::new(AccountId::from_u128(77));
        Ok(consumer.with_access(Arc::clone(&self.access)))
    }
}

#[tokio::test]
async fn an_authenticator_that_is_dropped_leaves_nothing_behind() {
    let mut limits = KeyLimits::default();
    limits.concurrency = Some(1);
    let own = Arc::new(Allowance::new(limits));
    let slow = Arc::new(Slow {
        asked: Semaphore::new(0),
        access: Arc::new(Access::new(Some(Arc::clone(&own)), None)),
    });
    let users = Arc::clone(&slow);
    let market = Market::with(|builder| builder.with_authenticator(users)).await;
    let mut provider = market.provider(1).await;
    let lost: Vec<_> = (0..5)
        .map(|_| market.chat(ask("")).header("x-lost", "1").background())
        .collect();
    let _ = slow.asked.acquire_many(5).await.unwrap();
    for one in &lost {
        one.abort();
    }
    let running = market.chat(ask("")).background();
    let request = provider.request().await;
    assert_eq!(own.running(), 1);
    let second = market.chat(ask("")).send().await;
    assert_eq!(refusal(&second), (429, "rate_limit_exceeded".into()));
    provider
        .act(request.stream, reply(completion("hello", 7, 2)))
        .await;
    assert_eq!(running.await.unwrap().status, 200);
    market.settled().await;
    assert_eq!(own.running(), 0);
}

#[tokio::test]
async fn a_place_of_a_key_is_free_again_after_a_timeout_and_a_hang_up() {
    let market = Market::with_limits(|limits| {
        limits.request_deadline = Duration::from_millis(300);
    })
    .await;
    let mut provider = market.provider(1).await;
    let key = market
        .limited(9, |limits| limits.concurrency = Some(1))
        .await;
    let late = market.with_key(&key, ask("")).background();
    provider.request().await;
    assert_eq!(late.await.unwrap().status, 504);
    market.settled().await;
    let gone = market.with_key(&key, ask("")).background();
    provider.request().await;
    gone.abort();
    let own = market
        .hub
        .keys()
        .get(swan_core::KeyId::from_u128(9))
        .unwrap();
    let own = own.access().key().unwrap();
    until(|| own.running() == 0).await;
    let next = market.with_key(&key, ask("")).background();
    provider.serve(reply(completion("hello", 7, 2))).await;
    assert_eq!(next.await.unwrap().status, 200);
}
