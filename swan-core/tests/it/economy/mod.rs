//! Catalogue, prices, quotes, splits and metering, against the seeds' figures and for every input.

mod catalogue;
mod metering;
mod prices;

use swan_core::Amount;

fn amount(text: &str) -> Amount {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}
