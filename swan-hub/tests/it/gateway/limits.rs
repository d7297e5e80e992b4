//! Limits of keys and accounts, and the free tier, as a consumer meets them.

use std::sync::Arc;

use swan_core::{Amount, Currency, ExchangeRate, KeyId, Timestamp};
use swan_hub::store::{AccountRecord, KeyKind, MemoryStore, Store};
use swan_hub::{EndpointScope, FixedPrice, Hub, KeyLimits};

use tokio::task::JoinSet;

use super::http::{Answer, Call};
use super::provider::{Act, Provider, begin, reply, sse};
use super::{DONE, Market, STOP, ask, completion, delta, until, usage};

type Set = fn(&mut KeyLimits);

fn limits(set: impl FnOnce(&mut KeyLimits)) -> KeyLimits {
    let mut limits = KeyLimits::default();
    set(&mut limits);
    limits
}

impl Market {
    /// A key of the account with $5, within limits.
    pub(super) async fn limited(&self, id: u128, set: impl FnOnce(&mut KeyLimits)) -> String {
        let kind = KeyKind::Consumer(self.account);
        self.issue_within(kind, id, limits(set)).await
    }

    pub(super) fn with_key(&self, key: &str, body: impl Into<String>) -> Call {
        self.chat(body)
            .header("authorization", &format!("Bearer {key}"))
    }

    pub(super) async fn limit_account(&self, set: impl FnOnce(&mut KeyLimits)) {
        let record = AccountRecord {
            id: self.account,
            name: "limited".into(),
            created: Timestamp::from_millis(1),
            limits: limits(set),
        };
        self.hub.store().put_account(&record).await.unwrap();
        let store = self.hub.store();
        self.hub.keys().refresh(&**store).await.unwrap();
    }
}

pub(super) async fn served(call: Call, provider: &mut Provider) -> Answer {
    let answer = call.background();
    provider.serve(reply(completion("hello", 7, 2))).await;
    answer.await.unwrap()
}

pub(super) fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status, answer.error_code())
}

