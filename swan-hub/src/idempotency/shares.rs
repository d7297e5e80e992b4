//! How much of the room for keys each owner has taken, and who has taken most of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Owner;
use super::key::Key;

/// What one owner has.
#[derive(Debug, Default)]
struct Share {
    entries: usize,
    bytes: usize,
    /// Those of its keys whose requests have ended, the oldest first.
    ended: BTreeMap<u64, Key>,
    /// What those take.
    ended_bytes: usize,
}

/// What all owners have.
#[derive(Debug, Default)]
pub(super) struct Shares {
    owners: HashMap<Owner, Share>,
    /// Owners by ended keys, and by what those take.
    by_entries: BTreeSet<(usize, Owner)>,
    by_bytes: BTreeSet<(usize, Owner)>,
    entries: usize,
    bytes: usize,
}

/// What there can be too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Entries,
    Bytes,
}

impl Shares {
    /// Keys and bytes of one owner.
    pub(super) fn of(&self, owner: Owner) -> (usize, usize) {
        let share = self.owners.get(&owner);
        share.map_or((0, 0), |share| (share.entries, share.bytes))
    }

    /// Keys and bytes of all.
    pub(super) const fn all(&self) -> (usize, usize) {
        (self.entries, self.bytes)
    }

    /// Counts a key whose request runs.
    pub(super) fn begin(&mut self, owner: Owner, bytes: usize) {
        self.owners.entry(owner).or_default().entries += 1;
        self.entries += 1;
        self.grow(owner, bytes);
    }

    /// Counts bytes of a running request.
    pub(super) fn grow(&mut self, owner: Owner, bytes: usize) {
        self.bytes += bytes;
        self.owners.entry(owner).or_default().bytes += bytes;
    }

    /// Gives back bytes of a running request.
    pub(super) fn shrink(&mut self, owner: Owner, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        if let Some(share) = self.owners.get_mut(&owner) {
            share.bytes = share.bytes.saturating_sub(bytes);
        }
    }

    /// The request with this key, which takes that many bytes, has ended as the `number`th.
    pub(super) fn end(&mut self, owner: Owner, (number, key): (u64, Key), bytes: usize) {
        self.change(owner, |share| {
            share.ended.insert(number, key);
            share.ended_bytes += bytes;
        });
    }

    /// Forgets a key: the `number`th that ended, or 0 for one whose request runs.
    pub(super) fn forget(&mut self, owner: Owner, number: u64, bytes: usize) {
        self.change(owner, |share| {
            share.entries = share.entries.saturating_sub(1);
            if share.ended.remove(&number).is_some() {
                share.ended_bytes = share.ended_bytes.saturating_sub(bytes);
            }
        });
        self.entries = self.entries.saturating_sub(1);
        self.shrink(owner, bytes);
        let is_gone = |share: &Share| share.entries == 0 && share.bytes == 0;
        if self.owners.get(&owner).is_some_and(is_gone) {
            self.owners.remove(&owner);
        }
    }

    /// The key of the owner's oldest end.
    pub(super) fn oldest(&self, owner: Owner) -> Option<Key> {
        let ended = &self.owners.get(&owner)?.ended;
        ended.first_key_value().map(|(_, key)| *key)
    }

    /// Who has most that could be forgotten; `asking` where nobody has more.
    pub(super) fn most(&self, measure: Measure, asking: Owner) -> Option<Owner> {
        let own = self.owners.get(&asking);
        let (all, own) = match measure {
            Measure::Entries => (&self.by_entries, own.map(|share| share.ended.len())),
            Measure::Bytes => (&self.by_bytes, own.map(|share| share.ended_bytes)),
        };
        let (most, owner) = all.last()?;
        Some(match own {
            Some(own) if own >= *most => asking,
            _ => *owner,
        })
    }

    /// Changes what has ended of one owner, and its place among the others.
    fn change(&mut self, owner: Owner, change: impl FnOnce(&mut Share)) {
        let share = self.owners.entry(owner).or_default();
        let measure = |share: &Share| (share.ended.len(), share.ended_bytes);
        let before = measure(share);
        change(share);
        let after = measure(share);
        if before == after {
            return;
        }
        self.by_entries.remove(&(before.0, owner));
        self.by_bytes.remove(&(before.1, owner));
        if after.0 > 0 {
            self.by_entries.insert((after.0, owner));
            self.by_bytes.insert((after.1, owner));
        }
    }
}
