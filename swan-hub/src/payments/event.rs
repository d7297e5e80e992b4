//! What happens with payments, for the integrator and for figures.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use swan_core::{AccountId, Amount, Currency, ProviderId, TopupId};

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PaymentNews {
    /// An order was paid, and the account has the money.
    Paid,
    /// A part of a payment is on its way back to the card.
    Refunded,
    /// A refund did not reach the card, and the account has the money again.
    RefundFailed,
    /// The card processor took money back: a dispute, or a refund that was begun over there.
    Reversed,
    /// The card processor gave back what it had taken.
    ReversalReturned,
    /// The processor took back more than the account had; it spends nothing until that is made good.
    Frozen,
    /// What was owed is made good.
    Thawed,
    /// Somebody paid without an order; nothing was credited, and the operator has to look.
    Unmatched,
    /// A payment is not what was ordered; nothing was credited, and the operator has to look.
    Mismatched,
}

impl PaymentNews {
    pub(crate) const ALL: [Self; 9] = [
        Self::Paid,
        Self::Refunded,
        Self::RefundFailed,
        Self::Reversed,
        Self::ReversalReturned,
        Self::Frozen,
        Self::Thawed,
        Self::Unmatched,
        Self::Mismatched,
    ];

    /// The news as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Refunded => "refunded",
            Self::RefundFailed => "refund_failed",
            Self::Reversed => "reversed",
            Self::ReversalReturned => "reversal_returned",
            Self::Frozen => "frozen",
            Self::Thawed => "thawed",
            Self::Unmatched => "unmatched",
            Self::Mismatched => "mismatched",
        }
    }

    /// Whether somebody has to look.
    #[must_use]
    pub const fn is_alarming(self) -> bool {
        matches!(
            self,
            Self::Reversed | Self::Frozen | Self::Unmatched | Self::Mismatched
        )
    }
}

/// Something that has happened with a payment; the money has moved in the books before it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PaymentEvent {
    /// What.
    pub news: PaymentNews,
    /// The order, where there is one.
    pub topup: Option<TopupId>,
    /// Whose it is.
    pub account: Option<AccountId>,
    /// Whose collateral it is, of an order that is no credit.
    pub provider: Option<ProviderId>,
    /// How much; of an account that is frozen what it owes.
    pub amount: Amount,
    /// Counted in what, by its ISO code in lower case.
    pub currency: String,
    /// The processor's name of the payment, refund or dispute.
    pub object: String,
    /// More about it, in words.
    pub says: String,
}

impl PaymentEvent {
    pub(super) fn new(news: PaymentNews, order: &super::Topup, amount: Amount) -> Self {
        Self {
            news,
            topup: Some(order.id),
            account: order.collateral_of.is_none().then_some(order.account),
            provider: order.collateral_of,
            amount,
            currency: Currency::Usd.code().to_ascii_lowercase(),
            object: String::new(),
            says: String::new(),
        }
    }

    /// The same, about this object of the processor.
    pub(super) fn about(self, object: &str) -> Self {
        Self {
            object: object.to_owned(),
            ..self
        }
    }

    /// The same, with these words.
    pub(super) fn saying(self, says: impl Into<String>) -> Self {
        Self {
            says: says.into(),
            ..self
        }
    }
}

/// How often each has happened since the hub was started.
#[derive(Debug, Default)]
pub(crate) struct Counts([AtomicU64; PaymentNews::ALL.len()]);

impl Counts {
    pub(super) fn count(&self, news: PaymentNews) {
        if let Some(count) = self.0.get(news as usize) {
            count.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn of(&self, news: PaymentNews) -> u64 {
        self.0
            .get(news as usize)
            .map_or(0, |count| count.load(Relaxed))
    }
}
