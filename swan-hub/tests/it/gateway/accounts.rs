//! Accounts: the way of the public agent's wizard from signing up to earning, and what users have of their own.

use serde_json::{Value, json};
use swan_core::{Amount, Currency};
use swan_hub::{MarketOptions, Signup};

use super::http::{Answer, Call};
use super::provider::{Provider, reply};
use super::{MODEL, Market, ask, completion, within};

pub(super) const WALLET: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
pub(super) const PASSWORD: &str = "correct horse battery";

pub(super) async fn open() -> Market {
    let mut options = MarketOptions::default();
    options.signup = Signup::Open;
    Market::with(|builder| builder.with_market(options)).await
}

impl Market {
    pub(super) async fn send(&self, method: &str, path: &str, token: &str, body: &Value) -> Answer {
        let mut call = Call::new(self.address, method, path);
        if !token.is_empty() {
            call = call.header("authorization", &format!("Bearer {token}"));
        }
        if !body.is_null() {
            call = call
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        call.send().await
    }

    /// The body of a good answer.
    pub(super) async fn done(&self, method: &str, path: &str, token: &str, body: Value) -> Value {
        let answer = self.send(method, path, token, &body).await;
        assert!(
            answer.status < 300,
            "{method} {path}: {} {}",
            answer.status,
            answer.text()
        );
        answer.json()
    }

    /// Status and code of a refusal, after checking the shape of its body.
    pub(super) async fn refused(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: Value,
    ) -> (u16, String) {
        let answer = self.send(method, path, token, &body).await;
        let refusal = answer.json();
        let is_account = ["/user/", "/consumer/"]
            .iter()
            .any(|part| path.contains(part));
        let code = if is_account {
            assert!(refusal["error"].is_string(), "{refusal}");
            assert_eq!(refusal["error"], refusal["message"]);
            refusal["code"].as_str().unwrap().to_owned()
        } else {
            answer.error_code()
        };
        (answer.status, code)
    }

    pub(super) async fn sign_up(&self, email: &str) -> Value {
        let body = json!({"email": email, "password": PASSWORD, "display_name": "Ada"});
        self.done("POST", "/api/v1/user/signup", "", body).await
    }
}

pub(super) fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("a text, not {value}"))
}

/// One request was served, and both the key and the login see what it earned.
async fn has_earned(market: &Market, key: &str, token: &str) {
    let stats = market
        .done("GET", "/api/v1/provider/me/stats", key, Value::Null)
        .await;
    for (field, expected) in [
        ("total_inferences", 1),
        ("successful_inferences", 1),
        ("failed_inferences", 0),
        ("window_hours", 24),
    ] {
        assert_eq!(stats[field], expected, "{field}");
    }
    assert!(stats["total_tokens"].as_u64().unwrap() > 0);
    let earned = stats["total_earnings_usdc"].as_f64().unwrap();
    assert!(earned > 0.0, "{stats}");
    let path = "/api/v1/provider/me/earnings/history?duration=24h&bucket=1h";
    let history = market.done("GET", path, token, Value::Null).await;
    assert_eq!(
        (&history["currency"], &history["bucket_seconds"]),
        (&"USD".into(), &3_600.into())
    );
}

