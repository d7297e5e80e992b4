use std::hint::black_box;

use criterion::Criterion;
use swan_core::routing::{
    AffinityKey, Candidates, LeastConnections, Pool, PrefixAffinity, Ranked, Ring, RoundRobin,
    RouteRequest, RoutingRules, RoutingStrategy, TwoChoices, route,
};
use swan_core::{Candidate, ProviderId, Rng, SeededRng};

/// Candidates of all kinds of load, with a ring as a hub would keep it; one in ten cannot serve.
#[derive(Debug)]
struct Market {
    candidates: Vec<Candidate>,
    ring: Ring,
}

impl Market {
    fn of(count: u128) -> Self {
        let mut rng = SeededRng::new(1);
        let mut small = |bound| u32::try_from(rng.below(bound)).unwrap_or(0);
        let candidates: Vec<_> = (0..count)
            .map(|number| Candidate {
                in_flight: small(8),
                ewma_ttft_ms: Some(100 + u64::from(small(900))),
                draining: small(10) == 0,
                ..Candidate::new(ProviderId::from_u128(number), 10)
            })
            .collect();
        let ring = Ring::new(candidates.iter().map(|candidate| candidate.provider));
        Self { candidates, ring }
    }
}

impl Candidates for Market {
    fn len(&self) -> usize {
        self.candidates.len()
    }

    fn candidate(&self, position: usize) -> Option<Candidate> {
        self.candidates.get(position).copied()
    }

    fn ring(&self) -> Option<&Ring> {
        Some(&self.ring)
    }
}

/// What choosing costs without drawing: the candidates are filtered, and the least busy is taken.
#[derive(Debug)]
struct NaiveScan;

impl RoutingStrategy for NaiveScan {
    fn choose(&self, pool: &Pool<'_>, _rng: &mut dyn Rng) -> Option<usize> {
        let best = pool
            .usable()
            .min_by_key(|(_, candidate)| candidate.in_flight);
        best.map(|(position, _)| position)
    }

    fn name(&self) -> &'static str {
        "naive scan"
    }
}

pub(crate) fn benches(criterion: &mut Criterion) {
    let rules = RoutingRules::default();
    let strategies: [Box<dyn RoutingStrategy>; 6] = [
        Box::new(NaiveScan),
        Box::new(TwoChoices::with_rules(&rules)),
        Box::new(RoundRobin::new()),
        Box::new(LeastConnections::new()),
        Box::new(PrefixAffinity::new(&rules)),
        Box::new(Ranked::by_price(&rules)),
    ];
    for count in [10, 1_000, 100_000] {
        let market = Market::of(count);
        for strategy in &strategies {
            let mut rng = SeededRng::new(2);
            let name = format!("route {} among {count}", strategy.name());
            criterion.bench_function(&name, |bench| {
                bench.iter(|| {
                    let request = RouteRequest {
                        affinity: Some(AffinityKey::of(&rng.next_u64().to_be_bytes())),
                        ..RouteRequest::default()
                    };
                    black_box(route(&**strategy, &market, &request, &rules, &mut rng))
                });
            });
        }
    }
}
