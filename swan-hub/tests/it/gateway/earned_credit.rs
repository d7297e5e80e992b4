//! Earnings that become credit of the owner's own account: once, by its login or its provider's key, and by nobody else's.

use serde_json::json;
use swan_core::{AccountId, Currency, ProviderId};
use swan_hub::store::KeyKind;

use super::Market;
use super::http::Call;
use super::payouts::{PROVIDER, earn, id, post, refused};

/// A market where anybody may open an account.
async fn open_market() -> Market {
    let mut options = swan_hub::MarketOptions::default();
    options.signup = swan_hub::Signup::Open;
    Market::with(|builder| builder.with_market(options)).await
}

/// The provider's own key does the same as the login of its user.
async fn by_key(market: &Market, provider: ProviderId, account: AccountId) {
    let key = market.issue(KeyKind::Provider(provider), 81).await;
    let half = json!({"amount": "0.5"});
    let by_key = post(market, &key, "/v1/provider/credit", &half).await;
    assert_eq!(by_key.json()["account"], account.to_string());
    let available = market.hub.books().available(account, Currency::Usd);
    assert_eq!(available, "26".parse().unwrap());
    let nobodys = market.issue(KeyKind::Provider(PROVIDER), 82).await;
    for (key, code) in [
        (&nobodys, "no_own_account"),
        (&market.key, "wrong_kind_of_key"),
    ] {
        let none = post(market, key, "/v1/provider/credit", &half).await;
        assert_eq!(refused(&none), (403, code.into()));
    }
}

#[tokio::test]
async fn earnings_become_credit_of_the_owners_account_once() {
    let market = open_market().await;
    let user = json!({"email": "ada@example.org", "password": "correct horse battery"});
    let signed_up = post(&market, "none", "/api/v1/user/signup", &user)
        .await
        .json();
    let token = signed_up["token"].as_str().unwrap();
    let none = post(
        &market,
        token,
        "/v1/provider/credit",
        &json!({"amount": "1"}),
    )
    .await;
    assert_eq!(refused(&none), (403, "not_a_provider".into()));
    let name = json!({"name": "rig"});
    let upgraded = post(&market, token, "/api/v1/user/upgrade-to-provider", &name).await;
    let provider: ProviderId = upgraded.json()["provider_id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let signed_up = market.hub.store();
    let user = signed_up
        .users()
        .user_by_email("ada@example.org")
        .await
        .unwrap()
        .unwrap();
    earn(&market, provider, "100").await;
    let call = async |amount: &str| {
        let call = Call::post(market.address, "/v1/provider/credit");
        let call = call.header("authorization", &format!("Bearer {token}"));
        let call = call.header("content-type", "application/json");
        let call = call.header("idempotency-key", "turn");
        call.body(json!({"amount": amount}).to_string())
            .send()
            .await
    };
    let credited = call("25.5").await;
    assert_eq!(credited.json()["account"], user.account.to_string());
    assert_eq!(id(&call("25.5").await), id(&credited));
    assert_eq!(
        call("26").await.status,
        409,
        "another body under the same key"
    );
    let available = market.hub.books().available(user.account, Currency::Usd);
    assert_eq!(available, "25.5".parse().unwrap());
    let owed = market
        .hub
        .books()
        .earnings(provider, Currency::Usd)
        .available();
    assert_eq!(owed, "69.5".parse().unwrap());
    by_key(&market, provider, user.account).await;
    let much = json!({"amount": "70"});
    let much = post(&market, token, "/v1/provider/credit", &much).await;
    assert_eq!(refused(&much), (409, "insufficient_earnings".into()));
    assert_eq!(market.hub.books().audit(), []);
    let told = market
        .hub
        .explain(id(&credited).parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(told.steps[0].rule, "earnings_credit");
    assert!(told.to_string().contains(&provider.to_string()), "{told}");
}
