//! What several hubs book together: payouts, earnings that become credit, and payments by card.
//!
//! The journal of the till is kept by none of them. Each reads it up to its end, decides by what it says, and appends only where it still
//! ends there; who was overtaken reads on and decides anew. So there is nothing that a node could take along when it dies, nothing to
//! be handed over, and nothing that two decide at once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use swan_core::ledger::{Account, AccountKey, Applied, Entry, Group, Ledger, entries};
use swan_core::{AccountId, Amount, Clock, Currency, ProviderId, TransferId};

use super::{LedgerError, codec};
use crate::store::{Pool, PoolGrant, StoreError};

/// Records read at a time.
const PAGE: u32 = 256;
/// How often one who was overtaken decides anew: each time somebody else has booked something.
pub(super) const TRIES: u32 = 64;

/// The till as this node has read it.
#[derive(Debug)]
pub(super) struct Till {
    pool: Arc<dyn Pool>,
    clock: Arc<dyn Clock>,
    /// Held by the one here who reads on, or books.
    turn: tokio::sync::Mutex<()>,
    read: Mutex<Read>,
    /// The accounts whose funds have moved, once somebody asks.
    moved: Mutex<Option<BTreeSet<(AccountId, Currency)>>>,
    /// Somebody owes something: nearly never, so that requests look no further.
    is_owed: AtomicBool,
}

#[derive(Debug)]
struct Read {
    ledger: Ledger,
    next_seq: u64,
    /// The accounts that owe something.
    owing: BTreeSet<AccountId>,
}

/// How far the till was read when something was decided by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(pub(super) u64);

/// The number of the entry makes it unique in the till.
const fn id(seq: u64) -> TransferId {
    const TAKEN_OVER: u128 = 0x5357_414E_0000_7111 << 64;
    TransferId::from_u128(TAKEN_OVER | seq as u128)
}

impl Till {
    pub(super) fn new(pool: &Arc<dyn Pool>, clock: &Arc<dyn Clock>) -> Self {
        Self {
            pool: Arc::clone(pool),
            clock: Arc::clone(clock),
            turn: tokio::sync::Mutex::default(),
            read: Mutex::new(Read {
                ledger: Ledger::new(),
                next_seq: 1,
                owing: BTreeSet::new(),
            }),
            moved: Mutex::default(),
            is_owed: AtomicBool::new(false),
        }
    }

    /// The accounts of whose funds something was booked since this was last asked; from the first time on.
    pub(super) fn moved(&self) -> BTreeSet<(AccountId, Currency)> {
        let before = self.moved.lock().replace(BTreeSet::new());
        before.unwrap_or_default()
    }

    /// Whether an account owes something, as far as the till was read.
    pub(super) fn owes(&self, account: AccountId) -> bool {
        self.is_owed.load(Ordering::Acquire) && self.read.lock().owing.contains(&account)
    }

    /// The accounts that owe something.
    pub(super) fn owing(&self) -> Vec<AccountId> {
        match self.is_owed.load(Ordering::Acquire) {
            true => self.read.lock().owing.iter().copied().collect(),
            false => Vec::new(),
        }
    }

    fn take(&self, entry: &Entry) -> Result<(), StoreError> {
        if let Some(moved) = &mut *self.moved.lock() {
            let transfers = entry.group.transfers.iter();
            let sides = transfers.flat_map(|one| [one.debit, one.credit]);
            moved.extend(sides.filter_map(|side| match side.account {
                Account::Shared(account) => Some((account, side.currency)),
                _ => None,
            }));
        }
        let mut read = self.read.lock();
        let taken = read.take(entry);
        self.is_owed
            .store(!read.owing.is_empty(), Ordering::Release);
        taken
    }

