//! Spend caps, limits and bounds under many requests at once, with changes in between.

use serde_json::{Value, json};
use swan_core::{Amount, KeyId, Timestamp};
use swan_hub::store::KeyKind;
use swan_hub::{KeyDefaults, KeyRules};
use tokio::task::JoinSet;

use super::accounts::{WALLET, open, text};
use super::http::{Answer, Call};
use super::provider::reply;
use super::{Market, ask, completion, until};

const AT_ONCE: usize = 200;

impl Market {
    /// That many of the same request at once.
    fn many(&self, key: &str, body: &str, count: usize) -> JoinSet<Answer> {
        let calls = (0..count).map(|_| self.with_key(key, body.to_owned()));
        let mut sent = JoinSet::new();
        for call in calls {
            sent.spawn(call.send());
        }
        sent
    }

    fn spent_by(&self, key: u128) -> Amount {
        let opened = self.hub.keys().get(KeyId::from_u128(key)).unwrap();
        opened.access().key().unwrap().spent(Timestamp::EPOCH)
    }

    async fn patch(&self, admin: &str, key: u128, limits: Value) {
        let path = format!("/api/v1/admin/keys/{}", KeyId::from_u128(key));
        self.done("PATCH", &path, admin, json!({"limits": limits}))
            .await;
    }
}

fn times(amount: Amount, count: u64) -> Amount {
    amount.times(count).unwrap()
}

#[tokio::test]
async fn two_hundred_at_once_spend_no_more_than_the_cap() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let body = ask("\"max_tokens\":100");
    let worst = market.price(body.len() as u64 + 128, 100 + 16);
    let cap = times(worst, 5);
    let key = market
        .limited(9, |limits| limits.spend_cap = Some(cap))
        .await;
    let mut calls = market.many(&key, &body, AT_ONCE);
    // Five have room for their worst case, and nobody else until one of them ends.
    let mut running = Vec::new();
    for _ in 0..5 {
        running.push(provider.request().await);
    }
    for _ in 0..AT_ONCE - 5 {
        let refused = calls.join_next().await.unwrap().unwrap();
        assert_eq!(refused.status, 402, "{refused:?}");
        assert_eq!(refused.error_code(), "key_spend_cap_reached");
    }
    assert!(!provider.has_request());
    // The provider claims more than a request may have; the bill stays within what was set aside.
    for request in running {
        let claimed = reply(completion(&"word ".repeat(200), 9_999, 9_999));
        provider.act(request.stream, claimed).await;
    }
    while let Some(answer) = calls.join_next().await {
        assert_eq!(answer.unwrap().status, 200);
    }
    let spent = market.spent("5");
    assert!(spent > Amount::ZERO && spent <= cap, "{spent} of {cap}");
    assert_eq!(market.spent_by(9), spent, "both books say the same");
}

#[tokio::test]
async fn a_cap_that_changes_while_requests_run_holds_from_then_on() {
    let market = Market::start().await;
    let admin = market.issue(KeyKind::Admin, 900).await;
    let mut provider = market.provider(1).await;
    let body = ask("\"max_tokens\":100");
    let worst = market.price(body.len() as u64 + 128, 100 + 16);
    let key = market
        .limited(9, |limits| limits.spend_cap = Some(times(worst, 6)))
        .await;
    let mut calls = market.many(&key, &body, AT_ONCE);
    let (mut running, mut late) = (Vec::new(), Vec::new());
    for _ in 0..6 {
        running.push(provider.request().await);
    }
    for _ in 0..AT_ONCE - 6 {
        let refused = calls.join_next().await.unwrap().unwrap();
        assert_eq!(refused.status, 402);
    }
    for (cap, more) in [
        // Lower than what is set aside: those that run are paid, and nobody joins them.
        (3, 0),
        (6, 0),
        (8, 2),
    ] {
        market
            .patch(
                &admin,
                9,
                json!({"spend_cap": times(worst, cap).to_string()}),
            )
            .await;
        let mut others = market.many(&key, &body, 50);
        for _ in 0..more {
            running.push(provider.request().await);
        }
        for _ in 0..50 - more {
            let refused = others.join_next().await.unwrap().unwrap();
            assert_eq!(refused.error_code(), "key_spend_cap_reached");
        }
        assert!(!provider.has_request());
        let soon = others.try_join_next();
        assert!(soon.is_none(), "{soon:?} though nobody answered it");
        late.push(others);
    }
    for request in running {
        let claimed = reply(completion("hello", 9_999, 9_999));
        provider.act(request.stream, claimed).await;
    }
    late.push(calls);
    for calls in late {
        for answer in calls.join_all().await {
            assert_eq!(answer.status, 200);
        }
    }
    market.settled().await;
    let cap = times(worst, 8);
    assert!(market.spent_by(9) <= cap, "{} of {cap}", market.spent_by(9));
    assert_eq!(market.spent_by(9), market.spent("5"));
}

