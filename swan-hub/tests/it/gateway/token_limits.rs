//! Tokens per minute, as a consumer meets them.

use super::limits::{message, refusal, served};
use super::provider::reply;
use super::{Market, ask, completion};

/// Time that stands still until this is dropped, so that no slow machine refills a minute.
struct Stillness {
    _ends: std::sync::mpsc::Sender<()>,
}

impl Stillness {
    fn begin() -> Self {
        let (ends, ended) = std::sync::mpsc::channel();
        // Paused time jumps to the next timer when there is nothing else to do, but not while a blocking task runs.
        tokio::task::spawn_blocking(move || ended.recv());
        tokio::time::pause();
        Self { _ends: ends }
    }
}

#[tokio::test]
async fn tokens_are_reserved_and_trued_up() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let key = market.limited(9, |limits| limits.tpm = Some(10_000)).await;
    let _still = Stillness::begin();
    let small = ask("\"max_tokens\":4000");
    let answer = served(market.with_key(&key, &*small), &mut provider).await;
    assert_eq!(answer.header("x-ratelimit-limit-tokens"), "10000");
    let left: u64 = answer
        .header("x-ratelimit-remaining-tokens")
        .parse()
        .unwrap();
    assert!(
        (9_900..10_000).contains(&left),
        "9 tokens were used: {left}"
    );
    // Two that may use 4,000 each leave no room for a third until they have ended.
    let running = [(); 2].map(|()| market.with_key(&key, &*small).background());
    let requests = [provider.request().await, provider.request().await];
    let refused = market.with_key(&key, &*small).send().await;
    assert_eq!(refusal(&refused), (429, "rate_limit_exceeded".into()));
    assert!(
        message(&refused).contains("10000 tokens per minute"),
        "{}",
        message(&refused)
    );
    for (running, request) in running.into_iter().zip(requests) {
        provider
            .act(request.stream, reply(completion("hello", 7, 2)))
            .await;
        assert_eq!(running.await.unwrap().status, 200);
    }
    let answer = served(market.with_key(&key, &*small), &mut provider).await;
    assert_eq!(answer.status, 200);
}
