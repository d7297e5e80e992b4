use swan_core::ledger::{Account, ChargeRecord, Detail, Entry, Transfer};
use swan_core::{AccountId, Amount, Currency};

/// A charge as the journal has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Charged<'a> {
    pub(crate) entry: &'a Entry,
    /// Who paid.
    pub(crate) account: AccountId,
    /// In what.
    pub(crate) currency: Currency,
    pub(crate) record: &'a ChargeRecord,
}

impl<'a> Charged<'a> {
    /// The charge that an entry is, if it is one. A request that cost nothing is one too.
    pub(crate) fn of(entry: &'a Entry) -> Option<Self> {
        let Detail::Charge(record) = &entry.group.cause.detail else {
            return None;
        };
        let payer = entry
            .group
            .transfers
            .first()
            .map(|first: &Transfer| first.debit)?;
        let Account::Consumer(account) = payer.account else {
            return None;
        };
        Some(Self {
            entry,
            account,
            currency: payer.currency,
            record,
        })
    }
}

/// What was used and paid in some requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) requests: u64,
    pub(crate) prompt_tokens: u64,
    /// How many of them came from a cache.
    pub(crate) cached_tokens: u64,
    pub(crate) completion_tokens: u64,
    pub(crate) images: u64,
    pub(crate) audio_ms: u64,
    pub(crate) cost: Amount,
}

impl Sum {
    /// The same with another charge of which `cost` counts here.
    pub(crate) fn add(&mut self, record: &ChargeRecord, cost: Amount) {
        self.requests += 1;
        for (sum, more) in [
            (&mut self.prompt_tokens, record.prompt_tokens),
            (&mut self.cached_tokens, record.cached_tokens),
            (&mut self.completion_tokens, record.completion_tokens),
            (&mut self.images, record.images),
            (&mut self.audio_ms, record.audio_ms),
        ] {
            *sum = sum.saturating_add(more);
        }
        self.pay(cost);
    }

    fn pay(&mut self, cost: Amount) {
        // An account had all of it, so the sum is an amount.
        self.cost = self.cost.checked_add(cost).unwrap_or(self.cost);
    }
}
