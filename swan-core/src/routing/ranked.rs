use std::cmp::Ordering;

use super::cost::Cost;
use super::preferences::SortBy;
use super::{Drawn, Pool, RoutingRules, RoutingStrategy};
use crate::{ModelPrice, Rng};

/// Takes whoever is first by price, latency or throughput; ties go to the healthier, as [`TwoChoices`](super::TwoChoices)
/// compares them.
///
/// This is what `provider.sort` asks for, and the price strategy of a policy. Whoever does not say what is sorted by comes last.
/// It looks at every candidate: "the cheapest" among some drawn ones would not be the cheapest.
#[derive(Clone, Copy, Debug)]
pub struct Ranked {
    by: SortBy,
    cost: Cost,
}

impl Ranked {
    /// The cheapest first.
    #[must_use]
    pub fn by_price(rules: &RoutingRules) -> Self {
        Self::new(SortBy::Price, rules)
    }

    /// Whoever is first by `by`.
    #[must_use]
    pub fn new(by: SortBy, rules: &RoutingRules) -> Self {
        Self {
            by,
            cost: Cost::new(rules),
        }
    }

    /// What it is sorted by: less is better, and the unknown is worst.
    fn key(&self, pool: &Pool<'_>, (position, candidate): &Drawn) -> u128 {
        let offer = pool.candidates().offer(*position);
        match self.by {
            SortBy::Latency => candidate.ewma_ttft_ms.map_or(u128::MAX, u128::from),
            SortBy::Throughput => offer
                .tokens_per_second
                .map_or(u128::MAX, |rate| u128::from(u32::MAX - rate)),
            SortBy::Price => offer.price.map_or(u128::MAX, |price| expense(pool, &price)),
        }
    }
}

/// What the request would cost at most, in no particular unit: prices of one model are in the same.
fn expense(pool: &Pool<'_>, price: &ModelPrice) -> u128 {
    let pico = |amount: crate::Amount| u128::try_from(amount.pico()).unwrap_or(0);
    match price {
        ModelPrice::PerMinute(price) | ModelPrice::PerImage(price) => pico(price.usd()),
        ModelPrice::Tokens(price) => {
            let request = pool.request();
            // A request that says nothing about its size counts a token of each.
            let prompt = u128::from(request.prompt_tokens.max(1));
            let answer = u128::from(request.answer_tokens.max(1));
            let input = pico(price.input_per_million()).saturating_mul(prompt);
            input.saturating_add(pico(price.output_per_million()).saturating_mul(answer))
        }
    }
}

impl RoutingStrategy for Ranked {
    fn choose(&self, pool: &Pool<'_>, rng: &mut dyn Rng) -> Option<usize> {
        let mut best: Option<(u128, Drawn)> = None;
        let mut equals = 0_u64;
        for drawn in pool.usable() {
            let key = self.key(pool, &drawn);
            let order = best.map_or(Ordering::Less, |(least, (_, kept))| {
                key.cmp(&least)
                    .then_with(|| self.cost.compare(&drawn.1, &kept))
            });
            match order {
                Ordering::Less => (best, equals) = (Some((key, drawn)), 1),
                Ordering::Equal => {
                    equals += 1;
                    if rng.below(equals) == 0 {
                        best = Some((key, drawn));
                    }
                }
                Ordering::Greater => {}
            }
        }
        best.map(|(_, (position, _))| position)
    }

    fn name(&self) -> &'static str {
        match self.by {
            SortBy::Price => "price",
            SortBy::Latency => "latency",
            SortBy::Throughput => "throughput",
        }
    }
}
