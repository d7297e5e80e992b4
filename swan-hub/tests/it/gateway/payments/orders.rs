//! Orders: what is refused, what happens once, and what becomes of those that nobody pays.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use swan_core::AccountId;
use swan_hub::payments::PaymentNews;
use swan_hub::store::{KeyKind, MemoryStore};

use super::super::http::Call;
use super::super::{Market, until};
use super::stub::{Fault, Stub};
use super::{Till, placed};

#[tokio::test]
async fn an_order_that_is_paid_is_credited_once() {
    let till = Till::open().await;
    let (id, session) = till.order("20.00").await;
    let order = till.shown(&id).await;
    assert_eq!(
        (&order["state"], &order["amount"]),
        (&json!("open"), &json!("20"))
    );
    let payment = till.stub.pay(&session);
    let event = till.stub.event("checkout.session.completed", &session);
    for outcome in ["booked", "exists", "exists"] {
        assert_eq!(till.tell(&event).await, outcome);
        assert_eq!(till.funds(), ("25".into(), "0".into()));
    }
    let event = till.stub.event("payment_intent.succeeded", &payment);
    assert_eq!(till.tell(&event).await, "exists");
    let order = till.shown(&id).await;
    assert_eq!(order["state"], "paid");
    let moved = &order["moved"][0];
    assert_eq!(
        (&moved["rule"], &moved["object"]),
        (&json!("topup"), &json!(payment))
    );
    assert!(moved["told_by"].as_str().unwrap().starts_with("event evt_"));
    assert_eq!(
        (till.funds().0.as_str(), till.count(PaymentNews::Paid)),
        ("25", 1)
    );
}

