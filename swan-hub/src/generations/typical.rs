//! How long answers are, model by model: kept as they are counted, so that a quote asks for one figure and sums nothing up.

use std::collections::HashMap;

use swan_core::ModelId;

use super::Totals;

/// Tokens and answers of each model over the hours that count.
#[derive(Debug, Default)]
pub(super) struct Typical(HashMap<ModelId, Sums>);

#[derive(Debug, Default)]
struct Sums {
    requests: u64,
    tokens: u64,
    answers: u64,
}

impl Typical {
    /// Counts what one request added to its model.
    pub(super) fn add(&mut self, model: &ModelId, more: &Totals) {
        if !self.0.contains_key(model) {
            self.0.insert(model.clone(), Sums::default());
        }
        if let Some(sums) = self.0.get_mut(model) {
            sums.requests = sums.requests.saturating_add(more.requests);
            sums.tokens = sums.tokens.saturating_add(more.usage.completion_tokens);
            sums.answers = sums.answers.saturating_add(more.completed);
        }
    }

    /// Takes an hour away that does not count any more.
    pub(super) fn forget(&mut self, models: &HashMap<ModelId, Totals>) {
        for (model, less) in models {
            let Some(sums) = self.0.get_mut(model) else {
                continue;
            };
            sums.requests = sums.requests.saturating_sub(less.requests);
            sums.tokens = sums.tokens.saturating_sub(less.usage.completion_tokens);
            sums.answers = sums.answers.saturating_sub(less.completed);
            if sums.requests == 0 {
                self.0.remove(model);
            }
        }
    }

    /// Tokens of one answer, on average; `None` where there was none.
    pub(super) fn of(&self, model: &ModelId) -> Option<u64> {
        let sums = self.0.get(model)?;
        let mean = sums.tokens.checked_div(sums.answers)?;
        (mean > 0).then_some(mean)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use swan_core::{AccountId, RequestId, Timestamp, Usage};

    use super::super::statistics::Statistics;
    use super::super::{Generation, first_id};
    use super::*;
    use crate::events::{Outcome, RequestRecord};

    const HOUR: u64 = 3_600_000;

    fn ended(hour: u64, name: &str, tokens: u64) -> Generation {
        let at = Timestamp::from_millis(hour * HOUR);
        let mut record = RequestRecord::of(RequestId::from_u128(first_id(at).as_u128() + 1));
        record.account = Some(AccountId::from_u128(1));
        record.model = Some(ModelId::new(name).unwrap());
        record.outcome = Outcome::Completed;
        record.usage = Some(Usage::tokens(1, 0, tokens));
        (&record).into()
    }

    proptest! {
        /// The running figure is what a sum over the window would be, whatever hours had requests.
        #[test]
        fn the_figure_is_the_mean_of_the_last_day(
            steps in prop::collection::vec((0_u64..40, 0..3_usize, 1_u64..1_000), 1..80),
        ) {
            let models = ["a", "b", "c"];
            let mut statistics = Statistics::default();
            let mut hour = 1_000;
            for (later, model, tokens) in steps {
                // Most hours have several requests, and some pauses are longer than a day.
                hour += later.saturating_sub(20);
                let record = ended(hour, models[model], tokens);
                let now = Timestamp::from_millis(hour * HOUR);
                statistics.add(&record, now);
                let sums = statistics.window(now, 24).models();
                for model in models.map(|name| ModelId::new(name).unwrap()) {
                    let sum = sums.get(&model);
                    let mean = sum.and_then(|sum| sum.usage.completion_tokens.checked_div(sum.completed));
                    prop_assert_eq!(statistics.typical(&model, now), mean);
                }
            }
        }
    }
}
