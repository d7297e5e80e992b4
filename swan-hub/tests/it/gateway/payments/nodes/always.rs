//! Whatever happens to payments at two hubs at once, and whatever the processor does, the books say in the end what its books say.

use std::time::Duration;

use futures::future::join_all;
use parking_lot::Mutex;
use serde_json::{Value, json};
use swan_core::{Amount, Currency, TransferId};
use swan_hub::ledger::LedgerError;

use super::super::sign;
use super::super::stub::Fault;
use super::{SECRET, Tills, check};

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

/// What somebody does at one of the hubs.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// An administrator begins a refund with this number, or sends it once more.
    Refund(u64),
    /// A notice of before is delivered.
    Deliver(u64),
    Spend(u64),
}

/// An order of $20, and what was begun at the processor.
struct Order {
    id: String,
    payment: String,
    dispute: Option<String>,
    refund: Option<String>,
}

struct Course {
    tills: Tills,
    dice: Dice,
    orders: Vec<Order>,
    notices: Vec<String>,
    spent: Mutex<u64>,
}

fn usd(cents: i128) -> Amount {
    Amount::from_pico(cents * 10_000_000_000).unwrap()
}

impl Course {
    async fn begin(seed: u64) -> Self {
        let tills = Tills::open().await;
        let dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let mut course = Self {
            tills,
            dice,
            orders: Vec::new(),
            notices: Vec::new(),
            spent: Mutex::default(),
        };
        for at in 0..2 {
            let stub = &course.tills.stub;
            let (id, session) = course.tills.all[at].order("20").await;
            let payment = stub.pay(&session);
            let paid = stub.event("payment_intent.succeeded", &payment);
            let done = stub.event("checkout.session.completed", &session);
            course.notices.extend([paid, done]);
            course.orders.push(Order {
                id,
                payment,
                dispute: None,
                refund: None,
            });
        }
        course
    }

    fn pick(&mut self, n: usize) -> usize {
        usize::try_from(self.dice.below(n as u64)).unwrap()
    }

    /// What happens at the processor. All of it together is never more than an order.
    fn processor(&mut self) {
        let (which, what) = (self.pick(2), self.dice.below(6));
        let (stub, order) = (&self.tills.stub, &mut self.orders[which]);
        match (what, &order.dispute, &order.refund) {
            (0, None, _) => {
                let dispute = stub.dispute(&order.payment, 700);
                self.notices
                    .push(stub.event("charge.dispute.created", &dispute));
                order.dispute = Some(dispute);
            }
            (1, Some(dispute), _) => {
                stub.set_dispute(dispute, "won");
                self.notices
                    .push(stub.event("charge.dispute.closed", dispute));
            }
            (2, _, None) => {
                let refund = stub.refund(&order.payment, 400);
                self.notices.push(stub.event("refund.created", &refund));
                order.refund = Some(refund);
            }
            (3, ..) => {
                let all = stub.refund_ids();
                if !all.is_empty() {
                    let refund = &all[usize::try_from(self.dice.below(all.len() as u64)).unwrap()];
                    stub.set_refund(refund, "failed");
                    self.notices.push(stub.event("refund.failed", refund));
                }
            }
            (4, ..) => {
                let fault = [Fault::Fails, Fault::Lies, Fault::Refuses];
                stub.break_next([fault[usize::try_from(self.dice.below(3)).unwrap()]]);
            }
            _ => {}
        }
    }

    fn deed(&mut self) -> Deed {
        match self.dice.below(8) {
            0..3 => Deed::Refund(self.dice.below(6)),
            3..7 => Deed::Deliver(self.dice.below(1_000)),
            _ => Deed::Spend(self.dice.below(12) + 1),
        }
    }

    async fn act(&self, at: usize, deed: Deed) {
        let till = &self.tills.all[at];
        match deed {
            // Three of each order, of $3.
            Deed::Refund(number) => {
                let order = &self.orders[usize::try_from(number % 2).unwrap()];
                let id = TransferId::from_u128(u128::from(number) + 1).to_string();
                let asked = json!({"amount": "3", "id": id});
                let answer = till.refund(&order.id, asked).await;
                let code = if answer.status == 201 {
                    String::new()
                } else {
                    answer.error_code()
                };
                let codes = [
                    "",
                    "topup_not_paid",
                    "topup_busy",
                    "refund_beyond_funds",
                    "payments_unavailable",
                ];
                assert!(codes.contains(&code.as_str()), "{answer:?}");
            }
            Deed::Deliver(any) => {
                let any = usize::try_from(any).unwrap() % self.notices.len();
                let event = &self.notices[any];
                let signature = sign(SECRET, till.now_secs(), event);
                let status = till.signed(event, &signature).send().await.status;
                assert!([200, 503].contains(&status), "{status}");
            }
            Deed::Spend(dollars) => match self.tills.hold(at, &dollars.to_string()).await {
                Ok(held) => {
                    let mut charge = crate::ledger::charge(usd(i128::from(dollars) * 100).pico());
                    charge.usd = None;
                    held.settle(charge).unwrap().durable().await.unwrap();
                    *self.spent.lock() += dollars * 100;
                }
                Err(LedgerError::InsufficientFunds { .. } | LedgerError::Frozen) => {}
                Err(error) => panic!("{error}"),
            },
        }
    }

    /// What both hubs say of the account: what it has less what it owes.
    async fn found(&self) -> [(Amount, Amount); 2] {
        let mut found = [(Amount::ZERO, Amount::ZERO); 2];
        for (till, found) in self.tills.all.iter().zip(&mut found) {
            let (books, account) = (till.market.hub.books(), till.market.account);
            let has = books.balance_everywhere(account, Currency::Usd).await;
            *found = (
                has.unwrap().posted(),
                books.shortfall(account, Currency::Usd),
            );
        }
        found
    }

    /// Every notice that was not delivered is lost for good; the hubs ask by themselves.
    async fn ends(self, seed: u64) {
        self.tills.stub.heal();
        let (mut found, mut expected) = (self.found().await, (Amount::ZERO, Amount::ZERO));
        for _ in 0..60 {
            for till in &self.tills.all {
                till.clock
                    .advance(Duration::from_secs(31 * 24 * 3_600 / 40));
            }
            for _ in 0..40 {
                // Refunds that were begun go on meanwhile.
                let stub = &self.tills.stub;
                let gone =
                    |order: &Order| stub.refunded(&order.payment) + stub.disputed(&order.payment);
                let gone: u64 = self.orders.iter().map(gone).sum();
                let left = 4_000 - i128::from(gone + *self.spent.lock());
                expected = (usd(left.max(0)), usd((-left).max(0)));
                found = self.found().await;
                if found == [expected; 2] {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        let mut orders: Vec<Value> = Vec::new();
        for order in &self.orders {
            orders.push(self.tills.all[0].shown(&order.id).await);
        }
        assert_eq!(found, [expected; 2], "seed {seed}: {orders:#?}");
        check(&self.tills.url).await;
    }
}

#[tokio::test]
async fn two_hubs_at_once_come_to_what_the_processor_says_whatever_goes_wrong() {
    for seed in 1..=3 {
        let mut course = Course::begin(seed).await;
        for _ in 0..14 {
            course.processor();
            let deeds = 1 + course.pick(3);
            let deeds: Vec<_> = (0..deeds)
                .map(|_| (course.pick(2), course.deed()))
                .collect();
            let course = &course;
            join_all(deeds.into_iter().map(|(at, deed)| course.act(at, deed))).await;
            for till in &course.tills.all {
                till.clock.advance(Duration::from_secs(200));
            }
        }
        course.ends(seed).await;
    }
}
