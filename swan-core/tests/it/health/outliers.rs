use std::time::Duration;

use proptest::prelude::*;
use swan_core::health::{OutlierDetector, SuccessWindow, Tally};
use swan_core::{ProviderId, Timestamp};

use super::{at, rules};

fn provider(number: u128) -> ProviderId {
    ProviderId::from_u128(number)
}

/// Tallies of 1,000 requests each, by how many went well.
fn tallies(served: &[u32]) -> Vec<(ProviderId, Tally)> {
    (0..)
        .zip(served)
        .map(|(number, served)| {
            (
                provider(number),
                Tally {
                    served: *served,
                    failed: 1_000 - served,
                },
            )
        })
        .collect()
}

fn out(served: &[u32]) -> Vec<ProviderId> {
    let found = OutlierDetector::new().sweep(&tallies(served), at(0), &rules());
    found
        .into_iter()
        .map(|ejection| ejection.provider)
        .collect()
}

#[test]
fn who_falls_behind_the_others_is_out() {
    assert_eq!(
        out(&[990, 990, 990, 990, 990, 990, 990, 900]),
        [provider(7)]
    );
    assert_eq!(out(&[990; 8]), [], "equals are no outliers");
    assert_eq!(
        out(&[990, 980, 985, 975, 990, 982]),
        [],
        "1.9 deviations are not reached"
    );
    // Mean 974 and deviation 42: 894 is 1.9 of them below, so one of 900 among four is compared by nobody.
    assert_eq!(
        out(&[990, 990, 990, 900]),
        [],
        "four are too few to compare"
    );
}

#[test]
fn below_the_bound_nobody_is_needed_to_compare_with() {
    assert_eq!(out(&[990, 990, 990, 499]), [provider(3)]);
    assert_eq!(out(&[990, 990, 990, 500]), []);
    assert_eq!(
        out(&[990, 990, 499]),
        [],
        "30 % of three providers is nobody"
    );
}

#[test]
fn at_most_the_share_is_out_and_the_worst_first() {
    let most = out(&[10, 20, 5, 30, 900, 900, 900, 900, 900, 900]);
    assert_eq!(most, [provider(2), provider(0), provider(1)]);
}

#[test]
fn few_requests_judge_nobody() {
    let few = [(
        provider(1),
        Tally {
            served: 0,
            failed: 99,
        },
    )];
    let mut judged: Vec<_> = tallies(&[990; 5]);
    judged.truncate(4);
    judged.extend(few);
    assert_eq!(OutlierDetector::new().sweep(&judged, at(0), &rules()), []);
    judged[4].1.failed = 100;
    assert_eq!(
        OutlierDetector::new().sweep(&judged, at(0), &rules()).len(),
        1
    );
}

#[test]
fn each_time_in_a_row_is_longer_and_a_good_sweep_forgives() {
    let (mut detector, rules) = (OutlierDetector::new(), rules());
    let bad = tallies(&[990, 990, 990, 100]);
    let good = tallies(&[990, 990, 990, 990]);
    let first = detector.sweep(&bad, at(0), &rules);
    assert_eq!(first[0].until, at(30));
    assert!(detector.is_out(provider(3), at(29)) && !detector.is_out(provider(3), at(30)));
    assert_eq!(
        detector.sweep(&bad, at(10), &rules),
        [],
        "it is out already"
    );
    assert_eq!(detector.sweep(&bad, at(30), &rules)[0].until, at(90));
    assert_eq!(detector.sweep(&good, at(90), &rules), []);
    assert_eq!(detector.sweep(&bad, at(100), &rules)[0].until, at(130));
    detector.sweep(&[], at(101), &rules);
    assert!(
        !detector.is_out(provider(3), at(101)),
        "who is gone is forgotten"
    );
}

#[test]
fn a_window_forgets_part_by_part() {
    let span = Duration::from_secs(100);
    let mut window = SuccessWindow::new();
    window.record(true, at(0), span);
    window.record(false, at(50), span);
    assert_eq!(
        window.tally(at(50), span),
        Tally {
            served: 1,
            failed: 1
        }
    );
    assert_eq!(
        window.tally(at(99), span),
        Tally {
            served: 1,
            failed: 1
        }
    );
    assert_eq!(
        window.tally(at(100), span),
        Tally {
            served: 0,
            failed: 1
        }
    );
    assert_eq!(window.tally(at(150), span), Tally::default());
    window.record(true, at(10), span);
    assert_eq!(
        window.tally(at(10), span),
        Tally {
            served: 2,
            failed: 1
        },
        "a clock that went back"
    );
    assert_eq!(
        Tally {
            served: 2,
            failed: 1
        }
        .success_ppm(),
        Some(666_666)
    );
    assert_eq!(Tally::default().success_ppm(), None);
}

proptest! {
    #[test]
    fn no_more_than_the_share_is_ever_out(
        sweeps in prop::collection::vec(prop::collection::vec(0..=1_000_u32, 0..30), 1..8),
    ) {
        let (mut detector, rules) = (OutlierDetector::new(), rules());
        for (served, step) in sweeps.iter().zip(0_u64..) {
            let now = at(step * 20);
            let judged = tallies(served);
            detector.sweep(&judged, now, &rules);
            let out = judged.iter().filter(|(provider, _)| detector.is_out(*provider, now)).count();
            // Who left since made the share of those that stay larger; only newcomers are bounded then.
            prop_assert!(out <= sweeps.iter().map(Vec::len).max().unwrap() * 3 / 10);
        }
    }

    #[test]
    fn a_window_counts_no_more_than_was_recorded(
        steps in prop::collection::vec((any::<bool>(), any::<u64>()), 0..50), span in 0..1_000_000_u64,
    ) {
        let span = Duration::from_millis(span);
        let mut window = SuccessWindow::new();
        for (served, now) in &steps {
            window.record(*served, Timestamp::from_millis(*now), span);
            let tally = window.tally(Timestamp::from_millis(*now), span);
            prop_assert!((1..=steps.len() as u64).contains(&tally.total()));
        }
    }
}