#[tokio::test]
async fn limits_that_a_reload_brings_hold_while_requests_run() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let with = |concurrency: u32| {
        let mut rules = KeyRules::default();
        let mut defaults = KeyDefaults::default();
        defaults.concurrency = Some(concurrency);
        rules.defaults = defaults;
        let settings = market.hub.settings().with_key_rules(rules);
        market.hub.reload(settings).unwrap();
    };
    with(6);
    let mut calls = market.many(&market.key, &ask(""), AT_ONCE);
    let mut running = Vec::new();
    for _ in 0..6 {
        running.push(provider.request().await);
    }
    for _ in 0..AT_ONCE - 6 {
        let refused = calls.join_next().await.unwrap().unwrap();
        assert_eq!(refused.error_code(), "rate_limit_exceeded");
    }
    with(2);
    for _ in 0..4 {
        let request = running.pop().unwrap();
        let refused = market.with_key(&market.key, ask("")).send().await;
        assert_eq!(refused.status, 429);
        provider
            .act(request.stream, reply(completion("ok", 20, 1)))
            .await;
        assert_eq!(calls.join_next().await.unwrap().unwrap().status, 200);
    }
    let places = || {
        let opened = market.hub.keys().get(KeyId::from_u128(1)).unwrap();
        opened.access().key().unwrap().running()
    };
    until(|| places() == 2).await;
    assert_eq!(
        market.with_key(&market.key, ask("")).send().await.status,
        429,
        "two run, and two may"
    );
    with(3);
    calls.spawn(market.with_key(&market.key, ask("")).send());
    running.push(provider.request().await);
    for request in running {
        provider
            .act(request.stream, reply(completion("ok", 20, 1)))
            .await;
    }
    for answer in calls.join_all().await {
        assert_eq!(answer.status, 200);
    }
    until(|| places() == 0).await;
}

#[tokio::test]
async fn of_limits_that_are_changed_at_once_none_is_lost() {
    let market = Market::start().await;
    let admin = market.issue(KeyKind::Admin, 900).await;
    for round in 1..=5 {
        let changes = [
            json!({"rpm": round}),
            json!({"tpm": round}),
            json!({"concurrency": round}),
            json!({"spend_cap": round.to_string()}),
        ];
        let changed = changes.map(|limits| market.patch(&admin, 1, limits));
        futures::future::join_all(changed).await;
        let opened = market.hub.keys().get(KeyId::from_u128(1)).unwrap();
        let limits = opened.record().limits.clone();
        assert_eq!((limits.rpm, limits.tpm), (Some(round), Some(round)));
        assert_eq!(limits.concurrency.map(u64::from), Some(round));
        assert_eq!(limits.spend_cap.unwrap().to_string(), round.to_string());
    }
}

#[tokio::test]
async fn the_bound_on_keys_holds_when_many_are_made_at_once() {
    let market = open().await;
    let signed_up = market.sign_up("ada@example.org").await;
    let token = text(&signed_up["token"]);
    let path = "/api/v1/user/me/keys";
    let named = json!({"name": "app"});
    let made = (0..60).map(|_| market.send("POST", path, token, &named));
    let made = futures::future::join_all(made).await;
    let count = made.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(count, 31, "one was made with the account, and 32 may be");
    for refused in made.iter().filter(|answer| answer.status != 201) {
        assert_eq!(refused.json()["code"], "too_many_keys");
    }
}

#[tokio::test]
async fn who_names_the_wallet_of_another_gets_nothing_and_keeps_nobody_out() {
    let market = open().await;
    let thief = market.sign_up("thief@example.org").await;
    let owner = market.sign_up("owner@example.org").await;
    let path = "/api/v1/user/upgrade-to-provider";
    let wallet = json!({"name": "cards", "wallet_address": WALLET});
    let mut made = Vec::new();
    for user in [thief, owner] {
        let upgraded = market
            .done("POST", path, text(&user["token"]), wallet.clone())
            .await;
        made.push(text(&upgraded["provider_api_key"]).to_owned());
    }
    let other = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359";
    let change = json!({"beneficiary_address": other});
    market
        .done("PUT", "/api/v1/provider/me", &made[0], change)
        .await;
    let kept = market
        .done("GET", "/api/v1/provider/me", &made[1], Value::Null)
        .await;
    assert_eq!(kept["owner_address"], WALLET);
    assert_eq!(kept["beneficiary_address"], WALLET, "nobody redirects it");
    // The profile of somebody else cannot be reached by naming its wallet.
    let claim = json!({"name": "x", "owner_address": WALLET});
    let third = market
        .done("POST", "/api/v1/provider/signup", "", claim)
        .await;
    assert_ne!(third["provider_id"], kept["id"]);
}

#[tokio::test]
async fn keys_that_open_nothing_look_alike() {
    let market = Market::start().await;
    let never = format!("sk-swan-{}", "0f".repeat(32));
    let expired = market
        .limited(8, |limits| {
            limits.expires = Some(Timestamp::from_millis(1));
            limits.rpm = Some(10);
        })
        .await;
    let revoked = market.limited(7, |_| {}).await;
    let (store, id) = (market.hub.store(), KeyId::from_u128(7));
    let keys = market.hub.keys();
    keys.revoke(&**store, id, Timestamp::from_millis(2))
        .await
        .unwrap();
    for path in [
        "/v1/chat/completions",
        "/v1/quote",
        "/v1/generations",
        "/v1/generation?id=00000000-0000-7000-8000-000000000000",
    ] {
        let mut shapes = Vec::new();
        for key in [&never, &revoked, &expired] {
            let call = match path.starts_with("/v1/gen") {
                true => Call::get(market.address, path),
                false => market.post(path, ask("")),
            };
            let call = call.header("authorization", &format!("Bearer {key}"));
            let answer = call.send().await;
            let error = answer.json()["error"].clone();
            let members: Vec<_> = error.as_object().unwrap().keys().cloned().collect();
            let names = answer.headers.keys().map(ToString::to_string);
            let mut names: Vec<_> = names.collect();
            names.sort_unstable();
            let kind = (error["type"].clone(), error["param"].clone());
            shapes.push((answer.status, members, kind, names));
            assert!(!answer.text().contains(key.as_str()), "no key in an answer");
        }
        assert_eq!(shapes[0].0, 401, "{path}");
        assert_eq!(shapes[0], shapes[1], "{path}");
        assert_eq!(shapes[0], shapes[2], "{path}");
    }
}
