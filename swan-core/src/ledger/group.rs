//! What makes a group one step: it is taken back as a whole, remembered as a whole, and recognised as a whole.

use super::idempotency::{Seen, SlotId};
use super::state::Held;
use super::{Applied, Balance, Group, HoldState, Kind, Ledger, Reason, Rejected, Transfer};
use crate::TransferId;

/// What a group has changed so far, for the case that one of its transfers is refused. Kept to be used again.
#[derive(Clone, Debug, Default)]
pub(super) struct Undo {
    pub(super) slots: usize,
    pub(super) balances: Vec<(SlotId, Balance)>,
    pub(super) opened: Vec<TransferId>,
    pub(super) ended: Vec<(TransferId, Held, HoldState)>,
}

impl Ledger {
    pub(super) fn roll_back(&mut self, undo: &Undo) {
        for (slot, balance) in undo.balances.iter().rev() {
            self.slot_mut(*slot).balance = *balance;
        }
        for (id, held, _) in &undo.ended {
            self.pending.insert(*id, *held);
            self.due.insert((held.expires, *id));
        }
        for id in &undo.opened {
            if let Some(held) = self.pending.remove(id) {
                self.due.remove(&(held.expires, *id));
            }
        }
        for slot in self.slots.drain(undo.slots..) {
            self.index.remove(&slot.key);
        }
    }

    /// Remembers the ids of a group that stands. A hold is remembered by being pending until it has ended.
    pub(super) fn keep(&mut self, group: &Group, undo: &Undo) {
        let for_ever = group.cause.rule.is_remembered();
        self.touch(undo);
        for (id, held, state) in &undo.ended {
            self.ids.insert(*id, held.as_seen(Some(*state)), for_ever);
        }
        for transfer in &group.transfers {
            if matches!(transfer.kind, Kind::Pending { .. }) {
                continue;
            }
            let sides = (
                self.index.get(&transfer.debit),
                self.index.get(&transfer.credit),
            );
            if let (Some(debit), Some(credit)) = sides {
                let (debit, credit) = (*debit, *credit);
                let (kind, amount) = (transfer.kind, transfer.amount);
                let seen = Seen {
                    kind,
                    debit,
                    credit,
                    amount,
                    ended: None,
                };
                self.ids.insert(transfer.id, seen, for_ever);
            }
        }
    }

    /// Notes for a copy under way what has changed; one that nobody goes on with is given up.
    fn touch(&mut self, undo: &Undo) {
        const TOUCHED_MAX: usize = 1 << 20;
        if let Some(touched) = &mut self.touched {
            touched.extend(undo.balances.iter().map(|(slot, _)| *slot));
            if touched.len() > TOUCHED_MAX {
                self.touched = None;
            }
        }
    }

    /// Answers for a group whose first id is taken.
    pub(super) fn compare(&self, group: &Group) -> Result<Applied, Rejected> {
        for (index, transfer) in group.transfers.iter().enumerate() {
            let reason = match self.find(transfer.id) {
                None => Reason::GroupConflict,
                Some(seen) => match self.conflict(&seen, transfer) {
                    Reason::GroupConflict => continue,
                    reason => reason,
                },
            };
            return Err(Rejected {
                index,
                transfer: transfer.id,
                reason,
            });
        }
        Ok(Applied::Exists)
    }

    pub(super) fn conflict(&self, seen: &Seen, transfer: &Transfer) -> Reason {
        let (debit, credit) = (
            self.index.get(&transfer.debit),
            self.index.get(&transfer.credit),
        );
        let field = seen.differs(transfer, debit.copied(), credit.copied());
        field.map_or(Reason::GroupConflict, Reason::IdConflict)
    }

    pub(super) fn find(&self, id: TransferId) -> Option<Seen> {
        let held = self.pending.get(&id).map(|held| held.as_seen(None));
        held.or_else(|| self.ids.get(id).copied())
    }
}