    /// Looks at what was read so far.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.read.lock().ledger)
    }

    /// Reads what others have booked, up to the end.
    pub(super) async fn read_on(&self) -> Result<Mark, StoreError> {
        let _turn = self.turn.lock().await;
        self.read_to_the_end().await
    }

    /// The same of the one whose turn it is.
    async fn read_to_the_end(&self) -> Result<Mark, StoreError> {
        let mut next = self.read.lock().next_seq;
        loop {
            let page = self.pool.read_till(next, PAGE).await?;
            if page.is_empty() {
                return Ok(Mark(next));
            }
            for record in page {
                for entry in codec::decode(&record)? {
                    if entry.seq >= next {
                        self.take(&entry)?;
                        next = entry.seq + 1;
                    }
                }
            }
        }
    }

    /// Books a group that was decided on by what the till said up to `mark`, and adds `credit` to the shared funds with it; answers
    /// when that survives a crash. `None` when somebody has booked something since.
    pub(super) async fn book(
        &self,
        mark: Mark,
        group: Group,
        credit: Option<&PoolGrant>,
    ) -> Result<Option<Applied>, LedgerError> {
        let _turn = self.turn.lock().await;
        self.append(mark, group, credit).await
    }

    /// The same of the one whose turn it is.
    async fn append(
        &self,
        mark: Mark,
        group: Group,
        credit: Option<&PoolGrant>,
    ) -> Result<Option<Applied>, LedgerError> {
        let amounts = group.transfers.iter().map(|transfer| transfer.amount);
        let amount = amounts.fold(Amount::ZERO, Amount::max);
        let entry = {
            let read = &mut *self.read.lock();
            // Times in a journal never go back, whosever clock is behind.
            let at = self.clock.now().max(read.ledger.now());
            let checked = read.ledger.check(&group, at);
            let applied = checked.map_err(|rejected| LedgerError::refused(rejected, amount))?;
            if applied == Applied::Exists {
                return Ok(Some(applied));
            }
            let seq = read.next_seq;
            if mark != Mark(seq) {
                return Ok(None);
            }
            Entry { seq, at, group }
        };
        let record = codec::encode(std::slice::from_ref(&entry))?;
        match self.pool.book(&record, credit).await {
            Ok(is_new) => {
                self.take(&entry)?;
                // Another may have decided the same in the same millisecond.
                let applied = if is_new {
                    Applied::Created
                } else {
                    Applied::Exists
                };
                Ok(Some(applied))
            }
            Err(StoreError::Gap { .. }) => Ok(None),
            Err(StoreError::Conflict { .. }) => Err(LedgerError::Duplicate),
            // It may have happened; whoever reads on sees whether it has.
            Err(error) => Err(error.into()),
        }
    }

    /// Takes over what a provider has earned at all nodes, as far as they have told.
    pub(super) async fn take_over(
        &self,
        provider: ProviderId,
        currency: Currency,
    ) -> Result<(), LedgerError> {
        let of = Account::ProviderEarnings(provider).in_currency(currency);
        let _turn = self.turn.lock().await;
        for _ in 0..TRIES {
            let mark = self.read_to_the_end().await?;
            let [earned, _] = self.pool.earned(of).await?;
            let more = earned.checked_sub(self.taken_over(of)).unwrap_or_default();
            if more <= Amount::ZERO {
                return Ok(());
            }
            let Mark(seq) = mark;
            let group = entries::take_over_earnings(id(seq), provider, currency, more);
            if self.append(mark, group, None).await?.is_some() {
                return Ok(());
            }
        }
        Err(overtaken())
    }

    /// What of a provider's earnings at the nodes stands in the till.
    pub(super) fn taken_over(&self, of: AccountKey) -> Amount {
        let Account::ProviderEarnings(provider) = of.account else {
            return Amount::ZERO;
        };
        let earned = Account::Earned(provider).in_currency(of.currency);
        self.look(|ledger| ledger.balance(&earned).given())
    }
}

impl Read {
    /// Takes in the next entry.
    fn take(&mut self, entry: &Entry) -> Result<(), StoreError> {
        if entry.seq != self.next_seq {
            return Err(StoreError::Gap {
                expected: self.next_seq,
                found: entry.seq,
            });
        }
        let applied = self.ledger.apply(&entry.group, entry.at);
        let _ = applied.map_err(|rejected| {
            let seq = entry.seq;
            StoreError::corrupt(format!("entry {seq} of the till breaks a rule: {rejected}"))
        })?;
        self.next_seq += 1;
        for transfer in &entry.group.transfers {
            for side in [transfer.debit.account, transfer.credit.account] {
                if let Account::Shortfall(account) = side {
                    match self.owes(account) {
                        true => self.owing.insert(account),
                        false => self.owing.remove(&account),
                    };
                }
            }
        }
        Ok(())
    }

    fn owes(&self, account: AccountId) -> bool {
        let owed = |currency| {
            let key = Account::Shortfall(account).in_currency(currency);
            self.ledger.balance(&key).given()
        };
        Currency::ALL
            .into_iter()
            .any(|currency| owed(currency) > Amount::ZERO)
    }
}

/// Too many others were quicker.
pub(super) const fn overtaken() -> LedgerError {
    let why = "other hubs book at the same time";
    LedgerError::Unavailable { why }
}
