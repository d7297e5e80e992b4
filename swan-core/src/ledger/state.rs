use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::balance::{Move, Slot};
use super::group::Undo;
use super::hash::LookupMap;
use super::idempotency::{Memory, Seen, SlotId};
use super::{
    AccountKey, Applied, Balance, Cause, Group, HoldEvent, HoldState, Kind, Limit, Reason,
    Rejected, Transfer,
};
use crate::{Amount, RequestId, Timestamp, TransferId};

/// All accounts and holds, and the rules by which they change.
///
/// The only way to change it is [`Ledger::apply`]. The same groups with the same times give the same ledger.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(super) now: Timestamp,
    pub(super) index: LookupMap<AccountKey, SlotId>,
    pub(super) slots: Vec<Slot>,
    pub(super) pending: LookupMap<TransferId, Held>,
    pub(super) due: BTreeSet<(Timestamp, TransferId)>,
    pub(super) ids: Memory,
    /// The accounts that have changed while a copy is under way.
    pub(super) touched: Option<Vec<SlotId>>,
    undo: Undo,
}

/// A hold that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) debit: SlotId,
    pub(super) credit: SlotId,
    pub(super) amount: Amount,
    pub(super) expires: Timestamp,
    pub(super) request: Option<RequestId>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self::new()
    }
}

impl Ledger {
    /// How many transfers of requests are remembered unless said otherwise.
    pub const WINDOW: usize = 1 << 16;

    /// An empty ledger that remembers the last [`Ledger::WINDOW`] transfers of requests.
    #[must_use]
    pub fn new() -> Self {
        Self::with_window(Self::WINDOW)
    }

    /// An empty ledger that remembers the last `window` transfers of requests to recognise repeats.
    #[must_use]
    pub fn with_window(window: usize) -> Self {
        Self {
            now: Timestamp::EPOCH,
            index: LookupMap::default(),
            slots: Vec::new(),
            pending: LookupMap::default(),
            due: BTreeSet::new(),
            ids: Memory::new(window),
            touched: None,
            undo: Undo::default(),
        }
    }

    /// Applies all transfers of `group` or none.
    ///
    /// The ledger's time is the latest `now` it was ever given, so a clock that goes back cannot revive a hold.
    ///
    /// # Errors
    /// [`Rejected`] names the first transfer that cannot stand and the first [`Reason`] in order of precedence.
    pub fn apply(&mut self, group: &Group, now: Timestamp) -> Result<Applied, Rejected> {
        self.now = self.now.max(now);
        self.step(group, true)
    }

    /// What [`Ledger::apply`] would answer; nothing changes.
    ///
    /// # Errors
    /// As [`Ledger::apply`].
    pub fn check(&mut self, group: &Group, now: Timestamp) -> Result<Applied, Rejected> {
        let before = self.now;
        self.now = self.now.max(now);
        let found = self.step(group, false);
        self.now = before;
        found
    }

    fn step(&mut self, group: &Group, stands: bool) -> Result<Applied, Rejected> {
        let first = group.transfers.first();
        let Some(first) = first.filter(|_| group.transfers.len() <= Group::TRANSFERS_MAX) else {
            let id = first.map_or(TransferId::from_u128(0), |transfer| transfer.id);
            let long = first.is_some();
            let reason = if long {
                Reason::GroupTooLong
            } else {
                Reason::GroupEmpty
            };
            return Err(Rejected {
                index: 0,
                transfer: id,
                reason,
            });
        };
        if self.find(first.id).is_some() {
            return self.compare(group);
        }
        let mut undo = core::mem::take(&mut self.undo);
        undo.slots = self.slots.len();
        let result = self.run(group, &mut undo);
        match result {
            Ok(()) if stands => self.keep(group, &undo),
            _ => self.roll_back(&undo),
        }
        undo.balances.clear();
        undo.opened.clear();
        undo.ended.clear();
        self.undo = undo;
        result.map(|()| Applied::Created)
    }

    fn run(&mut self, group: &Group, undo: &mut Undo) -> Result<(), Rejected> {
        for (index, transfer) in group.transfers.iter().enumerate() {
            let before = group.transfers.get(..index).unwrap_or_default();
            self.one(transfer, before, &group.cause, undo)
                .map_err(|reason| Rejected {
                    index,
                    transfer: transfer.id,
                    reason,
                })?;
        }
        Ok(())
    }

    /// Checks in the order of [`Reason`], then moves.
    fn one(
        &mut self,
        transfer: &Transfer,
        before: &[Transfer],
        cause: &Cause,
        undo: &mut Undo,
    ) -> Result<(), Reason> {
        if transfer.id.as_u128() == 0 {
            return Err(Reason::IdZero);
        }
        if before.iter().any(|other| other.id == transfer.id) {
            return Err(Reason::IdRepeated);
        }
        if let Some(seen) = self.find(transfer.id) {
            return Err(self.conflict(&seen, transfer));
        }
        if transfer.amount <= Amount::ZERO {
            return Err(Reason::AmountNotPositive);
        }
        if transfer.debit == transfer.credit {
            return Err(Reason::SameAccount);
        }
        if transfer.debit.currency != transfer.credit.currency {
            return Err(Reason::CurrencyMismatch);
        }
        match transfer.kind {
            Kind::Posted => self.begin(transfer, Move::Post, undo).map(|_| ()),
            Kind::Pending { expires } => self.open(transfer, expires, cause, undo),
            Kind::Post { pending } => self.end(transfer, pending, HoldEvent::Post, undo),
            Kind::Void { pending } => self.end(transfer, pending, HoldEvent::Void, undo),
            Kind::Expire { pending } => self.end(transfer, pending, HoldEvent::Expire, undo),
        }
    }

