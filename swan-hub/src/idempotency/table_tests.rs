//! Who loses what when there are too many keys.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;
use swan_core::{AccountId, RequestId, Timestamp};

use super::key::{Fingerprint, Key};
use super::table::{Claimed, Known, State, Table};
use super::{IdempotencyError, IdempotencyOptions, Outcome, Owner};

/// A table, and how many requests it has seen.
struct Rig {
    table: Table,
    requests: u128,
}

fn owner(n: u128) -> Owner {
    Owner::account(AccountId::from_u128(n))
}

fn key(who: u128, name: u64) -> Key {
    Key::new(owner(who), &name.to_be_bytes())
}

impl Rig {
    fn new(entries: usize, account_entries: usize) -> Self {
        let options = IdempotencyOptions {
            entries,
            account_entries,
            ..IdempotencyOptions::default()
        };
        Self::of(options)
    }

    fn of(options: IdempotencyOptions) -> Self {
        Self {
            table: Table::new(options),
            requests: 0,
        }
    }

    fn claim(&mut self, who: u128, name: u64) -> Result<Claimed, IdempotencyError> {
        self.requests += 1;
        let request = RequestId::from_u128(self.requests);
        let print = Fingerprint::of("embeddings", &HeaderMap::new(), b"{}");
        let expires = Timestamp::from_millis(9_000);
        let running = Known::kept(owner(who), request, print, State::Running, expires);
        let now = Timestamp::from_millis(1);
        self.table.claim(key(who, name), running, now)
    }

    /// A request that is answered at once with that many bytes.
    fn answered(&mut self, who: u128, name: u64, bytes: usize) {
        assert!(matches!(self.claim(who, name), Ok(Claimed::New)));
        let body = vec![Bytes::from(vec![0; bytes])];
        let outcome = Outcome::new(StatusCode::OK, &HeaderMap::new(), body);
        let request = RequestId::from_u128(self.requests);
        let state = State::Done(Arc::new(outcome));
        let now = Timestamp::from_millis(1);
        let known = self.table.end(key(who, name), request, state, now);
        assert!(known.is_some());
    }

    fn is_replayed(&mut self, who: u128, name: u64) -> bool {
        matches!(self.claim(who, name), Ok(Claimed::Replay(_)))
    }
}

#[test]
fn a_hundred_thousand_keys_of_one_account_take_no_outcome_of_another() {
    let mut rig = Rig::of(IdempotencyOptions::default());
    rig.answered(2, 0, 1_000);
    for name in 0..100_000 {
        rig.answered(1, name, 100);
    }
    assert!(rig.is_replayed(2, 0));
    assert!(rig.is_replayed(1, 99_999));
    assert!(rig.is_replayed(1, 75_000), "the last 25,000 are there");
    assert!(!rig.is_replayed(1, 74_999));
}

#[test]
fn when_all_shares_are_too_much_whoever_has_most_gives_way() {
    let mut rig = Rig::new(10, 6);
    for name in 0..6 {
        rig.answered(1, name, 1);
    }
    for name in 0..4 {
        rig.answered(2, name, 1);
    }
    rig.answered(3, 0, 1);
    assert!(!rig.is_replayed(1, 0), "the oldest of whoever has most");
    // That look took a place itself, which runs now: the flooder lost one more of its own for it.
    assert!(!rig.is_replayed(1, 1));
    for name in 0..4 {
        assert!(rig.is_replayed(2, name));
    }
    assert!(rig.is_replayed(3, 0));
}

#[test]
fn who_has_nothing_to_give_is_refused() {
    let mut rig = Rig::new(10, 3);
    for name in 0..3 {
        assert!(matches!(rig.claim(1, name), Ok(Claimed::New)));
    }
    let refused = rig.claim(1, 3);
    assert_eq!(refused.unwrap_err(), IdempotencyError::ShareFull);
    rig.answered(2, 0, 1);
    let mut rig = Rig::new(2, 2);
    assert!(matches!(rig.claim(1, 0), Ok(Claimed::New)));
    assert!(matches!(rig.claim(2, 0), Ok(Claimed::New)));
    assert_eq!(rig.claim(3, 0).unwrap_err(), IdempotencyError::Full);
}

#[test]
fn large_answers_of_one_account_take_no_small_one_of_another() {
    let options = IdempotencyOptions {
        bytes: 100_000,
        account_bytes: 60_000,
        entry_bytes: 50_000,
        ..IdempotencyOptions::default()
    };
    let mut rig = Rig::of(options);
    rig.answered(2, 0, 30_000);
    for name in 0..50 {
        rig.answered(1, name, 40_000);
    }
    assert!(rig.is_replayed(1, 49));
    assert!(rig.is_replayed(2, 0));
    for name in 0..50 {
        rig.answered(3, name, 40_000);
    }
    assert!(rig.is_replayed(2, 0), "the smaller share stays whole");
}

proptest! {
    /// However keys come: the bounds hold, and an account that has no more than its part of the room keeps all.
    #[test]
    fn bounds_hold_and_small_shares_stay(
        asks in prop::collection::vec((1_u128..6, any::<bool>()), 1..200),
    ) {
        let mut rig = Rig::new(24, 12);
        for name in 0..3 {
            rig.answered(9, name, 1);
        }
        for (name, (who, is_answered)) in (0_u64..).zip(asks) {
            let request = rig.requests + 1;
            if !matches!(rig.claim(who, name), Ok(Claimed::New)) {
                continue;
            }
            let request = RequestId::from_u128(request);
            if is_answered {
                let outcome = Outcome::new(StatusCode::OK, &HeaderMap::new(), Vec::new());
                let state = State::Done(Arc::new(outcome));
                rig.table.end(key(who, name), request, state, Timestamp::from_millis(1));
            } else {
                rig.table.release(key(who, name), request);
            }
        }
        for name in 0..3 {
            prop_assert!(rig.is_replayed(9, name));
        }
    }
}
