//! What was charged, and how far the charge is on its way to the disk.

use std::task::{Context, Poll, ready};

use swan_core::{Amount, Usage, Work};

use super::RequestError;
use crate::ledger::Settled;

/// What was charged, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// What was asked for.
    pub(crate) work: Work,
    pub(crate) usage: Usage,
    /// Whether the model server's own usage object says the same.
    pub(crate) trusted: bool,
    pub(crate) cost: Amount,
}

/// A charge on its way to the disk.
#[derive(Debug)]
pub(crate) struct Settling {
    pub(super) receipt: Receipt,
    pub(super) way: Way,
}

/// How far it has come.
#[derive(Debug)]
pub(super) enum Way {
    Writing(Settled),
    /// It could not even be entered.
    Refused,
    Done,
}

impl Settling {
    /// Of a request that is over already.
    pub(super) fn nothing() -> Self {
        Self::free(Work::Vectors, Usage::default(), false)
    }

    /// Of a request that costs nothing.
    pub(super) const fn free(work: Work, usage: Usage, trusted: bool) -> Self {
        let receipt = Receipt {
            work,
            usage,
            trusted,
            cost: Amount::ZERO,
        };
        Self {
            receipt,
            way: Way::Done,
        }
    }

    /// Waits until the charge survives a crash.
    pub(crate) async fn durable(mut self) -> Result<Receipt, RequestError> {
        std::future::poll_fn(|cx| self.poll(cx)).await
    }

    /// As [`Settling::durable`], for hand-written futures.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Receipt, RequestError>> {
        let written = match &mut self.way {
            Way::Writing(settled) => ready!(settled.poll_durable(cx)).is_ok(),
            Way::Refused => false,
            Way::Done => true,
        };
        self.way = Way::Done;
        Poll::Ready(match written {
            true => Ok(self.receipt),
            false => Err(RequestError::Unsettled),
        })
    }
}
