//! POSTs to the market with an `Idempotency-Key`, and quotes: done once, by whoever it is that calls.

use std::sync::Arc;

use serde_json::{Value, json};
use swan_core::Currency;
use swan_hub::store::{KeyKind, MemoryStore, Store as _};
use swan_hub::{MarketOptions, Signup};

use super::accounts::{PASSWORD, WALLET, open, text};
use super::http::{Answer, Call};
use super::{Market, ask};

impl Market {
    /// A POST with a key.
    async fn act(&self, key: &str, path: &str, token: &str, body: &Value) -> Answer {
        let mut call = Call::post(self.address, path)
            .header("idempotency-key", key)
            .header("content-type", "application/json")
            .body(body.to_string());
        if !token.is_empty() {
            call = call.header("authorization", &format!("Bearer {token}"));
        }
        call.send().await
    }
}

/// The code of a refusal, in whichever of the two shapes.
fn code(answer: &Answer) -> String {
    let body = answer.json();
    let code = body["code"].as_str().or(body["error"]["code"].as_str());
    code.unwrap_or_else(|| panic!("no code in {body}"))
        .to_owned()
}

#[tokio::test]
async fn a_grant_that_is_sent_twice_is_one() {
    let market = Market::start().await;
    let admin = market.issue(KeyKind::Admin, 900).await;
    let path = format!("/api/v1/admin/accounts/{}/grants", market.account);
    // Of an account that the store knows.
    let opened = market
        .act("a", "/api/v1/admin/accounts", &admin, &json!({"name": "x"}))
        .await;
    let account = opened.json()["account"].as_str().map(str::to_owned);
    let account = account.or(opened.json()["id"].as_str().map(str::to_owned));
    let path = path.replace(&market.account.to_string(), &account.unwrap());
    let body = json!({"amount": "7"});
    let first = market.act("g", &path, &admin, &body).await;
    assert_eq!(first.status, 201, "{first:?}");
    for _ in 0..3 {
        let again = market.act("g", &path, &admin, &body).await;
        assert_eq!((again.status, &again.body), (201, &first.body));
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.header("x-request-id"), first.header("x-request-id"));
    }
    let granted = path.split('/').nth(5).unwrap().parse().unwrap();
    let funds = market.hub.books().available(granted, Currency::Usd);
    assert_eq!(funds.to_string(), "7");
    let other = market
        .act("g", &path, &admin, &json!({"amount": "8"}))
        .await;
    assert_eq!(
        (other.status, &*code(&other)),
        (409, "idempotency_conflict")
    );
    assert_eq!(other.json()["error"]["param"], "Idempotency-Key");
    assert!(other.text().contains("the body"), "{}", other.text());
    let again = market
        .act("a", "/api/v1/admin/accounts", &admin, &json!({"name": "x"}))
        .await;
    assert_eq!(again.body, opened.body, "one account was opened");
}

#[tokio::test]
async fn of_many_at_once_one_is_done() {
    let market = Market::start().await;
    let admin = market.issue(KeyKind::Admin, 900).await;
    let before = market.hub.store().accounts().await.unwrap().len();
    let body = json!({"name": "once"});
    let calls = (0..32).map(|_| market.act("k", "/api/v1/admin/accounts", &admin, &body));
    let answers = futures::future::join_all(calls).await;
    for answer in &answers {
        match answer.status {
            201 => assert_eq!(answer.json()["name"], "once"),
            _ => assert_eq!(code(answer), "idempotency_in_progress", "{answer:?}"),
        }
    }
    assert!(answers.iter().any(|answer| answer.status == 201));
    let after = market.hub.store().accounts().await.unwrap().len();
    assert_eq!(after, before + 1);
}

#[tokio::test]
async fn a_secret_is_shown_once_and_kept_nowhere() {
    let store = MemoryStore::new();
    let mut options = MarketOptions::default();
    options.signup = Signup::Open;
    let market = Market::with(|builder| {
        let builder = builder.with_store(Arc::new(store.clone()));
        builder.with_market(options)
    })
    .await;
    let admin = market.issue(KeyKind::Admin, 900).await;
    let who = json!({"email": "ada@example.org", "password": PASSWORD});
    let signed_up = market.act("s", "/api/v1/user/signup", "", &who).await;
    assert_eq!(signed_up.status, 201, "{signed_up:?}");
    let token = text(&signed_up.json()["token"]).to_owned();
    let wallet = json!({"name": "two cards", "owner_address": WALLET});
    let named = json!({"name": "app"});
    let wanted = json!({"kind": "consumer", "name": "app"});
    let upgrade = json!({"name": "cards"});
    for (path, token, body, secret) in [
        ("/api/v1/user/signup", "", &who, "api_key"),
        ("/api/v1/user/login", "", &who, "token"),
        ("/api/v1/user/me/keys", &*token, &named, "api_key"),
        (
            "/api/v1/user/upgrade-to-provider",
            &token,
            &upgrade,
            "provider_api_key",
        ),
        ("/api/v1/user/me/provider-keys", &token, &named, "api_key"),
        ("/api/v1/provider/signup", "", &wallet, "api_key"),
        ("/api/v1/admin/keys", &admin, &wanted, "key"),
    ] {
        let key = if path.ends_with("user/signup") {
            "s"
        } else {
            path
        };
        let first = match key {
            "s" => None,
            _ => Some(market.act(key, path, token, body).await),
        };
        let first = first.as_ref().unwrap_or(&signed_up);
        assert!(first.status < 300, "{path}: {first:?}");
        let secret = text(&first.json()[secret]).to_owned();
        let again = market.act(key, path, token, body).await;
        assert_eq!(again.status, 409, "{path}: {again:?}");
        assert_eq!(code(&again), "idempotency_secret_withheld", "{path}");
        assert_eq!(again.header("x-should-retry"), "false");
        assert!(!again.text().contains(&secret), "{path}");
        assert!(again.text().contains(first.header("x-request-id")));
        let kept = store.idempotency().await.unwrap();
        let holds = |body: &[u8]| memchr::memmem::find(body, secret.as_bytes()).is_some();
        assert!(!kept.iter().any(|record| holds(&record.body)), "{path}");
    }
    // What was made is named, so that it can be revoked.
    let again = market
        .act(
            "/api/v1/user/me/keys",
            "/api/v1/user/me/keys",
            &token,
            &named,
        )
        .await;
    let keys = market
        .done("GET", "/api/v1/user/me/keys", &token, Value::Null)
        .await;
    let made = text(&keys["keys"][1]["id"]).to_owned();
    assert!(again.text().contains(&made), "{}", again.text());
}

