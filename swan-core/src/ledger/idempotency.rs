use std::collections::VecDeque;

use super::hash::LookupMap;
use super::{Field, HoldState, Kind, Transfer};
use crate::{Amount, TransferId};

/// Where an account stands in the ledger's list of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SlotId(pub(super) u32);

/// What is remembered of a transfer: all of its content, with accounts as positions.
#[derive(Clone, Copy, Debug)]
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

/// The ids that were used: those of requests within a window, those of people for ever.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    window: usize,
    recent: LookupMap<TransferId, Seen>,
    order: VecDeque<TransferId>,
    kept: LookupMap<TransferId, Seen>,
}

impl Memory {
    pub(super) fn new(window: usize) -> Self {
        Self {
            window,
            recent: LookupMap::default(),
            order: VecDeque::new(),
            kept: LookupMap::default(),
        }
    }

    pub(super) fn get(&self, id: TransferId) -> Option<&Seen> {
        self.recent.get(&id).or_else(|| self.kept.get(&id))
    }

    pub(super) fn insert(&mut self, id: TransferId, seen: Seen, for_ever: bool) {
        if for_ever {
            self.kept.insert(id, seen);
            return;
        }
        if self.order.len() >= self.window
            && let Some(oldest) = self.order.pop_front()
        {
            self.recent.remove(&oldest);
        }
        self.order.push_back(id);
        self.recent.insert(id, seen);
    }
}
