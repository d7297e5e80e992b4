use parking_lot::Mutex;
use swan_core::Currency;
use swan_core::ledger::{Entry, Group, Kind, Rule, Transfer};

use crate::metrics::{Histogram, Sizes};

/// What became of a sum that was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HoldEnd {
    /// Nothing yet.
    Placed,
    /// More was set aside with it.
    Extended,
    /// It was charged, wholly or in part.
    Posted,
    /// It was given back.
    Voided,
    /// It was given back because its time had passed.
    Expired,
}

impl HoldEnd {
    pub(crate) const ALL: [Self; 5] = [
        Self::Placed,
        Self::Extended,
        Self::Posted,
        Self::Voided,
        Self::Expired,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Extended => "extended",
            Self::Posted => "posted",
            Self::Voided => "voided",
            Self::Expired => "expired",
        }
    }

    const fn of(transfer: &Transfer) -> Option<Self> {
        match transfer.kind {
            Kind::Pending { .. } => Some(Self::Placed),
            Kind::Post { .. } => Some(Self::Posted),
            Kind::Void { .. } => Some(Self::Voided),
            Kind::Expire { .. } => Some(Self::Expired),
            _ => None,
        }
    }
}

/// Counts and sums of holds, by currency and end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HoldTotals([[(u64, i128); HoldEnd::ALL.len()]; Currency::ALL.len()]);

impl HoldTotals {
    /// How many, and how much in 10^-12 of the currency.
    pub(crate) fn of(&self, currency: Currency, end: HoldEnd) -> (u64, i128) {
        let totals = self.0.get(currency as usize);
        let total = totals.and_then(|ends| ends.get(end as usize));
        total.copied().unwrap_or_default()
    }

    fn observe(&mut self, group: &Group) {
        // What one hold had goes over into the other, so only the difference is more.
        if let (Rule::Extension, [ended, placed]) = (group.cause.rule, group.transfers.as_slice()) {
            let more = placed.amount.pico().saturating_sub(ended.amount.pico());
            return self.add(HoldEnd::Extended, placed.debit.currency, more);
        }
        for transfer in &group.transfers {
            if let Some(end) = HoldEnd::of(transfer) {
                self.add(end, transfer.debit.currency, transfer.amount.pico());
            }
        }
    }

    fn add(&mut self, end: HoldEnd, currency: Currency, more: i128) {
        let totals = self.0.get_mut(currency as usize);
        if let Some((count, pico)) = totals.and_then(|ends| ends.get_mut(end as usize)) {
            *count += 1;
            *pico = pico.saturating_add(more);
        }
    }
}

/// What the writer has written since the books were opened; counted there, where no request waits for it.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// How long writes take.
    pub(crate) times: Histogram,
    /// How many entries they take along.
    pub(crate) sizes: Sizes,
    holds: Mutex<HoldTotals>,
}

impl Journal {
    pub(super) fn written(&self, entries: &[Entry], took: std::time::Duration) {
        self.times.observe(took);
        self.sizes.observe(entries.len());
        let mut holds = self.holds.lock();
        entries.iter().for_each(|entry| holds.observe(&entry.group));
    }

    pub(crate) fn holds(&self) -> HoldTotals {
        *self.holds.lock()
    }
}
