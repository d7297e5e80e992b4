//! Tells once when what an account has in a currency falls below its threshold, and again after it was above.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use swan_core::{AccountId, Amount, Currency};
use tokio::time::{self, Interval, MissedTickBehavior};

use crate::hub::Shared;
use crate::settings::Current;

/// What an account has has fallen below its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LowBalance {
    /// The account.
    pub account: AccountId,
    /// In what it is counted; each currency has a threshold of its own.
    pub currency: Currency,
    /// What it has of that, what is set aside included.
    pub balance: Amount,
    /// Below what that is.
    pub threshold: Amount,
}

/// How often an account has fallen below its threshold since the hub was started, by currency.
#[derive(Debug, Default)]
pub(crate) struct LowBalances([AtomicU64; Currency::ALL.len()]);

impl LowBalances {
    pub(crate) fn count(&self, currency: Currency) -> u64 {
        let count = self.0.get(currency as usize);
        count.map_or(0, |count| count.load(Relaxed))
    }

    fn add(&self, currency: Currency) {
        if let Some(count) = self.0.get(currency as usize) {
            count.fetch_add(1, Relaxed);
        }
    }
}

/// How often the accounts are looked at whose funds have changed.
const EVERY: Duration = Duration::from_millis(500);
/// The most accounts that are asked about at once.
const AT_ONCE: usize = 1_000;

/// The threshold of an account in a currency, or the one of all.
pub(crate) fn threshold(
    hub: &Shared,
    (account, currency): (AccountId, Currency),
) -> Option<Amount> {
    let own = hub.keys.account(account);
    own.and_then(|own| own.limits().low_balance_in(currency))
        .or(hub.settings.market.low_balance_in(currency))
}

/// Accounts that are above their threshold in a currency, so that falling below it is news.
#[derive(Debug, Default)]
struct Above(BTreeSet<(AccountId, Currency)>);

impl Above {
    /// Whether this is news: it was above at the last look, or had so much since then.
    fn looks(
        &mut self,
        funds: (AccountId, Currency),
        (balance, most): (Amount, Amount),
        threshold: Option<Amount>,
    ) -> bool {
        let Some(threshold) = threshold.filter(|threshold| balance < *threshold) else {
            self.0.insert(funds);
            return false;
        };
        self.0.remove(&funds) || most >= threshold
    }
}

/// Watches as long as the hub lives.
pub(crate) fn watch(hub: &Current) {
    let own = hub.load();
    // Whoever is below already when the hub starts was told of before.
    let _ = own.books.touched();
    if own.books.are_one_of_several() {
        // A node sees slices, which are always low; what all have is in the database, and whether it was told.
        drop(own);
        watch_together(hub);
        return;
    }
    let mut above = Above::default();
    for (account, balance) in own.books.consumers() {
        above.looks(account, (balance, balance), threshold(&own, account));
    }
    drop(own);
    let hub = hub.downgrade();
    tokio::spawn(async move {
        let mut every = every();
        loop {
            every.tick().await;
            let Some(hub) = hub.load() else { return };
            look(&hub, &mut above);
        }
    });
}

fn every() -> Interval {
    let mut every = time::interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    every
}

/// The same at one of several hubs.
fn watch_together(hub: &Current) {
    let hub = hub.downgrade();
    tokio::spawn(async move {
        let (mut every, mut left) = (every(), BTreeSet::new());
        loop {
            every.tick().await;
            let Some(hub) = hub.load() else { return };
            left.extend(hub.books.touched().into_keys());
            look_together(&hub, &mut left).await;
        }
    });
}

/// Looks at these accounts; those that could not be looked at are left for the next time.
async fn look_together(hub: &Shared, left: &mut BTreeSet<(AccountId, Currency)>) {
    let asked: Vec<_> = left
        .iter()
        .filter_map(|funds| Some((*funds, threshold(hub, *funds)?)))
        .collect();
    left.clear();
    for (number, some) in asked.chunks(AT_ONCE).enumerate() {
        let fallen = match hub.books.fallen_below(some).await {
            Ok(fallen) => fallen,
            Err(error) => {
                tracing::warn!(%error, "what accounts have cannot be looked at");
                let unseen = asked.iter().skip(number * AT_ONCE);
                left.extend(unseen.map(|(funds, _)| *funds));
                return;
            }
        };
        for (funds, balance) in fallen {
            tell(hub, funds, balance, threshold(hub, funds));
        }
    }
}

fn look(hub: &Shared, above: &mut Above) {
    for ((account, currency), moved) in hub.books.touched() {
        let balance = hub.books.balance(account, currency).posted();
        let limit = threshold(hub, (account, currency));
        let now = (balance, moved.most(balance));
        if !above.looks((account, currency), now, limit) {
            continue;
        }
        tell(hub, (account, currency), balance, limit);
    }
}

fn tell(
    hub: &Shared,
    (account, currency): (AccountId, Currency),
    balance: Amount,
    threshold: Option<Amount>,
) {
    hub.payments.low_balances.add(currency);
    if let Some(threshold) = threshold {
        hub.events.on_low_balance(&LowBalance {
            account,
            currency,
            balance,
            threshold,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falling_is_told_once_and_again_after_rising() {
        let account = (AccountId::from_u128(1), Currency::Usd);
        let swan = (AccountId::from_u128(1), Currency::Swan);
        let usd = |text: &str| text.parse::<Amount>().unwrap();
        let mut above = Above::default();
        let five = Some(usd("5"));
        let steps = [
            ("4", "4", five, false),
            ("5", "5", five, false),
            ("4.99", "5", five, true),
            ("4", "4.99", five, false),
            ("0", "4", five, false),
            ("9", "9", five, false),
            ("1", "9", five, true),
            ("1", "1", None, false),
            ("0.5", "1", five, true),
            // It rose and fell between two looks.
            ("0.4", "5", five, true),
            ("0.3", "4.9", five, false),
        ];
        for (at, (balance, most, threshold, is_news)) in steps.into_iter().enumerate() {
            let now = (usd(balance), usd(most));
            assert_eq!(above.looks(account, now, threshold), is_news, "{at}");
        }
        // Each currency is looked at for itself.
        let now = (usd("4"), usd("4"));
        assert!(!above.looks(swan, (usd("6"), usd("6")), five));
        assert!(!above.looks(account, now, five));
        assert!(above.looks(swan, now, five));
    }
}
