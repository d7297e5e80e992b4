//! Which keys are known, and what is known of each. Pure: the time is an argument.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use swan_core::{Amount, Currency, RequestId, Timestamp};

use super::key::{Fingerprint, Key};
use super::outcome::Outcome;
use super::{IdempotencyError, IdempotencyOptions};

/// What a key costs beside the answer, about.
const ENTRY_BYTES: usize = 512;

/// What is known of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) request: RequestId,
    pub(super) fingerprint: Fingerprint,
    pub(super) state: State,
    pub(super) expires: Timestamp,
    /// The order of ends; 0 while it runs.
    ended: u64,
}

/// How far a request with a key has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Done(Arc<Outcome>),
    /// Charged, and too large to be kept.
    TooLarge,
    /// Charged, and its answer is gone.
    Lost {
        cost: Amount,
        currency: Currency,
    },
}

impl State {
    fn bytes(&self) -> usize {
        match self {
            Self::Done(outcome) => ENTRY_BYTES + outcome.bytes(),
            _ => ENTRY_BYTES,
        }
    }
}

/// What a request with a key may do.
#[derive(Debug)]
pub(super) enum Claimed {
    /// It is the first.
    New,
    /// It was answered before.
    Replay(Arc<Outcome>),
}

/// The keys, within bounds.
#[derive(Debug)]
pub(super) struct Table {
    options: IdempotencyOptions,
    known: HashMap<Key, Known>,
    /// Those that have ended, the oldest first.
    ended: BTreeMap<u64, Key>,
    ends: u64,
    bytes: usize,
    /// Keys that were forgotten, for the store to forget them too.
    pub(super) forgotten: Vec<Key>,
}

impl Table {
    pub(super) fn new(options: IdempotencyOptions) -> Self {
        Self {
            options,
            known: HashMap::new(),
            ended: BTreeMap::new(),
            ends: 0,
            bytes: 0,
            forgotten: Vec::new(),
        }
    }

    /// Takes a key for a request, unless it is taken.
    pub(super) fn claim(
        &mut self,
        key: Key,
        fingerprint: Fingerprint,
        request: RequestId,
        now: Timestamp,
    ) -> Result<Claimed, IdempotencyError> {
        self.expire(now);
        if let Some(known) = self.known.get(&key) {
            return known.answer(&fingerprint);
        }
        if !self.make_room(ENTRY_BYTES, 1) {
            return Err(IdempotencyError::Full);
        }
        self.bytes += ENTRY_BYTES;
        let known = Known {
            request,
            fingerprint,
            state: State::Running,
            expires: now.after(self.options.ttl),
            ended: 0,
        };
        self.known.insert(key, known);
        Ok(Claimed::New)
    }

    /// The request with this key has ended so; what is known now, if it was its request.
    pub(super) fn end(
        &mut self,
        key: Key,
        request: RequestId,
        state: State,
        now: Timestamp,
    ) -> Option<&Known> {
        let more = state.bytes() - ENTRY_BYTES;
        let is_small = more <= self.options.entry_bytes && self.make_room(more, 0);
        let known = self.known.get_mut(&key)?;
        if known.request != request || known.ended != 0 {
            return None;
        }
        known.state = if is_small { state } else { State::TooLarge };
        known.expires = now.after(self.options.ttl);
        self.ends += 1;
        known.ended = self.ends;
        self.bytes += known.state.bytes() - ENTRY_BYTES;
        self.ended.insert(self.ends, key);
        Some(known)
    }

    /// The request with this key has ended without a trace: the next one really runs.
    pub(super) fn release(&mut self, key: Key, request: RequestId) {
        let is_own = |known: &Known| known.request == request && known.ended == 0;
        if self.known.get(&key).is_some_and(is_own) {
            self.forget(key);
        }
    }

    /// Puts back what a store has kept.
    pub(super) fn restore(&mut self, key: Key, kept: Known) {
        let request = kept.request;
        let (state, expires) = (kept.state.clone(), kept.expires);
        if !self.make_room(ENTRY_BYTES, 1) {
            self.forgotten.push(key);
            return;
        }
        self.bytes += ENTRY_BYTES;
        self.known.insert(key, Known { ended: 0, ..kept });
        self.end(key, request, state, expires);
        if let Some(known) = self.known.get_mut(&key) {
            known.expires = expires;
        }
    }

    /// Whether `more` bytes of a running answer may be kept; the caller gives them back with [`Table::unreserve`].
    pub(super) fn reserve(&mut self, more: usize) -> bool {
        let has_room = self.make_room(more, 0);
        if has_room {
            self.bytes += more;
        }
        has_room
    }

    pub(super) const fn unreserve(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Forgets the oldest ends until there is room; what runs stays.
    fn make_room(&mut self, bytes: usize, entries: usize) -> bool {
        loop {
            let fits = self.bytes.saturating_add(bytes) <= self.options.bytes
                && self.known.len() + entries <= self.options.entries;
            if fits {
                return true;
            }
            let Some((_, oldest)) = self.ended.first_key_value() else {
                return false;
            };
            self.forget(*oldest);
        }
    }

    /// Forgets what has had its time. Ends come in the order of time, so the first that stays ends the search.
    pub(super) fn expire(&mut self, now: Timestamp) {
        while let Some((_, key)) = self.ended.first_key_value() {
            let key = *key;
            if self
                .known
                .get(&key)
                .is_some_and(|known| known.expires > now)
            {
                return;
            }
            self.forget(key);
        }
    }

    fn forget(&mut self, key: Key) {
        if let Some(known) = self.known.remove(&key) {
            self.ended.remove(&known.ended);
            self.bytes = self.bytes.saturating_sub(known.state.bytes());
            self.forgotten.push(key);
        }
    }
}

impl Known {
    pub(super) const fn kept(
        request: RequestId,
        fingerprint: Fingerprint,
        state: State,
        expires: Timestamp,
    ) -> Self {
        Self {
            request,
            fingerprint,
            state,
            expires,
            ended: 0,
        }
    }

    /// What somebody with the same key is told.
    fn answer(&self, fingerprint: &Fingerprint) -> Result<Claimed, IdempotencyError> {
        let request = self.request;
        if let Some(differs) = self.fingerprint.differs(fingerprint) {
            return Err(IdempotencyError::Conflict { request, differs });
        }
        match &self.state {
            State::Running => Err(IdempotencyError::InProgress { request }),
            State::Done(outcome) => Ok(Claimed::Replay(Arc::clone(outcome))),
            State::TooLarge => Err(IdempotencyError::TooLarge { request }),
            State::Lost { cost, currency } => Err(IdempotencyError::Lost {
                request,
                cost: *cost,
                currency: *currency,
            }),
        }
    }
}

impl Default for IdempotencyOptions {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(24 * 3_600),
            entry_bytes: 1 << 20,
            bytes: 64 << 20,
            entries: 100_000,
        }
    }
}