#[tokio::test]
async fn a_password_cannot_be_found_in_what_is_kept() {
    let market = open().await;
    let who = json!({"email": "ada@example.org", "password": PASSWORD});
    market.act("k", "/api/v1/user/signup", "", &who).await;
    // Compared without its password: neither tells whether it was right.
    let other = json!({"email": "ada@example.org", "password": "another password"});
    let again = market.act("k", "/api/v1/user/signup", "", &other).await;
    assert_eq!(code(&again), "idempotency_secret_withheld");
    let other = json!({"email": "bob@example.org", "password": PASSWORD});
    let refused = market.act("k", "/api/v1/user/signup", "", &other).await;
    assert_eq!(code(&refused), "idempotency_conflict");
}

#[tokio::test]
async fn keys_belong_to_whoever_calls_and_what_was_refused_is_free() {
    let market = open().await;
    let ada = market.sign_up("ada@example.org").await;
    let bob = market.sign_up("bob@example.org").await;
    let (ada, bob) = (text(&ada["token"]), text(&bob["token"]));
    let path = "/api/v1/user/me/keys";
    let wrong = json!({"name": 7});
    let right = json!({"name": "app"});
    assert_eq!(market.act("k", path, ada, &wrong).await.status, 400);
    assert_eq!(market.act("k", path, ada, &right).await.status, 201);
    assert_eq!(
        market.act("k", path, bob, &right).await.status,
        201,
        "another user's key is another key"
    );
    assert_eq!(market.act("k", path, "", &right).await.status, 401);
    assert_eq!(market.act("two words", path, ada, &right).await.status, 400);
    let nobody = format!("st-swan-{}", "0f".repeat(32));
    let out = market.act("two words", "/api/v1/user/logout", &nobody, &Value::Null);
    assert_eq!(code(&out.await), "invalid_header");
    // A logout needs no key: its repeat finds nobody, and says so as without one.
    for message in ["logged out", "there was no such login"] {
        let out = market.act("out", "/api/v1/user/logout", ada, &Value::Null);
        let out = out.await;
        assert_eq!((out.status, &out.json()["message"]), (200, &message.into()));
    }
}

#[tokio::test]
async fn an_outcome_outlives_its_hub() {
    let store = MemoryStore::new();
    let build = || Market::with(|builder| builder.with_store(Arc::new(store.clone())));
    let mut market = build().await;
    let admin = market.issue(KeyKind::Admin, 900).await;
    let (path, body) = ("/api/v1/admin/accounts", json!({"name": "x"}));
    let first = market.act("k", path, &admin, &body).await;
    let made = json!({"kind": "provider", "name": "x"});
    market.act("s", "/api/v1/admin/keys", &admin, &made).await;
    market.begin_shutdown();
    market.stopped().await.unwrap();
    let next = build().await;
    let again = next.act("k", path, &admin, &body).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    let withheld = next.act("s", "/api/v1/admin/keys", &admin, &made).await;
    assert_eq!(code(&withheld), "idempotency_secret_withheld");
}

#[tokio::test]
async fn a_quote_with_a_key_stays_as_it_was() {
    let market = Market::start().await;
    let quote = async |path: &str, key: &str, body: String| {
        let call = market.post(path, body).header("idempotency-key", key);
        call.send().await
    };
    let refused = quote("/v1/quote", "k", "{}".into()).await;
    assert_eq!(refused.status, 400);
    let first = quote("/v1/quote", "k", ask("")).await;
    assert_eq!(first.status, 200, "{first:?}");
    let again = quote("/v1/quote", "k", ask("")).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(again.header("idempotency-replayed"), "true");
    for (path, body) in [
        ("/v1/quote", ask("\"seed\":1")),
        ("/v1/quote?operation=completions", ask("")),
        ("/v1/chat/completions", ask("")),
    ] {
        let other = quote(path, "k", body).await;
        assert_eq!(
            (other.status, &*other.error_code()),
            (409, "idempotency_conflict")
        );
    }
}
