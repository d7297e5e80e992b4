use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Amount, BasisPoints, Currency, MoneyError};

/// A share of a provider's collateral in millionths, 0 to 1,000,000: Swan 1.0's 0.025 % is no whole number of basis points.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "u32", into = "u32")]
pub struct Millionths(u32);

impl Millionths {
    /// All of it.
    pub const WHOLE: Self = Self(1_000_000);

    /// A share of `millionths`, if that is no more than all of it.
    #[must_use]
    pub const fn new(millionths: u32) -> Option<Self> {
        if millionths <= Self::WHOLE.0 {
            Some(Self(millionths))
        } else {
            None
        }
    }

    /// The share in millionths.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl From<BasisPoints> for Millionths {
    fn from(points: BasisPoints) -> Self {
        Self(u32::from(points.get()) * 100)
    }
}

impl TryFrom<u32> for Millionths {
    type Error = &'static str;

    fn try_from(millionths: u32) -> Result<Self, Self::Error> {
        Self::new(millionths).ok_or("a share is at most 1000000 millionths")
    }
}

impl From<Millionths> for u32 {
    fn from(share: Millionths) -> Self {
        share.0
    }
}

impl fmt::Display for Millionths {
    /// Writes a percentage: `10%`, `0.025%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 10_000, self.0 % 10_000);
        if rest == 0 {
            return write!(f, "{whole}%");
        }
        let digits = format!("{rest:04}");
        write!(f, "{whole}.{}%", digits.trim_end_matches('0'))
    }
}

/// How much of its collateral a provider loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever carries a penalty out handles each"
)]
pub enum Slash {
    /// Nothing: a warning.
    Nothing,
    /// A share of the collateral that is there when the penalty is decided (Seed 001, Slashing Conditions).
    Share(Millionths),
    /// A multiple of what a fraudulent job put at stake (Seed 003, Slashing Mechanism: "2x").
    Multiple {
        /// What was at stake: the collateral locked for the job, or its price where none is.
        stake: Amount,
        /// The currency of the stake.
        currency: Currency,
        /// The multiple in basis points: 20,000 is twice.
        multiple_bps: u32,
    },
}

impl Slash {
    /// The amount out of `collateral`, in whole pico-units, half to even, and never more than all of it.
    ///
    /// The stake of a [`Multiple`](Self::Multiple) must be in the currency of the collateral; whoever holds both converts.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] of a collateral or a stake below zero.
    pub fn of(self, collateral: Amount) -> Result<Amount, MoneyError> {
        Ok(self.asked(collateral)?.min(collateral))
    }

    /// The same, but a multiple of a stake in full, also where there is less; the largest amount where it is beyond that.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] of a collateral or a stake below zero.
    pub fn asked(self, collateral: Amount) -> Result<Amount, MoneyError> {
        let at_least_zero = |amount: Amount| {
            if amount.is_negative() {
                Err(MoneyError::OutOfRange)
            } else {
                Ok(amount)
            }
        };
        let all = at_least_zero(collateral)?;
        match self {
            Self::Nothing => Ok(Amount::ZERO),
            Self::Share(share) => all.scaled(share.0.into(), Millionths::WHOLE.0.into()),
            Self::Multiple {
                stake,
                multiple_bps,
                ..
            } => {
                let whole = BasisPoints::WHOLE.get();
                let multiple = at_least_zero(stake)?.scaled(multiple_bps.into(), whole.into());
                Ok(multiple.unwrap_or(Amount::MAX))
            }
        }
    }

    /// Whether nothing is lost.
    #[must_use]
    pub const fn is_nothing(self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Share(share) => share.0 == 0,
            Self::Multiple {
                stake,
                multiple_bps,
                ..
            } => stake.is_zero() || multiple_bps == 0,
        }
    }
}

impl fmt::Display for Slash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("a warning"),
            Self::Share(share) => write!(f, "{share} of the collateral"),
            Self::Multiple {
                stake,
                currency,
                multiple_bps,
            } => {
                let multiple = u64::from(*multiple_bps);
                let (whole, rest) = (multiple / 10_000, multiple % 10_000 / 100);
                write!(f, "{whole}.{rest:02} times {stake} {currency}")
            }
        }
    }
}

/// Where slashed collateral goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever carries a penalty out handles each"
)]
pub enum Destination {
    /// Out of circulation (Seed 003, Token Burn).
    Burn,
    /// The protocol's treasury (SIP-002, Collateral Rules).
    Treasury,
    /// The growth fund.
    GrowthFund,
}
