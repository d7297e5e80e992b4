//! Whatever happens to collateral, no card gets more back than it paid less what was slashed, and the books balance.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use swan_core::Amount;

use super::pledge::{DAY, Pledge};

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
enum Step {
    Pay(u64),
    Grant(u64),
    Lock(u64),
    Unlock,
    /// Which row of the table, and what a fraud put at stake.
    Punish(usize, u64),
    Appeal,
    Decide(bool),
    AskBack(u64),
    Stay,
    RefundFails,
    Dispute(usize),
    DisputeEnds(bool),
    HoursPass(u64),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (100_u64..3_000).prop_map(Step::Pay),
        1 => (1_u64..3_000).prop_map(Step::Grant),
        1 => (1_u64..1_500).prop_map(Step::Lock),
        1 => Just(Step::Unlock),
        3 => (0_usize..3, 1_u64..2_000).prop_map(|(row, stake)| Step::Punish(row, stake)),
        1 => Just(Step::Appeal),
        1 => any::<bool>().prop_map(Step::Decide),
        3 => (1_u64..4_000).prop_map(Step::AskBack),
        1 => Just(Step::Stay),
        2 => Just(Step::RefundFails),
        1 => (0_usize..4).prop_map(Step::Dispute),
        1 => any::<bool>().prop_map(Step::DisputeEnds),
        6 => (1_u64..200).prop_map(Step::HoursPass),
        1 => Just(Step::Restart),
    ]
}

const JOB: &str = "018f0000-0000-7000-8000-000000000001";

/// What the processor knows.
struct Course {
    pledge: Pledge,
    /// Each payment, and how many cents it was of.
    paid: Vec<(String, u64)>,
    disputes: Vec<String>,
}

