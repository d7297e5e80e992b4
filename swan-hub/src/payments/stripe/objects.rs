//! The few fields of Stripe's objects that the hub reads.

use serde::Deserialize;
use swan_core::{Amount, TopupId};

use super::super::{
    DisputeFact, DisputeState, GatewayError, PaymentState, RefundFact, RefundState, Seen,
};
use super::amount;

/// What we have written on an object.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Metadata {
    swan_topup: Option<String>,
    swan_refund: Option<String>,
}

impl Metadata {
    pub(super) fn topup(&self) -> Option<TopupId> {
        self.swan_topup.as_deref()?.parse().ok()
    }
}

/// The name of another object, or that object whole.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Named {
    Id(String),
    Whole { id: String },
}

impl Named {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Id(id) | Self::Whole { id } => id,
        }
    }
}

/// A payment.
#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    status: String,
    amount: u64,
    /// Stands there always at Stripe, and not at every server that stands in for it.
    amount_received: Option<u64>,
    pub(super) currency: String,
    pub(super) client_secret: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

impl Intent {
    pub(super) fn topup(&self) -> Option<TopupId> {
        self.metadata.as_ref()?.topup()
    }

    pub(super) fn state(&self) -> PaymentState {
        match self.status.as_str() {
            "succeeded" => PaymentState::Paid,
            "canceled" => PaymentState::Closed,
            _ => PaymentState::Open,
        }
    }

    pub(super) fn paid(&self) -> Result<Amount, GatewayError> {
        match self.state() {
            PaymentState::Paid => amount(self.amount_received.unwrap_or(self.amount)),
            _ => Ok(Amount::ZERO),
        }
    }
}

/// A page of Stripe's on which something can be paid.
#[derive(Debug, Deserialize)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) url: Option<String>,
    status: Option<String>,
    currency: Option<String>,
    pub(super) payment_intent: Option<Named>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

impl Session {
    pub(super) fn is_over(&self) -> bool {
        self.status.as_deref() == Some("expired")
    }

    /// What is known while nobody has begun to pay.
    pub(super) fn unpaid(&self) -> Seen {
        Seen {
            topup: self.metadata.as_ref().and_then(Metadata::topup),
            payment: None,
            state: if self.is_over() {
                PaymentState::Closed
            } else {
                PaymentState::Open
            },
            paid: Amount::ZERO,
            currency: self.currency.clone().unwrap_or_else(|| "usd".into()),
            refunds: Vec::new(),
            disputes: Vec::new(),
        }
    }
}

/// A refund.
#[derive(Debug, Deserialize)]
pub(super) struct Refund {
    id: String,
    amount: u64,
    status: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

impl Refund {
    pub(super) fn fact(&self) -> Result<RefundFact, GatewayError> {
        let number = self
            .metadata
            .as_ref()
            .and_then(|own| own.swan_refund.as_deref());
        Ok(RefundFact {
            id: self.id.clone(),
            number: number.and_then(|number| u128::from_str_radix(number, 16).ok()),
            amount: amount(self.amount)?,
            state: match self.status.as_deref() {
                Some("failed" | "canceled") => RefundState::Failed,
                Some("succeeded") => RefundState::Succeeded,
                _ => RefundState::Pending,
            },
        })
    }
}

/// A dispute.
#[derive(Debug, Deserialize)]
pub(super) struct Dispute {
    id: String,
    amount: u64,
    status: String,
}

impl Dispute {
    pub(super) fn fact(&self) -> Result<DisputeFact, GatewayError> {
        Ok(DisputeFact {
            id: self.id.clone(),
            amount: amount(self.amount)?,
            state: match self.status.as_str() {
                "won" => DisputeState::Won,
                "lost" => DisputeState::Lost,
                "needs_response" | "under_review" => DisputeState::Open,
                // Early warnings and what was prevented: no money has moved.
                _ => DisputeState::Inquiry,
            },
        })
    }
}

/// A list of objects.
#[derive(Debug, Deserialize)]
pub(super) struct List<T> {
    data: Vec<T>,
    #[serde(default)]
    has_more: bool,
}

impl<T> List<T> {
    /// What `of` makes of each, the oldest first.
    pub(super) fn each<U>(
        &self,
        of: impl Fn(&T) -> Result<U, GatewayError>,
    ) -> Result<Vec<U>, GatewayError> {
        if self.has_more {
            return Err(GatewayError::Malformed {
                what: "one payment has more than a hundred refunds or disputes".into(),
            });
        }
        self.data.iter().rev().map(of).collect()
    }
}