    fn open(
        &mut self,
        transfer: &Transfer,
        expires: Timestamp,
        cause: &Cause,
        undo: &mut Undo,
    ) -> Result<(), Reason> {
        if expires <= self.now {
            return Err(Reason::ExpiresInPast);
        }
        let (debit, credit) = self.begin(transfer, Move::Hold, undo)?;
        let request = cause.request;
        let held = Held {
            debit,
            credit,
            amount: transfer.amount,
            expires,
            request,
        };
        self.pending.insert(transfer.id, held);
        self.due.insert((expires, transfer.id));
        undo.opened.push(transfer.id);
        Ok(())
    }

    /// Moves fresh money: the only place where limits are checked, so that ending a hold never fails for want of funds.
    fn begin(
        &mut self,
        transfer: &Transfer,
        what: Move,
        undo: &mut Undo,
    ) -> Result<(SlotId, SlotId), Reason> {
        let amount = transfer.amount;
        let debited = self.balance(&transfer.debit);
        if transfer.debit.account.limit() == Limit::DebitsWithinCredits
            && debited.available() < amount
        {
            return Err(Reason::InsufficientFunds {
                available: debited.available(),
            });
        }
        let credited = self.balance(&transfer.credit);
        if transfer.credit.account.limit() == Limit::CreditsWithinDebits
            && credited.given() < amount
        {
            return Err(Reason::ExceedsDebits {
                given: credited.given(),
            });
        }
        let debit = self.slot_of(transfer.debit)?;
        let credit = self.slot_of(transfer.credit)?;
        self.shift(debit, credit, what, amount, undo)?;
        Ok((debit, credit))
    }

    fn end(
        &mut self,
        transfer: &Transfer,
        pending: TransferId,
        event: HoldEvent,
        undo: &mut Undo,
    ) -> Result<(), Reason> {
        let Some(held) = self.pending.get(&pending).copied() else {
            let ended = self.ids.get(pending).and_then(|seen| seen.ended);
            return Err(ended.map_or(Reason::HoldNotFound, Reason::HoldEnded));
        };
        let ended = HoldState::Pending
            .on(event)
            .map_err(|over| Reason::HoldEnded(over.state))?;
        let accounts = (self.slot(held.debit).key, self.slot(held.credit).key);
        if accounts != (transfer.debit, transfer.credit) {
            return Err(Reason::HoldAccountsDiffer);
        }
        let over = held.expires <= self.now;
        match event {
            HoldEvent::Post if transfer.amount > held.amount => {
                return Err(Reason::HoldAmountDiffers { held: held.amount });
            }
            HoldEvent::Void | HoldEvent::Expire if transfer.amount != held.amount => {
                return Err(Reason::HoldAmountDiffers { held: held.amount });
            }
            HoldEvent::Post if over => return Err(Reason::HoldOverdue),
            HoldEvent::Expire if !over => return Err(Reason::HoldNotOverdue),
            HoldEvent::Post | HoldEvent::Void | HoldEvent::Expire => {}
        }
        self.shift(held.debit, held.credit, Move::Free, held.amount, undo)?;
        if event == HoldEvent::Post {
            self.shift(held.debit, held.credit, Move::Post, transfer.amount, undo)?;
        }
        self.pending.remove(&pending);
        self.due.remove(&(held.expires, pending));
        undo.ended.push((pending, held, ended));
        Ok(())
    }

    fn shift(
        &mut self,
        debit: SlotId,
        credit: SlotId,
        what: Move,
        amount: Amount,
        undo: &mut Undo,
    ) -> Result<(), Reason> {
        for side in [debit, credit] {
            undo.balances.push((side, self.slot(side).balance));
        }
        self.slot_mut(debit).debit(what, amount)?;
        self.slot_mut(credit).credit(what, amount)
    }

    fn slot_of(&mut self, key: AccountKey) -> Result<SlotId, Reason> {
        if let Some(slot) = self.index.get(&key) {
            return Ok(*slot);
        }
        let slot = SlotId(u32::try_from(self.slots.len()).map_err(|_| Reason::Overflow)?);
        self.slots.push(Slot {
            key,
            balance: Balance::default(),
        });
        self.index.insert(key, slot);
        Ok(slot)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "a slot is never removed while its id is known"
    )]
    pub(super) fn slot(&self, id: SlotId) -> &Slot {
        &self.slots[id.0 as usize]
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "a slot is never removed while its id is known"
    )]
    pub(super) fn slot_mut(&mut self, id: SlotId) -> &mut Slot {
        &mut self.slots[id.0 as usize]
    }
}

impl Held {
    pub(super) fn as_seen(&self, ended: Option<HoldState>) -> Seen {
        let kind = Kind::Pending {
            expires: self.expires,
        };
        Seen {
            kind,
            debit: self.debit,
            credit: self.credit,
            amount: self.amount,
            ended,
        }
    }
}
