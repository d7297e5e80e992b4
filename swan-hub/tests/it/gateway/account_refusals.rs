//! Accounts: what stands in the way of those who sign up, log in, or hold the wrong key.

use serde_json::{Value, json};
use swan_hub::{MarketOptions, Signup};

use super::Market;
use super::accounts::{PASSWORD, WALLET, open, text};
use super::http::Call;

#[tokio::test]
async fn logins_end_and_tokens_of_other_kinds_do_not_help() {
    let market = open().await;
    let signed_up = market.sign_up("ada@example.org").await;
    let token = text(&signed_up["token"]);
    let provider_key = market.issue(swan_hub::store::KeyKind::Admin, 9).await;
    let keys = "/api/v1/user/me/keys";
    for (token, expected) in [
        ("", (401, "invalid_token")),
        ("nonsense", (401, "invalid_token")),
        (
            &*format!("st-swan-{}", "0".repeat(64)),
            (401, "invalid_token"),
        ),
        (&*market.key, (403, "wrong_kind_of_key")),
        (&*provider_key, (403, "wrong_kind_of_key")),
    ] {
        let (status, code) = market.refused("GET", keys, token, Value::Null).await;
        assert_eq!((status, &*code), expected, "{token:?}");
    }
    let (status, code) = market
        .refused("GET", "/api/v1/provider/me", token, Value::Null)
        .await;
    assert_eq!(
        (status, &*code),
        (403, "wrong_kind_of_key"),
        "not a provider yet"
    );
    market
        .done("POST", "/api/v1/user/logout", token, Value::Null)
        .await;
    let ended = market.refused("GET", keys, token, Value::Null).await;
    assert_eq!(ended, (401, "invalid_token".into()));
}

#[tokio::test]
async fn who_is_known_here_cannot_be_found_out_by_logging_in() {
    let market = open().await;
    market.sign_up("ada@example.org").await;
    let login = "/api/v1/user/login";
    let body = |email: &str| json!({"email": email, "password": "wrong"});
    let known = market
        .send("POST", login, "", &body("ada@example.org"))
        .await;
    let unknown = market
        .send("POST", login, "", &body("nobody@example.org"))
        .await;
    assert_eq!((known.status, unknown.status), (401, 401));
    assert_eq!(known.body, unknown.body);
}

#[tokio::test]
async fn attempts_are_limited() {
    let mut options = MarketOptions::default();
    options.signup = Signup::Open;
    options.signups_per_hour = 1;
    options.logins_per_minute = 2;
    let market = Market::with(|builder| builder.with_market(options)).await;
    market.sign_up("ada@example.org").await;
    let second = json!({"email": "eve@example.org", "password": PASSWORD});
    let second = market
        .send("POST", "/api/v1/user/signup", "", &second)
        .await;
    assert_eq!(second.status, 429);
    assert_eq!(second.header("retry-after"), "120");
    let wrong = json!({"email": "ada@example.org", "password": "wrong"});
    for status in [401, 401, 429] {
        let answer = market.send("POST", "/api/v1/user/login", "", &wrong).await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn a_closed_hub_opens_no_accounts() {
    let market = Market::start().await;
    let body = json!({"email": "ada@example.org", "password": PASSWORD});
    let closed = market
        .refused("POST", "/api/v1/user/signup", "", body)
        .await;
    assert_eq!(closed, (403, "signup_closed".into()));
    let body = json!({"name": "x", "owner_address": WALLET});
    let closed = market
        .refused("POST", "/api/v1/provider/signup", "", body)
        .await;
    assert_eq!(closed, (403, "signup_closed".into()));
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let market = open().await;
    let path = "/api/v1/user/signup";
    for (body, param) in [
        (json!({}), "email"),
        (json!({"email": 7}), "email"),
        (json!({"email": "a@b"}), "email"),
        (json!({"email": "a@example.org"}), "password"),
        (
            json!({"email": "a@example.org", "password": "short"}),
            "password",
        ),
        (
            json!({"email": "a@example.org", "password": "x".repeat(257)}),
            "password",
        ),
        (
            json!({"email": "a@example.org", "password": PASSWORD, "display_name": "\u{0}"}),
            "display_name",
        ),
    ] {
        let answer = market.send("POST", path, "", &body).await;
        assert_eq!(
            (answer.status, &answer.json()["param"]),
            (400, &param.into()),
            "{body}"
        );
    }
    for (content, body, status) in [
        ("text/plain", "{}".to_owned(), 415),
        ("application/json", "[]".to_owned(), 400),
        ("application/json", "{".to_owned(), 400),
        ("application/json", "[".repeat(60_000), 400),
        ("application/json", " ".repeat(70_000), 413),
    ] {
        let call = Call::post(market.address, path).header("content-type", content);
        let answer = call.body(body).send().await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    let signed_up = market.sign_up("ada@example.org").await;
    let wrong =
        json!({"name": "x", "wallet_address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"});
    let path = "/api/v1/user/upgrade-to-provider";
    let answer = market
        .send("POST", path, text(&signed_up["token"]), &wrong)
        .await;
    let refusal = answer.json();
    assert_eq!(
        (answer.status, &refusal["param"]),
        (400, &"wallet_address".into())
    );
    assert!(text(&refusal["message"]).contains("checksum"));
    let taken = market.sign_up_again("ada@example.org").await;
    assert_eq!(taken, (409, "email_unavailable".into()));
}

impl Market {
    async fn sign_up_again(&self, email: &str) -> (u16, String) {
        let body = json!({"email": email, "password": PASSWORD});
        self.refused("POST", "/api/v1/user/signup", "", body).await
    }
}
