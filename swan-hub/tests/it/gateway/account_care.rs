//! What keeps accounts in the hands of their users: passwords that change, logins that end, keys with limits.

use serde_json::{Value, json};
use swan_hub::{KeyRules, MarketOptions, Signup};

use super::accounts::PASSWORD;
use super::http::{Answer, Call};
use super::{Market, ask};

const LOGIN: &str = "/api/v1/user/login";
const KEYS: &str = "/api/v1/user/me/keys";

fn open() -> MarketOptions {
    let mut options = MarketOptions::default();
    options.signup = Signup::Open;
    options
}

async fn with_rules(rules: KeyRules) -> Market {
    Market::with(|builder| builder.with_market(open()).with_key_rules(rules)).await
}

impl Market {
    async fn log_in_from(&self, network: &str, password: &str) -> Answer {
        let body = json!({"email": "ada@example.org", "password": password});
        Call::post(self.address, LOGIN)
            .header("content-type", "application/json")
            .header("x-forwarded-for", network)
            .body(body.to_string())
            .send()
            .await
    }
}

#[tokio::test]
async fn a_stranger_cannot_lock_a_user_out() {
    let mut rules = KeyRules::default();
    rules.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let market = with_rules(rules).await;
    market.sign_up("ada@example.org").await;
    for status in std::iter::repeat_n(401, 10).chain([429]) {
        let answer = market.log_in_from("203.0.113.9", "wrong").await;
        assert_eq!(answer.status, status);
    }
    let locked = market.log_in_from("203.0.113.9", PASSWORD).await;
    assert_eq!(locked.status, 429, "not even by guessing right");
    let owner = market.log_in_from("198.51.100.7", PASSWORD).await;
    assert_eq!(owner.status, 200);
}

#[tokio::test]
async fn a_new_password_ends_every_login() {
    let market = with_rules(KeyRules::default()).await;
    let signed_up = market.sign_up("ada@example.org").await;
    let first = signed_up["token"].as_str().unwrap();
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    let second = market.done("POST", LOGIN, "", login.clone()).await;
    let second = second["token"].as_str().unwrap();
    let path = "/api/v1/user/me/password";
    for (body, expected) in [
        (
            json!({"password": "wrong", "new_password": "another password"}),
            (403, "wrong_credentials"),
        ),
        (
            json!({"password": PASSWORD, "new_password": "short"}),
            (400, "invalid_value"),
        ),
        (json!({"password": PASSWORD}), (400, "missing_field")),
    ] {
        let (status, code) = market.refused("PUT", path, first, body).await;
        assert_eq!((status, &*code), expected);
    }
    let change = json!({"password": PASSWORD, "new_password": "another password"});
    let changed = market.done("PUT", path, first, change).await;
    for old in [first, second] {
        let ended = market.refused("GET", KEYS, old, Value::Null).await;
        assert_eq!(ended.0, 401);
    }
    let token = changed["token"].as_str().unwrap();
    market.done("GET", KEYS, token, Value::Null).await;
    let old = market.refused("POST", LOGIN, "", login).await;
    assert_eq!(old, (401, "wrong_credentials".into()));
    let login = json!({"email": "ada@example.org", "password": "another password"});
    market.done("POST", LOGIN, "", login).await;
}

#[tokio::test]
async fn a_user_narrows_what_a_key_may_do() {
    let mut rules = KeyRules::default();
    rules.defaults.rpm = Some(60);
    rules.free_tier = false;
    let market = with_rules(rules).await;
    let signed_up = market.sign_up("ada@example.org").await;
    let token = signed_up["token"].as_str().unwrap();
    for limits in [
        json!({"rpm": "60"}),
        json!({"rpm": 61}),
        json!({"rpm": 0}),
        json!({"speed": 1}),
        json!({"models": "Qwen/*"}),
        json!({"expires": 7}),
        json!([]),
    ] {
        let body = json!({"limits": limits});
        let answer = market.send("POST", KEYS, token, &body).await;
        let refusal = answer.json();
        assert_eq!((answer.status, &refusal["param"]), (400, &"limits".into()));
        assert!(refusal["message"].as_str().unwrap().contains("limits"));
    }
    let body =
        json!({"name": "narrow", "limits": {"rpm": 1.0, "models": ["Qwen/*"], "expires": "30d"}});
    let made = market.done("POST", KEYS, token, body).await;
    let limits = &made["key"]["limits"];
    assert_eq!(
        (&limits["rpm"], &limits["models"][0]),
        (&1.into(), &"Qwen/*".into())
    );
    let key = format!("Bearer {}", made["api_key"].as_str().unwrap());
    for code in ["insufficient_funds", "rate_limit_exceeded"] {
        let answer = market.chat(ask("")).header("authorization", &key);
        assert_eq!(answer.send().await.error_code(), code);
    }
}

#[tokio::test]
async fn who_may_sign_up_changes_while_the_hub_runs() {
    let market = with_rules(KeyRules::default()).await;
    market.sign_up("ada@example.org").await;
    let closed = market.hub.settings().with_market(MarketOptions::default());
    market.hub.reload(closed).unwrap();
    let body = json!({"email": "eve@example.org", "password": PASSWORD});
    let refused = market
        .refused("POST", "/api/v1/user/signup", "", body)
        .await;
    assert_eq!(refused, (403, "signup_closed".into()));
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    market.done("POST", LOGIN, "", login).await;
}
