use core::hash::{BuildHasher as _, BuildHasherDefault};
use std::collections::VecDeque;

use hashbrown::HashTable;
use serde::{Deserialize, Serialize};

use super::hash::FoldHasher;
use super::{Field, HoldState, Kind, Transfer};
use crate::{Amount, TransferId};

/// Where an account stands in the ledger's list of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SlotId(pub(super) u32);

/// What is remembered of a transfer: all of its content, with accounts as positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) kind: Kind,
    pub(super) debit: SlotId,
    pub(super) credit: SlotId,
    pub(super) amount: Amount,
    /// How it ended, when it is a hold.
    pub(super) ended: Option<HoldState>,
}

impl Seen {
    /// The first field in which `transfer`, whose accounts stand at `debit` and `credit`, is another.
    pub(super) fn differs(
        &self,
        transfer: &Transfer,
        debit: Option<SlotId>,
        credit: Option<SlotId>,
    ) -> Option<Field> {
        if core::mem::discriminant(&self.kind) != core::mem::discriminant(&transfer.kind) {
            return Some(Field::Kind);
        }
        if self.kind.ends() != transfer.kind.ends() {
            return Some(Field::Pending);
        }
        if self.kind != transfer.kind {
            return Some(Field::Expires);
        }
        if Some(self.debit) != debit {
            return Some(Field::Debit);
        }
        if Some(self.credit) != credit {
            return Some(Field::Credit);
        }
        (self.amount != transfer.amount).then_some(Field::Amount)
    }
}

/// A transfer that was used, and what it was.
pub(super) type Remembered = (TransferId, Seen);

/// The ids that were used: those of requests within a window, those of people for ever.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    window: usize,
    /// The window, oldest first: written in order and read only for a repeat.
    recent: VecDeque<Remembered>,
    /// How many have left the window, modulo 2^32.
    gone: u32,
    /// The number of each transfer in the window, counted as `gone` is. Four bytes each, so that looking up a new id, which
    /// every transfer does, stays within the processor's caches.
    numbers: HashTable<u32>,
    /// Those of people, in the order in which they came.
    kept: Vec<Remembered>,
    /// The place of each of them.
    kept_places: HashTable<u32>,
}

/// The part of the window that was copied, oldest first.
#[derive(Debug, Default)]
pub(super) struct RecentCopy {
    entries: Vec<Remembered>,
    /// The number of the next one, counted as in [`Memory`], once there was a first.
    next: Option<u32>,
}

impl RecentCopy {
    pub(super) fn into_entries(self) -> Vec<Remembered> {
        self.entries
    }
}

impl Memory {
    pub(super) fn new(window: usize) -> Self {
        Self {
            window: window.min(u32::MAX as usize),
            recent: VecDeque::new(),
            gone: 0,
            numbers: HashTable::new(),
            kept: Vec::new(),
            kept_places: HashTable::new(),
        }
    }

    /// What remembered exactly this.
    pub(super) fn restore(window: usize, recent: &[Remembered], kept: Vec<Remembered>) -> Self {
        let mut memory = Self::new(window);
        for (id, seen) in recent {
            memory.insert(*id, *seen, false);
        }
        for (id, seen) in kept {
            memory.insert(id, seen, true);
        }
        memory
    }

    pub(super) fn window(&self) -> u32 {
        u32::try_from(self.window).unwrap_or(u32::MAX)
    }

    /// The window, oldest first.
    pub(super) fn recent(&self) -> impl Iterator<Item = Remembered> {
        self.recent.iter().copied()
    }

    /// Those that are remembered for ever, oldest first.
    pub(super) fn kept(&self) -> &[Remembered] {
        &self.kept
    }