fn dollars(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

impl Course {
    /// What is refused is refused: only what happened counts.
    async fn step(&mut self, step: Step) {
        match step {
            Step::Pay(cents) => {
                let (_, payment) = self.pledge.paid(&dollars(cents)).await;
                self.paid.push((payment, cents));
            }
            Step::Grant(cents) => {
                let body = json!({"amount": dollars(cents)});
                let _answer = self.pledge.ordered("grants", body).await;
            }
            Step::Lock(cents) => {
                let body = json!({"job": JOB, "amount": dollars(cents)});
                let _answer = self.pledge.ordered("locks", body).await;
            }
            Step::Unlock => {
                let _answer = self.pledge.ordered("unlocks", json!({"job": JOB})).await;
            }
            Step::Punish(row, cents) => {
                let offence = ["second_failure", "third_failure", "fraud"][row];
                let mut body = json!({"offence": offence, "reason": "a course"});
                if offence == "fraud" {
                    body["stake"] = json!(dollars(cents));
                }
                let _answer = self.pledge.ordered("penalties", body).await;
            }
            Step::Appeal => {
                if let Some(case) = self.penalty("held").await {
                    let path = format!("penalties/{case}/appeal");
                    let _answer = self.pledge.own(&path, json!({"reason": "no"})).await;
                }
            }
            Step::Decide(upheld) => {
                if let Some(case) = self.penalty("appealed").await {
                    let path = format!("penalties/{case}/decision");
                    let decision = if upheld { "upheld" } else { "denied" };
                    let body = json!({"decision": decision, "reason": "so"});
                    let _answer = self.pledge.ordered(&path, body).await;
                }
            }
            Step::AskBack(cents) => {
                let free = self.pledge.pockets().await[0].parse::<Amount>().unwrap();
                let wanted = dollars(cents).parse::<Amount>().unwrap().min(free);
                let body = json!({"amount": wanted.to_string()});
                let _answer = self.pledge.own("withdrawals", body).await;
            }
            Step::Stay => {
                let bond = self.pledge.bond().await;
                if let Some(id) = bond["withdrawals"][0]["id"].as_str() {
                    let path = format!("withdrawals/{id}/cancel");
                    let _answer = self.pledge.own(&path, json!({})).await;
                }
            }
            other => self.pass(other).await,
        }
    }

    /// What the processor and time do.
    async fn pass(&mut self, step: Step) {
        let stub = self.pledge.till.stub.clone();
        match step {
            Step::RefundFails => {
                if let Some(id) = stub.refund_ids().pop() {
                    stub.set_refund(&id, "failed");
                    let event = stub.event("refund.failed", &id);
                    self.pledge.till.tell(&event).await;
                }
            }
            Step::Dispute(which) => self.dispute(which).await,
            Step::DisputeEnds(won) => {
                if let Some(id) = self.disputes.pop() {
                    stub.set_dispute(&id, if won { "won" } else { "lost" });
                    let event = stub.event("charge.dispute.closed", &id);
                    self.pledge.till.tell(&event).await;
                }
            }
            Step::HoursPass(hours) => {
                self.pledge
                    .till
                    .clock
                    .advance(Duration::from_secs(hours * 3_600));
            }
            _ => {}
        }
    }

    /// What the card has not had back is disputed, if it was not before.
    async fn dispute(&mut self, which: usize) {
        let stub = self.pledge.till.stub.clone();
        let Some((payment, cents)) = self.paid.get(which).cloned() else {
            return;
        };
        let gone: u64 = stub.refunded(&payment) + stub.disputed(&payment);
        if gone >= cents {
            return;
        }
        let id = stub.dispute(&payment, cents - gone);
        let event = stub.event("charge.dispute.created", &id);
        self.pledge.till.tell(&event).await;
        self.disputes.push(id);
    }

    async fn penalty(&self, state: &str) -> Option<String> {
        let bond = self.pledge.bond().await;
        let all = bond["penalties"].as_array()?.clone();
        let mut open = all.iter().filter(|one| one["state"] == state);
        Some(open.next()?["id"].as_str()?.to_owned())
    }

    /// Never more back than was paid, less what was slashed and taken back: of each card, and of all together.
    async fn holds(&self) {
        // What has left the books is sent afterwards, so what was sent is looked at first.
        let stub = &self.pledge.till.stub;
        let back: Vec<u64> = self
            .paid
            .iter()
            .map(|(one, _)| stub.refunded(one))
            .collect();
        let bond = self.pledge.bond().await;
        let sum = |name: &str| bond[name].as_str().unwrap().parse::<Amount>().unwrap();
        for ((payment, cents), back) in self.paid.iter().zip(&back) {
            let deposits = bond["deposits"].as_array().unwrap();
            let own = deposits
                .iter()
                .find(|one| one["reference"] == json!(payment));
            let left = own.unwrap()["left"].as_str().unwrap();
            let left: Amount = left.parse().unwrap();
            let back = dollars(*back).parse::<Amount>().unwrap();
            let paid = dollars(*cents).parse::<Amount>().unwrap();
            assert!(
                back.checked_add(left).unwrap() <= paid,
                "{payment}: {back} of {paid}"
            );
        }
        let refunded = dollars(back.iter().sum()).parse::<Amount>().unwrap();
        let (deposited, slashed) = (sum("deposited"), sum("slashed"));
        assert!(refunded <= sum("returned"), "{bond:#}");
        assert!(
            sum("returned") <= deposited.checked_sub(slashed).unwrap(),
            "{bond:#}"
        );
        self.pledge.is_booked().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn no_card_gets_more_back_than_it_paid_less_what_was_slashed(
        steps in prop::collection::vec(step(), 1..22),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let pledge = Pledge::open().await;
            let mut course = Course { pledge, paid: Vec::new(), disputes: Vec::new() };
            for step in steps {
                if matches!(step, Step::Restart) {
                    let pledge = course.pledge.restart().await;
                    course = Course { pledge, ..course };
                }
                course.step(step).await;
                course.holds().await;
            }
            course.pledge.till.clock.advance(DAY * 30);
            let Value::String(before) = course.pledge.bond().await["deposited"].clone() else {
                panic!("no sum");
            };
            course.holds().await;
            assert_eq!(course.pledge.bond().await["deposited"], json!(before));
        });
    }
}
