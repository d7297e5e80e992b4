use crate::routing::{
    Candidate, LeastConnections, Pool, RoundRobin, RouteRequest, RoutingStrategy, TwoChoices,
};
use crate::{ProviderId, SeededRng};

fn candidate(in_flight: u32, capacity: u32) -> Candidate {
    Candidate {
        in_flight,
        ewma_ttft_ms: Some(200),
        ..Candidate::new(ProviderId::from_u128(1), capacity)
    }
}

/// How often each candidate is chosen in 1,000 draws.
fn shares(strategy: &dyn RoutingStrategy, candidates: &[Candidate]) -> Vec<u32> {
    let request = RouteRequest::default();
    let pool = Pool::new(&candidates, &request);
    let mut rng = SeededRng::new(42);
    let mut counts = vec![0; candidates.len()];
    for _ in 0..1_000 {
        counts[strategy.choose(&pool, &mut rng).unwrap()] += 1;
    }
    counts
}

#[test]
fn round_robin_takes_turns_and_passes_over_who_cannot() {
    let candidates = [
        candidate(0, 10),
        Candidate {
            draining: true,
            ..candidate(0, 10)
        },
        candidate(9, 10),
    ];
    assert_eq!(shares(&RoundRobin::new(), &candidates), [500, 0, 500]);
}

#[test]
fn least_connections_takes_the_least_and_draws_among_equals() {
    let counts = shares(
        &LeastConnections::new(),
        &[candidate(3, 10), candidate(1, 10), candidate(1, 4)],
    );
    assert_eq!(counts[0], 0);
    assert!(counts[1].abs_diff(counts[2]) < 100, "{counts:?}");
}

#[test]
fn two_choices_prefers_the_better_of_two() {
    for (better, worse) in [
        (candidate(1, 10), candidate(2, 10)),
        (candidate(4, 40), candidate(4, 10)),
        (
            candidate(1, 10),
            Candidate {
                ewma_ttft_ms: Some(900),
                ..candidate(1, 10)
            },
        ),
        (
            candidate(1, 10),
            Candidate {
                success_permille: 500,
                ..candidate(1, 10)
            },
        ),
        (
            candidate(1, 10),
            Candidate {
                ewma_ttft_ms: None,
                ..candidate(2, 10)
            },
        ),
        (
            Candidate {
                ewma_ttft_ms: None,
                ..candidate(1, 10)
            },
            candidate(2, 10),
        ),
    ] {
        assert_eq!(
            shares(&TwoChoices::new(), &[better, worse]),
            [1_000, 0],
            "{better:?}"
        );
        assert_eq!(
            shares(&TwoChoices::new(), &[worse, better]),
            [0, 1_000],
            "{better:?}"
        );
    }
}

#[test]
fn two_choices_spreads_equals_and_still_tries_the_worst() {
    let counts = shares(&TwoChoices::new(), &[candidate(1, 10); 4]);
    assert!(
        counts.iter().all(|count| (180..320).contains(count)),
        "{counts:?}"
    );
    let failing = Candidate {
        success_permille: 0,
        ..candidate(0, 10)
    };
    let busy = candidate(9, 10);
    assert_eq!(shares(&TwoChoices::new(), &[failing, busy])[0], 0);
    let overloaded = Candidate {
        ewma_ttft_ms: Some(60_000),
        ..busy
    };
    assert_eq!(shares(&TwoChoices::new(), &[failing, overloaded])[0], 1_000);
}
