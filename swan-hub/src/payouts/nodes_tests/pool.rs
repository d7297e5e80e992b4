//! What nodes share, in memory, and what goes wrong on the way to it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use swan_core::ledger::AccountKey;
use swan_core::{Amount, TransferId};

use crate::store::{JournalRecord, Neighbour, Pool, PoolGrant, Reach, StoreError};

/// Numbers that follow from a seed.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

/// A record on its way to the till, and what it credits.
type Booking = (JournalRecord, Option<PoolGrant>);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) till: Vec<JournalRecord>,
    pub(super) earned: BTreeMap<(usize, AccountKey), Amount>,
    pub(super) grants: BTreeMap<TransferId, PoolGrant>,
    pub(super) free: BTreeMap<AccountKey, Amount>,
    pub(super) slices: BTreeMap<(usize, AccountKey), Amount>,
    /// What comes to the database when nobody waits for it any more.
    late: Vec<Booking>,
    pub(super) dice: Dice,
}

impl Shared {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            till: Vec::new(),
            earned: BTreeMap::new(),
            grants: BTreeMap::new(),
            free: BTreeMap::new(),
            slices: BTreeMap::new(),
            late: Vec::new(),
            dice: Dice::new(seed),
        }
    }

    fn next_seq(&self) -> u64 {
        self.till.last().map_or(1, JournalRecord::next_seq)
    }

    fn add(&mut self, grant: &PoolGrant) {
        let of = swan_core::ledger::Account::Consumer(grant.account).in_currency(grant.currency);
        let free = self.free.entry(of).or_default();
        *free = free.checked_add(grant.amount).unwrap();
        assert!(self.grants.insert(grant.id, grant.clone()).is_none());
    }

    /// As one transaction of the database.
    fn book(&mut self, (record, credit): &Booking) -> Result<bool, StoreError> {
        let expected = self.next_seq();
        if record.first_seq == expected {
            self.till.push(record.clone());
            if let Some(credit) = credit {
                self.add(credit);
            }
            return Ok(true);
        }
        if self.till.contains(record) {
            return Ok(false);
        }
        let found = record.first_seq;
        Err(StoreError::Gap { expected, found })
    }

    /// One of those that are late arrives now and then.
    fn stir(&mut self) {
        if !self.late.is_empty() && self.dice.below(3) == 0 {
            let len = u64::try_from(self.late.len()).unwrap();
            let which = usize::try_from(self.dice.below(len)).unwrap();
            let late = self.late.swap_remove(which);
            let _nobody_waits = self.book(&late);
        }
    }
}

/// One node's way to what is shared.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) node: usize,
    pub(super) shared: Arc<Mutex<Shared>>,
    /// Whether anything goes wrong.
    pub(super) is_bad: Arc<AtomicBool>,
}

/// What becomes of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Fine,
    Lost,
    AnswerLost,
    Late,
    /// Whoever asks dies before it is done, or afterwards.
    Dies,
    DiesAfter,
}

impl Way {
    /// Lets others go first, now and then, and says what becomes of a question.
    async fn fate(&self) -> Fate {
        let turns = self.shared.lock().dice.below(4);
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        let mut shared = self.shared.lock();
        shared.stir();
        if !self.is_bad.load(Ordering::Relaxed) {
            return Fate::Fine;
        }
        match shared.dice.below(40) {
            0 => Fate::Lost,
            1 => Fate::AnswerLost,
            2 => Fate::Late,
            3 => Fate::Dies,
            4 => Fate::DiesAfter,
            _ => Fate::Fine,
        }
    }

    /// Does something to what is shared, or not.
    async fn ask<T>(
        &self,
        does: impl FnOnce(&mut Shared) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.ask_but(|_| false, does).await
    }

    /// The same, where what would be one of these fates is a lost question.
    async fn ask_but<T>(
        &self,
        is_lost: impl Fn(Fate) -> bool,
        does: impl FnOnce(&mut Shared) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let away = || StoreError::unavailable("it is away");
        match self.fate().await {
            fate if is_lost(fate) => Err(away()),
            Fate::Fine => does(&mut self.shared.lock()),
            Fate::Lost | Fate::Late => Err(away()),
            Fate::AnswerLost => does(&mut self.shared.lock()).and(Err(away())),
            Fate::Dies => std::future::pending().await,
            Fate::DiesAfter => {
                let _nobody_waits = does(&mut self.shared.lock());
                std::future::pending().await
            }
        }
    }
}

