//! What a SWAN is worth, by one or several sources that are asked over HTTP now and then.
//!
//! Requests read the last rate from memory. Sources are believed within bounds only: a price lies between the lowest and the highest
//! that the operator takes for possible, enough sources agree on it, it does not jump unless further polls confirm that, and once it
//! is too old there is none, so that nobody is charged by it.

mod clockwork;
mod event;
mod judge;
mod number;
mod options;
mod pointer;
mod source;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use arc_swap::ArcSwapOption;
use futures::future::join_all;
use parking_lot::Mutex;
use swan_core::{Clock, ExchangeRate, RateError, StampedRate, Timestamp};
use tokio::time::Instant;

pub(crate) use self::clockwork::run;
pub(crate) use self::event::write;
use self::event::{Answers, Counts, POLLS};
pub use self::event::{PriceFeedEvent, PriceFeedNews};
use self::judge::{Judge, Told, Verdict};
pub(crate) use self::options::SOURCES_MAX;
pub use self::options::{FeedSource, PriceFeedError, PriceFeedOptions};
pub use self::pointer::{Pointer, PointerError};
use self::source::{Source, SourceError};
use crate::events::EventSink;
use crate::seams::PriceOracle;

/// The sources, and what they have told.
#[derive(Debug)]
pub(crate) struct PriceFeed {
    options: PriceFeedOptions,
    sources: Vec<Source>,
    /// What requests read.
    rate: ArcSwapOption<StampedRate>,
    state: Mutex<State>,
    counts: Arc<Counts>,
    answers: Vec<Arc<Answers>>,
}

/// What only polls change.
#[derive(Debug)]
struct State {
    judge: Judge,
    /// When the next poll is due; at once, if not said.
    due: Option<Instant>,
    /// What has become of the last poll, so that what lasts is told once.
    last: Option<PriceFeedNews>,
    is_stale_told: bool,
    sources: Vec<SourceState>,
}

/// What is known of a source.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceState {
    /// What it told last, and of when that is.
    pub(crate) told: Option<(ExchangeRate, Timestamp)>,
    /// Why it told nothing at the last poll.
    pub(crate) error: Option<SourceError>,
}

