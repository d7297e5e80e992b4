//! The whole state of a ledger as a value, and a way to take it from a ledger that goes on meanwhile.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::balance::Slot;
use super::hash::LookupMap;
use super::idempotency::{Memory, RecentCopy, Remembered, SlotId};
use super::state::Held;
use super::{AccountKey, Balance, Ledger};
use crate::{Amount, Timestamp, TransferId};

/// Everything that decides what a ledger does next, as it was at one moment.
///
/// Two ledgers with equal snapshots answer every group alike. The order of the fields is part of the format of snapshots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    now: Timestamp,
    window: u32,
    slots: Vec<Slot>,
    pending: Vec<(TransferId, Held)>,
    recent: Vec<Remembered>,
    kept: Vec<Remembered>,
}

/// A snapshot that no ledger can have had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the snapshot contradicts itself: {what}")]
#[non_exhaustive]
pub struct SnapshotUnsound {
    /// What is wrong.
    pub what: &'static str,
}

/// A copy of a ledger on its way: see [`Ledger::copy_on`].
#[derive(Debug, Default)]
pub struct Copying {
    slots: Vec<Slot>,
    recent: RecentCopy,
    kept: Vec<Remembered>,
}

impl Snapshot {
    /// How many transfers of requests the ledger remembered.
    #[must_use]
    pub const fn window(&self) -> usize {
        self.window as usize
    }

    /// The latest time of the ledger.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// How many accounts it knows.
    #[must_use]
    pub const fn accounts(&self) -> usize {
        self.slots.len()
    }

    /// The counters of an account; all zero when it was never used.
    #[must_use]
    pub fn balance(&self, key: &AccountKey) -> Balance {
        let slot = self.slots.iter().find(|slot| slot.key == *key);
        slot.map_or_else(Balance::default, |slot| slot.balance)
    }

    fn check(&self) -> Result<(), SnapshotUnsound> {
        let unsound = |what| Err(SnapshotUnsound { what });
        let slots = self.slots.len();
        let stands = |id: SlotId| (id.0 as usize) < slots;
        let keys: BTreeSet<_> = self.slots.iter().map(|slot| slot.key).collect();
        if keys.len() != slots {
            return unsound("an account stands twice");
        }
        let negative = |balance: &Balance| {
            let counters = [
                balance.debits_pending,
                balance.debits_posted,
                balance.credits_pending,
                balance.credits_posted,
            ];
            counters.iter().any(|counter| counter.is_negative())
        };
        if self.slots.iter().any(|slot| negative(&slot.balance)) {
            return unsound("a counter is below zero");
        }
        let mut holds = self.pending.iter();
        if holds.any(|(_, held)| {
            !stands(held.debit) || !stands(held.credit) || held.amount <= Amount::ZERO
        }) {
            return unsound("a hold is of nothing or nobody");
        }
        if self.recent.len() > self.window() {
            return unsound("more is remembered than the window has room for");
        }
        let mut seen = self.recent.iter().chain(&self.kept);
        if seen.any(|(_, seen)| !stands(seen.debit) || !stands(seen.credit)) {
            return unsound("a transfer is between unknown accounts");
        }
        let pending = self.pending.iter().map(|(id, _)| *id);
        let remembered = self.recent.iter().chain(&self.kept).map(|(id, _)| *id);
        let ids: BTreeSet<_> = pending.chain(remembered).collect();
        if ids.len() != self.pending.len() + self.recent.len() + self.kept.len() {
            return unsound("an id is taken twice");
        }
        Ok(())
    }
}

impl Ledger {
    /// The state of the ledger after its last entry, which was applied at `at`: a refusal may have shown it a later time,
    /// of which the journal knows nothing.
    #[must_use]
    pub fn snapshot(&self, at: Timestamp) -> Snapshot {
        Snapshot {
            now: at,
            window: self.ids.window(),
            slots: self.slots.clone(),
            pending: self.held(),
            recent: self.ids.recent().collect(),
            kept: self.ids.kept().to_vec(),
        }
    }

    /// The ledger that `snapshot` was taken of.
    ///
    /// # Errors
    /// [`SnapshotUnsound`] for one that no ledger can have had. Whether its sums are right is for [`Ledger::audit`] to say.
    pub fn restore(snapshot: Snapshot) -> Result<Self, SnapshotUnsound> {
        snapshot.check()?;
        let mut ledger = Self::with_window(snapshot.window());
        ledger.now = snapshot.now;
        let mut index = LookupMap::default();
        index.reserve(snapshot.slots.len());
        for (slot, at) in snapshot.slots.iter().zip(0..) {
            index.insert(slot.key, SlotId(at));
        }
        ledger.index = index;
        ledger.slots = snapshot.slots;
        for (id, held) in snapshot.pending {
            ledger.due.insert((held.expires, id));
            ledger.pending.insert(id, held);
        }
        ledger.ids = Memory::restore(snapshot.window as usize, &snapshot.recent, snapshot.kept);
        Ok(ledger)
    }

    /// Copies up to `most` more of each kind of thing, so that a caller who shares the ledger with others can give way in
    /// between; answers how much is left. What changes meanwhile is copied again. One copy can be under way at a time.
    pub fn copy_on(&mut self, copying: &mut Copying, most: usize) -> usize {
        let Some(touched) = &mut self.touched else {
            // Begun just now, or left alone for so long that nobody kept up with what has changed.
            *copying = Copying::default();
            self.touched = Some(Vec::new());
            return self.copy_on(copying, most);
        };
        for id in touched.drain(touched.len().saturating_sub(most)..) {
            let at = id.0 as usize;
            if let (Some(to), Some(from)) = (copying.slots.get_mut(at), self.slots.get(at)) {
                *to = *from;
            }
        }
        let left = touched.len();
        let slots = copy_more(&mut copying.slots, &self.slots, most);
        let kept = copy_more(&mut copying.kept, self.ids.kept(), most);
        left + slots + kept + self.ids.copy_recent(&mut copying.recent, most)
    }

    /// Ends a copy: what is left is copied, and all holds that are pending. See [`Ledger::snapshot`] for `at`.
    #[must_use]
    pub fn copied(&mut self, mut copying: Copying, at: Timestamp) -> Snapshot {
        while self.copy_on(&mut copying, usize::MAX) > 0 {}
        self.touched = None;
        Snapshot {
            now: at,
            window: self.ids.window(),
            slots: copying.slots,
            pending: self.held(),
            recent: copying.recent.into_entries(),
            kept: copying.kept,
        }
    }

    fn held(&self) -> Vec<(TransferId, Held)> {
        let due = self.due.iter();
        due.filter_map(|(_, id)| self.pending.get(id).map(|held| (*id, *held)))
            .collect()
    }
}

/// Copies up to `most` of what `from` has beyond `to`; answers how many are left. What was copied never leaves `from`.
fn copy_more<T: Copy>(to: &mut Vec<T>, from: &[T], most: usize) -> usize {
    let more = from.get(to.len()..).unwrap_or_default();
    let (now, later) = more.split_at(most.min(more.len()));
    to.extend_from_slice(now);
    later.len()
}
