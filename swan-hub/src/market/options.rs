//! What an operator decides about accounts.

use std::time::Duration;

use swan_core::{Amount, Currency};

/// Who may open an account by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Signup {
    /// Anybody.
    Open,
    /// Nobody: the operator makes keys.
    #[default]
    Closed,
}

/// What an operator decides about accounts; the table `[market]` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MarketOptions {
    /// Who may open an account by itself. Nobody.
    pub signup: Signup,
    /// How long a login lasts. 7 days.
    pub session: Duration,
    /// Accounts that one network address may open in an hour. 10.
    pub signups_per_hour: u32,
    /// Logins that one network address may try in a minute. 20.
    pub logins_per_minute: u32,
    /// What an account without a threshold of its own falls below when that is told, in US dollars. Nothing is told.
    pub low_balance: Option<Amount>,
    /// The same in SWAN. Nothing is told.
    pub low_balance_swan: Option<Amount>,
}

impl MarketOptions {
    /// What an account without a threshold of its own falls below, in this currency.
    pub(crate) const fn low_balance_in(&self, currency: Currency) -> Option<Amount> {
        match currency {
            Currency::Usd => self.low_balance,
            Currency::Swan => self.low_balance_swan,
            _ => None,
        }
    }
}

impl Default for MarketOptions {
    fn default() -> Self {
        Self {
            signup: Signup::Closed,
            session: Duration::from_secs(7 * 24 * 3_600),
            signups_per_hour: 10,
            logins_per_minute: 20,
            low_balance: None,
            low_balance_swan: None,
        }
    }
}
