//! The free tier, as consumers without funds meet it.

use std::sync::Arc;

use swan_core::{AccountId, Amount, Currency};
use swan_hub::store::{KeyKind, MemoryStore, Store};

use super::limits::{message, refusal, served};
use super::provider::reply;
use super::{MODEL, Market, ask, completion, until};

const POOR: AccountId = AccountId::from_u128(78);

#[tokio::test]
async fn an_account_without_funds_uses_the_free_tier_and_nothing_else() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let key = market.issue(KeyKind::Consumer(POOR), 60).await;
    let body = ask("\"max_tokens\":100");
    let answer = served(market.with_key(&key, &*body), &mut provider).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-swan-billing-type"), "free");
    assert_eq!(answer.header("x-swan-cost"), "0");
    assert_eq!(answer.header("x-ratelimit-limit-requests"), "5");
    assert_eq!(answer.header("x-ratelimit-remaining"), "4");
    assert_eq!(answer.header("x-ratelimit-limit-tokens"), "50000");
    let left: u64 = answer
        .header("x-ratelimit-remaining-tokens")
        .parse()
        .unwrap();
    assert!((49_000..50_000).contains(&left), "{left}");
    let record = market.records.last();
    assert!(record.free && record.charge.is_zero());
    assert_eq!(record.usage.unwrap().completion_tokens, 2);
    assert_eq!(
        market.earned(1),
        Amount::ZERO,
        "nobody pays, so nobody earns"
    );

    // One at a time, and a hang-up gives the place back.
    let running = market.with_key(&key, &*body).background();
    provider.request().await;
    let second = market.with_key(&key, &*body).send().await;
    assert_eq!(refusal(&second), (429, "rate_limit_exceeded".into()));
    assert!(message(&second).contains("top up"), "{}", message(&second));
    running.abort();
    market.settled().await;
    until(|| market.records.last().free).await;
    for _ in 0..3 {
        let answer = served(market.with_key(&key, &*body), &mut provider).await;
        assert_eq!(answer.status, 200);
    }
    let sixth = market.with_key(&key, &*body).send().await;
    assert_eq!(refusal(&sixth), (429, "rate_limit_exceeded".into()));
    assert!(!sixth.header("retry-after").is_empty() && sixth.header("x-should-retry").is_empty());

    // Other models, and more than a day's tokens, take money.
    let paid = market
        .with_key(&key, ask("").replace(MODEL, "qwen3:32b"))
        .send()
        .await;
    assert_eq!(refusal(&paid), (402, "insufficient_funds".into()));
    market.grant_to(POOR, Currency::Usd, "1").await;
    let answer = served(market.with_key(&key, &*body), &mut provider).await;
    assert_eq!(answer.header("x-swan-billing-type"), "pay_as_you_go");
}

#[tokio::test]
async fn a_free_key_never_spends_and_the_daily_quota_is_final() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let key = market.limited(9, |limits| limits.free = true).await;
    let answer = market
        .with_key(&key, ask("\"max_tokens\":16000"))
        .background();
    let stream = provider.request().await.stream;
    let text = "word ".repeat(12_000);
    provider
        .act(stream, reply(completion(&text, 40_000, 12_000)))
        .await;
    let answer = answer.await.unwrap();
    assert_eq!(
        (answer.status, answer.header("x-swan-billing-type")),
        (200, "free")
    );
    let mut last = answer;
    for _ in 0..4 {
        let call = market
            .with_key(&key, ask("\"max_tokens\":16000"))
            .background();
        let refused = tokio::select! {
            answer = call => answer.unwrap(),
            request = provider.request() => {
                let text = "word ".repeat(12_000);
                provider.act(request.stream, reply(completion(&text, 10, 15_000))).await;
                continue;
            }
        };
        last = refused;
        break;
    }
    assert_eq!(refusal(&last), (429, "free_tier_exhausted".into()));
    assert_eq!(last.header("x-should-retry"), "false");
    let wait: u64 = last.header("retry-after").parse().unwrap();
    assert!((1..=120).contains(&wait));
    assert!(message(&last).contains("resets at"), "{}", message(&last));
    market.settled().await;
    assert_eq!(market.spent("5"), Amount::ZERO);
    let other = market
        .with_key(&key, ask("").replace(MODEL, "qwen3:32b"))
        .send()
        .await;
    assert_eq!(refusal(&other), (403, "model_not_allowed".into()));
}

#[tokio::test]
async fn what_was_used_for_free_today_is_known_after_a_restart() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let open = || {
        let store = Arc::clone(&store);
        Market::with(|builder| builder.with_store(store))
    };
    let mut market = open().await;
    let mut provider = market.provider(1).await;
    let key = market.limited(9, |limits| limits.free = true).await;
    let body = ask("\"max_tokens\":16000");
    // A prompt counts by its bytes at most, an answer by what was relayed.
    let text = "word ".repeat(12_000);
    let mut used = 0;
    while used < 40_000 {
        let answer = market.with_key(&key, &*body).background();
        provider.serve(reply(completion(&text, 10, 15_000))).await;
        assert_eq!(answer.await.unwrap().status, 200);
        used += 15_000;
    }
    let refused = market.with_key(&key, &*body).send().await;
    assert_eq!(refusal(&refused), (429, "free_tier_exhausted".into()));
    market.begin_shutdown();
    market.stopped().await.unwrap();
    let market = open().await;
    // The records are read while the hub serves already.
    let again = async {
        loop {
            let answer = market.with_key(&key, &*body).send().await;
            if answer.error_code() == "free_tier_exhausted" {
                return answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    assert_eq!(super::within(again).await.status, 429);
}
