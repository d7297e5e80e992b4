//! Figures for those who run a hub: counted in atomics as requests end, written as text when somebody asks.

mod deposits;
mod exchange;
mod histogram;
mod ledger;
mod money;
mod payments;
mod price;
mod process;
mod scrape;
mod series;
mod sizes;
mod text;
#[cfg(feature = "otel")]
mod traces;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use swan_core::{Currency, ModelId};

pub(crate) use histogram::Histogram;
pub(crate) use scrape::write;
use series::{Key, Series};
pub(crate) use sizes::Sizes;

use crate::events::RequestRecord;

/// The series that are kept apart; those that come later are counted under the model and the code `other`, which others cannot
/// choose, so that there are a few hundred more at most.
const SERIES_MAX: usize = 1_000;

/// What one hub has counted since it was started.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    series: ArcSwap<HashMap<Key, Arc<Series>>>,
    growing: Mutex<()>,
}

impl Metrics {
    /// Counts a request that has ended. One look-up and a few additions, and no lock but at the first request of a series.
    pub(crate) fn observe(&self, record: &RequestRecord) {
        let series = self.series_of(Key::of(record));
        series.requests.fetch_add(1, Relaxed);
        series.duration.observe(record.duration);
        series.overhead.observe(record.overhead());
        series.upstream.observe(record.upstream());
        if let Some(first) = record.first_content.filter(|_| record.streaming) {
            series.first_content.observe(first);
        }
        if let Some(usage) = &record.usage {
            series.prompt_tokens.fetch_add(usage.prompt_tokens, Relaxed);
            series
                .completion_tokens
                .fetch_add(usage.completion_tokens, Relaxed);
        }
        let charged = match record.currency {
            Currency::Usd => Some(&series.charged_usd),
            Currency::Swan => Some(&series.charged_swan),
            _ => None,
        };
        if let Some(charged) = charged {
            charged.add(record.charge);
        }
        let hedges = record.attempts.iter().filter(|one| one.hedge).count();
        let further = record.attempts.len().saturating_sub(hedges + 1);
        series.retries.fetch_add(further as u64, Relaxed);
        series.hedges.fetch_add(hedges as u64, Relaxed);
    }

    fn series_of(&self, key: Key) -> Arc<Series> {
        let known = self.series.load();
        if let Some(series) = known.get(&key) {
            return Arc::clone(series);
        }
        if known.len() < SERIES_MAX {
            return self.grow(key);
        }
        // Under a flood of names this is the way of every request, so it is as short as the other one.
        let key = key.bounded();
        match known.get(&key) {
            Some(series) => Arc::clone(series),
            None => self.grow(key),
        }
    }

    /// A series that nobody has counted in yet.
    fn grow(&self, key: Key) -> Arc<Series> {
        let _turn = self.growing.lock();
        let known = self.series.load();
        let key = match known.len() < SERIES_MAX {
            true => key,
            false => key.bounded(),
        };
        if let Some(series) = known.get(&key) {
            return Arc::clone(series);
        }
        let mut grown = HashMap::clone(&known);
        let series = Arc::new(Series::default());
        grown.insert(key, Arc::clone(&series));
        self.series.store(Arc::new(grown));
        series
    }
}

/// The model by name, or what stands for all that are not told apart.
fn label(model: Option<&ModelId>) -> &str {
    model.map_or("other", ModelId::as_str)
}

#[cfg(test)]
mod tests {
    use swan_core::RequestId;

    use super::*;

    fn record(model: &str, code: &str) -> RequestRecord {
        let mut record = RequestRecord::of(RequestId::from_u128(1));
        record.model = Some(model.parse().unwrap());
        record.error = Some(code.to_owned());
        record
    }

    fn requests(metrics: &Metrics) -> u64 {
        let series = metrics.series.load();
        series.values().map(|one| one.requests.load(Relaxed)).sum()
    }

    #[test]
    fn a_flood_of_names_is_counted_as_other_and_takes_no_lock() {
        let metrics = Metrics::default();
        for number in 0..SERIES_MAX {
            metrics.observe(&record(&format!("m{number}"), ""));
        }
        assert_eq!(metrics.series.load().len(), SERIES_MAX);
        // The first that is too many makes the series of all others.
        metrics.observe(&record("late", "provider_error"));
        assert_eq!(metrics.series.load().len(), SERIES_MAX + 1);
        let turn = metrics.growing.lock();
        for number in 0..5_000 {
            // Were the lock taken, this would wait for itself.
            metrics.observe(&record(&format!("x{number}"), &format!("e{number}")));
        }
        metrics.observe(&record("m7", ""));
        drop(turn);
        assert_eq!(metrics.series.load().len(), SERIES_MAX + 1);
        assert_eq!(requests(&metrics), 6_002, "each is counted once");
        let other = Key::of(&record("late", "provider_error")).bounded();
        let other = Arc::clone(&metrics.series.load()[&other]);
        assert_eq!(other.requests.load(Relaxed), 5_001);
        let known = Key::of(&record("m7", ""));
        let known = Arc::clone(&metrics.series.load()[&known]);
        assert_eq!(
            known.requests.load(Relaxed),
            2,
            "those that were first stay apart"
        );
    }
}
