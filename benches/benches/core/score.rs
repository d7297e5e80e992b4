use std::hint::black_box;

use criterion::Criterion;
use swan_core::benchmark::{
    BenchmarkScorer as _, Grader as _, Item, ItemKind, ItemSeed, NumberGrader, Outcome, Sample,
    SeedScorer,
};
use swan_core::{Policy, Rng as _, SeededRng};

/// As many samples of each test as the policy judges by at most.
fn samples(count: u64) -> Vec<Sample> {
    let mut rng = SeededRng::new(1);
    let mut draw = |kind| Sample {
        item: Item::from_seed(kind, ItemSeed::draw(&mut rng)).id(),
        kind,
        outcome: if rng.below(3) == 0 {
            Outcome::Wrong
        } else {
            Outcome::Right
        },
        first_content_ms: Some(rng.below(6_000)),
        whole_ms: None,
    };
    (0..count)
        .flat_map(|_| [ItemKind::Math, ItemKind::Code])
        .map(&mut draw)
        .collect()
}

pub(crate) fn benches(criterion: &mut Criterion) {
    let policy = Policy::swan_2_0();
    let rules = policy.benchmark();
    let samples = samples(rules.samples_most());
    criterion.bench_function("score of the most samples", |bench| {
        bench.iter(|| SeedScorer.score(black_box(&samples), rules));
    });
    let mut rng = SeededRng::new(2);
    criterion.bench_function("benchmark item drawn", |bench| {
        bench.iter(|| Item::from_seed(ItemKind::Math, ItemSeed::draw(&mut rng)));
    });
    let item = Item::from_seed(ItemKind::Math, ItemSeed::new(3));
    let answer = "First we add 17 and 25, which is 42. Then we take half of it. So the answer is **1,021.50**.";
    criterion.bench_function("number graded", |bench| {
        bench.iter(|| NumberGrader.grade(&item, black_box(answer)));
    });
}
