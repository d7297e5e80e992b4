//! Webhooks: whom the hub believes, and what it makes of what it is told.

use std::time::Duration;

use serde_json::json;
use swan_hub::payments::PaymentNews;

use super::super::http::Call;
use super::super::{ask, until};
use super::stub::sign;
use super::{SECRET, Till};

#[tokio::test]
async fn only_what_the_processor_has_signed_lately_is_believed() {
    let till = Till::open().await;
    let (_, session) = till.order("20").await;
    let payment = till.stub.pay(&session);
    let body = till.stub.event("payment_intent.succeeded", &payment);
    let now = till.now_secs();
    let calls = till.stub.calls();
    for (signature, words) in [
        (String::new(), "missing or malformed"),
        (sign("whsec_other", now, &body), "no signature fits"),
        (sign(SECRET, now, "{}"), "no signature fits"),
        (sign(SECRET, now - 301, &body), "more than 300 s"),
        (sign(SECRET, now + 301, &body), "more than 300 s"),
    ] {
        let answer = till.signed(&body, &signature).send().await;
        assert_eq!(
            (answer.status, answer.error_code().as_str()),
            (401, "invalid_signature")
        );
        assert!(answer.text().contains(words), "{}", answer.text());
    }
    let large = " ".repeat(256 * 1_024 + 1);
    let answer = till.signed(&large, &sign(SECRET, now, &large)).send().await;
    assert_eq!(answer.status, 413);
    let path = Call::post(till.market.address, "/webhooks/paypal")
        .body("{}")
        .send()
        .await;
    assert_eq!(
        (path.status, path.error_code().as_str()),
        (404, "processor_not_found")
    );
    let odd = "[1]";
    let answer = till.signed(odd, &sign(SECRET, now, odd)).send().await;
    assert_eq!(answer.status, 401);
    assert_eq!((till.funds().0.as_str(), till.stub.calls()), ("5", calls));
    // The secret of before the change is as good.
    let answer = till
        .signed(&body, &sign("whsec_old", now, &body))
        .send()
        .await;
    assert_eq!((answer.status, till.funds().0.as_str()), (200, "25"));
}

#[tokio::test]
async fn what_does_not_concern_the_books_is_ignored_and_what_nobody_ordered_is_told() {
    let till = Till::open().await;
    let event = json!({"id": "evt_x", "type": "customer.created", "data": {"object": {"id": "cus_1", "object": "customer"}}});
    assert_eq!(till.tell(&event.to_string()).await, "ignored");
    let by_hand = till.stub.by_hand(&json!({}));
    let foreign = till
        .stub
        .by_hand(&json!({"swan_topup": "top-000000000000000000000000000000ff"}));
    for payment in [&by_hand, &foreign] {
        let event = till.stub.event("payment_intent.succeeded", payment);
        assert_eq!(till.tell(&event).await, "unmatched");
    }
    assert_eq!(
        (till.funds().0.as_str(), till.count(PaymentNews::Unmatched)),
        ("5", 2)
    );
}

#[tokio::test]
async fn a_payment_that_is_not_what_was_ordered_credits_nobody() {
    let till = Till::open().await;
    for (member, value) in [("amount", json!(1_999)), ("currency", json!("eur"))] {
        let (id, session) = till.order("20").await;
        let payment = till.stub.pay(&session);
        till.stub.change(&payment, member, value.clone());
        if member == "amount" {
            till.stub.change(&payment, "amount_received", value);
        }
        let event = till.stub.event("payment_intent.succeeded", &payment);
        for _ in 0..2 {
            assert_eq!(till.tell(&event).await, "exists");
        }
        assert_eq!(till.shown(&id).await["state"], "open");
    }
    // The processor's books are right, and the notice is not what they say.
    let (_, session) = till.order("20").await;
    let payment = till.stub.pay(&session);
    let event = till.stub.event("payment_intent.succeeded", &payment);
    till.tell(&event.replace("\"amount_received\":2000", "\"amount_received\":9000"))
        .await;
    assert_eq!(
        (till.funds().0.as_str(), till.count(PaymentNews::Mismatched)),
        ("5", 3)
    );
    assert_eq!(till.tell(&event).await, "booked");
    // Another payment that names an order that was paid already.
    let copied: serde_json::Value = serde_json::from_str(&event).unwrap();
    let second = till.stub.by_hand(&copied["data"]["object"]["metadata"]);
    till.tell(&till.stub.event("payment_intent.succeeded", &second))
        .await;
    assert_eq!(till.funds().0, "25");
}

