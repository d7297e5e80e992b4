//! Figures for those who run a hub: counted in atomics as requests end, written as text when somebody asks.

mod histogram;
mod ledger;
mod money;
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

/// The series that are kept apart; those that come later are counted under the model and the code `other`.
const SERIES_MAX: usize = 1_000;

/// What one hub has counted since it was started.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    series: ArcSwap<HashMap<Key, Arc<Series>>>,
    growing: Mutex<()>,
}

impl Metrics {
    /// Counts a request that has ended. One look-up and a few additions.
    pub(crate) fn observe(&self, record: &RequestRecord) {
        let key = Key::of(record);
        let known = self.series.load();
        let series = known.get(&key).cloned();
        let series = series.unwrap_or_else(|| self.grow(key));
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
