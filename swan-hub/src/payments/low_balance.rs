//! Tells once when what an account has falls below its threshold, and again after it was above.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use swan_core::{AccountId, Amount, Currency};
use tokio::time::{self, MissedTickBehavior};

use crate::hub::Shared;
use crate::settings::Current;

/// What an account has has fallen below its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LowBalance {
    /// The account.
    pub account: AccountId,
    /// What it has in US dollars, what is set aside included.
    pub balance: Amount,
    /// Below what that is.
    pub threshold: Amount,
}

/// How often an account has fallen below its threshold since the hub was started.
#[derive(Debug, Default)]
pub(crate) struct LowBalances(AtomicU64);

impl LowBalances {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// How often the accounts are looked at whose funds have changed.
const EVERY: Duration = Duration::from_millis(500);

/// The threshold of an account, or the one of all.
pub(crate) fn threshold(hub: &Shared, account: AccountId) -> Option<Amount> {
    let own = hub.keys.account(account);
    own.and_then(|own| own.limits().low_balance)
        .or(hub.settings.market.low_balance)
}

/// Accounts that are above their threshold, so that falling below it is news.
#[derive(Debug, Default)]
struct Above(BTreeSet<AccountId>);

impl Above {
    /// Whether this is news: it was above at the last look, or had so much since then.
    fn looks(
        &mut self,
        account: AccountId,
        (balance, most): (Amount, Amount),
        threshold: Option<Amount>,
    ) -> bool {
        let Some(threshold) = threshold.filter(|threshold| balance < *threshold) else {
            self.0.insert(account);
            return false;
        };
        self.0.remove(&account) || most >= threshold
    }
}

/// Watches as long as the hub lives.
pub(crate) fn watch(hub: &Current) {
    let own = hub.load();
    // A node sees slices, which are always low.
    if own.books.are_one_of_several() {
        return;
    }
    let mut above = Above::default();
    // Whoever is below already when the hub starts was told of before.
    let _ = own.books.touched();
    for (account, balance) in own.books.consumers() {
        above.looks(account, (balance, balance), threshold(&own, account));
    }
    drop(own);
    let hub = hub.downgrade();
    tokio::spawn(async move {
        let mut every = time::interval(EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            let Some(hub) = hub.load() else { return };
            look(&hub, &mut above);
        }
    });
}

fn look(hub: &Shared, above: &mut Above) {
    for (account, moved) in hub.books.touched() {
        let balance = hub.books.balance(account, Currency::Usd).posted();
        let limit = threshold(hub, account);
        if !above.looks(account, (balance, moved.most(balance)), limit) {
            continue;
        }
        hub.payments.low_balances.0.fetch_add(1, Relaxed);
        if let Some(threshold) = limit {
            hub.events.on_low_balance(&LowBalance {
                account,
                balance,
                threshold,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falling_is_told_once_and_again_after_rising() {
        let account = AccountId::from_u128(1);
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
    }
}
