//! Refunds by administrators: bounded by what was paid and what is there, done once, and back on the account when they fail.

use std::time::Duration;

use serde_json::json;
use swan_core::TransferId;
use swan_hub::payments::PaymentNews;

use super::Till;
use super::stub::Fault;

#[tokio::test]
async fn a_refund_is_bounded_by_what_was_paid_and_what_is_there() {
    let till = Till::open().await;
    let (open, _) = till.order("20").await;
    let unpaid = till.refund(&open, json!({"amount": "1"})).await;
    assert_eq!(
        (unpaid.status, unpaid.error_code().as_str()),
        (409, "topup_not_paid")
    );
    let (id, _) = till.paid("20").await;
    let refused = async |body, code: &str| {
        let answer = till.refund(&id, body).await;
        assert_eq!((answer.status, answer.error_code().as_str()), (409, code));
    };
    refused(json!({"amount": "20.01"}), "refund_beyond_payment").await;
    let part = till.refund(&id, json!({"amount": "12.5"})).await;
    assert_eq!(
        (part.status, &part.json()["state"]),
        (201, &json!("succeeded"))
    );
    refused(json!({"amount": "7.51"}), "refund_beyond_payment").await;
    assert_eq!(till.funds().0, "12.5");
    // Of what is there and what was granted, $10 are on hold for a request.
    let running = till.hold("10").unwrap();
    refused(json!({"amount": "7.5"}), "refund_beyond_funds").await;
    for body in [
        json!({"amount": "0"}),
        json!({"amount": "1.001"}),
        json!({"id": "x"}),
        json!({"to": "me"}),
    ] {
        assert_eq!(till.refund(&id, body).await.status, 400);
    }
    assert_eq!(till.refund("top-7", json!({})).await.status, 404);
    assert_eq!((till.stub.refunds(), till.funds().0.as_str()), (1, "2.5"));
    drop(running);
}

#[tokio::test]
async fn a_refund_that_is_sent_twice_is_done_once() {
    let till = Till::open().await;
    let (id, _) = till.paid("20").await;
    let number = TransferId::from_u128(77).to_string();
    let body = json!({"id": number, "amount": "5"});
    // Taken, and the answer lost: it is carried on with by itself.
    till.stub.break_next([Fault::Lies]);
    let first = till.refund(&id, body.clone()).await;
    assert_eq!(
        (first.status, &first.json()["state"]),
        (201, &json!("begun"))
    );
    assert_eq!(till.funds().0, "20", "what is on its way cannot be spent");
    let again = till.refund(&id, body).await;
    assert_eq!(
        (again.status, &again.json()["state"]),
        (201, &json!("succeeded"))
    );
    assert_eq!((till.stub.refunds(), till.funds().0.as_str()), (1, "20"));
    let other = till.refund(&id, json!({"id": number, "amount": "6"})).await;
    assert_eq!(other.error_code(), "refund_conflict");
    // All that is left, without saying how much.
    let rest = till.refund(&id, json!({})).await;
    assert_eq!(rest.json()["amount"], "15");
    assert_eq!(till.count(PaymentNews::Refunded), 2);
    assert_eq!(
        till.refund(&id, json!({})).await.error_code(),
        "refund_beyond_payment"
    );
}

#[tokio::test]
async fn a_refund_is_looked_up_before_it_is_sent_again() {
    let till = Till::open().await;
    let (id, _) = till.paid("20").await;
    let body = json!({"id": TransferId::from_u128(77).to_string(), "amount": "5"});
    till.stub.break_next([Fault::Lies]);
    let first = till.refund(&id, body.clone()).await;
    assert_eq!(first.json()["state"], "begun");
    till.stub.forget_keys();
    let again = till.refund(&id, body).await;
    assert_eq!(again.json()["state"], "succeeded");
    assert_eq!((till.stub.refunds(), till.funds().0.as_str()), (1, "20"));
}

#[tokio::test]
async fn a_lost_refund_is_carried_on_with() {
    let till = Till::open().await;
    let (id, _) = till.paid("20").await;
    till.stub.break_next([Fault::Fails]);
    let begun = till.refund(&id, json!({"amount": "5"})).await;
    assert_eq!(begun.json()["state"], "begun");
    assert_eq!(till.stub.refunds(), 0);
    till.clock.advance(Duration::from_secs(400));
    super::until(|| till.stub.refunds() == 1).await;
    assert_eq!(till.funds().0, "20");
}

#[tokio::test]
async fn a_refund_that_fails_comes_back() {
    let till = Till::open().await;
    let (id, _) = till.paid("20").await;
    till.stub.refunds_are("pending");
    let begun = till.refund(&id, json!({"amount": "5"})).await;
    assert_eq!(
        (&begun.json()["state"], till.funds().0.as_str()),
        (&json!("pending"), "20")
    );
    let refund = till.stub.refund_ids().remove(0);
    till.stub.set_refund(&refund, "failed");
    // Without a notice: it is asked about.
    till.comes_to(Duration::from_secs(400), "25").await;
    let event = till.stub.event("refund.failed", &refund);
    assert_eq!(till.tell(&event).await, "exists");
    assert_eq!(till.shown(&id).await["refunds"][0]["state"], "failed");
    assert_eq!(till.shown(&id).await["gone_back"], "0");
    // Refused at once: nothing is on its way.
    till.stub.break_next([Fault::Refuses]);
    let refused = till.refund(&id, json!({"amount": "5"})).await.json();
    assert_eq!(refused["state"], "failed");
    let why = refused["why"].as_str().unwrap();
    assert!(
        why.contains("charge_disputed") && !why.contains("sk_test"),
        "{why}"
    );
    assert_eq!(
        (
            till.funds().0.as_str(),
            till.count(PaymentNews::RefundFailed)
        ),
        ("25", 2)
    );
}
