//! A hub that dies in the middle of a payment, at each step of it: another goes on, and whatever the processor's books say is booked once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use swan_core::{Amount, Currency, TransferId};
use swan_hub::payments::{RefundStage, Topup};
use swan_hub::store::Pool;

use super::super::stub::Stub;
use super::{Till, check, know, node, till};
use crate::gateway::nodes_payouts_broken_off::Dying;
use crate::gateway::within;
use crate::postgres::server::Server;

/// At which booking it dies, before that or afterwards: that $20 were paid, that $5 of them go back, and that they have not arrived.
const STEPS: [(i64, bool); 6] = [
    (1, false),
    (1, true),
    (2, false),
    (2, true),
    (3, false),
    (3, true),
];

struct Scene {
    url: String,
    stub: Stub,
    heir: Till,
}

impl Scene {
    /// Answers the order and its payment.
    async fn dies(&self, step: usize) -> (String, String) {
        let (left, is_done) = STEPS[step];
        let store = node(&self.url, &format!("victim-{step}")).await;
        let dying = Dying::new(store.shared_funds().unwrap(), left, is_done);
        let victim = till(store, Arc::clone(&dying) as Arc<dyn Pool>, &self.stub).await;
        let (id, session) = victim.order("20").await;
        let payment = self.stub.pay(&session);
        let event = self.stub.event("payment_intent.succeeded", &payment);
        let lives = async {
            victim.tell(&event).await;
            let number = TransferId::from_u128(500 + step as u128).to_string();
            let asked = json!({"amount": "5", "id": number});
            let refund = victim.refund(&id, asked).await.json();
            let refund = refund["object"].as_str().unwrap().to_owned();
            self.stub.set_refund(&refund, "failed");
            let event = self.stub.event("refund.failed", &refund);
            victim.tell(&event).await
        };
        tokio::select! {
            told = within(lives) => panic!("it lives: {told:?}"),
            () = within(dying.died.notified()) => {}
        }
        (id, payment)
    }

    async fn order(&self, id: &str) -> Topup {
        let topups = self.heir.market.hub.store().topups();
        let record = topups.topup(id.parse().unwrap()).await.unwrap();
        Topup::read(&record.unwrap()).unwrap()
    }
}

fn usd(cents: u64) -> Amount {
    Amount::from_pico(i128::from(cents) * 10_000_000_000).unwrap()
}

#[tokio::test]
async fn wherever_a_hub_dies_a_payment_is_booked_once_and_nothing_is_lost() {
    let url = Server::shared().await.database().await;
    let stub = Stub::start().await;
    let store = node(&url, "heir").await;
    let pool = store.shared_funds().unwrap();
    let heir = till(store, pool, &stub).await;
    let scene = Scene { url, stub, heir };
    let mut died = Vec::new();
    for step in 0..STEPS.len() {
        died.push(scene.dies(step).await);
    }
    know(&scene.heir.market).await;
    // Nobody is told again: the other asks by itself, once the dead one's claim is over.
    let begun = Instant::now();
    for (step, (id, payment)) in died.iter().enumerate() {
        loop {
            let order = scene.order(id).await;
            let refunds = order.refunds.iter();
            let is_over = refunds.clone().all(|one| one.stage != RefundStage::Begun);
            let gone = usd(scene.stub.refunded(payment));
            if order.state.as_str() == "paid" && is_over && order.gone_back() == gone {
                // Taken, and back again.
                let moved = [1, 1, 2, 2, 3, 3][step];
                assert!(order.moved.len() >= moved, "{step}: {order:?}");
                break;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "{step}: {order:?}"
            );
            scene.heir.clock.advance(Duration::from_secs(400));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    // What each market begins with, and what was paid and has not gone back.
    let gone: u64 = died
        .iter()
        .map(|(_, payment)| scene.stub.refunded(payment))
        .sum();
    let steps = STEPS.len() as u64;
    let expected = usd((steps + 1) * 500 + steps * 2_000 - gone);
    let (books, account) = (scene.heir.market.hub.books(), scene.heir.market.account);
    let has = books.balance_everywhere(account, Currency::Usd).await;
    assert_eq!(has.unwrap().posted(), expected);
    check(&scene.url).await;
}
