use super::Supply;
use crate::{BasisPoints, PolicyError};

/// A year's basic income by kinds of providers (Seed 003, "UBI Distribution Example").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnnualRates {
    pub(super) rate: BasisPoints,
    pub(super) edge: BasisPoints,
    pub(super) fog: BasisPoints,
    pub(super) market: BasisPoints,
}

impl AnnualRates {
    /// The year's income as a share of the circulation.
    #[must_use]
    pub const fn rate(&self) -> BasisPoints {
        self.rate
    }

    /// The edge computing providers' share of it.
    #[must_use]
    pub const fn edge(&self) -> BasisPoints {
        self.edge
    }

    /// The fog computing providers' share of it.
    #[must_use]
    pub const fn fog(&self) -> BasisPoints {
        self.fog
    }

    /// The market providers' share of it.
    #[must_use]
    pub const fn market(&self) -> BasisPoints {
        self.market
    }
}

/// `[tokenomics]` of a policy, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRules {
    pub(super) supply: Supply,
    pub(super) airdrop_cap: BasisPoints,
    pub(super) market_commission: BasisPoints,
    pub(super) treasury_fee: BasisPoints,
    pub(super) annual: Option<AnnualRates>,
}

impl TokenRules {
    /// All tokens and who they were made for.
    #[must_use]
    pub const fn supply(&self) -> &Supply {
        &self.supply
    }

    /// What of the circulation airdrops may take in a year.
    #[must_use]
    pub const fn airdrop_cap(&self) -> BasisPoints {
        self.airdrop_cap
    }

    /// What of a task's value its market provider earns.
    #[must_use]
    pub const fn market_commission(&self) -> BasisPoints {
        self.market_commission
    }

    /// What of collected fees goes to the treasury.
    #[must_use]
    pub const fn treasury_fee(&self) -> BasisPoints {
        self.treasury_fee
    }

    /// What of collected fees buys tokens back: the rest.
    #[must_use]
    pub const fn buy_back_fee(&self) -> BasisPoints {
        self.treasury_fee.complement()
    }

    /// The yearly distribution.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] when the policy has no `tokenomics.annual_ubi`.
    pub fn annual(&self) -> Result<&AnnualRates, PolicyError> {
        self.annual
            .as_ref()
            .ok_or_else(|| PolicyError::missing("tokenomics.annual_ubi"))
    }
}
