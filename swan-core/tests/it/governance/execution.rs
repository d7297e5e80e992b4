use swan_core::governance::{Effect, GovernanceError, ProposalKind, ProposalState};
use swan_core::{Policy, PolicyChange};

use super::{ANN, BEN, CLEO, DAY, HOUR, Town, change, discount};

#[test]
fn a_passed_proposal_makes_exactly_what_was_voted_on() {
    let mut town = Town::new();
    let changes = vec![
        PolicyChange::new("payment.swan_discount_bps", 1_500),
        PolicyChange::new("split.phases.growth.growth_fund_bps", 400),
        PolicyChange::new("split.phases.growth.treasury_bps", 600),
    ];
    let id = town.passed(ANN, ProposalKind::Parameters { changes });
    let voted_on = town.governance.proposal(id).unwrap().differences().to_vec();
    assert_eq!(voted_on.len(), 3);
    town.execute(id).unwrap();
    let mut done = Policy::swan_2_0().diff(town.governance.policy());
    done.retain(|difference| difference.key != "version");
    assert_eq!(done, voted_on);
    assert_eq!(town.governance.policy().version().as_str(), "swan-2.0.1");
    let growth = town
        .governance
        .policy()
        .split_schedule()
        .phase("growth")
        .unwrap();
    assert_eq!(growth.shares().treasury().get(), 600);
    assert!(
        matches!(town.execute(id), Err(GovernanceError::Step(_))),
        "once is enough"
    );
}

/// Two proposals that have passed side by side both take effect when they touch different values.
#[test]
fn a_proposal_stands_on_whatever_policy_its_own_values_are_unchanged_in() {
    let mut town = Town::new();
    let first = town.propose(ANN, discount(1_500)).unwrap();
    let revenue = town.revenue("500");
    let second = town
        .propose(BEN, ProposalKind::SplitPhase { revenue })
        .unwrap();
    for id in [first, second] {
        town.vote(ANN, id, super::Choice::Yes).unwrap();
    }
    town.wait(7 * DAY);
    town.wait(48 * HOUR);
    town.execute(first).unwrap();
    let Ok(Effect::Executed { from, to }) = town.execute(second) else {
        panic!("the phase has nothing to do with the discount");
    };
    assert_eq!(
        (from.version().as_str(), to.version().as_str()),
        ("swan-2.0.1", "swan-2.0.2")
    );
    let policy = town.governance.policy();
    assert_eq!(policy.swan_discount().get(), 1_500);
    assert_eq!(policy.split_schedule().in_force().name(), "growth");
}

#[test]
fn a_proposal_whose_values_changed_in_the_meantime_is_refused() {
    let growth_fund = || {
        let changes = vec![
            PolicyChange::new("split.phases.growth.growth_fund_bps", 400),
            PolicyChange::new("split.phases.growth.treasury_bps", 600),
        ];
        ProposalKind::Parameters { changes }
    };
    let mut town = Town::new();
    let first = town.propose(ANN, growth_fund()).unwrap();
    let same = town.propose(CLEO, growth_fund()).unwrap();
    let revenue = town.revenue("500");
    let phase = town
        .propose(BEN, ProposalKind::SplitPhase { revenue })
        .unwrap();
    for id in [first, same, phase] {
        town.vote(ANN, id, super::Choice::Yes).unwrap();
    }
    town.wait(7 * DAY);
    town.wait(48 * HOUR);
    town.execute(first).unwrap();
    // Who voted for the growth phase saw other shares in it.
    for id in [same, phase] {
        let Err(GovernanceError::Overtaken { key }) = town.execute(id) else {
            panic!("the shares of the phase have changed");
        };
        assert_eq!(key, "split.phases.growth.growth_fund_bps");
        assert_eq!(
            town.governance.proposal(id).unwrap().state(),
            ProposalState::Passed
        );
    }
    assert_eq!(town.governance.policy().version().as_str(), "swan-2.0.1");
    town.wait(14 * DAY);
    assert_eq!(
        town.governance.proposal(phase).unwrap().state(),
        ProposalState::Expired
    );
}

/// Each change is right by itself; together they would break a rule of the whole policy.
#[test]
fn what_comes_out_is_checked_as_a_whole_again() {
    let mut town = Town::new();
    let most = town
        .propose(ANN, change("output.max_tokens", 20_000))
        .unwrap();
    let usual = town
        .propose(BEN, change("output.default_max_tokens", 16_000))
        .unwrap();
    let less = town
        .propose(CLEO, change("output.default_max_tokens", 1))
        .unwrap();
    for id in [most, usual, less] {
        town.vote(ANN, id, super::Choice::Yes).unwrap();
    }
    town.wait(7 * DAY);
    town.wait(48 * HOUR);
    town.execute(most).unwrap();
    town.execute(usual).unwrap();
    assert!(matches!(
        town.execute(less),
        Err(GovernanceError::Overtaken { .. })
    ));
    assert_eq!(town.governance.policy().default_max_output_tokens(), 16_000);
    assert!(Policy::from_toml(town.governance.policy().to_toml()).is_ok());
}