#[async_trait]
impl Pool for Way {
    async fn reach(&self, of: AccountKey, reach: Reach) -> Result<Amount, StoreError> {
        let mut shared = self.shared.lock();
        let Shared { free, slices, .. } = &mut *shared;
        let free = free.entry(of).or_default();
        let slice = slices.entry((self.node, of)).or_default();
        let unspent = free.pico() + slice.pico() - reach.least.pico();
        let wanted = reach.want.pico().min(unspent / 4);
        let more = reach.need.pico().min(unspent).max(wanted).max(0);
        *free = Amount::from_pico(unspent - more).unwrap();
        *slice = Amount::from_pico(reach.least.pico() + more).unwrap();
        Ok(*slice)
    }

    async fn slices(&self) -> Result<Vec<(AccountKey, [Amount; 2])>, StoreError> {
        let shared = self.shared.lock();
        let own = shared
            .slices
            .iter()
            .filter(|((node, _), _)| *node == self.node);
        Ok(own
            .map(|((_, of), slice)| (*of, [*slice, Amount::ZERO]))
            .collect())
    }

    async fn grant(&self, grant: &PoolGrant) -> Result<bool, StoreError> {
        self.shared.lock().add(grant);
        Ok(true)
    }

    async fn balance(&self, of: AccountKey) -> Result<[Amount; 2], StoreError> {
        let free = self.shared.lock().free.get(&of).copied();
        Ok([free.unwrap_or_default(), Amount::ZERO])
    }

    async fn tell_earned(&self, earned: &[(AccountKey, Amount)]) -> Result<(), StoreError> {
        // Who tells in the background has nobody to begin it again.
        let hangs = |fate| matches!(fate, Fate::Dies | Fate::DiesAfter);
        self.ask_but(hangs, |shared| {
            for (of, sum) in earned {
                let told = shared.earned.entry((self.node, *of)).or_default();
                *told = sum.max(told).to_owned();
            }
            Ok(())
        })
        .await
    }

    async fn earned(&self, of: AccountKey) -> Result<[Amount; 2], StoreError> {
        self.ask(|shared| {
            let of_it = shared.earned.iter().filter(|((_, key), _)| *key == of);
            let all = Amount::checked_sum(of_it.map(|(_, sum)| *sum)).unwrap();
            let own = shared.earned.get(&(self.node, of)).copied();
            Ok([all, own.unwrap_or_default()])
        })
        .await
    }

    async fn free(&self, of: AccountKey) -> Result<Amount, StoreError> {
        Ok(self
            .shared
            .lock()
            .free
            .get(&of)
            .copied()
            .unwrap_or_default())
    }

    async fn read_till(&self, seq: u64, limit: u32) -> Result<Vec<JournalRecord>, StoreError> {
        // Read in the background, too.
        let hangs = |fate| matches!(fate, Fate::Dies | Fate::DiesAfter);
        self.ask_but(hangs, |shared| {
            let from = shared.till.iter().filter(|record| record.next_seq() > seq);
            Ok(from.take(limit.min(3) as usize).cloned().collect())
        })
        .await
    }

    async fn book(
        &self,
        record: &JournalRecord,
        credit: Option<&PoolGrant>,
    ) -> Result<bool, StoreError> {
        let booking = (record.clone(), credit.cloned());
        let away = || StoreError::unavailable("it is away");
        match self.fate().await {
            Fate::Fine => return self.shared.lock().book(&booking),
            Fate::Lost => return Err(away()),
            Fate::AnswerLost => return self.shared.lock().book(&booking).and(Err(away())),
            Fate::Late => {
                self.shared.lock().late.push(booking);
                return Err(away());
            }
            Fate::Dies => {}
            Fate::DiesAfter => drop(self.shared.lock().book(&booking)),
        }
        std::future::pending().await
    }

    async fn dead(&self) -> Result<Vec<Neighbour>, StoreError> {
        Ok(Vec::new())
    }

    async fn cleared(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
