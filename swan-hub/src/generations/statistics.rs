//! What the market did in the last day: requests, tokens, money and times, per model and per provider of a model.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use swan_core::{Amount, Currency, ModelId, ProviderId, Timestamp, Usage};

use super::record::{Generation, KeptOutcome};
use super::typical::Typical;

/// One bucket.
const HOUR_SECS: u64 = 3_600;
/// The buckets that are kept: a day, and the hour that has begun.
const HOURS: u64 = 25;
/// The names that one bucket counts apart; whoever comes later in that hour is counted in the whole only.
const NAMES_MAX: usize = 10_000;

/// Requests of one model, of one provider's model, or of the whole hub.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Requests that reached somebody or were refused after their model was known. Of a provider: attempts.
    pub requests: u64,
    /// Those that were answered to the end.
    pub completed: u64,
    /// Those that failed or broke by no fault of their consumers. Of a provider: attempts that speak against it.
    pub failed: u64,
    /// What was charged for, summed up.
    pub usage: Usage,
    /// What was charged in US dollars.
    pub revenue_usd: Amount,
    /// What was charged in SWAN.
    pub revenue_swan: Amount,
    /// Streams whose first content was timed.
    first_contents: u64,
    first_content_us: u64,
    /// Tokens of timed streams, and the time from first to last.
    timed_tokens: u64,
    timed_us: u64,
}

impl Totals {
    /// The mean time to the first content of a stream; `None` when there was none.
    #[must_use]
    pub fn first_content(&self) -> Option<Duration> {
        let mean = self.first_content_us.checked_div(self.first_contents)?;
        Some(Duration::from_micros(mean))
    }

    /// Streams whose first content was timed.
    pub(crate) const fn timed_streams(&self) -> u64 {
        self.first_contents
    }

    /// Tokens in a thousand seconds of one stream, on average; `None` when no stream was timed.
    #[must_use]
    pub fn milli_tokens_per_sec(&self) -> Option<u64> {
        let scaled = u128::from(self.timed_tokens).saturating_mul(1_000_000_000);
        let rate = scaled.checked_div(u128::from(self.timed_us))?;
        u64::try_from(rate).ok()
    }

    /// Counts those of `other` too.
    pub(crate) fn add(&mut self, other: &Self) {
        let sum = |a: &mut u64, b: u64| *a = a.saturating_add(b);
        sum(&mut self.requests, other.requests);
        sum(&mut self.completed, other.completed);
        sum(&mut self.failed, other.failed);
        sum(&mut self.usage.prompt_tokens, other.usage.prompt_tokens);
        sum(&mut self.usage.cached_tokens, other.usage.cached_tokens);
        sum(
            &mut self.usage.completion_tokens,
            other.usage.completion_tokens,
        );
        sum(&mut self.usage.images, other.usage.images);
        sum(&mut self.usage.audio_ms, other.usage.audio_ms);
        sum(&mut self.first_contents, other.first_contents);
        sum(&mut self.first_content_us, other.first_content_us);
        sum(&mut self.timed_tokens, other.timed_tokens);
        sum(&mut self.timed_us, other.timed_us);
        // Beyond what money can be, the sum stays where it is.
        let money = |a: &mut Amount, b| *a = a.checked_add(b).unwrap_or(*a);
        money(&mut self.revenue_usd, other.revenue_usd);
        money(&mut self.revenue_swan, other.revenue_swan);
    }

    fn charged(&mut self, record: &Generation) {
        self.usage = record.usage();
        match record.currency() {
            Currency::Swan => self.revenue_swan = record.charge,
            _ => self.revenue_usd = record.charge,
        }
    }

    /// Of a stream only: a whole answer says nothing about its first token.
    fn timed(&mut self, first: Option<u64>, end: u64, record: &Generation) {
        let Some(first) = first.filter(|_| record.streaming) else {
            return;
        };
        self.first_contents = 1;
        self.first_content_us = first;
        let tokens = record.usage().completion_tokens;
        let flowed = end.saturating_sub(first);
        if record.outcome == KeptOutcome::Completed && tokens > 1 && flowed > 0 {
            self.timed_tokens = tokens - 1;
            self.timed_us = flowed;
        }
    }

    /// What one request adds to its model.
    fn of_request(record: &Generation) -> Self {
        let blames_consumer = record
            .decisive()
            .is_some_and(|last| last.blame() == Some("consumer"));
        let mut totals = Self {
            requests: 1,
            completed: u64::from(record.outcome == KeptOutcome::Completed),
            failed: u64::from(
                matches!(record.outcome, KeptOutcome::Failed | KeptOutcome::Broken)
                    && !blames_consumer,
            ),
            ..Self::default()
        };
        totals.charged(record);
        totals.timed(record.first_content_us, record.duration_us, record);
        totals
    }
}

#[derive(Debug, Default, Clone)]
struct Bucket {
    hour: u64,
    all: Totals,
    models: HashMap<ModelId, Totals>,
    providers: HashMap<(ProviderId, ModelId), Totals>,
}

