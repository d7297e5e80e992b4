//! What happens with deposits, for the integrator and for figures.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use swan_core::{AccountId, Amount, Currency, DepositId, ProviderId};

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DepositNews {
    /// A deposit is on the chain, and not final yet.
    Seen,
    /// It is final, and the account has the money, or the provider the collateral.
    Credited,
    /// It is final and nobody's; the operator has to look.
    Unmatched,
    /// A deposit that was not credited is no longer on the chain.
    Orphaned,
    /// A deposit that was credited is no longer on the chain, and was taken back.
    Reversed,
    /// The account had less than was taken back; it spends nothing until that is made good.
    Frozen,
    /// Blocks that were final have been replaced, and are read again.
    Replaced,
    /// Nothing is credited until the operator has looked: the chain, a token or a contract is not what is configured, or the nodes
    /// do not agree.
    Halted,
}

impl DepositNews {
    pub(crate) const ALL: [Self; 8] = [
        Self::Seen,
        Self::Credited,
        Self::Unmatched,
        Self::Orphaned,
        Self::Reversed,
        Self::Frozen,
        Self::Replaced,
        Self::Halted,
    ];

    /// The news as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Credited => "credited",
            Self::Unmatched => "unmatched",
            Self::Orphaned => "orphaned",
            Self::Reversed => "reversed",
            Self::Frozen => "frozen",
            Self::Replaced => "replaced",
            Self::Halted => "halted",
        }
    }

    /// Whether somebody has to look.
    #[must_use]
    pub const fn is_alarming(self) -> bool {
        matches!(
            self,
            Self::Unmatched | Self::Reversed | Self::Frozen | Self::Replaced | Self::Halted
        )
    }
}

/// Something that has happened with a deposit; the money has moved in the books before it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DepositEvent {
    /// What.
    pub news: DepositNews,
    /// The deposit, where it is about one.
    pub deposit: Option<DepositId>,
    /// The account whose it is.
    pub account: Option<AccountId>,
    /// The provider whose collateral it is.
    pub provider: Option<ProviderId>,
    /// How much, where that is known; of an account that is frozen what it owes.
    pub amount: Option<Amount>,
    /// Counted in what.
    pub currency: Option<Currency>,
    /// More about it, in words.
    pub says: String,
}

impl DepositEvent {
    pub(super) fn about_the_chain(news: DepositNews, says: impl Into<String>) -> Self {
        Self {
            news,
            deposit: None,
            account: None,
            provider: None,
            amount: None,
            currency: None,
            says: says.into(),
        }
    }

    pub(super) fn of(news: DepositNews, deposit: &super::Deposit) -> Self {
        Self {
            news,
            deposit: Some(deposit.id),
            account: deposit.account,
            provider: deposit.provider,
            amount: deposit.amount,
            currency: deposit.currency,
            says: deposit.says(),
        }
    }
}

/// How often each has happened since the hub was started.
#[derive(Debug, Default)]
pub(crate) struct Counts([AtomicU64; DepositNews::ALL.len()]);

impl Counts {
    pub(super) fn count(&self, news: DepositNews) {
        if let Some(count) = self.0.get(news as usize) {
            count.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn of(&self, news: DepositNews) -> u64 {
        self.0
            .get(news as usize)
            .map_or(0, |count| count.load(Relaxed))
    }
}