pub(super) fn message(answer: &Answer) -> String {
    answer.json()["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn every_answer_says_what_is_left_and_the_next_one_too_many_is_told_when_to_come() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let key = market.limited(9, |limits| limits.rpm = Some(3)).await;
    let whole = served(market.with_key(&key, ask("")), &mut provider).await;
    assert_eq!(whole.status, 200);
    assert_eq!(whole.header("x-ratelimit-limit"), "3");
    assert_eq!(whole.header("x-ratelimit-remaining"), "2");
    assert_eq!(whole.header("x-ratelimit-limit-requests"), "3");
    assert_eq!(whole.header("x-ratelimit-remaining-requests"), "2");
    assert!(whole.header("x-ratelimit-reset-requests").ends_with('s'));
    assert!(whole.header("x-ratelimit-reset").parse::<u64>().unwrap() > 1_700_000_000);
    let wrong = market.with_key(&key, "{").send().await;
    assert_eq!(wrong.status, 400);
    assert_eq!(wrong.header("x-ratelimit-remaining"), "1");
    let stream = market.with_key(&key, ask("\"stream\":true")).background();
    let events = [delta("hello"), STOP.into(), usage(7, 1), DONE.into()].concat();
    provider.serve(sse(events)).await;
    assert_eq!(stream.await.unwrap().header("x-ratelimit-remaining"), "0");
    let refused = market.with_key(&key, ask("")).send().await;
    assert_eq!(refusal(&refused), (429, "rate_limit_exceeded".into()));
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    let said = message(&refused);
    assert!(
        said.contains("API key") && said.contains("3 requests per minute"),
        "{said}"
    );
    assert_eq!(
        market.chat("{").send().await.header("x-ratelimit-limit"),
        ""
    );
    assert_eq!(market.hub.refused().requests, 1);
}

#[tokio::test]
async fn keys_of_one_account_share_its_limits_and_a_refusal_takes_nothing() {
    let market = Market::start().await;
    market.limit_account(|limits| limits.rpm = Some(2)).await;
    let first = market.limited(9, |limits| limits.rpm = Some(10)).await;
    let second = market.limited(10, |_| {}).await;
    for key in [&first, &second] {
        assert_eq!(market.with_key(key, "{").send().await.status, 400);
    }
    let refused = market.with_key(&first, "{").send().await;
    assert_eq!(refusal(&refused), (429, "rate_limit_exceeded".into()));
    assert!(message(&refused).contains("the account may make 2 requests"));
    let key = market.hub.keys().get(KeyId::from_u128(9)).unwrap();
    let own = key.access().key().unwrap();
    assert_eq!(own.running(), 0);
    market.limit_account(|limits| limits.rpm = Some(200)).await;
    let more = market.with_key(&first, "{").send().await;
    assert_eq!(more.status, 400, "a raised limit holds at once");
    let shown =
        Call::get(market.address, "/v1/key").header("authorization", &format!("Bearer {first}"));
    let shown = shown.send().await.json();
    let data = &shown["data"];
    assert_eq!(data["limits"]["rpm"], 10);
    assert_eq!(data["account_limits"]["rpm"], 200);
    assert_eq!(
        data["requests"]["remaining"], 8,
        "to ask costs nothing: {data}"
    );
    assert_eq!(
        more.header("x-ratelimit-remaining"),
        "8",
        "two were counted, the refused one was not"
    );
}

#[tokio::test]
async fn limits_that_change_keep_what_was_used() {
    let market = Market::start().await;
    let key = market.limited(9, |limits| limits.rpm = Some(10)).await;
    for _ in 0..5 {
        market.with_key(&key, "{").send().await;
    }
    let store = market.hub.store();
    let (hash, mut record) = store.keys().await.unwrap().pop().unwrap();
    assert_eq!(record.id, KeyId::from_u128(9));
    record.limits.rpm = Some(6);
    store.put_key(&hash, &record).await.unwrap();
    market.hub.keys().refresh(&**store).await.unwrap();
    let answer = market.with_key(&key, "{").send().await;
    assert_eq!(answer.header("x-ratelimit-limit"), "6");
    assert_eq!(answer.header("x-ratelimit-remaining"), "0");
}

#[tokio::test]
async fn scopes_expiry_and_addresses_are_named() {
    let market = Market::start().await;
    let table: [(u128, Set, u16, &str, &str); 5] = [
        (
            20,
            |limits| limits.models = vec!["Sao10K/*".parse().unwrap()],
            403,
            "model_not_allowed",
            "Sao10K/*",
        ),
        (
            21,
            |limits| limits.endpoints = vec![EndpointScope::Embeddings],
            403,
            "endpoint_not_allowed",
            "embeddings",
        ),
        (
            22,
            |limits| limits.allow_ip = vec!["10.0.0.0/8".parse().unwrap()],
            403,
            "ip_not_allowed",
            "127.0.0.1",
        ),
        (
            23,
            |limits| limits.expires = Some(Timestamp::from_millis(1_000)),
            401,
            "api_key_expired",
            "1970-01-01 00:00:01 UTC",
        ),
        (
            24,
            |limits| limits.spend_cap = Some(Amount::ZERO),
            402,
            "key_spend_cap_reached",
            "0 USD",
        ),
    ];
    for (id, set, status, code, word) in table {
        let key = market.limited(id, set).await;
        let refused = market.with_key(&key, ask("")).send().await;
        assert_eq!(refusal(&refused), (status, code.into()));
        assert!(message(&refused).contains(word), "{}", message(&refused));
    }
    let mut provider = market.provider(1).await;
    for (id, set) in [
        (
            30,
            (|limits| limits.models = vec!["Qwen/*".parse().unwrap()]) as Set,
        ),
        (31, |limits| {
            limits.models = vec!["qwen3:8b".parse().unwrap()];
        }),
        (32, |limits| limits.endpoints = vec![EndpointScope::Chat]),
        (33, |limits| {
            limits.allow_ip = vec!["127.0.0.0/8".parse().unwrap()];
        }),
    ] {
        let key = market.limited(id, set).await;
        let answer = served(market.with_key(&key, ask("")), &mut provider).await;
        assert_eq!(answer.status, 200, "{id}");
    }
}

/// Whatever ends a request, its place is free again.
#[tokio::test]
async fn no_place_outlives_its_request() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let key = market
        .limited(9, |limits| limits.concurrency = Some(1))
        .await;
    let own = market.hub.keys().get(KeyId::from_u128(9)).unwrap();
    let own = Arc::clone(own.access().key().unwrap());
    let is_free = || until(|| own.running() == 0);

    let first = market.with_key(&key, ask("")).background();
    let request = provider.request().await;
    let second = market.with_key(&key, ask("")).send().await;
    assert_eq!(refusal(&second), (429, "rate_limit_exceeded".into()));
    assert_eq!(second.header("retry-after"), "1");
    assert!(message(&second).contains("1 requests at the same time"));
    provider
        .act(request.stream, reply(completion("hello", 7, 2)))
        .await;
    assert_eq!(first.await.unwrap().status, 200);
    is_free().await;

    // Hang-ups: while the provider thinks, in the middle of a stream, and while the body is on its way.
    let waiting = market.with_key(&key, ask("")).background();
    provider.request().await;
    waiting.abort();
    is_free().await;
    let streaming = market.with_key(&key, ask("\"stream\":true")).background();
    let request = provider.request().await;
    provider.act(request.stream, begin(delta("hello"))).await;
    until(|| own.running() == 1).await;
    streaming.abort();
    is_free().await;

    // Failures of every kind.
    for body in [
        "{",
        r#"{"model":"none","messages":[]}"#,
        &ask("\"max_tokens\":1e9"),
    ] {
        market.with_key(&key, body).send().await;
        is_free().await;
    }
    let failed = market.with_key(&key, ask("")).background();
    let request = provider.request().await;
    provider
        .act(
            request.stream,
            [Act::Fail(swan_core::protocol::Failure::provider(500, "x"))],
        )
        .await;
    assert_eq!(failed.await.unwrap().status, 502);
    is_free().await;
    market.settled().await;
}

