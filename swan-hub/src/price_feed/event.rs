//! What happens with the price feed, for the integrator and for figures.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use swan_core::StampedRate;

use super::source::SourceError;

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PriceFeedNews {
    /// There is a rate, for the first time or again: SWAN can be paid with.
    Told,
    /// The rate is too old to be used: nothing can be paid with SWAN until there is another one.
    Stale,
    /// Fewer sources than must agree have told a price.
    Few,
    /// They have, but too few of them agree.
    Disagree,
    /// The price is far from the last rate, which stays until further polls confirm it.
    Jump,
    /// A source tells no price that can be used any more.
    SourceFailed,
    /// It does again.
    SourceBack,
}

impl PriceFeedNews {
    /// The news as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Stale => "stale",
            Self::Few => "few",
            Self::Disagree => "disagree",
            Self::Jump => "jump",
            Self::SourceFailed => "source_failed",
            Self::SourceBack => "source_back",
        }
    }

    /// Whether somebody has to look.
    #[must_use]
    pub const fn is_alarming(self) -> bool {
        !matches!(self, Self::Told | Self::SourceBack)
    }
}

/// Something that has happened with the price feed. What lasts is told once, when it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PriceFeedEvent {
    /// What.
    pub news: PriceFeedNews,
    /// The source that it is about, if it is about one.
    pub source: Option<String>,
    /// The last rate, which may be too old to be used.
    pub rate: Option<StampedRate>,
    /// More about it, in words.
    pub says: String,
}

/// What somebody has to look at stands out.
pub(crate) fn write(event: &PriceFeedEvent) {
    let rate = event.rate.as_ref().map(|rate| rate.rate().to_string());
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                target: "swan_hub::price_feed",
                news = event.news.as_str(),
                source = event.source,
                usd_per_swan = rate,
                says = event.says,
            )
        };
    }
    if event.news.is_alarming() {
        line!(warn);
    } else {
        line!(info);
    }
}

/// What polls have come to.
pub(crate) const POLLS: [&str; 4] = ["accepted", "few", "disagree", "jump"];

/// How often what has happened.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) polls: [AtomicU64; POLLS.len()],
}

/// How often a source has told a price, and how often it has not and why.
#[derive(Debug, Default)]
pub(super) struct Answers {
    told: AtomicU64,
    failed: [AtomicU64; SourceError::KINDS.len()],
}

impl Answers {
    pub(super) fn count(&self, error: Option<&SourceError>) {
        let counted = match error {
            None => Some(&self.told),
            Some(error) => {
                let mut counts = SourceError::KINDS.into_iter().zip(&self.failed);
                counts
                    .find(|(kind, _)| *kind == error.kind())
                    .map(|(_, count)| count)
            }
        };
        if let Some(count) = counted {
            count.fetch_add(1, Relaxed);
        }
    }

    /// Each outcome and how often it came.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let failed = SourceError::KINDS.into_iter().zip(&self.failed);
        std::iter::once(("told", &self.told))
            .chain(failed)
            .map(|(outcome, count)| (outcome, count.load(Relaxed)))
    }
}
