//! How often a judgement is wrong, since one looks at the samples again and again.

use swan_core::benchmark::{
    BenchmarkScorer as _, ItemId, ItemKind, Outcome, Sample, SeedScorer, Verdict,
};
use swan_core::{Policy, Rng, SeededRng};

/// Chances in millionths that a test passes and fails, for each true share in per cent.
///
/// Exact up to rounding: the chances of each number of right answers among the undecided are carried from sample to sample.
fn chances(policy: &Policy, per_cent: u64) -> (u64, u64) {
    const WHOLE: u128 = 1_000_000_000_000_000;
    let rules = policy.benchmark();
    let mut open = vec![WHOLE];
    let (mut passed, mut failed) = (0, 0);
    for count in 1..=rules.samples_most() {
        let mut next = vec![0; open.len() + 1];
        for (right, chance) in open.iter().enumerate() {
            next[right + 1] += chance * u128::from(per_cent) / 100;
            next[right] += chance * u128::from(100 - per_cent) / 100;
        }
        for (right, chance) in next
            .iter_mut()
            .enumerate()
            .filter(|(_, chance)| **chance > 0)
        {
            match verdict(policy, u64::try_from(right).unwrap(), count) {
                Verdict::Pass => passed += std::mem::take(chance),
                Verdict::Fail => failed += std::mem::take(chance),
                Verdict::Undecided => {}
            }
        }
        open = next;
    }
    let millionths = |chance: u128| u64::try_from(chance / (WHOLE / 1_000_000)).unwrap();
    (millionths(passed), millionths(failed))
}

fn verdict(policy: &Policy, right: u64, count: u64) -> Verdict {
    if count < policy.benchmark().samples_least() {
        return Verdict::Undecided;
    }
    let samples: Vec<Sample> = (0..count)
        .map(|number| sample(number, number < right))
        .collect();
    SeedScorer.score(&samples, policy.benchmark()).math.verdict
}

fn sample(number: u64, is_right: bool) -> Sample {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    Sample {
        item: ItemId::from_bytes(id),
        kind: ItemKind::Math,
        outcome: if is_right {
            Outcome::Right
        } else {
            Outcome::Wrong
        },
        first_content_ms: Some(100),
        whole_ms: Some(200),
    }
}

#[test]
fn an_honest_provider_fails_less_than_one_judgement_of_a_hundred() {
    let policy = Policy::swan_2_0();
    // True share in per cent, and the wrong verdict's chance in hundredths of a per cent.
    let table = [(65, 44), (60, 283), (70, 9), (40, 382), (35, 52)];
    for (per_cent, wanted) in table {
        let (passed, failed) = chances(&policy, per_cent);
        assert!((999_000..=1_000_000).contains(&(passed + failed)));
        let wrong = if per_cent > 50 { failed } else { passed };
        assert_eq!(
            (wrong + 50) / 100,
            wanted,
            "{per_cent} %: {wrong} of a million"
        );
    }
    // Two tests of questions are judged, and either can fail.
    let (_, failed) = chances(&policy, 65);
    assert!(2 * failed < 10_000, "{failed} of a million, twice");
}

#[test]
fn forty_samples_are_too_few_whatever_the_interval() {
    for z in ["1_960", "3_000"] {
        let text = Policy::SWAN_2_0_TOML
            .replace("samples_most = 96", "samples_most = 40")
            .replace(
                "confidence_z_permille = 1_960",
                &format!("confidence_z_permille = {z}"),
            );
        let (_, failed) = chances(&Policy::from_toml(&text).unwrap(), 65);
        assert!(
            (17_000..20_000).contains(&failed),
            "{z}: {failed} of a million"
        );
    }
}

#[test]
fn drawn_providers_fail_as_often_as_computed() {
    let policy = Policy::swan_2_0();
    let mut rng = SeededRng::new(60);
    let mut failed = 0;
    for _ in 0..4_000 {
        let mut right = 0;
        let last = (1..=policy.benchmark().samples_most()).find_map(|count| {
            right += u64::from(rng.below(100) < 60);
            let verdict = verdict(&policy, right, count);
            (verdict != Verdict::Undecided).then_some(verdict)
        });
        failed += u32::from(last == Some(Verdict::Fail));
    }
    // 2.83 % of 4,000 are 113, and five standard deviations 52.
    assert!(failed.abs_diff(113) < 52, "{failed}");
}
