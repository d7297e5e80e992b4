//! Which keys are known, and what is known of each. Pure: the time is an argument.
//!
//! Nobody's flood makes the hub forget what somebody else was charged for: each owner has a share, and loses its own oldest
//! outcomes beyond it. Where all shares together are too much, whoever has most gives way.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use swan_core::{Amount, Currency, RequestId, Timestamp};

use super::key::{Fingerprint, Key};
use super::outcome::Outcome;
use super::shares::{Measure, Shares};
use super::{IdempotencyError, IdempotencyOptions, Owner};

/// What a key costs beside the answer, about.
const ENTRY_BYTES: usize = 512;

/// What is known of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) owner: Owner,
    pub(super) request: RequestId,
    pub(super) fingerprint: Fingerprint,
    pub(super) state: State,
    pub(super) expires: Timestamp,
    /// Whether a store has it, or soon will.
    pub(super) is_stored: bool,
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
    /// Done, with an answer that showed a secret: only what was made is kept.
    Withheld {
        made: String,
    },
}

impl State {
    fn bytes(&self) -> usize {
        match self {
            Self::Done(outcome) => ENTRY_BYTES + outcome.bytes(),
            Self::Withheld { made } => ENTRY_BYTES + made.len(),
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
    shares: Shares,
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
            shares: Shares::default(),
            forgotten: Vec::new(),
        }
    }

    /// Takes a key for a request that runs, unless it is taken.
    pub(super) fn claim(
        &mut self,
        key: Key,
        running: Known,
        now: Timestamp,
    ) -> Result<Claimed, IdempotencyError> {
        self.expire(now);
        if let Some(known) = self.known.get(&key) {
            return known.answer(&running.fingerprint);
        }
        self.make_room(running.owner, ENTRY_BYTES, 1)?;
        self.shares.begin(running.owner, ENTRY_BYTES);
        self.known.insert(key, running);
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
        let owner = self.known.get(&key)?.owner;
        let more = state.bytes() - ENTRY_BYTES;
        let is_small = more <= self.options.entry_bytes && self.make_room(owner, more, 0).is_ok();
        let known = self.known.get_mut(&key)?;
        if known.request != request || known.ended != 0 {
            return None;
        }
        known.state = if is_small { state } else { State::TooLarge };
        known.expires = now.after(self.options.ttl);
        known.is_stored = true;
        self.ends += 1;
        known.ended = self.ends;
        let bytes = known.state.bytes();
        self.shares.grow(owner, bytes - ENTRY_BYTES);
        self.shares.end(owner, (self.ends, key), bytes);
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
        if self.make_room(kept.owner, ENTRY_BYTES, 1).is_err() {
            self.forgotten.push(key);
            return;
        }
        self.shares.begin(kept.owner, ENTRY_BYTES);
        self.known.insert(key, Known { ended: 0, ..kept });
        self.end(key, request, state, expires);
        if let Some(known) = self.known.get_mut(&key) {
            known.expires = expires;
        }
    }

    /// Whether `more` bytes of a running answer may be kept; the caller gives them back with [`Table::unreserve`].
    pub(super) fn reserve(&mut self, owner: Owner, more: usize) -> bool {
        let has_room = self.make_room(owner, more, 0).is_ok();
        if has_room {
            self.shares.grow(owner, more);
        }
        has_room
    }

    pub(super) fn unreserve(&mut self, owner: Owner, bytes: usize) {
        self.shares.shrink(owner, bytes);
    }

    /// Forgets oldest ends until there is room: the owner's own beyond its share, and beyond the whole of whoever has
    /// most. What runs stays, so there may be none.
    fn make_room(
        &mut self,
        owner: Owner,
        bytes: usize,
        entries: usize,
    ) -> Result<(), IdempotencyError> {
        loop {
            let own = self.shares.of(owner);
            let all = self.shares.all();
            let options = &self.options;
            // What an earlier version has kept tells no owners, and is nobody's flood.
            let has_share = owner != Owner::UNKNOWN;
            let (giving, refusal) = if has_share
                && (own.0 + entries > options.account_entries
                    || own.1.saturating_add(bytes) > options.account_bytes)
            {
                (Some(owner), IdempotencyError::ShareFull)
            } else if all.0 + entries > options.entries {
                (
                    self.shares.most(Measure::Entries, owner),
                    IdempotencyError::Full,
                )
            } else if all.1.saturating_add(bytes) > options.bytes {
                (
                    self.shares.most(Measure::Bytes, owner),
                    IdempotencyError::Full,
                )
            } else {
                return Ok(());
            };
            let oldest = giving.and_then(|giving| self.shares.oldest(giving));
            self.forget(oldest.ok_or(refusal)?);
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
            self.shares
                .forget(known.owner, known.ended, known.state.bytes());
            if known.is_stored {
                self.forgotten.push(key);
            }
        }
    }
}

impl Known {
    pub(super) const fn kept(
        owner: Owner,
        request: RequestId,
        fingerprint: Fingerprint,
        state: State,
        expires: Timestamp,
    ) -> Self {
        Self {
            owner,
            request,
            fingerprint,
            state,
            expires,
            is_stored: true,
            ended: 0,
        }
    }

    /// What somebody with the same key is told.
    pub(super) fn answer(&self, fingerprint: &Fingerprint) -> Result<Claimed, IdempotencyError> {
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
            State::Withheld { made } => Err(IdempotencyError::Withheld {
                request,
                made: made.clone(),
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
            account_bytes: 16 << 20,
            account_entries: 25_000,
        }
    }
}