/// Hourly buckets over the last day. About 200 bytes a name and hour, 10,000 names an hour at most.
#[derive(Debug, Default)]
pub(crate) struct Statistics {
    /// By hour modulo their number. Whoever sums them up holds on to them, and not to the lock.
    buckets: Vec<Arc<Bucket>>,
    typical: Typical,
}

/// Some hours, to be summed up.
#[derive(Debug)]
pub(crate) struct Window(Vec<Arc<Bucket>>);

impl Statistics {
    /// Counts a request that ended at `ended`.
    pub(crate) fn add(&mut self, record: &Generation, ended: Timestamp) {
        let Some(model) = &record.model else { return };
        let Some(bucket) = self.bucket(ended) else {
            return;
        };
        let bucket = Arc::make_mut(bucket);
        let totals = Totals::of_request(record);
        bucket.all.add(&totals);
        let is_counted = count(&mut bucket.models, model.clone(), &totals);
        for attempt in &record.attempts {
            let speaks_against = attempt.blame() == Some("provider");
            let mut totals = Totals {
                requests: 1,
                completed: u64::from(attempt.is_chosen && record.outcome == KeptOutcome::Completed),
                failed: u64::from(speaks_against),
                ..Totals::default()
            };
            if attempt.is_chosen {
                totals.charged(record);
                let since = |at: u64| at.saturating_sub(attempt.started_us);
                let first = attempt.first_content_us.map(since);
                totals.timed(first, since(attempt.ended_us), record);
            }
            count(
                &mut bucket.providers,
                (attempt.provider, model.clone()),
                &totals,
            );
        }
        if is_counted {
            self.typical.add(model, &totals);
        }
    }

    /// The bucket of `at`, emptied if it held an older hour; `None` for an hour that has left the window.
    fn bucket(&mut self, at: Timestamp) -> Option<&mut Arc<Bucket>> {
        let hour = at.as_secs() / HOUR_SECS;
        let place = usize::try_from(hour % HOURS).ok()?;
        while self.buckets.len() <= place {
            self.buckets.push(Arc::default());
        }
        let bucket = self.buckets.get_mut(place)?;
        if bucket.hour > hour {
            return None;
        }
        if bucket.hour < hour {
            self.typical.forget(&bucket.models);
            *bucket = Arc::new(Bucket {
                hour,
                ..Bucket::default()
            });
        }
        Some(bucket)
    }

    /// Tokens of an answer of this model, on average over the last day.
    pub(crate) fn typical(&mut self, model: &ModelId, now: Timestamp) -> Option<u64> {
        let oldest = (now.as_secs() / HOUR_SECS).saturating_sub(HOURS - 1);
        for bucket in &mut self.buckets {
            if bucket.hour < oldest && !bucket.models.is_empty() {
                self.typical.forget(&bucket.models);
                *bucket = Arc::default();
            }
        }
        self.typical.of(model)
    }

    /// The last `hours` whole hours before `now` and the hour that has begun, 24 at most.
    pub(crate) fn window(&self, now: Timestamp, hours: u64) -> Window {
        let to = now.as_secs() / HOUR_SECS;
        let from = to.saturating_sub(hours.min(HOURS - 1));
        let is_within = |bucket: &&Arc<Bucket>| (from..=to).contains(&bucket.hour);
        Window(self.buckets.iter().filter(is_within).cloned().collect())
    }
}

impl Window {
    /// The whole hub.
    pub(crate) fn all(&self) -> Totals {
        let mut sum = Totals::default();
        for bucket in &self.0 {
            sum.add(&bucket.all);
        }
        sum
    }

    /// Every model that was asked for.
    pub(crate) fn models(&self) -> HashMap<ModelId, Totals> {
        folded(self.0.iter().map(|bucket| &bucket.models))
    }

    /// Every provider, by model, that was asked.
    pub(crate) fn providers(&self) -> HashMap<(ProviderId, ModelId), Totals> {
        folded(self.0.iter().map(|bucket| &bucket.providers))
    }
}

/// Counts under a name; false when there is no room for it.
fn count<K: Eq + Hash>(names: &mut HashMap<K, Totals>, name: K, more: &Totals) -> bool {
    let is_full = names.len() >= NAMES_MAX;
    match names.entry(name) {
        Entry::Occupied(mut known) => known.get_mut().add(more),
        Entry::Vacant(free) if !is_full => drop(free.insert(*more)),
        Entry::Vacant(_) => return false,
    }
    true
}

fn folded<'a, K: Eq + Hash + Clone + 'a>(
    buckets: impl Iterator<Item = &'a HashMap<K, Totals>>,
) -> HashMap<K, Totals> {
    let mut sum: HashMap<K, Totals> = HashMap::new();
    for (name, totals) in buckets.flatten() {
        sum.entry(name.clone()).or_default().add(totals);
    }
    sum
}