#[tokio::test]
async fn refunds_and_disputes_that_come_before_the_payment_lose_nothing() {
    let till = Till::open().await;
    let (id, session) = till.order("20").await;
    let payment = till.stub.pay(&session);
    let refund = till.stub.refund(&payment, 500);
    let paid = till.stub.event("payment_intent.succeeded", &payment);
    let refunded = till.stub.event("refund.created", &refund);
    assert_eq!(till.tell(&refunded).await, "booked");
    assert_eq!(till.funds().0, "20");
    assert_eq!(till.tell(&paid).await, "exists");
    till.stub.set_refund(&refund, "failed");
    let failed = till.stub.event("refund.failed", &refund);
    assert_eq!(till.tell(&failed).await, "booked");
    assert_eq!(till.tell(&refunded).await, "exists");
    assert_eq!(till.funds().0, "25");
    let rules: Vec<_> = till.shown(&id).await["moved"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["rule"].clone())
        .collect();
    assert_eq!(rules, ["topup", "reversal", "reversal_returned"]);
}

#[tokio::test]
async fn what_a_dispute_takes_and_was_spent_is_owed_and_the_account_frozen() {
    let till = Till::open().await;
    let (id, payment) = till.paid("20").await;
    let running = till.hold("22").unwrap();
    let dispute = till.stub.dispute(&payment, 2_000);
    assert_eq!(
        till.tell(&till.stub.event("charge.dispute.created", &dispute))
            .await,
        "booked"
    );
    assert_eq!(till.funds(), ("0".into(), "17".into()));
    assert_eq!(till.count(PaymentNews::Frozen), 1);
    let refused = till.market.chat(ask("")).send().await;
    assert_eq!(
        (refused.status, refused.error_code().as_str()),
        (402, "account_frozen")
    );
    let order = till
        .market
        .post("/v1/topups", r#"{"amount":"5"}"#)
        .send()
        .await;
    assert_eq!(
        (order.status, order.error_code().as_str()),
        (402, "account_frozen")
    );
    running.release("over");
    assert_eq!(
        till.funds(),
        ("5".into(), "0".into()),
        "what is given back makes good what is owed"
    );
    let _other = till.hold("5").unwrap();
    assert_eq!(till.shown(&id).await["disputed"], true);
    till.stub.set_dispute(&dispute, "won");
    assert_eq!(
        till.tell(&till.stub.event("charge.dispute.closed", &dispute))
            .await,
        "booked"
    );
    assert_eq!(till.funds(), ("20".into(), "0".into()));
    assert_eq!(till.shown(&id).await["disputed"], false);
}

#[tokio::test]
async fn a_processor_that_does_not_answer_is_told_of_again() {
    let till = Till::open().await;
    let (_, session) = till.order("20").await;
    let payment = till.stub.pay(&session);
    let event = till.stub.event("payment_intent.succeeded", &payment);
    // What is not there cannot be looked up: Stripe sends the event again after a 503.
    till.stub.change(&payment, "id", json!("no such name!"));
    till.stub.change(&payment, "currency", json!(7));
    let answer = till
        .signed(&event, &sign(SECRET, till.now_secs(), &event))
        .send()
        .await;
    assert_eq!(
        (answer.status, answer.error_code().as_str()),
        (503, "payments_unavailable")
    );
    till.stub.change(&payment, "id", json!(payment));
    till.stub.change(&payment, "currency", json!("usd"));
    till.clock.advance(Duration::from_secs(3_600));
    until(|| till.funds().0 == "25").await;
    assert_eq!(till.tell(&event).await, "exists");
}
