//! Sets the quote aside, or the first slice of it. Before routing, so that no provider works for a request that cannot be paid;
//! after the quote, which says how much that is.

use std::time::Duration;

use swan_core::{Amount, Currency, RequestId, Timestamp};

use super::authenticate::Consumer;
use super::parse::Asked;
use super::quoted::Quoted;
use crate::hub::Shared;
use crate::ledger::{Hold, HoldRequest, LedgerError};

/// How much longer than the request a hold may live: settlement comes after the last byte.
pub(super) const GRACE: Duration = Duration::from_secs(120);

/// Why nothing could be set aside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum HoldFailed {
    #[error("this request may cost {needed} {currency} and {available} {currency} are available", currency = .currency.code())]
    InsufficientFunds {
        needed: Amount,
        available: Amount,
        currency: Currency,
    },
    #[error("this request may cost {needed} {currency} and {available} {currency} are available, enough for max_tokens up to {affordable}", currency = .currency.code())]
    MaxTokensBeyondFunds {
        needed: Amount,
        available: Amount,
        currency: Currency,
        affordable: u64,
    },
    #[error(
        "the account is frozen: it owes what the card processor has taken back; ask the operator of this hub"
    )]
    Frozen,
    #[error("the ledger takes no new requests at the moment")]
    Unavailable,
    /// In the middle of a stream.
    #[error("the {currency} of this account came to their end in the middle of the answer; what was delivered is charged", currency = .currency.code())]
    FundsEnded { currency: Currency },
    #[error("the request could not be entered into the ledger")]
    Ledger(String),
}

/// Holds so much for a request, until then.
pub(crate) async fn hold(
    hub: &Shared,
    request: RequestId,
    consumer: &Consumer,
    asked: &Asked,
    quoted: &Quoted,
    (amount, expires): (Amount, Timestamp),
) -> Result<Hold, HoldFailed> {
    let terms = HoldRequest {
        request,
        account: consumer.account,
        currency: quoted.quote.currency(),
        amount,
        expires,
        policy: Some(quoted.quote.terms().policy().clone()),
        extended: 0,
    };
    hub.books
        .hold_or_draw(terms)
        .await
        .map_err(|error| match error {
            LedgerError::InsufficientFunds { available, .. } => {
                beyond(hub, asked, quoted, (amount, available))
            }
            LedgerError::Frozen => HoldFailed::Frozen,
            LedgerError::Unavailable { .. } => HoldFailed::Unavailable,
            other => {
                tracing::error!(%request, error = %other, "a hold failed");
                HoldFailed::Ledger(other.to_string())
            }
        })
}

fn beyond(
    hub: &Shared,
    asked: &Asked,
    quoted: &Quoted,
    (needed, available): (Amount, Amount),
) -> HoldFailed {
    let currency = quoted.quote.currency();
    match affordable(hub, asked, quoted, available) {
        0 => HoldFailed::InsufficientFunds {
            needed,
            available,
            currency,
        },
        affordable => HoldFailed::MaxTokensBeyondFunds {
            needed,
            available,
            currency,
            affordable,
        },
    }
}

/// The largest `max_tokens` whose worst case `available` covers; 0 when there is none. More tokens never cost less, so
/// halving finds it.
fn affordable(hub: &Shared, asked: &Asked, quoted: &Quoted, available: Amount) -> u64 {
    let bytes = asked.body.len() as u64;
    let covers = |tokens: u64| quoted.covered_by(available, (tokens, bytes), hub);
    let (mut enough, mut too_many) = (0, quoted.most_per_choice());
    while too_many - enough > 1 {
        let middle = enough + (too_many - enough) / 2;
        if covers(middle) {
            enough = middle;
        } else {
            too_many = middle;
        }
    }
    enough
}
