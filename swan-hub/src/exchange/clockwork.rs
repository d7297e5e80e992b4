//! Exchanges earnings every minute, as long as the hub lives.

use std::time::Duration;

use swan_core::Amount;
use tokio::time;

use super::{ExchangeError, preferring, settle};
use crate::hub::Shared;
use crate::settings::Current;

/// How often the hub looks whether something is to be exchanged.
const EVERY: Duration = Duration::from_secs(60);

/// The clock exchanges what is worth a cent, so that the journal is not filled with less; whoever asks gets all of it.
const LEAST_PICO: i128 = 10_000_000_000;

/// Looks after earnings as long as the hub lives. One of several hubs on a database does not: what one books by itself another
/// does not know of.
pub(crate) fn run(hub: &Current) {
    if hub.load().books.is_shared() {
        return;
    }
    let hub = hub.downgrade();
    tokio::spawn(async move {
        loop {
            time::sleep(EVERY).await;
            let Some(hub) = hub.load() else { return };
            if let Err(error) = turn(&hub).await {
                tracing::warn!(target: "swan_hub::exchange", %error, "earnings cannot be exchanged");
            }
        }
    });
}

/// One look at everybody who prefers a currency.
async fn turn(hub: &Shared) -> Result<(), ExchangeError> {
    let least = Amount::from_pico(LEAST_PICO)?;
    let mut before = Some(u64::MAX);
    while let Some(from) = before {
        let (page, next) = preferring(&*hub.store, from).await?;
        for (provider, _) in page {
            settle(hub, provider, least).await?;
        }
        before = next;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;
    use swan_core::ledger::entries::ExchangeSide;
    use swan_core::ledger::{Account, Cause, Detail, Group, Kind, Rule, Transfer, entries};
    use swan_core::{Currency, ProviderId, Timestamp, TransferId};

    use super::*;
    use crate::events::{EventSink, RequestRecord};
    use crate::exchange::{ExchangeEvent, ExchangeNews, prefer};
    use crate::{FixedPrice, Hub};

    #[derive(Debug, Default)]
    struct News(Mutex<Vec<ExchangeNews>>);

    impl EventSink for News {
        fn on_request(&self, _: &RequestRecord) {}

        fn on_exchange(&self, event: &ExchangeEvent) {
            self.0.lock().push(event.news);
        }
    }

    /// As a charge brings it.
    fn earn(id: u128, provider: u128, usd: &str) -> Group {
        let transfer = Transfer {
            id: TransferId::from_u128(id),
            kind: Kind::Posted,
            debit: Account::Grants.in_currency(Currency::Usd),
            credit: Account::ProviderEarnings(ProviderId::from_u128(provider))
                .in_currency(Currency::Usd),
            amount: usd.parse().unwrap(),
        };
        let cause = Cause {
            rule: Rule::Grant,
            request: None,
            policy: None,
            detail: Detail::None,
        };
        Group {
            transfers: vec![transfer],
            cause,
        }
    }

    #[tokio::test]
    async fn the_clock_exchanges_what_is_worth_a_cent_and_tells_once_what_it_cannot() {
        let news = Arc::new(News::default());
        let rate = FixedPrice::new("0.5".parse().unwrap());
        let builder = Hub::builder().with_price_oracle(Arc::new(rate));
        let hub = builder.with_event_sink(news.clone()).build().await.unwrap();
        let shared = hub.current.load();
        for (number, usd) in [(1, "1"), (2, "0.009999999999"), (3, "2")] {
            let provider = ProviderId::from_u128(number);
            let _applied = shared.books.post(earn(number, number, usd)).await.unwrap();
            // The third one takes what it is paid in.
            let to = (number < 3).then_some(Currency::Swan);
            let said = ("a test", Timestamp::EPOCH);
            prefer(&*shared.store, provider, to, said).await.unwrap();
        }
        for _ in 0..3 {
            turn(&shared).await.unwrap();
        }
        assert_eq!(*news.0.lock(), [ExchangeNews::Empty], "told once");
        let (id, amount) = (TransferId::from_u128(9), "100".parse().unwrap());
        let stock = entries::fund_exchange(id, ExchangeSide::Outside, Currency::Swan, amount, "");
        let _applied = shared.books.post(stock).await.unwrap();
        for _ in 0..3 {
            turn(&shared).await.unwrap();
        }
        let has = |number, currency| {
            let provider = ProviderId::from_u128(number);
            shared.books.owed(provider, currency).to_string()
        };
        let all =
            || [1, 2, 3].map(|number| [Currency::Usd, Currency::Swan].map(|one| has(number, one)));
        assert_eq!(all(), [["0", "2"], ["0.009999999999", "0"], ["2", "0"]]);
        assert_eq!(news.0.lock().len(), 2);
        // Who asks gets all of it.
        settle(&shared, ProviderId::from_u128(2), Amount::ZERO)
            .await
            .unwrap();
        assert_eq!(has(2, Currency::Swan), "0.019999999998");
        assert_eq!(shared.books.audit(), []);
    }
}
