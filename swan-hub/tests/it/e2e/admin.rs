//! An administrator's commands beside a running hub: it follows them without a restart.

use http::StatusCode;
use serde_json::{Value, json};

use super::hub::TestHub;
use super::model_server::{MODEL, chat};
use super::provider::TestProvider;
use super::wire;

#[tokio::test]
async fn keys_and_credit_take_effect_on_a_running_hub() {
    let hub = TestHub::start().await;
    let _provider = TestProvider::start(&hub, "gpu", 8).await;
    hub.serves(MODEL, 1).await;
    let made = hub
        .json(&["key", "create", "consumer", "--name", "bob", "--json"])
        .await;
    let (key, id, owner) = (text(&made["key"]), text(&made["id"]), text(&made["owner"]));

    let refused = asked(&hub, key, StatusCode::PAYMENT_REQUIRED).await;
    assert_eq!(refused["error"]["code"], "insufficient_funds", "{refused}");
    hub.admin(&["account", "grant", owner, "1"]).await;
    let answer = asked(&hub, key, StatusCode::OK).await;
    assert!(
        answer["choices"][0]["message"]["content"]
            .as_str()
            .unwrap()
            .ends_with("each word.")
    );
    hub.admin(&["key", "revoke", id]).await;
    let refused = asked(&hub, key, StatusCode::UNAUTHORIZED).await;
    assert_eq!(refused["error"]["code"], "invalid_api_key", "{refused}");
    hub.audit().await;
}

#[tokio::test]
async fn limits_of_a_key_are_made_shown_and_changed_beside_a_running_hub() {
    let hub = TestHub::start().await;
    let _provider = TestProvider::start(&hub, "gpu", 8).await;
    hub.serves(MODEL, 1).await;
    let made = [
        "key", "create", "consumer", "--name", "carol", "--grant", "1", "--rpm", "2", "--json",
    ];
    let made = hub.json(&made).await;
    let (key, id, owner) = (text(&made["key"]), text(&made["id"]), text(&made["owner"]));
    assert_eq!(made["limits"], json!({"rpm": 2}));
    for _ in 0..2 {
        asked(&hub, key, StatusCode::OK).await;
    }
    let refused = asked(&hub, key, StatusCode::TOO_MANY_REQUESTS).await;
    assert_eq!(refused["error"]["code"], "rate_limit_exceeded", "{refused}");
    let update = [
        "key", "update", id, "--rpm", "1000", "--models", "nobody/*", "--json",
    ];
    let changed = hub.json(&update).await;
    assert_eq!(
        changed["limits"],
        json!({"rpm": 1000, "models": ["nobody/*"]})
    );
    let refused = asked(&hub, key, StatusCode::FORBIDDEN).await;
    assert_eq!(refused["error"]["code"], "model_not_allowed", "{refused}");
    hub.admin(&["key", "update", id, "--models", "none", "--spend-cap", "0"])
        .await;
    let refused = asked(&hub, key, StatusCode::PAYMENT_REQUIRED).await;
    assert_eq!(
        refused["error"]["code"], "key_spend_cap_reached",
        "{refused}"
    );
    let shown = hub.json(&["key", "show", id, "--json"]).await;
    assert_eq!(shown["limits"], json!({"rpm": 1000, "spend_cap": "0"}));
    assert!(text(&shown["spent_usd"]) > "0", "{shown}");
    hub.admin(&["key", "update", id, "--spend-cap", "none"])
        .await;
    hub.admin(&["account", "limits", owner, "--models", "nobody/*"])
        .await;
    let refused = asked(&hub, key, StatusCode::FORBIDDEN).await;
    assert_eq!(refused["error"]["code"], "model_not_allowed", "{refused}");
    hub.audit().await;
}

#[tokio::test]
async fn a_providers_key_buys_nothing() {
    let hub = TestHub::start().await;
    let provider = TestProvider::start(&hub, "gpu", 8).await;
    hub.serves(MODEL, 1).await;
    let answer = wire::post(
        &hub.url(),
        "/v1/chat/completions",
        &provider.key,
        &chat(&json!({})),
    )
    .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let refused = answer.json().await;
    assert!(!text(&refused["error"]["code"]).is_empty(), "{refused}");
}

/// Asks once: what an administrator's command changed is obeyed when the command returns.
async fn asked(hub: &TestHub, key: &str, status: StatusCode) -> Value {
    let answer = wire::post(&hub.url(), "/v1/chat/completions", key, &chat(&json!({}))).await;
    let (had, body) = (answer.status, answer.json().await);
    assert_eq!(had, status, "{body}");
    body
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("text, not {value}"))
}
