//! Who claims more tokens than its peers for the same text.

use std::sync::LazyLock;

use proptest::prelude::*;
use swan_core::claims::{ClaimAudit, Claimed, Overclaim};
use swan_core::{Policy, ProviderId};

/// Providers by number with answers, and tokens and bytes of each answer.
fn audit(providers: &[(u128, u64, u64, u64)]) -> ClaimAudit {
    let mut audit = ClaimAudit::new();
    for (provider, answers, tokens, bytes) in providers {
        let claimed = Claimed::answer(*tokens, *bytes).times(*answers);
        audit.record(ProviderId::from_u128(*provider), claimed);
    }
    audit
}

fn found(audit: &ClaimAudit) -> Vec<Overclaim> {
    static POLICY: LazyLock<Policy> = LazyLock::new(Policy::swan_2_0);
    audit.overclaims(POLICY.claims(), POLICY.stamp())
}

fn who(audit: &ClaimAudit) -> Vec<u128> {
    let found = found(audit);
    found.iter().map(|one| one.provider.as_u128()).collect()
}

#[test]
fn whoever_claims_far_more_than_the_median_is_found_with_the_numbers() {
    let honest = [(1, 300, 100, 400), (2, 300, 102, 400), (3, 300, 98, 400)];
    let with = |other| audit(&[honest.as_slice(), &[other]].concat());
    // The lower median of four is 100 tokens for 400 bytes; 30 % above it are 130.
    assert_eq!(who(&audit(&honest)), [] as [u128; 0]);
    assert_eq!(
        who(&with((9, 300, 130, 400))),
        [] as [u128; 0],
        "on the line"
    );
    assert_eq!(who(&with((9, 300, 131, 400))), [9], "above the line");
    assert_eq!(
        who(&with((9, 199, 400, 400))),
        [] as [u128; 0],
        "too few answers"
    );
    assert_eq!(who(&with((9, 200, 400, 400))), [9], "enough answers");

    let audit = with((9, 300, 300, 400));
    let [one] = found(&audit).try_into().unwrap();
    assert_eq!(one.fair_tokens, 30_000);
    assert_eq!(one.excess_tokens(), 60_000);
    let grounds = one.grounds.to_string();
    for words in [
        "90000 for 120000 bytes of 300 answers",
        "30% above the 30000",
        "swan-2.0",
    ] {
        assert!(grounds.contains(words), "{grounds}");
    }
}

#[test]
fn nobody_is_judged_without_peers() {
    assert!(who(&ClaimAudit::new()).is_empty());
    assert!(
        who(&audit(&[(1, 900, 100, 400), (9, 900, 400, 400)])).is_empty(),
        "of two nobody can tell who is wrong"
    );
    assert!(
        who(&audit(&[
            (1, 900, 100, 400),
            (2, 10, 100, 400),
            (9, 900, 400, 400)
        ]))
        .is_empty(),
        "a peer with few answers is none"
    );
}

#[test]
fn answers_without_content_say_nothing_and_a_new_window_forgets() {
    let mut audit = audit(&[
        (1, 300, 100, 400),
        (2, 300, 100, 400),
        (3, 300, 100, 400),
        (4, 300, 200, 400),
    ]);
    audit.record(ProviderId::from_u128(1), Claimed::answer(1_000_000, 0));
    assert_eq!(
        audit.claimed(ProviderId::from_u128(1)).unwrap().tokens,
        30_000
    );
    assert_eq!(who(&audit), [4]);
    audit.clear();
    assert!(who(&audit).is_empty());
    assert!(audit.claimed(ProviderId::from_u128(4)).is_none());
}

proptest! {
    /// Whatever the tokeniser, providers that claim alike are never found, and claiming less never makes one found.
    #[test]
    fn honest_providers_are_never_found(
        tokens in 1_u64..100_000, bytes in 1_u64..1_000_000, peers in 1_u128..20, less in 0_u64..100,
    ) {
        let mut providers: Vec<_> = (0..peers).map(|peer| (peer, 200, tokens, bytes)).collect();
        prop_assert!(who(&audit(&providers)).is_empty());
        providers.push((99, 200, tokens * less / 100, bytes));
        prop_assert!(!who(&audit(&providers)).contains(&99));
    }

    /// The audit takes any counts.
    #[test]
    fn absurd_claims_do_not_break_it(claims in proptest::collection::vec((0_u128..5, any::<u64>(), any::<u64>()), 0..2_000)) {
        let mut audit = ClaimAudit::new();
        for (provider, tokens, bytes) in claims {
            audit.record(ProviderId::from_u128(provider), Claimed::answer(tokens, bytes));
        }
        for one in found(&audit) {
            prop_assert!(one.fair_tokens <= one.claimed.tokens);
        }
    }
}
