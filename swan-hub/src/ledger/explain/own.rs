//! The accounts that are nobody's but the hub's, by the names that explanations and statements show.

use std::fmt;
use std::str::FromStr;

use swan_core::IdError;
use swan_core::ledger::Account;

/// An account of the hub itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnAccount(Account);

impl OwnAccount {
    const ALL: [Account; 10] = [
        Account::Clearing,
        Account::GrowthFund,
        Account::Treasury,
        Account::Burn,
        Account::Grants,
        Account::Card,
        Account::Payouts,
        Account::Chain,
        Account::Exchange,
        Account::TakenOut,
    ];

    /// The account.
    #[must_use]
    pub const fn account(self) -> Account {
        self.0
    }
}

impl FromStr for OwnAccount {
    type Err = IdError;

    /// Reads `growth fund`, or `growth-fund`, which needs no quotes.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let name = text.replace('-', " ");
        let mut all = Self::ALL.into_iter();
        let found = all.find(|account| account.to_string() == name);
        found.map(Self).ok_or(IdError::Malformed {
            kind: "account",
            expected: "the name of an account of the hub itself, such as growth-fund",
        })
    }
}

impl fmt::Display for OwnAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_string().replace(' ', "-"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_known_by_the_name_that_is_shown() {
        for account in OwnAccount::ALL {
            let shown = account.to_string();
            let own: OwnAccount = shown.parse().unwrap();
            assert_eq!(own.account(), account);
            assert_eq!(own.to_string().parse::<OwnAccount>().unwrap(), own);
        }
        for other in ["", "consumer", "growth", "Treasury", "acc-7", "earnings"] {
            assert!(other.parse::<OwnAccount>().is_err(), "{other}");
        }
    }
}
