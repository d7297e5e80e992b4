use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{AccountId, Currency, ProviderId};

/// Whose money an account counts.
///
/// The order of the variants is part of the journal format: new ones go at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Account {
    /// Prepaid funds of a consumer.
    Consumer(AccountId),
    /// What a provider has earned and not been paid yet.
    ProviderEarnings(ProviderId),
    /// Where the gross of a charge stands for the length of one group, so that it is empty between groups.
    Clearing,
    /// The hub's share for growth.
    GrowthFund,
    /// The hub's own share.
    Treasury,
    /// What is taken out of circulation.
    Burn,
    /// The outside world as far as administrators' grants go: its debits are the credit ever granted.
    Grants,
    /// The outside world as far as cards go: its debits are what was paid in, its credits what went back.
    Card,
    /// What a consumer owes because the card processor took back more than was there: its debits are what the hub lost by it,
    /// its credits what was made good.
    Shortfall(AccountId),
    /// What a provider has asked to be paid, until that is done or given back.
    PayingOut(ProviderId),
    /// The outside world as far as payouts go: its credits are all that was ever paid to providers.
    Payouts,
    /// Collateral of a provider that is bound to nothing.
    Collateral(ProviderId),
    /// Collateral that is bound to jobs.
    CollateralLocked(ProviderId),
    /// Collateral that is set aside for penalties which can still be appealed.
    CollateralImpounded(ProviderId),
    /// Collateral that was asked back, and waits.
    CollateralLeaving(ProviderId),
    /// What a provider owes because the card processor took back more of its collateral than was there: its debits are what the
    /// hub lost by it, its credits what was made good.
    CollateralOwed(ProviderId),
    /// What a node has drawn of a consumer's funds out of what all nodes share, and not given back: its debits less its credits.
    Slice(AccountId),
    /// The outside world as far as deposits of tokens go: its debits are what came in, its credits what a replaced chain took back.
    Chain,
    /// What the till, which several hubs keep together, has taken over of a provider's earnings at them: its debits.
    Earned(ProviderId),
    /// What the till has handed on to the funds of a consumer that several hubs share: its credits.
    Shared(AccountId),
    /// What providers are paid from in the currency that they prefer: they give to it in the other one.
    Exchange,
    /// The outside world as far as the exchange goes: its credits are what was taken out of it.
    TakenOut,
}

/// Which side of an account may not outgrow the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// Debits, pending and posted, stay within posted credits: nobody spends what is not there.
    DebitsWithinCredits,
    /// Credits, pending and posted, stay within posted debits: the outside world takes back no more than it gave.
    CreditsWithinDebits,
}

impl Account {
    /// The limit of this account; each account has one.
    #[must_use]
    pub const fn limit(&self) -> Limit {
        match self {
            Self::Consumer(_)
            | Self::ProviderEarnings(_)
            | Self::Clearing
            | Self::GrowthFund
            | Self::Treasury
            | Self::Burn
            | Self::PayingOut(_)
            | Self::Payouts
            | Self::Collateral(_)
            | Self::CollateralLocked(_)
            | Self::CollateralImpounded(_)
            | Self::CollateralLeaving(_)
            | Self::Shared(_)
            | Self::Exchange
            | Self::TakenOut => Limit::DebitsWithinCredits,
            Self::Grants
            | Self::Card
            | Self::Shortfall(_)
            | Self::CollateralOwed(_)
            | Self::Slice(_)
            | Self::Chain
            | Self::Earned(_) => Limit::CreditsWithinDebits,
        }
    }

    /// This account in one currency.
    #[must_use]
    pub const fn in_currency(self, currency: Currency) -> AccountKey {
        AccountKey {
            account: self,
            currency,
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Consumer(id) => write!(f, "consumer {id}"),
            Self::ProviderEarnings(id) => write!(f, "earnings {id}"),
            Self::Clearing => f.write_str("clearing"),
            Self::GrowthFund => f.write_str("growth fund"),
            Self::Treasury => f.write_str("treasury"),
            Self::Burn => f.write_str("burn"),
            Self::Grants => f.write_str("grants"),
            Self::Card => f.write_str("card processor"),
            Self::Shortfall(id) => write!(f, "shortfall {id}"),
            Self::PayingOut(id) => write!(f, "paying out {id}"),
            Self::Payouts => f.write_str("payouts"),
            Self::Collateral(id) => write!(f, "collateral {id}"),
            Self::CollateralLocked(id) => write!(f, "locked collateral {id}"),
            Self::CollateralImpounded(id) => write!(f, "impounded collateral {id}"),
            Self::CollateralLeaving(id) => write!(f, "leaving collateral {id}"),
            Self::CollateralOwed(id) => write!(f, "collateral owed {id}"),
            Self::Slice(id) => write!(f, "slice {id}"),
            Self::Chain => f.write_str("chain"),
            Self::Earned(id) => write!(f, "earned {id}"),
            Self::Shared(id) => write!(f, "shared funds {id}"),
            Self::Exchange => f.write_str("exchange"),
            Self::TakenOut => f.write_str("taken out"),
        }
    }
}

/// One account in one currency; no transfer crosses currencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a key is exactly these two facts"
)]
pub struct AccountKey {
    /// Whose money.
    pub account: Account,
    /// Counted in what.
    pub currency: Currency,
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.account, self.currency)
    }
}
