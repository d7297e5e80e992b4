use std::hint::black_box;

use criterion::Criterion;
use swan_core::leaderboard::{Latency, Performance};
use swan_core::standing::Rate;
use swan_core::{Policy, ProviderId, Rng as _, SeededRng};

const PROVIDERS: u128 = 10_000;
const HOUR_MS: u64 = 3_600_000;

pub(crate) fn benches(criterion: &mut Criterion) {
    let policy = Policy::swan_2_0();
    let mut rng = SeededRng::new(1);
    let providers: Vec<Performance> = (0..PROVIDERS)
        .map(|number| {
            let (hours, attempts) = (1 + rng.below(720), 1 + rng.below(100_000));
            Performance {
                provider: ProviderId::from_u128(number),
                uptime: Rate::new(rng.below(hours + 1) * HOUR_MS, hours * HOUR_MS),
                success: Rate::new(rng.below(attempts + 1), attempts),
                latency: Some(Latency {
                    millis: rng.below(6_000),
                    samples: attempts,
                }),
            }
        })
        .collect();
    criterion.bench_function("leaderboard of 10,000 providers", |bench| {
        bench.iter(|| policy.leaderboard().rank(black_box(&providers)));
    });
}
