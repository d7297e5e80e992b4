//! Both hubs work on the same order at once: whoever is overtaken looks anew, and what the processor's books say is booked once.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{Value, json};
use swan_core::{Amount, TopupId, TransferId};
use swan_hub::payments::{PaymentNews, Topup};

use super::super::stub::Fault;
use super::{Tills, check};

impl Tills {
    /// The order as it is kept.
    async fn order(&self, id: &str) -> Topup {
        let id: TopupId = id.parse().unwrap();
        let topups = self.all[0].market.hub.store().topups();
        Topup::read(&topups.topup(id).await.unwrap().unwrap()).unwrap()
    }

    /// What an account has is what the processor's books say of these payments, whatever was noted about it.
    async fn agree(&self, orders: &[(String, String)], spent: &str) {
        let gone = |(_, payment): &(String, String)| {
            self.stub.refunded(payment) + self.stub.disputed(payment)
        };
        let gone: u64 = orders.iter().map(gone).sum();
        let cents = orders.len() as u64 * 2_000 - gone;
        let has = Amount::from_pico(i128::from(cents) * 10_000_000_000).unwrap();
        let has = has.checked_sub(spent.parse().unwrap()).unwrap();
        self.have(&has.to_string()).await;
        for (id, payment) in orders {
            let gone = self.stub.refunded(payment) + self.stub.disputed(payment);
            let gone = Amount::from_pico(i128::from(gone) * 10_000_000_000).unwrap();
            let order = self.order(id).await;
            assert_eq!(order.gone_back(), gone, "{order:?}");
            assert_eq!(order.problem, None);
        }
        check(&self.url).await;
    }

    /// Lets time pass until every order says of itself what the processor says of it.
    async fn come_to(&self, orders: &[(String, String)]) {
        let begun = Instant::now();
        for (id, payment) in orders {
            let gone = self.stub.refunded(payment) + self.stub.disputed(payment);
            let gone = Amount::from_pico(i128::from(gone) * 10_000_000_000).unwrap();
            while self.order(id).await.gone_back() != gone {
                let order = self.order(id).await;
                assert!(begun.elapsed() < Duration::from_secs(20), "{order:?}");
                for till in &self.all {
                    till.clock.advance(Duration::from_secs(400));
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    async fn refund(&self, at: usize, id: &str, body: &Value) -> Value {
        let begun = Instant::now();
        loop {
            let answer = self.all[at].refund(id, body.clone()).await;
            match answer.status {
                503 => assert!(begun.elapsed() < Duration::from_secs(10)),
                _ => return answer.json(),
            }
        }
    }
}

fn number(number: u128) -> String {
    TransferId::from_u128(number).to_string()
}

#[tokio::test]
async fn notices_at_both_hubs_at_once_in_any_order_credit_once() {
    let tills = Tills::open().await;
    let mut orders = Vec::new();
    for round in 0..8 {
        let (id, session) = tills.all[round % 2].order("20").await;
        let payment = tills.stub.pay(&session);
        let done = tills.stub.event("checkout.session.completed", &session);
        let paid = tills.stub.event("payment_intent.succeeded", &payment);
        let told = (0..8).map(|n| {
            tills.tell(
                n % 2,
                if (n + round) / 2 % 2 == 0 {
                    &done
                } else {
                    &paid
                },
            )
        });
        join_all(told).await;
        let order = tills.order(&id).await;
        assert_eq!((order.moved.len(), order.state.as_str()), (1, "paid"));
        orders.push((id, payment));
    }
    assert_eq!(tills.count(PaymentNews::Paid), 8);
    tills.agree(&orders, "0").await;
}

#[tokio::test]
async fn a_refund_at_one_hub_while_the_other_hears_of_a_dispute() {
    let tills = Tills::open().await;
    let mut orders = Vec::new();
    for round in 0..12 {
        let (id, payment) = tills.all[0].paid("20").await;
        let dispute = tills.stub.dispute(&payment, 1_500);
        let event = tills.stub.event("charge.dispute.created", &dispute);
        let body = json!({"amount": "5", "id": number(round)});
        let (refund, ()) = tokio::join!(tills.refund(0, &id, &body), tills.tell(1, &event));
        assert_eq!(refund["state"], "succeeded", "{refund}");
        let order = tills.order(&id).await;
        assert_eq!(order.moved.len(), 3, "{order:?}");
        orders.push((id, payment));
    }
    assert_eq!(tills.count(PaymentNews::Refunded), 12);
    assert_eq!(tills.count(PaymentNews::Reversed), 12);
    tills.agree(&orders, "0").await;
}

#[tokio::test]
async fn refunds_begun_at_both_hubs_at_once_are_never_more_than_was_paid() {
    let tills = Tills::open().await;
    let mut orders = Vec::new();
    for round in 0..4_u128 {
        let (id, payment) = tills.all[0].paid("20").await;
        // The same one twice, and another that is too much beside it.
        let same = json!({"amount": "15", "id": number(2 * round)});
        let other = json!({"amount": "15", "id": number(2 * round + 1)});
        let (one, two, three) = tokio::join!(
            tills.refund(0, &id, &same),
            tills.refund(1, &id, &same),
            tills.refund(1, &id, &other),
        );
        let done = [&one, &two, &three].map(|refund| refund["state"] == "succeeded");
        assert!(
            done == [true, true, false] || done == [false, false, true],
            "{one} {two} {three}"
        );
        assert_eq!(tills.stub.refunded(&payment), 1_500);
        orders.push((id, payment));
    }
    assert_eq!(tills.count(PaymentNews::Refunded), 4);
    tills.agree(&orders, "0").await;
}

/// Of two that send the same refund one is refused for good, and the other is not.
#[tokio::test]
async fn a_refund_that_one_hub_gives_up_and_the_other_sends_is_booked_as_the_processor_says() {
    let tills = Tills::open().await;
    let mut orders = Vec::new();
    for round in 0..6 {
        let (id, payment) = tills.all[0].paid("20").await;
        tills.stub.break_next([Fault::Refuses]);
        let body = json!({"amount": "5", "id": number(round)});
        tokio::join!(tills.refund(0, &id, &body), tills.refund(1, &id, &body));
        tills.stub.heal();
        orders.push((id, payment));
    }
    tills.come_to(&orders).await;
    tills.agree(&orders, "0").await;
}

#[tokio::test]
async fn an_order_that_is_due_is_asked_about_by_one_hub() {
    let tills = Tills::open().await;
    let (id, _) = tills.all[0].order("20").await;
    let before = tills.stub.calls();
    for round in 1..=8 {
        for till in &tills.all {
            till.clock.advance(Duration::from_secs(4_000));
        }
        let begun = Instant::now();
        while tills.stub.calls() < before + round || tills.looks(&id).await < round {
            assert!(begun.elapsed() < Duration::from_secs(10));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(tills.stub.calls(), before + round);
    }
}

impl Tills {
    async fn looks(&self, id: &str) -> u32 {
        let topups = self.all[0].market.hub.store().topups();
        let record = topups.topup(id.parse().unwrap()).await.unwrap().unwrap();
        let body: Value = serde_json::from_str(&record.body).unwrap();
        u32::try_from(body["looks"].as_u64().unwrap()).unwrap()
    }
}