#[tokio::test]
async fn the_wizard_of_the_public_agent_gets_to_earning() {
    let market = open().await;
    let signed_up = market.sign_up("ada@example.org").await;
    let token = text(&signed_up["token"]);
    assert_eq!(signed_up["user"]["account_type"], "consumer");
    assert!(text(&signed_up["api_key"]).starts_with("sk-swan-"));

    let wallet = json!({"name": "two cards", "wallet_address": WALLET.to_lowercase()});
    let path = "/api/v1/consumer/upgrade-to-provider";
    let upgraded = market.done("POST", path, token, wallet.clone()).await;
    let key = text(&upgraded["provider_api_key"]);
    assert!(key.starts_with(text(&upgraded["provider_key_prefix"])));
    assert_eq!(upgraded["can_connect"], true);
    let again = market.send("POST", path, token, &wallet).await;
    assert_eq!(again.status, 409);
    assert!(text(&again.json()["error"]).contains("already a provider"));

    let login = json!({"email": "ADA@example.org", "password": PASSWORD});
    let logged_in = market.done("POST", "/api/v1/user/login", "", login).await;
    assert_eq!(logged_in["user"]["account_type"], "provider");
    assert_eq!(logged_in["user"]["provider_id"], upgraded["provider_id"]);
    let token = text(&logged_in["token"]);
    let path = "/api/v1/user/me/provider-keys";
    let second = market
        .done("POST", path, token, json!({"name": "second machine"}))
        .await;
    let second = text(&second["api_key"]);
    let status = market
        .done("GET", "/api/v1/provider/status", second, Value::Null)
        .await;
    assert_eq!(
        (&status["api_key_valid"], &status["can_connect"]),
        (&true.into(), &true.into())
    );

    let profile = market
        .done("GET", "/api/v1/provider/me", key, Value::Null)
        .await;
    assert_eq!(profile["owner_address"], WALLET, "with its checksum");
    let mut provider = Box::pin(Provider::connect(
        market.address,
        second,
        "node-a",
        false,
        &[MODEL],
    ))
    .await;
    let asking = market.chat(ask("")).background();
    provider.serve(reply(completion("hello", 700, 200))).await;
    assert_eq!(asking.await.unwrap().status, 200);
    market.settled().await;

    has_earned(&market, key, token).await;
    let path = format!(
        "/api/v1/providers/{}/models/details",
        text(&upgraded["provider_id"])
    );
    within(async {
        loop {
            let details = market.done("GET", &path, "", Value::Null).await;
            if details["data"]["models"][0]["model_id"] == MODEL {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_user_has_keys_and_funds_of_its_own() {
    let market = open().await;
    let signed_up = market.sign_up("ada@example.org").await;
    let token = text(&signed_up["token"]);
    let me = market
        .done("GET", "/api/v1/user/me", token, Value::Null)
        .await;
    assert_eq!(me["user"]["email"], "ada@example.org");
    let balance = json!({"currency": "USD", "available": "0", "held": "0", "spent": "0"});
    assert_eq!(me["balances"][0], balance);
    let account = text(&me["account_id"]).parse().unwrap();
    market.grant_to(account, Currency::Usd, "2").await;
    market.grant_to(account, Currency::Swan, "3").await;

    let made = json!({"name": "laptop"});
    let made = market
        .done("POST", "/api/v1/user/me/keys", token, made)
        .await;
    let key = text(&made["api_key"]);
    let me = market
        .done("GET", "/api/v1/user/me", key, Value::Null)
        .await;
    assert_eq!(me["user"], Value::Null, "a key says nothing about people");
    let available = |place: usize| me["balances"][place]["available"].clone();
    assert_eq!((available(0), available(1)), ("2".into(), "3".into()));

    let mut provider = market.provider(1).await;
    let asking = market
        .chat(ask(""))
        .header("authorization", &format!("Bearer {key}"))
        .background();
    provider.serve(reply(completion("hello", 7, 2))).await;
    assert_eq!(asking.await.unwrap().status, 200);
    let two: Amount = "2".parse().unwrap();
    assert!(market.hub.books().available(account, Currency::Usd) < two);

    let id = text(&made["key"]["id"]);
    let path = format!("/api/v1/user/me/keys/{id}");
    let other = market.sign_up("eve@example.org").await;
    let stolen = market
        .refused("DELETE", &path, text(&other["token"]), Value::Null)
        .await;
    assert_eq!(stolen, (404, "key_not_found".into()));
    market.done("DELETE", &path, token, Value::Null).await;
    let listed = market
        .done("GET", "/api/v1/user/me/keys", token, Value::Null)
        .await;
    let listed = listed["keys"].as_array().unwrap();
    let revoked: Vec<bool> = listed
        .iter()
        .map(|key| key["revoked_at"].is_u64())
        .collect();
    assert_eq!((listed.len(), revoked), (2, vec![false, true]));
    assert!(
        !listed
            .iter()
            .any(|key| key.to_string().contains("sk-swan-"))
    );
    let refused = market
        .refused("GET", "/api/v1/user/me", key, Value::Null)
        .await;
    assert_eq!(refused.0, 401);
}

#[tokio::test]
async fn a_provider_signs_up_by_its_wallet_and_keeps_its_owner() {
    let market = open().await;
    let body = json!({"name": "old agent", "owner_address": WALLET});
    let path = "/api/v1/provider/signup";
    let made = market.send("POST", path, "", &body).await;
    assert_eq!(made.status, 201);
    let key = made.json()["api_key"].as_str().unwrap().to_owned();
    // Nobody proves that a wallet is theirs, so nobody who names it keeps its owner out.
    let again = market.done("POST", path, "", body).await;
    assert_ne!(again["provider_id"], made.json()["provider_id"]);
    let other = "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359";
    let change = json!({"beneficiary_address": other});
    let changed = market
        .done("PUT", "/api/v1/provider/me", &key, change)
        .await;
    assert_eq!(
        changed["beneficiary_address"]
            .as_str()
            .unwrap()
            .to_lowercase(),
        other
    );
    assert_eq!(changed["owner_address"], WALLET);
    let change = json!({"owner_address": other});
    let kept = market
        .refused("PUT", "/api/v1/provider/me", &key, change)
        .await;
    assert_eq!(kept, (409, "owner_is_set".into()));
    let asked = json!({"provider_name": "x", "hardware_summary": "two cards", "contact_email": "a@example.org"});
    let path = "/api/v1/provider/request-approval";
    let first = market.done("POST", path, &key, asked.clone()).await;
    let second = market.done("POST", path, &key, asked).await;
    assert_eq!(first["requested_at"], second["requested_at"]);
}
