//! Keys, limits and credit over HTTP, for administrators.

use std::time::Duration;

use serde_json::{Value, json};
use swan_core::{Currency, TransferId};
use swan_hub::store::KeyKind;
use swan_hub::{KeyRules, QueueRules};

use super::http::{Answer, Call};
use super::limits::{refusal, served};
use super::{Market, ask};

/// An administrator at a market.
struct Admin<'a> {
    market: &'a Market,
    key: String,
}

impl Market {
    async fn admin(&self) -> Admin<'_> {
        Admin {
            market: self,
            key: self.issue(KeyKind::Admin, 900).await,
        }
    }
}

impl Admin<'_> {
    async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let path = format!("/api/v1/admin/{path}");
        let call = Call::new(self.market.address, method, &path)
            .header("authorization", &format!("Bearer {}", self.key));
        let call = match body {
            Value::Null => call,
            body => call
                .header("content-type", "application/json")
                .body(body.to_string()),
        };
        call.send().await
    }

    async fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.call(method, path, body).await;
        let status = answer.status;
        let said = answer.json();
        assert!(matches!(status, 200 | 201), "{method} {path}: {said}");
        said
    }
}

#[tokio::test]
async fn a_key_is_made_used_changed_and_revoked() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let admin = market.admin().await;
    let made = admin
        .done(
            "POST",
            "keys",
            json!({"kind": "consumer", "name": "app", "limits": {"rpm": 5, "models": ["Qwen/*"]}}),
        )
        .await;
    let secret = made["key"].as_str().unwrap();
    assert!(secret.starts_with("sk-swan-"));
    assert_eq!(made["limits"], json!({"rpm": 5, "models": ["Qwen/*"]}));
    let (id, owner) = (
        made["id"].as_str().unwrap(),
        made["owner"].as_str().unwrap(),
    );
    let grant = json!({"amount": "2.5", "id": TransferId::from_u128(7).to_string()});
    for _ in 0..2 {
        let granted = admin
            .done("POST", &format!("accounts/{owner}/grants"), grant.clone())
            .await;
        assert_eq!(granted["amount"], "2.5");
    }
    let account = owner.parse().unwrap();
    let available = market.hub.books().available(account, Currency::Usd);
    assert_eq!(
        available.to_string(),
        "2.5",
        "once, however often it is sent"
    );
    let answer = served(market.with_key(secret, ask("")), &mut provider).await;
    assert_eq!(
        (answer.status, answer.header("x-ratelimit-limit")),
        (200, "5")
    );
    let path = format!("keys/{id}");
    let changed = admin
        .done(
            "PATCH",
            &path,
            json!({"limits": {"rpm": 9, "models": null, "spend_cap": "1"}}),
        )
        .await;
    assert_eq!(changed["limits"], json!({"rpm": 9, "spend_cap": "1"}));
    let shown = admin.done("GET", &path, Value::Null).await;
    assert_eq!(shown["limits"], changed["limits"]);
    assert_eq!(shown["spent_usd"], market.price(7, 2).to_string());
    assert!(shown.get("key").is_none() && shown["revoked_ms"].is_null());
    let listed = admin
        .done("GET", &format!("keys?owner={owner}"), Value::Null)
        .await;
    assert_eq!((&listed["total"], &listed["list"][0]), (&json!(1), &shown));
    let revoked = admin.done("DELETE", &path, Value::Null).await;
    assert_eq!(revoked, json!({"id": id, "revoked": true}));
    let refused = market.with_key(secret, ask("")).send().await;
    assert_eq!(refusal(&refused), (401, "invalid_api_key".into()));
    let shown = admin.done("GET", &path, Value::Null).await;
    assert!(shown["revoked_ms"].is_u64());
}

#[tokio::test]
async fn an_account_is_opened_limited_and_given_keys() {
    let market = Market::start().await;
    let admin = market.admin().await;
    let opened = admin
        .done(
            "POST",
            "accounts",
            json!({"name": "team", "limits": {"rpm": 1}}),
        )
        .await;
    let id = opened["id"].as_str().unwrap();
    assert_eq!(opened["balances"][0]["available"], "0");
    let key = json!({"kind": "consumer", "name": "one", "owner": id});
    let made = admin.done("POST", "keys", key).await;
    assert_eq!(made["owner"], id);
    let secret = made["key"].as_str().unwrap();
    market.with_key(secret, "{").send().await;
    let refused = market.with_key(secret, "{").send().await;
    assert_eq!(refusal(&refused), (429, "rate_limit_exceeded".into()));
    let path = format!("accounts/{id}/limits");
    let shown = admin.done("GET", &path, Value::Null).await;
    assert_eq!(shown, json!({"account": id, "limits": {"rpm": 1}}));
    let put = admin
        .done("PUT", &path, json!({"limits": {"tpm": 100_000}}))
        .await;
    assert_eq!(
        put["limits"],
        json!({"tpm": 100_000}),
        "in the place of those"
    );
    assert_eq!(market.with_key(secret, "{").send().await.status, 400);
    let shown = admin
        .done("GET", &format!("accounts/{id}"), Value::Null)
        .await;
    assert_eq!(shown["name"], "team");
}

