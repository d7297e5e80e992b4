//! Whatever happens to a payment, and however its notices come, the books say in the end what happened.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use swan_core::{Amount, Currency};

use super::Till;

/// One thing that happens to a payment of $20.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Begun at the processor.
    Refund(u64),
    RefundFails,
    /// Begun by an administrator.
    Own(u64),
    OwnFails,
    Dispute,
    DisputeEnds(bool),
    Spend(u8),
    /// A notice of before is delivered: the first, the last, or any.
    Deliver(usize),
    TimePasses(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (1_u64..600).prop_map(Step::Refund),
        1 => Just(Step::RefundFails),
        2 => (1_u64..600).prop_map(Step::Own),
        1 => Just(Step::OwnFails),
        1 => Just(Step::Dispute),
        1 => any::<bool>().prop_map(Step::DisputeEnds),
        2 => (1_u8..12).prop_map(Step::Spend),
        6 => (0_usize..100).prop_map(Step::Deliver),
        2 => (1_u64..90_000).prop_map(Step::TimePasses),
    ]
}

/// What has happened, as the processor and the hub's answers say.
struct Course {
    till: Till,
    id: String,
    payment: String,
    notices: Vec<String>,
    refunds: Vec<(String, u64, bool)>,
    own: Vec<(String, u64, bool)>,
    dispute: Option<(String, u64, Option<bool>)>,
    spent: u64,
}

impl Course {
    async fn begin() -> Self {
        let till = Till::open().await;
        let (id, session) = till.order("20").await;
        let payment = till.stub.pay(&session);
        let notices = vec![
            till.stub.event("payment_intent.succeeded", &payment),
            till.stub.event("checkout.session.completed", &session),
        ];
        Self {
            till,
            id,
            payment,
            notices,
            refunds: Vec::new(),
            own: Vec::new(),
            dispute: None,
            spent: 0,
        }
    }

    /// What has left the payment, in cents.
    fn gone(&self) -> u64 {
        let refunds = self.refunds.iter().chain(&self.own);
        let refunds: u64 = refunds.filter(|one| !one.2).map(|one| one.1).sum();
        let dispute = self.dispute.as_ref().filter(|one| one.2 != Some(true));
        refunds + dispute.map_or(0, |one| one.1)
    }

    async fn step(&mut self, step: Step) {
        let stub = self.till.stub.clone();
        match step {
            Step::Refund(cents) if self.dispute.is_none() && self.gone() + cents <= 2_000 => {
                let id = stub.refund(&self.payment, cents);
                self.notices.push(stub.event("refund.created", &id));
                self.refunds.push((id, cents, false));
            }
            Step::RefundFails => {
                if let Some(one) = self.refunds.iter_mut().find(|one| !one.2) {
                    one.2 = true;
                    stub.set_refund(&one.0, "failed");
                    self.notices.push(stub.event("refund.failed", &one.0));
                }
            }
            Step::Own(cents) if self.dispute.is_none() && self.gone() + cents <= 2_000 => {
                let usd = Amount::from_pico(i128::from(cents) * 10_000_000_000).unwrap();
                let answer = self
                    .till
                    .refund(&self.id, json!({"amount": usd.to_string()}))
                    .await;
                if answer.status == 201 {
                    let id = stub.refund_ids().pop().unwrap();
                    self.notices.push(stub.event("refund.created", &id));
                    self.own.push((id, cents, false));
                }
            }
            Step::OwnFails => {
                if let Some(one) = self.own.iter_mut().find(|one| !one.2) {
                    one.2 = true;
                    stub.set_refund(&one.0, "failed");
                    self.notices.push(stub.event("refund.updated", &one.0));
                }
            }
            Step::Dispute if self.dispute.is_none() && self.gone() < 2_000 => {
                let cents = 2_000 - self.gone();
                let id = stub.dispute(&self.payment, cents);
                self.notices.push(stub.event("charge.dispute.created", &id));
                self.dispute = Some((id, cents, None));
            }
            Step::DisputeEnds(won) => {
                if let Some((id, _, ended @ None)) = &mut self.dispute {
                    *ended = Some(won);
                    stub.set_dispute(id, if won { "won" } else { "lost" });
                    self.notices.push(stub.event("charge.dispute.closed", id));
                }
            }
            Step::Spend(usd) => self.spend(u64::from(usd)).await,
            Step::Deliver(any) => {
                let notice = self.notices[any % self.notices.len()].clone();
                self.till.tell(&notice).await;
            }
            Step::TimePasses(secs) => self.till.clock.advance(Duration::from_secs(secs)),
            Step::Refund(_) | Step::Own(_) | Step::Dispute => {}
        }
    }

    async fn spend(&mut self, usd: u64) {
        let amount = Amount::from_units(i64::try_from(usd).unwrap()).unwrap();
        let held = self.till.hold(&amount.to_string());
        if let Ok(held) = held {
            let mut charge = crate::ledger::charge(amount.pico());
            charge.usd = None;
            held.settle(charge).unwrap().durable().await.unwrap();
            self.spent += usd * 100;
        }
    }

    /// Every notice that was not delivered is lost for good; the hub asks by itself.
    async fn ends(self) {
        let has = 500 + 2_000 - i64::try_from(self.gone() + self.spent).unwrap();
        let expected = (usd(has.max(0)), usd((-has).max(0)));
        let books = self.till.market.hub.books();
        let account = self.till.market.account;
        let found = || {
            let owed = books.shortfall(account, Currency::Usd);
            (self.till.market.available(), owed)
        };
        for _ in 0..40 {
            self.till
                .clock
                .advance(Duration::from_secs(31 * 24 * 3_600 / 40 + 1));
            for _ in 0..25 {
                if found() == expected {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        assert_eq!(found(), expected);
        assert_eq!(books.is_frozen(account), has < 0);
        assert_eq!(books.audit(), []);
    }
}

fn usd(cents: i64) -> Amount {
    Amount::from_pico(i128::from(cents) * 10_000_000_000).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_order_repetition_and_loss_of_notices_comes_to_the_same_books(
        steps in prop::collection::vec(step(), 0..14),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut course = Course::begin().await;
            for step in steps {
                course.step(step).await;
            }
            course.ends().await;
        });
    }
}
