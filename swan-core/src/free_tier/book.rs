use std::collections::{BTreeMap, BTreeSet};

use super::{FreePass, FreeTier, Limit, PassError, Refused};
use crate::{AccountId, Fact, ModelId, Policy, Timestamp};

/// The free tier of many accounts, in bounded memory.
///
/// An account is forgotten once it is as a new one: nothing runs, its last request is a minute old, and the day whose
/// tokens it used is over. The book's time never goes back, so a forgotten account cannot get a day twice.
#[derive(Debug)]
pub struct FreeTierBook {
    accounts: BTreeMap<AccountId, FreeTier>,
    /// The accounts of which nothing runs, by the time from which they can be forgotten.
    idle: BTreeSet<(Timestamp, AccountId)>,
    now: Timestamp,
    accounts_max: usize,
}

impl FreeTierBook {
    /// An empty book that keeps `accounts_max` accounts in mind at most.
    #[must_use]
    pub const fn new(accounts_max: usize) -> Self {
        Self {
            accounts: BTreeMap::new(),
            idle: BTreeSet::new(),
            now: Timestamp::EPOCH,
            accounts_max,
        }
    }

    /// As [`FreeTier::admit`], for an account that may be new.
    ///
    /// # Errors
    ///
    /// [`Refused`] as there, and [`Limit::Accounts`] for a new account while the book is full of others that matter.
    pub fn admit(
        &mut self,
        policy: &Policy,
        now: Timestamp,
        account: AccountId,
        model: &ModelId,
        worst_tokens: u64,
    ) -> Result<FreePass, Refused> {
        self.now = self.now.max(now);
        self.forget_idle();
        if let Some(known) = self.accounts.get_mut(&account) {
            let before = known.idle_from();
            let pass = known.admit(policy, self.now, model, worst_tokens)?;
            if let Some(before) = before {
                self.idle.remove(&(before, account));
            }
            return Ok(pass);
        }
        if self.accounts.len() >= self.accounts_max {
            return Err(self.full(policy));
        }
        let mut new = FreeTier::new(account);
        let pass = new.admit(policy, self.now, model, worst_tokens)?;
        self.accounts.insert(account, new);
        Ok(pass)
    }

    /// As [`FreeTier::recall`]. A new account is left out while the book is full of others that matter.
    pub fn recall(&mut self, now: Timestamp, account: AccountId, tokens: u64) {
        self.now = self.now.max(now);
        self.forget_idle();
        if self.accounts.len() >= self.accounts_max && !self.accounts.contains_key(&account) {
            return;
        }
        let new = || FreeTier::new(account);
        let known = self.accounts.entry(account).or_insert_with(new);
        if let Some(before) = known.idle_from() {
            self.idle.remove(&(before, account));
        }
        known.recall(self.now, tokens);
        if let Some(idle_from) = known.idle_from() {
            self.idle.insert((idle_from, account));
        }
    }

    /// As [`FreeTier::settle`].
    ///
    /// # Errors
    ///
    /// [`PassError`] for a pass of another book.
    pub fn settle(&mut self, pass: FreePass, tokens: u64) -> Result<u64, PassError> {
        let account = pass.account();
        let Some(known) = self.accounts.get_mut(&account) else {
            return Err(pass.unknown());
        };
        let counted = known.settle(pass, tokens)?;
        if let Some(idle_from) = known.idle_from() {
            self.idle.insert((idle_from, account));
        }
        Ok(counted)
    }

    /// As [`FreeTier::cancel`].
    ///
    /// # Errors
    ///
    /// [`PassError`] for a pass of another book.
    pub fn cancel(&mut self, pass: FreePass) -> Result<(), PassError> {
        self.settle(pass, 0).map(|_| ())
    }

    /// What is kept of an account; `None` when it is as a new one.
    #[must_use]
    pub fn account(&self, account: AccountId) -> Option<&FreeTier> {
        self.accounts.get(&account)
    }

    /// How many accounts are kept in mind.
    #[must_use]
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Whether no account is kept in mind.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    fn forget_idle(&mut self) {
        while let Some((from, account)) = self.idle.first().copied()
            && from <= self.now
        {
            self.idle.remove(&(from, account));
            self.accounts.remove(&account);
        }
    }

    fn full(&self, policy: &Policy) -> Refused {
        let fact = Fact::new("accounts kept in mind", self.accounts.len())
            .needed(format!("below {}", self.accounts_max));
        match self.idle.first() {
            Some((from, _)) => Refused::until(Limit::Accounts, policy, fact, *from, self.now),
            None => Refused::for_now(Limit::Accounts, policy, fact),
        }
    }
}
