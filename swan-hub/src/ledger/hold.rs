use std::borrow::Cow;
use std::sync::Arc;
use std::task::{Context, Poll};

use swan_core::ledger::{ChargeRecord, entries};
use swan_core::{Amount, Timestamp};
use tokio::time::Instant;

use super::books::Shared;
use super::progress::NotDurable;
use super::{Books, HoldRequest, LedgerError};

/// Funds set aside for a request. It ends exactly once: by being settled, released, or dropped, which releases it.
#[must_use = "dropping a hold releases it"]
#[derive(Debug)]
pub struct Hold {
    books: Books,
    terms: HoldRequest,
    live: bool,
}

impl Hold {
    pub(super) const fn new(books: Books, terms: HoldRequest) -> Self {
        Self {
            books,
            terms,
            live: true,
        }
    }

    /// What was set aside, for whom, until when.
    #[must_use]
    pub const fn terms(&self) -> &HoldRequest {
        &self.terms
    }

    /// Charges what was delivered, shares it out and gives the rest back, in memory; the answer tells when it is durable,
    /// which relaxed books call it at once.
    ///
    /// # Errors
    /// The consumer is then charged nothing and the hold is released: [`LedgerError::HoldOver`] after its time,
    /// [`LedgerError::Record`] for a split that does not sum up, [`LedgerError::Rejected`] for more than was held.
    pub fn settle(mut self, record: ChargeRecord) -> Result<Settled, LedgerError> {
        let gross = record.gross;
        let group = entries::settle(&self.terms, record)?;
        let (_, seq) = self
            .books
            .shared
            .commit(group)
            .map_err(|rejected| LedgerError::refused(rejected, gross))?;
        self.live = false;
        Ok(self.books.charged(seq))
    }

    /// Sets more aside for the same request, so that there are `amount` in all, and makes the hold last until `expires`; neither
    /// is ever less than it was. In memory: no I/O, no waiting.
    ///
    /// A request that runs may have more while the store does not answer, as long as there is room in the queue: its end waits
    /// for the store in any case.
    ///
    /// # Errors
    /// The hold is then as it was: [`LedgerError::InsufficientFunds`], whose `available` counts what this hold has,
    /// [`LedgerError::HoldOver`] after its time, and [`LedgerError::Unavailable`] when too much waits for the store.
    pub fn extend(&mut self, amount: Amount, expires: Timestamp) -> Result<(), LedgerError> {
        self.terms = self.books.extend(&self.terms, amount, expires)?;
        Ok(())
    }

    /// Gives everything back, and notes why.
    pub fn release(mut self, why: impl Into<Cow<'static, str>>) {
        self.end(why.into());
    }

    fn end(&mut self, why: Cow<'static, str>) {
        if !self.live {
            return;
        }
        self.live = false;
        // Refused only when the hold has expired meanwhile, which gave everything back already.
        if let Err(rejected) = self.books.shared.commit(entries::release(&self.terms, why)) {
            tracing::warn!(request = %self.terms.request, %rejected, "a hold was over before its release");
        }
    }

    /// The most that can be charged.
    #[must_use]
    pub const fn amount(&self) -> Amount {
        self.terms.amount
    }
}

impl Books {
    /// Puts a larger hold in the place of the one of `terms`; see [`Hold::extend`].
    pub(super) fn extend(
        &self,
        terms: &HoldRequest,
        amount: Amount,
        expires: Timestamp,
    ) -> Result<HoldRequest, LedgerError> {
        let now = self.shared.clock.now();
        let mut core = self.shared.core.lock();
        let full = core.batch.len() >= self.shared.options.queue_entries_max;
        if full || self.shared.progress.has_ended() {
            let why = "too much waits for its store";
            return Err(LedgerError::Unavailable { why });
        }
        let ahead = core.ledger.now().since(now);
        if terms.expires <= now.after(ahead) {
            // It has not been swept yet, and is over all the same.
            return Err(LedgerError::HoldOver);
        }
        let expires = expires.after(ahead);
        let (larger, group) = entries::extend(terms, amount, expires);
        let committed = core.commit(group, now);
        let _ = committed.map_err(|rejected| LedgerError::refused(rejected, amount))?;
        let more = larger.amount.checked_sub(terms.amount);
        let more = more.unwrap_or(Amount::ZERO);
        self.shared.taken_from(&core, &larger, more);
        Ok(larger)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.live {
            self.end(Cow::Borrowed("dropped"));
        }
    }
}

/// A charge that stands in memory and is on its way to the store. Dropping it changes nothing about the charge.
#[must_use = "what the consumer sees last must wait until the charge is durable"]
#[derive(Debug)]
pub struct Settled {
    books: Arc<Shared>,
    seq: u64,
    until: Option<Instant>,
    ticket: Option<u64>,
}

impl Settled {
    pub(super) const fn new(books: Arc<Shared>, seq: u64) -> Self {
        Self {
            books,
            seq,
            until: None,
            ticket: None,
        }
    }

    /// The same, waited for until `until`, give or take a quarter of a second: all waits share one timer.
    pub(crate) const fn until(mut self, until: Instant) -> Self {
        self.until = Some(until);
        self
    }

    /// For another who waits for the same charge, without an end.
    pub(crate) fn again(&self) -> Self {
        Self::new(Arc::clone(&self.books), self.seq)
    }

    /// Whether the charge survives a crash already.
    pub(crate) fn is_durable(&self) -> bool {
        self.books.progress.durable() >= self.seq
    }

    /// Answers when the charge survives a crash. While the store does not answer this waits, so callers set a deadline.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] when the books ended first.
    pub async fn durable(mut self) -> Result<(), LedgerError> {
        std::future::poll_fn(|cx| self.poll_durable(cx)).await
    }

    /// [`Settled::durable`] for hand-written futures.
    pub(crate) fn poll_durable(&mut self, cx: &Context<'_>) -> Poll<Result<(), LedgerError>> {
        let progress = &self.books.progress;
        let polled = progress.poll(cx, self.seq, self.until, &mut self.ticket);
        polled.map_err(|why| LedgerError::Unavailable {
            why: match why {
                NotDurable::Ended => "it ended before this was written",
                NotDurable::Late => "its store does not answer",
            },
        })
    }
}

impl Drop for Settled {
    fn drop(&mut self) {
        // Most have been woken by their write, which forgot them.
        if let Some(ticket) = self.ticket
            && self.books.progress.durable() < self.seq
        {
            self.books.progress.leave(ticket);
        }
    }
}
