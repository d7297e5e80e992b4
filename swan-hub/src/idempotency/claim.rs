//! The right of one request to its key. Dropped, it gives the key back, or says that the answer of a charge is gone.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use swan_core::{Amount, Currency, RequestId};
use tokio::runtime::Handle;

use super::key::Key;
use super::outcome::Outcome;
use super::table::State;
use super::{Inner, Owner};
use crate::ledger::Settled;

/// Says whether the request was charged, and what; the bill writes it, the claim reads it.
pub(crate) type Charged = Arc<OnceLock<Charge>>;

/// What the request was charged.
#[derive(Debug)]
pub(crate) struct Charge {
    pub(crate) cost: Amount,
    pub(crate) currency: Currency,
    /// How far the charge is on its way to the disk; that of nothing is on none.
    pub(crate) settled: Option<Settled>,
}

impl Charge {
    /// What is to be waited for until nothing can take the charge back.
    fn on_its_way(&self) -> Option<Settled> {
        let settled = self.settled.as_ref();
        let waits = settled.filter(|settled| !settled.is_durable());
        waits.map(Settled::again)
    }
}

/// A key that belongs to a request until it has ended.
#[derive(Debug)]
#[must_use = "dropping a claim gives the key back"]
pub(crate) struct Claim {
    inner: Arc<Inner>,
    owner: Owner,
    key: Key,
    request: RequestId,
    charged: Charged,
    /// Whether the answer is finished though its consumer hangs up.
    pub(crate) finishes: bool,
    is_live: bool,
    recorded: Vec<Bytes>,
    /// Bytes of `recorded` that count in the table.
    reserved: usize,
    is_too_large: bool,
}

impl Claim {
    pub(super) const fn new(
        inner: Arc<Inner>,
        (owner, key): (Owner, Key),
        request: RequestId,
        charged: Charged,
        finishes: bool,
    ) -> Self {
        Self {
            inner,
            owner,
            key,
            request,
            charged,
            finishes,
            is_live: true,
            recorded: Vec::new(),
            reserved: 0,
            is_too_large: false,
        }
    }

    /// What the bill tells of its charge.
    pub(crate) fn charged(&self) -> Charged {
        Arc::clone(&self.charged)
    }

    /// Keeps a piece of the answer that goes out now.
    pub(crate) fn record(&mut self, piece: &Bytes) {
        if self.is_too_large {
            return;
        }
        let has_room = self.reserved + piece.len() <= self.inner.options.entry_bytes
            && self.inner.table.lock().reserve(self.owner, piece.len());
        if has_room {
            self.reserved += piece.len();
            self.recorded.push(piece.clone());
        } else {
            self.is_too_large = true;
            self.unreserve();
        }
    }

    fn unreserve(&mut self) {
        self.recorded = Vec::new();
        let reserved = std::mem::take(&mut self.reserved);
        self.inner.table.lock().unreserve(self.owner, reserved);
    }

    /// The answer has gone out as it was recorded: from now on it is what this key gets. An answer that cost nothing and
    /// whose request has failed is `lasting` only where the same request would fail again.
    pub(crate) fn finish(mut self, head: Outcome, lasting: bool) {
        if self.charged.get().is_none() && !lasting {
            return;
        }
        let mut outcome = head;
        // Copied, since a piece of a few bytes would keep the whole buffer that it was read into for as long as its key is known.
        let recorded = std::mem::take(&mut self.recorded);
        outcome.body.push(recorded.concat().into());
        let state = match self.is_too_large {
            true => State::TooLarge,
            false => State::Done(Arc::new(outcome)),
        };
        self.unreserve();
        self.end(state);
    }

    /// It was done, with an answer whose secret must not be kept: from now on this key is told what was made.
    pub(crate) fn withhold(mut self, made: String) {
        self.end(State::Withheld { made });
    }

    /// A charge that a crash may still take back is told to nobody: until it is durable, the request runs on. Where that never comes,
    /// the mark in the store stays, and the journal says to the next hub whether it was charged.
    fn end(&mut self, state: State) {
        if !std::mem::take(&mut self.is_live) {
            return;
        }
        let (inner, key, request) = (Arc::clone(&self.inner), self.key, self.request);
        let Some(settled) = self.charged.get().and_then(Charge::on_its_way) else {
            inner.end(key, request, state);
            return;
        };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                if settled.durable().await.is_ok() {
                    inner.end(key, request, state);
                }
            });
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.unreserve();
        if !self.is_live {
            return;
        }
        match self.charged.get() {
            Some(Charge { cost, currency, .. }) => {
                let (cost, currency) = (*cost, *currency);
                self.end(State::Lost { cost, currency });
            }
            None => self.inner.release(self.key, self.request),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, OnceLock};

    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};
    use swan_core::{AccountId, Amount, Clock, Currency, RequestId};

    use super::super::{Asked, Begun, Charge, Idempotency, IdempotencyOptions, Outcome, Owner};
    use crate::seams::SystemClock;
    use crate::store::{MemoryStore, Store};

    #[tokio::test]
    async fn an_answer_that_is_kept_keeps_no_buffer_alive() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let opened = Idempotency::open(&store, &clock, IdempotencyOptions::default()).await;
        let keys = opened.unwrap();
        let headers: HeaderMap = [("idempotency-key", "k")]
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .into_iter()
            .collect();
        let account = AccountId::from_u128(7);
        let ask = || {
            keys.begin(Asked {
                owner: Owner::account(account),
                operation: "chat/completions",
                headers: &headers,
                body: b"{}",
                request: RequestId::from_u128(1),
                is_marked: true,
            })
        };
        let Begun::First(mut claim) = ask().await.unwrap() else {
            panic!("a new key is the first");
        };
        let buffer = Bytes::from(vec![b'x'; 64 << 10]);
        claim.record(&buffer.slice(..3));
        claim.record(&buffer.slice(7..9));
        let charged: &OnceLock<_> = &claim.charged();
        let nothing = Charge {
            cost: Amount::ZERO,
            currency: Currency::Usd,
            settled: None,
        };
        charged.set(nothing).unwrap();
        claim.finish(
            Outcome::new(StatusCode::OK, &HeaderMap::new(), Vec::new()),
            false,
        );
        assert!(buffer.is_unique(), "the answer holds on to it");
        let Begun::Replay(outcome) = ask().await.unwrap() else {
            panic!("it was answered before");
        };
        assert_eq!(outcome.body.concat(), b"xxxxx");
    }
}
