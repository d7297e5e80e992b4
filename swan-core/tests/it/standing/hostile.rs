//! What a provider that means to cheat might try.

use swan_core::standing::{Event, Standing, StandingKind};
use swan_core::{ModelId, Policy, ProviderId, Timestamp};

use super::scene::{DAY, HOUR, START, at, case, failed, passed, proof};

fn serving(policy: &Policy) -> Standing {
    let mut standing = Standing::register(ProviderId::from_u128(1), START);
    for event in [Event::Approved, Event::CollateralSufficient, passed(1)] {
        let _ = standing.apply(&event, START, policy);
    }
    assert_eq!(standing.kind(), StandingKind::Probation);
    standing
}

fn misstated(standing: &mut Standing, policy: &Policy, number: u128, now: Timestamp) -> usize {
    let event = Event::ContextMisstated {
        case: case(number),
        model: ModelId::new("Qwen/Qwen3-8B").unwrap(),
        measured_tokens: 4_096,
        evidence: proof(),
    };
    let _ = standing.apply(&event, now, policy);
    standing.open_penalties().len()
}

/// Public record 3.9 asks for a notice first; two mismatches that lie years apart are two first ones.
#[test]
fn a_context_mismatch_is_forgotten_after_90_days() {
    let policy = Policy::swan_2_0();
    for (gap, penalties) in [(DAY * 89, 1), (DAY * 90 - HOUR, 1), (DAY * 90, 0)] {
        let mut standing = serving(&policy);
        assert_eq!(misstated(&mut standing, &policy, 2, at(DAY)), 0);
        let again = misstated(&mut standing, &policy, 3, at(DAY + gap));
        assert_eq!(again, penalties, "{gap:?}");
    }
}

/// A suspended provider gets nothing but benchmark items, so it knows when to serve well.
#[test]
fn a_policy_may_let_only_passes_amid_traffic_reset_the_counter() {
    let text = Policy::SWAN_2_0_TOML;
    let strict = text.replacen("any_pass_resets = true", "any_pass_resets = false", 1);
    assert_ne!(text, strict);
    for (policy, left) in [
        (Policy::swan_2_0(), 0),
        (Policy::from_toml(&strict).unwrap(), 1),
    ] {
        let mut standing = serving(&policy);
        let _ = standing.apply(&failed(2), at(DAY), &policy);
        assert_eq!(standing.kind(), StandingKind::Suspended);
        let _ = standing.apply(&passed(3), at(DAY + HOUR), &policy);
        assert_eq!(standing.failures_in_a_row(), left);
        // The day after it serves again, and a pass among its traffic counts under both.
        let _ = standing.apply(&passed(4), at(DAY * 2), &policy);
        assert_eq!(standing.failures_in_a_row(), 0);
    }
}