/// Requests at once cannot pass a cap together, and what was spent is known after a restart.
#[tokio::test]
async fn a_spend_cap_is_exact_and_survives_a_restart() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let open = || {
        Market::with({
            let store = Arc::clone(&store);
            |builder| builder.with_store(store)
        })
    };
    let mut market = open().await;
    let mut provider = market.provider(1).await;
    let body = ask("\"max_tokens\":100");
    let cost = market.price(7, 2);
    // The worst case counts a token for each byte, and what a chat template adds.
    let worst = market.price(body.len() as u64 + 128, 100 + 16);
    let cap = worst.times(2).unwrap();
    let key = market
        .limited(9, |limits| limits.spend_cap = Some(cap))
        .await;
    let mut calls: JoinSet<u16> = JoinSet::new();
    for _ in 0..6 {
        let call = market.with_key(&key, &*body);
        calls.spawn(async { call.send().await.status });
    }
    let (mut paid, mut refused) = (0, 0);
    loop {
        tokio::select! {
            request = provider.request() => {
                provider.act(request.stream, reply(completion("hello", 7, 2))).await;
            }
            ended = calls.join_next() => match ended.map(Result::unwrap) {
                Some(200) => paid += 1,
                Some(402) => refused += 1,
                Some(other) => panic!("{other}"),
                None => break,
            },
        }
    }
    assert!(paid >= 1 && paid + refused == 6, "{paid} {refused}");
    let spent = |hub: &Hub| {
        let key = hub.keys().get(KeyId::from_u128(9)).unwrap();
        key.access().key().unwrap().spent(Timestamp::EPOCH)
    };
    assert_eq!(spent(&market.hub), cost.times(paid).unwrap());
    market.begin_shutdown();
    market.stopped().await.unwrap();
    let hub = Hub::builder().with_store(store).build().await.unwrap();
    assert_eq!(spent(&hub), cost.times(paid).unwrap());
}

/// A cap in US dollars holds for payments in SWAN at the rate that priced them.
#[tokio::test]
async fn a_spend_cap_counts_what_swan_is_worth() {
    let rate = ExchangeRate::usd_per_swan("0.5".parse().unwrap()).unwrap();
    let market =
        Market::with(|builder| builder.with_price_oracle(Arc::new(FixedPrice::new(rate)))).await;
    let mut provider = market.provider(1).await;
    market.grant_to(market.account, Currency::Swan, "10").await;
    let body = ask("\"max_tokens\":100");
    let worst = market.price(body.len() as u64 + 128, 100 + 16);
    let key = market
        .limited(9, |limits| limits.spend_cap = Some(worst))
        .await;
    let pay = || {
        market
            .with_key(&key, &*body)
            .header("x-swan-payment", "SWAN")
    };
    let first = pay().background();
    let request = provider.request().await;
    // SWAN is discounted by a fifth, so the cap has room for one worst case and not for two.
    let second = pay().send().await;
    assert_eq!(refusal(&second), (402, "key_spend_cap_reached".into()));
    provider
        .act(request.stream, reply(completion("hello", 7, 2)))
        .await;
    assert_eq!(first.await.unwrap().header("x-swan-cost-currency"), "SWAN");
    market.settled().await;
    let key = market.hub.keys().get(KeyId::from_u128(9)).unwrap();
    let spent = key.access().key().unwrap().spent(Timestamp::EPOCH);
    assert_eq!(spent.times(2).unwrap(), market.records.charged());
    assert!(spent > Amount::ZERO && spent < market.price(7, 2));
}
