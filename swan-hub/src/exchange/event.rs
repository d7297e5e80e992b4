//! What happens with the exchange, for the integrator and for figures.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use swan_core::ledger::ExchangeRecord;
use swan_core::{Amount, Currency, ProviderId};

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExchangeNews {
    /// What a provider had earned is now in the currency that it prefers.
    Exchanged,
    /// A part of it: there was no more in stock.
    Partly,
    /// Nothing of it, since nothing is in stock.
    Empty,
    /// Nothing of it, since there is no exchange rate, or none that is young enough.
    NoRate,
}

impl ExchangeNews {
    pub(crate) const ALL: [Self; 4] = [Self::Exchanged, Self::Partly, Self::Empty, Self::NoRate];

    /// The news as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exchanged => "exchanged",
            Self::Partly => "partly",
            Self::Empty => "empty",
            Self::NoRate => "no_rate",
        }
    }

    /// Whether somebody has to look.
    #[must_use]
    pub const fn is_alarming(self) -> bool {
        !matches!(self, Self::Exchanged)
    }
}

/// Something that has happened with the exchange; money has moved in the books before it is told. What keeps earnings from being
/// exchanged is told once for each currency, and again after an exchange into it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExchangeEvent {
    /// What.
    pub news: ExchangeNews,
    /// Whose earnings.
    pub provider: ProviderId,
    /// What they were counted in.
    pub from: Currency,
    /// What the provider prefers.
    pub to: Currency,
    /// What it gave; of an exchange that was left out, what it would have given.
    pub gave: Amount,
    /// What it got.
    pub got: Amount,
    /// More about it, in words.
    pub says: String,
}

impl ExchangeEvent {
    pub(super) fn exchanged(record: &ExchangeRecord, is_part: bool) -> Self {
        let ExchangeRecord { rate, feed, at, .. } = record;
        Self {
            news: match is_part {
                true => ExchangeNews::Partly,
                false => ExchangeNews::Exchanged,
            },
            provider: record.provider,
            from: record.from,
            to: record.to,
            gave: record.gave,
            got: record.got,
            says: format!("at {rate} USD for 1 SWAN ({feed} at {at})"),
        }
    }

    pub(super) const fn left_out(
        news: ExchangeNews,
        provider: ProviderId,
        (from, to): (Currency, Currency),
        gave: Amount,
        says: String,
    ) -> Self {
        Self {
            news,
            provider,
            from,
            to,
            gave,
            got: Amount::ZERO,
            says,
        }
    }
}

/// What somebody has to look at stands out.
pub(crate) fn write(event: &ExchangeEvent) {
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                target: "swan_hub::exchange",
                news = event.news.as_str(),
                provider = %event.provider,
                gave = %event.gave,
                from = event.from.code(),
                got = %event.got,
                to = event.to.code(),
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

/// How often each has happened since the hub was started.
#[derive(Debug, Default)]
pub(super) struct Counts([AtomicU64; ExchangeNews::ALL.len()]);

impl Counts {
    pub(super) fn count(&self, news: ExchangeNews) {
        if let Some(count) = self.0.get(news as usize) {
            count.fetch_add(1, Relaxed);
        }
    }

    pub(super) fn of(&self, news: ExchangeNews) -> u64 {
        self.0
            .get(news as usize)
            .map_or(0, |count| count.load(Relaxed))
    }
}