/// As figures and routes show a feed.
#[derive(Debug)]
pub(crate) struct Figures {
    /// What has become of polls.
    pub(crate) polls: Vec<(&'static str, u64)>,
    /// What has become of the questions to each source.
    pub(crate) answers: Vec<(String, Vec<(&'static str, u64)>)>,
}

impl PriceFeed {
    /// A feed that has told nothing yet. What `before` has told goes on where it asked the same sources: a reload is no gap, and no
    /// way around the largest step.
    pub(crate) fn new(
        options: PriceFeedOptions,
        before: Option<&Self>,
    ) -> Result<Self, PriceFeedError> {
        options.check()?;
        let sources = options.sources.iter();
        let sources: Vec<Source> = sources
            .map(|source| Source::new(source, &options))
            .collect::<Result<_, _>>()?;
        let before = before.filter(|before| before.options.asks_as(&options));
        let last = before.and_then(|before| before.rate.load_full());
        let last = last.filter(|last| (options.min..=options.max).contains(&last.rate()));
        let known = before.map(|before| before.state.lock().sources.clone());
        let none = || vec![SourceState::default(); sources.len()];
        Ok(Self {
            state: Mutex::new(State {
                judge: last
                    .as_ref()
                    .map_or_else(Judge::default, |last| Judge::after(last.rate())),
                due: None,
                last: None,
                is_stale_told: false,
                sources: known.unwrap_or_else(none),
            }),
            rate: ArcSwapOption::new(last),
            counts: before.map_or_else(Arc::default, |before| Arc::clone(&before.counts)),
            answers: match before {
                Some(before) => before.answers.clone(),
                None => sources.iter().map(|_| Arc::default()).collect(),
            },
            sources,
            options,
        })
    }

    pub(crate) const fn options(&self) -> &PriceFeedOptions {
        &self.options
    }

    /// The last rate, however old it is.
    pub(crate) fn last(&self) -> Option<Arc<StampedRate>> {
        self.rate.load_full()
    }

    /// What is known of each source, by its name.
    pub(crate) fn sources(&self) -> Vec<(String, SourceState)> {
        let names = self.sources.iter().map(|source| source.name.clone());
        let states = self.state.lock().sources.clone();
        names.zip(states).collect()
    }

    /// What has been counted.
    pub(crate) fn figures(&self) -> Figures {
        let polls = POLLS.into_iter().zip(&self.counts.polls);
        let answers = self.sources.iter().zip(&self.answers);
        Figures {
            polls: polls
                .map(|(outcome, count)| (outcome, count.load(Relaxed)))
                .collect(),
            answers: answers
                .map(|(source, answers)| (source.name.clone(), answers.all().collect()))
                .collect(),
        }
    }

    /// Asks all sources at once, and judges what they tell.
    pub(crate) async fn poll(&self, clock: &dyn Clock, events: &dyn EventSink) {
        self.state.lock().due = Some(Instant::now() + self.options.poll);
        // A price is at least as old as the question.
        let asked = clock.now();
        let answers = join_all(self.sources.iter().map(|source| source.ask(asked))).await;
        let mut news = Vec::new();
        {
            let mut state = self.state.lock();
            self.note(&mut state, &answers, &mut news);
            self.conclude(&mut state, &answers, clock.now(), &mut news);
        }
        for event in &news {
            events.on_price_feed(event);
        }
    }

    /// Writes down what each source has told.
    fn note(&self, state: &mut State, answers: &[Answer], news: &mut Vec<PriceFeedEvent>) {
        let known = state.sources.iter_mut().zip(&self.sources);
        for (((known, source), answer), counts) in known.zip(answers).zip(&self.answers) {
            let error = answer.as_ref().err();
            counts.count(error);
            let was = known.error.as_ref().map(SourceError::kind);
            let is = error.map(SourceError::kind);
            if was != is {
                let (kind, says) = match error {
                    Some(error) => (PriceFeedNews::SourceFailed, error.to_string()),
                    None => (
                        PriceFeedNews::SourceBack,
                        "it tells a price again".to_owned(),
                    ),
                };
                news.push(self.event(kind, Some(&source.name), says));
            }
            if let Ok(told) = answer {
                known.told = Some(*told);
            }
            known.error = error.cloned();
        }
    }

    fn conclude(
        &self,
        state: &mut State,
        answers: &[Answer],
        now: Timestamp,
        news: &mut Vec<PriceFeedEvent>,
    ) {
        let told = self.sources.iter().zip(answers);
        let told = told.filter_map(|(source, answer)| {
            let (rate, at) = *answer.as_ref().ok()?;
            let source = source.name.as_str();
            Some(Told { source, rate, at })
        });
        let told: Vec<Told<'_>> = told.collect();
        let was_usable = self.usable(now).is_some();
        let verdict = state.judge.judge(&self.options.rules(), &told);
        let place = place(&verdict);
        if let Some(count) = self.counts.polls.get(place) {
            count.fetch_add(1, Relaxed);
        }
        let (kind, says) = self.words(verdict);
        let is_new = state.last != kind;
        state.last = kind;
        if let Some(kind) = kind.filter(|_| is_new) {
            news.push(self.event(kind, None, says));
        }
        let is_usable = self.usable(now).is_some();
        if is_usable && !was_usable {
            let says = "payments in SWAN are possible".to_owned();
            news.push(self.event(PriceFeedNews::Told, None, says));
        }
        if !is_usable && !state.is_stale_told {
            let says = "payments in SWAN are refused until there is a rate".to_owned();
            news.push(self.event(PriceFeedNews::Stale, None, says));
        }
        state.is_stale_told = !is_usable;
    }

    /// Puts what was accepted in force, and says what was not.
    fn words(&self, verdict: Verdict) -> (Option<PriceFeedNews>, String) {
        let quorum = self.options.quorum;
        match verdict {
            Verdict::Accepted(rate) => {
                self.rate.store(Some(Arc::new(rate)));
                (None, String::new())
            }
            Verdict::Few { told } => {
                let says = format!("{told} sources have told a price, and {quorum} must agree");
                (Some(PriceFeedNews::Few), says)
            }
            Verdict::Disagree { agree, median } => {
                let says = format!(
                    "{agree} sources are near the median of {median} USD, and {quorum} must agree"
                );
                (Some(PriceFeedNews::Disagree), says)
            }
            Verdict::Jump {
                from,
                to,
                confirmed,
            } => {
                let needed = self.options.confirm_polls;
                let says = format!(
                    "from {from} to {to} USD; {confirmed} of {needed} further polls have confirmed it"
                );
                (Some(PriceFeedNews::Jump), says)
            }
        }
    }

    fn event(&self, news: PriceFeedNews, source: Option<&str>, says: String) -> PriceFeedEvent {
        PriceFeedEvent {
            news,
            source: source.map(str::to_owned),
            rate: self.last().map(|rate| (*rate).clone()),
            says,
        }
    }

    /// The last rate, as long as it may be used.
    fn usable(&self, now: Timestamp) -> Option<StampedRate> {
        let rate = self.rate.load();
        let rate = rate.as_deref()?;
        rate.fresh(now, self.options.max_age).ok()?;
        Some(rate.clone())
    }
}

/// What a source has told at a poll.
type Answer = Result<(ExchangeRate, Timestamp), SourceError>;

/// The place among [`POLLS`].
const fn place(verdict: &Verdict) -> usize {
    match verdict {
        Verdict::Accepted(_) => 0,
        Verdict::Few { .. } => 1,
        Verdict::Disagree { .. } => 2,
        Verdict::Jump { .. } => 3,
    }
}

impl PriceOracle for PriceFeed {
    fn usd_per_swan(&self, now: Timestamp) -> Option<StampedRate> {
        self.usable(now)
    }

    fn why_not(&self, now: Timestamp) -> Option<RateError> {
        let why = match &*self.rate.load() {
            None => Cow::Borrowed("it has told none yet"),
            Some(last) => {
                let (age, most) = (now.since(last.at()), self.options.max_age);
                let (age, most) = (age.as_secs(), most.as_secs());
                Cow::Owned(format!(
                    "the last one is {age} s old, and may be used for {most} s"
                ))
            }
        };
        Some(RateError::NotNow {
            feed: Cow::Borrowed("the price feed"),
            why,
        })
    }

    fn max_age(&self) -> Option<std::time::Duration> {
        Some(self.options.max_age)
    }
}
