//! Seeded simulations: what the strategies do to load over many requests.

use swan_core::routing::{
    Candidate, LeastConnections, Pool, RoundRobin, RouteRequest, RoutingStrategy, TwoChoices,
};
use swan_core::{Rng, SeededRng};

use super::many;

/// One provider at random, which the others are compared with.
#[derive(Debug)]
struct Random;

impl RoutingStrategy for Random {
    fn choose(&self, pool: &Pool<'_>, rng: &mut dyn Rng) -> Option<usize> {
        pool.draw(rng).map(|(position, _)| position)
    }
}

/// Requests that each provider has under way after `requests` that do not end.
fn loads(strategy: &dyn RoutingStrategy, providers: u128, requests: u32) -> Vec<u32> {
    let mut candidates = many(providers, 10_000);
    let mut rng = SeededRng::new(11);
    let request = RouteRequest::default();
    for _ in 0..requests {
        let chosen = strategy
            .choose(&Pool::new(&candidates, &request), &mut rng)
            .unwrap();
        candidates[chosen].in_flight += 1;
    }
    candidates
        .iter()
        .map(|candidate| candidate.in_flight)
        .collect()
}

#[test]
fn two_choices_keep_the_highest_load_far_below_that_of_one() {
    let highest =
        |strategy: &dyn RoutingStrategy| loads(strategy, 1_000, 10_000).into_iter().max().unwrap();
    let random = highest(&Random);
    assert!(random >= 20, "{random} where the mean is 10");
    assert!(highest(&TwoChoices::new()) <= 13);
    assert!(highest(&LeastConnections::new()) <= 12);
    assert_eq!(highest(&RoundRobin::new()), 10);
}

#[test]
fn capacity_is_filled_in_proportion() {
    let mut candidates = many(10, 10);
    for large in &mut candidates[..5] {
        large.capacity = 30;
    }
    let mut rng = SeededRng::new(5);
    let request = RouteRequest::default();
    for _ in 0..100 {
        let chosen = TwoChoices::new()
            .choose(&Pool::new(&candidates, &request), &mut rng)
            .unwrap();
        candidates[chosen].in_flight += 1;
    }
    let large: u32 = candidates[..5]
        .iter()
        .map(|candidate| candidate.in_flight)
        .sum();
    assert!(
        (68..=80).contains(&large),
        "{large} of 100 where 75 are proportional"
    );
}

/// Requests to each provider when one in ten that are under way ends at each step; the first provider is `slowness` times slower.
fn flow(candidates: &mut [Candidate], slowness: u64, steps: u32) -> Vec<u32> {
    let mut rng = SeededRng::new(9);
    let mut counts = vec![0; candidates.len()];
    let request = RouteRequest::default();
    for _ in 0..steps {
        let chosen = {
            let seen: &[Candidate] = candidates;
            TwoChoices::new().choose(&Pool::new(&seen, &request), &mut rng)
        };
        if let Some(chosen) = chosen {
            counts[chosen] += 1;
            candidates[chosen].in_flight += 1;
        }
        for (position, candidate) in candidates.iter_mut().enumerate() {
            let odds = if position == 0 { 10 * slowness } else { 10 };
            if candidate.in_flight > 0 && rng.below(odds) == 0 {
                candidate.in_flight -= 1;
            }
        }
    }
    counts
}

#[test]
fn a_slow_provider_gets_less_and_a_recovered_one_its_share_again() {
    let mut candidates = many(10, 20);
    candidates[0].ewma_ttft_ms = Some(2_000);
    let slow = flow(&mut candidates, 5, 20_000)[0];
    assert!(slow < 1_000, "{slow} of 20,000 where a fair share is 2,000");
    candidates[0].ewma_ttft_ms = Some(200);
    let again = flow(&mut candidates, 1, 20_000)[0];
    assert!((1_700..2_300).contains(&again), "{again} of 20,000");
}

#[test]
fn a_provider_that_warms_up_or_fails_gets_less() {
    for (worse, most) in [
        (
            Candidate {
                warmth_permille: 250,
                ..many(1, 20)[0]
            },
            1_900,
        ),
        (
            Candidate {
                success_permille: 300,
                ..many(1, 20)[0]
            },
            1_900,
        ),
    ] {
        let mut candidates = many(10, 20);
        candidates[0] = worse;
        let share = flow(&mut candidates, 1, 20_000)[0];
        assert!(
            (50..most).contains(&share),
            "{share} of 20,000 for {worse:?}"
        );
    }
}