    /// Copies up to `most` more of the window; answers how many are left. When none is, the copy is the window.
    pub(super) fn copy_recent(&self, copy: &mut RecentCopy, most: usize) -> usize {
        let from = copy.next.map(|next| next.wrapping_sub(self.gone) as usize);
        let from = from.filter(|from| *from <= self.recent.len());
        let from = from.unwrap_or_else(|| {
            // Just begun, or overtaken by the end of the window.
            copy.entries.clear();
            copy.entries
                .reserve_exact(self.recent.len().saturating_add(most.min(self.window)));
            0
        });
        let to = from.saturating_add(most).min(self.recent.len());
        copy.entries.extend(self.recent.range(from..to));
        // The window is shorter than 2^32.
        copy.next = Some(
            self.gone
                .wrapping_add(u32::try_from(to).unwrap_or(u32::MAX)),
        );
        if to == self.recent.len() {
            let gone = copy.entries.len().saturating_sub(to);
            copy.entries.drain(..gone);
        }
        self.recent.len() - to
    }

    pub(super) fn get(&self, id: TransferId) -> Option<&Seen> {
        self.seen_recently(id).or_else(|| self.seen_ever(id))
    }

    fn seen_ever(&self, id: TransferId) -> Option<&Seen> {
        let at = |place: &u32| self.kept.get(*place as usize);
        let is_it = |place: &u32| at(place).is_some_and(|(other, _)| *other == id);
        let place = self.kept_places.find(hash_of(&id), is_it)?;
        at(place).map(|(_, seen)| seen)
    }

    fn seen_recently(&self, id: TransferId) -> Option<&Seen> {
        let is_it = |number: &u32| {
            numbered(&self.recent, self.gone, *number).is_some_and(|(other, _)| *other == id)
        };
        let number = self.numbers.find(hash_of(&id), is_it)?;
        numbered(&self.recent, self.gone, *number).map(|(_, seen)| seen)
    }

    pub(super) fn insert(&mut self, id: TransferId, seen: Seen, for_ever: bool) {
        if for_ever {
            // Four thousand million grants do not fit into memory.
            let place = u32::try_from(self.kept.len()).unwrap_or(u32::MAX);
            self.kept.push((id, seen));
            let kept = &self.kept;
            let hash = |place: &u32| kept.get(*place as usize).map_or(0, |(id, _)| hash_of(id));
            self.kept_places.insert_unique(hash_of(&id), place, hash);
            return;
        }
        if self.recent.len() >= self.window
            && let Some((oldest, _)) = self.recent.pop_front()
        {
            let oldest = self
                .numbers
                .find_entry(hash_of(&oldest), |number| *number == self.gone);
            if let Ok(entry) = oldest {
                entry.remove();
            }
            self.gone = self.gone.wrapping_add(1);
        }
        // The window is shorter than 2^32.
        let place = u32::try_from(self.recent.len()).unwrap_or(u32::MAX);
        self.recent.push_back((id, seen));
        let (recent, gone) = (&self.recent, self.gone);
        let hash = |number: &u32| numbered(recent, gone, *number).map_or(0, |(id, _)| hash_of(id));
        self.numbers
            .insert_unique(hash_of(&id), gone.wrapping_add(place), hash);
    }
}

fn numbered(recent: &VecDeque<Remembered>, gone: u32, number: u32) -> Option<&Remembered> {
    recent.get(number.wrapping_sub(gone) as usize)
}

fn hash_of(id: &TransferId) -> u64 {
    BuildHasherDefault::<FoldHasher>::default().hash_one(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(n: u32) -> Seen {
        Seen {
            kind: Kind::Posted,
            debit: SlotId(n),
            credit: SlotId(n + 1),
            amount: Amount::ZERO,
            ended: None,
        }
    }

    /// Also where the numbers of the window begin again at zero.
    #[test]
    fn exactly_the_window_is_remembered() {
        for (window, gone) in [(1, 0), (3, 0), (100, 0), (100, u32::MAX - 250)] {
            let mut memory = Memory::new(window);
            memory.gone = gone;
            let id = |n: u32| TransferId::from_u128(u128::from(n) + 1);
            memory.insert(id(1_000), seen(1_000), true);
            for n in 0..500_u32 {
                assert!(memory.get(id(n)).is_none());
                memory.insert(id(n), seen(n), false);
                for old in 0..=n {
                    let found = memory.get(id(old)).map(|seen| seen.debit);
                    let expected = (old as usize + window > n as usize).then_some(SlotId(old));
                    assert_eq!(found, expected, "{old} after {n}, window {window}");
                }
            }
            assert!(memory.get(id(1_000)).is_some());
        }
    }
}
