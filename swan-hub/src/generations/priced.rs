//! By which price a request was charged, as it is kept: a policy's price may have changed long before somebody asks.

use serde::{Deserialize, Serialize};
use swan_core::{Amount, ExchangeRate, ModelPrice, StampedRate, Timestamp, TokenPrice, UnitPrice};

use crate::events::RequestRecord;

/// The price of a request that was charged. Fields are added at the end, and the version of chunks goes up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Priced {
    price: Option<KeptPrice>,
    rate: Option<KeptRate>,
    digests: [Option<[u8; 32]>; 2],
}

/// The order of the variants is part of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum KeptPrice {
    /// Input, cached input and output.
    Tokens([Amount; 3]),
    PerMinute(Amount),
    PerImage(Amount),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KeptRate {
    rate: ExchangeRate,
    feed: String,
    at: Timestamp,
}

impl Priced {
    pub(super) fn of(record: &RequestRecord) -> Self {
        Self {
            price: record.price.as_ref().and_then(KeptPrice::of),
            rate: record.rate.as_ref().map(|rate| KeptRate {
                rate: rate.rate(),
                feed: rate.feed().to_owned(),
                at: rate.at(),
            }),
            digests: record.digests,
        }
    }

    /// The listed price, before the discount.
    pub(crate) fn price(&self) -> Option<ModelPrice> {
        match self.price? {
            KeptPrice::Tokens([input, cached, output]) => {
                let price = TokenPrice::per_million(input, output).ok()?;
                Some(price.with_cached(cached).ok()?.into())
            }
            KeptPrice::PerMinute(usd) => UnitPrice::new(usd).ok().map(ModelPrice::PerMinute),
            KeptPrice::PerImage(usd) => UnitPrice::new(usd).ok().map(ModelPrice::PerImage),
        }
    }

    /// SHA-256 of the bodies of request and answer, where they were asked for.
    pub(crate) const fn digests(&self) -> [Option<[u8; 32]>; 2] {
        self.digests
    }

    /// The exchange rate, when it was not paid in US dollars.
    pub(crate) fn rate(&self) -> Option<StampedRate> {
        let kept = self.rate.as_ref()?;
        Some(StampedRate::new(kept.rate, kept.feed.clone(), kept.at))
    }
}

impl KeptPrice {
    fn of(price: &ModelPrice) -> Option<Self> {
        Some(match price {
            ModelPrice::Tokens(tokens) => Self::Tokens([
                tokens.input_per_million(),
                tokens.cached_per_million(),
                tokens.output_per_million(),
            ]),
            ModelPrice::PerMinute(price) => Self::PerMinute(price.usd()),
            ModelPrice::PerImage(price) => Self::PerImage(price.usd()),
            _ => return None,
        })
    }
}
