use std::time::Duration;

use serde::Deserialize;

use crate::BasisPoints;

/// What the winner is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Payment {
    /// Its own bid.
    FirstPrice,
    /// The most that it could have asked and still have won, so that asking its true cost is never worse (Vickrey).
    SecondPrice,
}

/// Whom the market provider's commission comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CommissionFrom {
    /// The consumer pays it beside the price.
    Consumer,
    /// The provider gives it from the price.
    Provider,
}

/// `[auction]` of a policy, checked. Seed 003 names the auction and no number, so all of these are ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuctionRules {
    pub(super) payment: Payment,
    pub(super) reputation_weight: BasisPoints,
    pub(super) commission_from: CommissionFrom,
    pub(super) open: Duration,
    pub(super) reveal: Duration,
    pub(super) most_bids: usize,
}

impl AuctionRules {
    /// What the winner is paid.
    #[must_use]
    pub const fn payment(&self) -> Payment {
        self.payment
    }

    /// By how much the price of a bidder without any reputation counts higher.
    #[must_use]
    pub const fn reputation_weight(&self) -> BasisPoints {
        self.reputation_weight
    }

    /// Whom the commission comes from.
    #[must_use]
    pub const fn commission_from(&self) -> CommissionFrom {
        self.commission_from
    }

    /// How long bids come in.
    #[must_use]
    pub const fn open(&self) -> Duration {
        self.open
    }

    /// How long they can be revealed after that.
    #[must_use]
    pub const fn reveal(&self) -> Duration {
        self.reveal
    }

    /// How many bids one auction takes, withdrawn ones included.
    #[must_use]
    pub const fn most_bids(&self) -> usize {
        self.most_bids
    }
}
