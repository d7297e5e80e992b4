use swan_core::Policy;
use swan_core::governance::GovernanceRules;

use super::{DAY, HOUR, amount};

#[test]
fn the_rules_are_those_of_the_sources() {
    for policy in [Policy::swan_2_0(), Policy::swan_1_0()] {
        let rules: &GovernanceRules = policy.governance().unwrap();
        assert_eq!(rules.voting(), 7 * DAY);
        assert_eq!(rules.delay(), 48 * HOUR);
        assert_eq!(rules.quorum().to_string(), "10%");
        assert_eq!(rules.majority_above().to_string(), "50%");
        assert_eq!(rules.reward().to_string(), "1%");
        // Ours.
        assert_eq!(rules.execution(), 14 * DAY);
        assert_eq!(rules.unstake(), 9 * DAY);
        assert_eq!(rules.reward_period(), 365 * DAY);
        assert_eq!(rules.propose_min(), amount("1000"));
        assert_eq!(
            (rules.max_stakers(), rules.max_open_proposals()),
            (100_000, 16)
        );
    }
}

#[test]
fn a_protected_key_protects_its_parts_and_what_it_is_part_of() {
    let policy = Policy::swan_2_0();
    let rules = policy.governance().unwrap();
    for (key, protected) in [
        ("version", Some("version")),
        ("versions", None),
        ("governance.quorum_bps", Some("governance")),
        ("governance", Some("governance")),
        ("governance_fund", None),
        ("split.phase", Some("split.phase")),
        ("split.phases.growth.provider_bps", None),
        ("split", Some("split.phase")),
        ("ubi.taper.phase", Some("ubi")),
        ("payment.swan_discount_bps", None),
        ("", None),
    ] {
        assert_eq!(rules.protects(key), protected, "{key}");
    }
}

/// What the document says, what it says instead, and the error.
const WRONG: [(&str, &str, &str); 13] = [
    (
        "voting_days = 7",
        "voting_days = 0",
        "governance.voting_days = 0, but it lies between 1 and 366",
    ),
    (
        "voting_days = 7",
        "voting_days = 367",
        "governance.voting_days = 367, but it lies between 1 and 366",
    ),
    (
        "voting_days = 7",
        "voting_days = 8",
        "governance.unstake_days = 9, but who votes stays at stake until the vote takes effect: voting_days and delay_hours together",
    ),
    (
        "delay_hours = 48",
        "delay_hours = 49",
        "governance.unstake_days = 9, but who votes stays at stake until the vote takes effect: voting_days and delay_hours together",
    ),
    (
        "quorum_bps = 1_000",
        "quorum_bps = 10_001",
        "governance.quorum_bps = 10001, but a share is at most 10000 basis points",
    ),
    (
        "quorum_bps = 1_000",
        "quorum_bps = 0",
        "governance.quorum_bps = 0, but without a quorum one vote decides",
    ),
    (
        "majority_above_bps = 5_000",
        "majority_above_bps = 10_000",
        "governance.majority_above_bps = 10000, but a vote that is all yes passes, so it lies below 10000",
    ),
    (
        "execution_days = 14",
        "execution_days = 0",
        "governance.execution_days = 0, but it lies between 1 and 366",
    ),
    (
        "propose_min_swan = \"1000\"",
        "propose_min_swan = \"-1\"",
        "governance.propose_min_swan = \"-1\", but an amount is not below zero",
    ),
    (
        "max_stakers = 100_000",
        "max_stakers = 0",
        "governance.max_stakers = 0, but it lies between 1 and 10000000",
    ),
    (
        "max_open_proposals = 16",
        "max_open_proposals = 1001",
        "governance.max_open_proposals = 1001, but it lies between 1 and 1000",
    ),
    (
        "reward_days = 365",
        "reward_days = 0",
        "governance.reward_days = 0, but it lies between 1 and 3660",
    ),
    (
        "protected = [\"version\", \"governance\", \"split.phase\", \"ubi\"]",
        "protected = [\"version\", \"split.phase\"]",
        "governance.protected = version, split.phase, but governance is always protected",
    ),
];

#[test]
fn rules_that_cannot_hold_are_refused() {
    for (original, replacement, message) in WRONG {
        let text = Policy::SWAN_2_0_TOML;
        assert!(
            text.contains(original),
            "the document does not say {original}"
        );
        let error = Policy::from_toml(&text.replacen(original, replacement, 1)).unwrap_err();
        assert_eq!(error.to_string(), format!("the policy says {message}"));
    }
}