#[tokio::test]
async fn an_order_that_is_sent_twice_is_placed_once() {
    let till = Till::open().await;
    let send = async |key: &str, body: &str| {
        let call = till
            .market
            .post("/v1/topups", body)
            .header("idempotency-key", key);
        call.send().await
    };
    // The processor has taken it, and the answer is lost.
    till.stub.break_next([Fault::Lies, Fault::Hangs]);
    for _ in 0..2 {
        let lost = send("one", r#"{"amount":"7.5"}"#).await;
        assert_eq!(
            (lost.status, lost.error_code().as_str()),
            (503, "payments_unavailable")
        );
        assert!(!lost.text().contains("sk_test"), "{}", lost.text());
    }
    let first = send("one", r#"{"amount":"7.5"}"#).await;
    let again = send("one", r#"{"amount":"7.5"}"#).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(placed(&first.json()), placed(&again.json()));
    assert_eq!(till.stub.sessions(), 1);
    let other = send("one", r#"{"amount":"7"}"#).await;
    assert_eq!(other.error_code(), "idempotency_conflict");
    assert_eq!(send("two", r#"{"amount":"7.5"}"#).await.status, 201);
    assert_eq!(till.stub.sessions(), 2);
}

#[tokio::test]
async fn a_page_of_ones_own_gets_a_secret_that_nothing_else_shows() {
    let till = Till::open().await;
    let body = r#"{"amount":"3.99","currency":"USD","pay_by":"payment_intent"}"#;
    let answer = till.market.post("/v1/topups", body).send().await;
    let order = answer.json();
    let payment = order["payment"].as_str().unwrap();
    assert_eq!(order["client_secret"], format!("{payment}_secret_x"));
    let shown = till.shown(order["id"].as_str().unwrap()).await;
    assert!(!shown.to_string().contains("_secret_"), "{shown}");
    till.stub.pay(payment);
    till.tell(&till.stub.event("payment_intent.succeeded", payment))
        .await;
    assert_eq!(till.funds().0, "8.99");
}

#[tokio::test]
async fn what_cannot_be_ordered_is_refused_by_name() {
    let till = Till::open().await;
    for (body, status, code, param) in [
        (r#"{}"#, 400, "missing_field", Some("amount")),
        (r#"{"amount":20}"#, 400, "invalid_value", Some("amount")),
        (r#"{"amount":"0"}"#, 400, "invalid_value", Some("amount")),
        (r#"{"amount":"-5"}"#, 400, "invalid_value", Some("amount")),
        (r#"{"amount":"1e3"}"#, 400, "invalid_value", Some("amount")),
        (
            r#"{"amount":"5.001"}"#,
            400,
            "too_many_digits",
            Some("amount"),
        ),
        (
            r#"{"amount":"0.99"}"#,
            400,
            "amount_out_of_bounds",
            Some("amount"),
        ),
        (
            r#"{"amount":"10000.01"}"#,
            400,
            "amount_out_of_bounds",
            Some("amount"),
        ),
        (
            r#"{"amount":"99999999999999999999"}"#,
            400,
            "invalid_value",
            Some("amount"),
        ),
        (
            r#"{"amount":"5","currency":"eur"}"#,
            400,
            "unsupported_currency",
            Some("currency"),
        ),
        (
            r#"{"amount":"5","currency":"swan"}"#,
            400,
            "unsupported_currency",
            Some("currency"),
        ),
        (
            r#"{"amount":"5","pay_by":"cash"}"#,
            400,
            "invalid_value",
            Some("pay_by"),
        ),
        (
            r#"{"amount":"5","ammount":"5"}"#,
            400,
            "unknown_field",
            Some("ammount"),
        ),
    ] {
        let answer = till.market.post("/v1/topups", body).send().await;
        assert_eq!(
            (answer.status, answer.error_code().as_str()),
            (status, code),
            "{body}"
        );
        assert_eq!(answer.json()["error"]["param"].as_str(), param, "{body}");
    }
    assert_eq!((till.stub.calls(), till.funds().0.as_str()), (0, "5"));
}

#[tokio::test]
async fn an_account_orders_so_much_and_an_administrator_nothing() {
    let till = Till::open().await;
    let admin = till.market.post("/v1/topups", r#"{"amount":"5"}"#);
    let admin = admin.header("authorization", &format!("Bearer {}", till.admin));
    assert_eq!(admin.send().await.status, 403);
    for _ in 0..20 {
        till.order("1").await;
    }
    let many = till
        .market
        .post("/v1/topups", r#"{"amount":"5"}"#)
        .send()
        .await;
    assert_eq!(
        (many.status, many.error_code().as_str()),
        (429, "too_many_open_topups")
    );
}

#[tokio::test]
async fn orders_are_listed_for_their_owner_alone() {
    let till = Till::open().await;
    let mut ids = Vec::new();
    for usd in ["1", "2", "3"] {
        till.clock.advance(Duration::from_millis(5));
        ids.insert(0, till.order(usd).await.0);
    }
    let other = KeyKind::Consumer(AccountId::from_u128(5));
    let other = till.market.issue(other, 5).await;
    let get = async |path: String, key: &str| {
        let call = Call::get(till.market.address, &path);
        call.header("authorization", &format!("Bearer {key}"))
            .send()
            .await
    };
    let listed = |list: &serde_json::Value| -> Vec<String> {
        let data = list["data"].as_array().unwrap().iter();
        data.map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let key = &till.market.key;
    let first = get("/v1/topups?limit=2".into(), key).await.json();
    assert_eq!(
        (listed(&first), &first["has_more"]),
        (ids[..2].to_vec(), &json!(true))
    );
    let rest = get(format!("/v1/topups?limit=2&before={}", ids[1]), key)
        .await
        .json();
    assert_eq!(
        (listed(&rest), &rest["has_more"]),
        (ids[2..].to_vec(), &json!(false))
    );
    assert!(listed(&get("/v1/topups".into(), &other).await.json()).is_empty());
    let foreign = get(format!("/v1/topups/{}", ids[0]), &other).await;
    assert_eq!(
        (foreign.status, foreign.error_code().as_str()),
        (404, "topup_not_found")
    );
    for path in [
        format!("/v1/topups?before={}", ids[0]),
        "/v1/topups?limit=0".into(),
    ] {
        assert_eq!(get(path, &other).await.error_code(), "invalid_value");
    }
}

#[tokio::test]
async fn an_order_that_nobody_pays_ends_and_one_whose_notice_is_lost_is_found() {
    let till = Till::open().await;
    let (unpaid, _) = till.order("2").await;
    let (_, session) = till.order("8").await;
    till.stub.pay(&session);
    till.comes_to(Duration::from_secs(130), "13").await;
    until(|| till.count(PaymentNews::Paid) == 1).await;
    assert_eq!(till.shown(&unpaid).await["state"], "open");
    till.clock.advance(Duration::from_secs(24 * 3_600));
    let mut state = String::new();
    while state != "expired" {
        tokio::task::yield_now().await;
        state = till.shown(&unpaid).await["state"]
            .as_str()
            .unwrap()
            .to_owned();
    }
    assert_eq!(till.funds().0, "13");
}

#[tokio::test]
async fn an_order_whose_hub_died_before_the_answer_is_placed_once() {
    let (store, stub) = (Arc::new(MemoryStore::new()), Stub::start().await);
    let till = Till::over(store.clone(), stub.clone(), |builder| builder).await;
    stub.break_next([Fault::Lies]);
    let lost = till
        .market
        .post("/v1/topups", r#"{"amount":"6"}"#)
        .send()
        .await;
    assert_eq!(lost.status, 503);
    let before = stub.calls();
    till.clock.advance(Duration::from_secs(900));
    // Placed again with the same key, and looked at.
    until(|| stub.calls() >= before + 2).await;
    assert_eq!(stub.sessions(), 1);
    stub.pay("cs_1");
    till.comes_to(Duration::from_secs(7_200), "11").await;
}

#[tokio::test]
async fn a_hub_without_a_processor_says_so() {
    let market = Market::start().await;
    let answer = market.post("/v1/topups", r#"{"amount":"5"}"#).send().await;
    assert_eq!(
        (answer.status, answer.error_code().as_str()),
        (404, "payments_not_configured")
    );
    let hook = Call::post(market.address, "/webhooks/stripe")
        .body("{}")
        .send()
        .await;
    assert_eq!(hook.status, 404);
}
