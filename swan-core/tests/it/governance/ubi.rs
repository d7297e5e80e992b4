//! The safety valve (Seed 001): below $50 a day by month 3, 25 % for three months, contribution-weighted only.

use swan_core::Policy;
use swan_core::governance::{Choice, GovernanceError, ProposalKind, ProposalState};
use swan_core::ubi::{Sharing, WhyNot};

use super::{ANN, BEN, CLEO, DAY, Town, amount, change, day};

fn town(today: &str) -> Town {
    let mut town = Town::of(Policy::swan_2_0(), today);
    for (who, stake) in [(ANN, "60000"), (BEN, "30000"), (CLEO, "10000")] {
        town.stake(who, stake).unwrap();
    }
    town
}

fn extension(town: &Town, usd_per_day: &str) -> ProposalKind {
    let revenue = town.revenue(usd_per_day);
    ProposalKind::UbiExtension { revenue }
}

#[test]
fn a_network_below_fifty_dollars_in_month_three_may_vote_for_three_months_at_a_quarter() {
    let mut town = town("2026-06-12");
    let proposal = extension(&town, "49.99");
    let id = town.passed(BEN, proposal);
    let grounds = town.governance.proposal(id).unwrap().grounds().to_string();
    assert!(
        grounds.contains("average daily revenue was 49.99 USD, needed at least 50 USD"),
        "{grounds}"
    );
    town.execute(id).unwrap();
    assert_eq!(town.now.day(), day("2026-06-21"));
    let policy = town.governance.policy();
    assert_eq!(policy.version().as_str(), "swan-2.0.1");
    let taper = policy.ubi().unwrap().taper().unwrap();
    // 25 % of 58,369 from the day after the vote took effect.
    for (on, swan) in [
        ("2026-06-09", "11674"),
        ("2026-06-10", "0"),
        ("2026-06-21", "0"),
        ("2026-06-22", "14592.25"),
        ("2026-09-21", "14592.25"),
        ("2026-09-22", "0"),
    ] {
        assert_eq!(taper.amount_on(day(on)), amount(swan), "{on}");
    }
    let phase = taper.phase_on(day("2026-07-01")).unwrap();
    assert_eq!(phase.sharing, Sharing::Contribution);
    assert!(!phase.legacy_hardware_earns);
    // Once: a second extension is no safety valve.
    let again = extension(&town, "0");
    let Err(GovernanceError::SafetyValve(why)) = town.propose(BEN, again) else {
        panic!("it was extended already");
    };
    assert_eq!(
        *why,
        WhyNot::Extended {
            from: day("2026-06-22")
        }
    );
}

#[test]
fn the_valve_opens_only_in_month_three_and_below_fifty_dollars() {
    for (today, usd_per_day, is_open) in [
        ("2026-06-09", "0", false),
        ("2026-06-10", "0", true),
        ("2026-06-10", "49.999999999999", true),
        ("2026-06-10", "50", false),
        ("2026-07-09", "49", true),
        ("2026-07-10", "49", false),
        ("2026-06-20", "-3", true),
    ] {
        let mut town = town(today);
        let proposal = extension(&town, usd_per_day);
        let result = town.propose(ANN, proposal);
        assert_eq!(result.is_ok(), is_open, "{today} at {usd_per_day}");
        if let Err(error) = result {
            assert!(matches!(error, GovernanceError::SafetyValve(_)), "{error}");
        }
    }
}

#[test]
fn the_basic_income_does_not_come_back_in_any_other_way() {
    let mut town = town("2026-06-12");
    for proposal in [
        change("ubi.safety_valve.extended_from", "2026-07-01"),
        change("ubi.taper.phase.4.swan_per_day", "1"),
        change("ubi.safety_valve.months", 12),
    ] {
        assert!(town.propose(ANN, proposal).is_err());
    }
    let proposal = extension(&town, "10");
    let id = town.propose(ANN, proposal).unwrap();
    town.vote(ANN, id, Choice::No).unwrap();
    town.wait(10 * DAY);
    assert_eq!(
        town.governance.proposal(id).unwrap().state(),
        ProposalState::Rejected
    );
    assert_eq!(town.governance.policy().stamp(), Policy::swan_2_0().stamp());
    let mut old = Town::of(Policy::swan_1_0(), "2026-06-12");
    old.stake(ANN, "5000").unwrap();
    let proposal = extension(&old, "10");
    assert!(matches!(
        old.propose(ANN, proposal),
        Err(GovernanceError::SafetyValve(_))
    ));
}