/// Keys that cannot be made, with the code and the field that the answer names.
fn wrong_keys() -> [(Value, &'static str, &'static str); 10] {
    let consumer = |limits: Value| json!({"kind": "consumer", "name": "a", "limits": limits});
    [
        (json!({"name": "a"}), "missing_field", "kind"),
        (json!({"kind": "consumer"}), "missing_field", "name"),
        (
            json!({"kind": "king", "name": "a"}),
            "invalid_value",
            "kind",
        ),
        (
            json!({"kind": "consumer", "name": "a", "rpm": 1}),
            "unknown_field",
            "rpm",
        ),
        (
            json!({"kind": "consumer", "name": "a", "owner": "acct-1"}),
            "invalid_value",
            "owner",
        ),
        (
            json!({"kind": "admin", "name": "a", "limits": {"rpm": 1}}),
            "invalid_value",
            "limits",
        ),
        (consumer(json!({"rpm": 0})), "invalid_value", "limits.rpm"),
        (consumer(json!({"rmp": 1})), "invalid_value", "limits.rmp"),
        (
            consumer(json!({"spend_per": "day"})),
            "invalid_value",
            "limits.spend_per",
        ),
        (json!([]), "invalid_json", ""),
    ]
}

/// What is asked of keys and accounts in vain: `known` is an account, `provider` its key, `other` an account without a record.
fn wrong_requests(
    known: &str,
    provider: &str,
    other: &str,
) -> Vec<(&'static str, String, Value, u16, &'static str, &'static str)> {
    let (limits, grants) = (format!("{known}/limits"), format!("{known}/grants"));
    let grant = |body: Value, wrong: &'static str| {
        ("POST", grants.clone(), body, 400, "invalid_value", wrong)
    };
    vec![
        (
            "PATCH",
            provider.into(),
            json!({"limits": {"rpm": 1}}),
            409,
            "no_limits",
            "",
        ),
        (
            "PATCH",
            "keys/key-1".into(),
            json!({}),
            404,
            "key_not_found",
            "",
        ),
        (
            "DELETE",
            "keys/x".into(),
            Value::Null,
            404,
            "key_not_found",
            "",
        ),
        (
            "GET",
            "keys?page=0".into(),
            Value::Null,
            400,
            "invalid_value",
            "page",
        ),
        (
            "GET",
            other.into(),
            Value::Null,
            404,
            "account_not_found",
            "",
        ),
        ("PUT", limits, json!({}), 400, "missing_field", "limits"),
        grant(json!({"amount": "0"}), "amount"),
        grant(json!({"amount": 5}), "amount"),
        grant(json!({"amount": "1", "id": "x"}), "id"),
        grant(json!({"amount": "1", "currency": "eur"}), "currency"),
    ]
}

#[tokio::test]
async fn mistakes_are_named_and_others_kept_out() {
    let market = Market::start().await;
    let admin = market.admin().await;
    let account = format!("accounts/{}", market.account);
    let opened = admin.done("POST", "accounts", json!({"name": "x"})).await;
    let known = format!("accounts/{}", opened["id"].as_str().unwrap());
    let provider = json!({"kind": "provider", "name": "p"});
    let provider = admin.done("POST", "keys", provider).await;
    let provider = format!("keys/{}", provider["id"].as_str().unwrap());
    let made =
        wrong_keys().map(|(body, code, param)| ("POST", "keys".into(), body, 400, code, param));
    let wrong = wrong_requests(&known, &provider, &account);
    for (method, path, body, status, code, param) in made.into_iter().chain(wrong) {
        let answer = admin.call(method, &path, body.clone()).await;
        let said = answer.json();
        let found = said["error"]["param"].as_str().unwrap_or_default();
        assert_eq!(
            (answer.status, &*answer.error_code(), found),
            (status, code, param),
            "{method} {path} {body}: {said}"
        );
    }
    let id = json!({"amount": "1", "id": TransferId::from_u128(9).to_string()});
    let path = format!("{known}/grants");
    admin.done("POST", &path, id).await;
    let other = json!({"amount": "2", "id": TransferId::from_u128(9).to_string()});
    let refused = admin.call("POST", &path, other).await;
    assert_eq!(refusal(&refused), (409, "grant_refused".into()));
    for (key, status) in [
        (market.key.as_str(), 403),
        ("sk-admin-unknown", 401),
        ("", 401),
    ] {
        let stranger = Admin {
            market: &market,
            key: key.to_owned(),
        };
        for (method, path) in [("GET", "keys"), ("POST", "keys"), ("DELETE", "keys/x")] {
            let answer = stranger.call(method, path, Value::Null).await;
            assert_eq!(answer.status, status, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn what_holds_for_keys_and_the_queue_changes_with_a_reload() {
    let market = Market::start().await;
    let mut rules = KeyRules::default();
    rules.defaults.rpm = Some(3);
    rules.free_tier = false;
    let mut queue = QueueRules::default();
    queue.wait = Duration::ZERO;
    let settings = market.hub.settings();
    assert_eq!(
        market.chat("{").send().await.header("x-ratelimit-limit"),
        ""
    );
    let changed = settings
        .clone()
        .with_key_rules(rules.clone())
        .with_queue(queue);
    market.hub.reload(changed).unwrap();
    assert_eq!(market.hub.settings().keys, rules);
    assert_eq!(market.hub.settings().queue, queue);
    let answer = market.chat("{").send().await;
    assert_eq!(answer.header("x-ratelimit-limit"), "3");
    assert_eq!(answer.header("x-ratelimit-remaining"), "2");
    market.hub.reload(settings).unwrap();
    assert_eq!(
        market.chat("{").send().await.header("x-ratelimit-limit"),
        ""
    );
}
