use proptest::prelude::*;
use swan_core::governance::{Choice, ProposalEvent as E, Tally};
use swan_core::{Amount, MoneyError};

use super::{amount, swan_2_0};

fn tally(yes: &str, no: &str, abstain: &str) -> Tally {
    let [yes, no, abstain] = [yes, no, abstain].map(amount);
    Tally { yes, no, abstain }
}

/// SIP-003 (public record 3.5): 10 % of stake as quorum, more than 50 % yes; abstentions count to the quorum only.
#[test]
fn quorum_is_at_least_and_majority_is_more_than() {
    let policy = swan_2_0();
    let rules = policy.governance().unwrap();
    for (yes, no, abstain, total, expected) in [
        ("0", "0", "0", "100", E::MissQuorum),
        ("9.999999999999", "0", "0", "100", E::MissQuorum),
        ("10", "0", "0", "100", E::Pass),
        ("10", "0", "0", "100.000000000001", E::MissQuorum),
        ("5", "0", "4.999999999999", "100", E::MissQuorum),
        ("5", "0", "5", "100", E::Pass),
        ("0", "0", "10", "100", E::Reject),
        ("0", "10", "0", "100", E::Reject),
        ("5", "5", "0", "100", E::Reject),
        ("5.000000000001", "5", "0", "100", E::Pass),
        ("5", "5.000000000001", "0", "100", E::Reject),
        ("1", "0.999999999999", "98", "100", E::Pass),
        ("0.000000000001", "0", "99", "100", E::Pass),
        ("1000000000000000", "0", "0", "1000000000000000", E::Pass),
        ("1", "0", "0", "0", E::MissQuorum),
    ] {
        let outcome = tally(yes, no, abstain).outcome(amount(total), rules);
        assert_eq!(outcome, expected, "{yes} {no} {abstain} of {total}");
    }
}

#[test]
fn each_answer_counts_on_its_side() {
    let counted = Tally::default()
        .with(Choice::Yes, amount("1"))
        .and_then(|tally| tally.with(Choice::No, amount("2")))
        .and_then(|tally| tally.with(Choice::Abstain, amount("3")))
        .and_then(|tally| tally.with(Choice::Yes, amount("0.5")));
    assert_eq!(counted, Ok(tally("1.5", "2", "3")));
    let full = tally("1000000000000000", "0", "0");
    assert_eq!(
        full.with(Choice::Yes, amount("1")),
        Err(MoneyError::OutOfRange)
    );
}

proptest! {
    #[test]
    fn more_yes_never_harms_and_more_no_never_helps(
        yes in 0..1_000_i64, no in 0..1_000_i64, abstain in 0..1_000_i64, rest in 0..20_000_i64, more in 0..500_i64,
    ) {
        let policy = swan_2_0();
        let rules = policy.governance().unwrap();
        let units = |units| Amount::from_units(units).unwrap();
        let total = units(yes + no + abstain + rest + more);
        let outcome = |yes, no| Tally { yes: units(yes), no: units(no), abstain: units(abstain) }.outcome(total, rules);
        if outcome(yes, no) == E::Pass {
            prop_assert_eq!(outcome(yes + more, no), E::Pass);
        }
        if outcome(yes, no) == E::Reject {
            prop_assert_eq!(outcome(yes, no + more), E::Reject);
        }
        let passes = (yes + no + abstain) * 10 >= yes + no + abstain + rest + more && yes > no;
        prop_assert_eq!(outcome(yes, no) == E::Pass, passes);
    }
}
