//! Makes the rows and the books of a range of final blocks equal to what the chain says of it.

use std::collections::BTreeSet;

use swan_core::pricing::SwanIncentive;
use swan_core::{Currency, DepositId};

use super::fact::Fact;
use super::finish::{finish, keep, tell};
use super::reference::account_of;
use super::watch::{Ground, WatchError};
use super::{Bonus, Deposit, DepositEvent, DepositNews, DepositState, Unmatched};

/// Rows that are looked at in one go.
const PAGE: u32 = 500;

impl Ground {
    /// Everything that the chain says of final blocks `from` to `upto` is in the books afterwards, and nothing else is.
    ///
    /// Credits come first, so that a deposit that has moved to another place leaves nobody in debt meanwhile.
    pub(super) async fn settle(
        &self,
        (from, upto): (u64, u64),
        facts: &[Fact],
        told_by: &str,
    ) -> Result<(), WatchError> {
        let mut others = Vec::new();
        for fact in facts {
            if !self.apply(fact, told_by).await? {
                others.push(fact);
            }
        }
        let told: BTreeSet<DepositId> = facts.iter().map(|fact| fact.id).collect();
        let mut after = (from.saturating_sub(1), DepositId::from_u128(u128::MAX));
        loop {
            let (store, chain) = (&self.store, self.options.chain);
            let page = store
                .deposits()
                .deposits_in_blocks(chain, after, upto, PAGE)
                .await?;
            let Some(last) = page.last() else { break };
            after = (last.block, last.id);
            for record in page {
                if !told.contains(&record.id) {
                    self.lost(Deposit::read(&record)?).await?;
                }
            }
        }
        // What the chain tells otherwise than before was taken back first.
        for fact in others {
            if let Some(record) = self.store.deposits().deposit(fact.id).await? {
                self.lost(Deposit::read(&record)?).await?;
            }
            self.apply(fact, told_by).await?;
        }
        Ok(())
    }

    /// Takes in what the chain says; answers whether it could. What was credited as something else must be taken back first.
    async fn apply(&self, fact: &Fact, told_by: &str) -> Result<bool, WatchError> {
        use DepositState::{
            Confirming, Credited, Crediting, Orphaned, Reversed, Reversing, Unmatched,
        };
        let known = self.store.deposits().deposit(fact.id).await?;
        let mut deposit = match &known {
            Some(record) => Deposit::read(record)?,
            None => Deposit::new(self.options.chain, fact, self.clock.now()),
        };
        if deposit.state == Reversing {
            finish(self, &mut deposit).await?;
        }
        let is_same = deposit.tells_of(fact);
        let stands = match deposit.state {
            Credited | Crediting if !is_same => return Ok(false),
            Credited | Crediting => true,
            Unmatched => is_same,
            Confirming | Orphaned | Reversing => false,
            Reversed => {
                // It has come back.
                deposit.round = deposit.round.saturating_add(1);
                (deposit.credited_at, deposit.reversed_at) = (None, None);
                false
            }
        };
        let moved = (deposit.block, deposit.block_hash) != (fact.block.number, fact.block.hash);
        deposit.block = fact.block.number;
        deposit.block_hash = fact.block.hash;
        if !stands {
            if !is_same {
                let fresh = Deposit::new(self.options.chain, fact, deposit.created);
                let (revision, round) = (deposit.revision, deposit.round);
                deposit = Deposit {
                    revision,
                    round,
                    ..fresh
                };
            }
            self.judge(&mut deposit, fact.is_backed);
            told_by.clone_into(&mut deposit.told_by);
        }
        if moved || !stands {
            keep(self, &mut deposit).await?;
        }
        if deposit.state == Unmatched && !stands {
            tell(self, &DepositEvent::of(DepositNews::Unmatched, &deposit));
        }
        finish(self, &mut deposit).await?;
        Ok(true)
    }

    /// What the policy in force gives on top of deposits in this currency. It is written down with the deposit, so that what is
    /// booked later, or taken back, is the same whatever the policy has become.
    fn bonus_in(&self, currency: Currency) -> Option<Bonus> {
        match (currency, self.policy.payment().swan()) {
            (Currency::Swan, SwanIncentive::DepositBonus(bonus)) => Some(Bonus {
                bps: bonus.points().get(),
                policy: self.policy.stamp().clone(),
            }),
            _ => None,
        }
    }

    /// Decides whose a deposit is and what it is worth.
    pub(super) fn judge(&self, deposit: &mut Deposit, is_backed: bool) {
        let options = &self.options;
        let judged = (|| {
            let token = options.token(deposit.token_address);
            let token = token.ok_or(Unmatched::UnknownToken)?;
            deposit.token = Some(token.symbol.clone());
            deposit.currency = Some(token.currency);
            let converted = token.convert(deposit.units).ok_or(Unmatched::OutOfRange)?;
            deposit.amount = Some(converted.amount);
            deposit.dust = converted.dust;
            deposit.bonus = self.bonus_in(token.currency);
            if converted.amount.is_zero() {
                return Err(Unmatched::BelowPico);
            }
            if !is_backed {
                return Err(Unmatched::NoTransfer);
            }
            if let (Some(account), Some(_)) = (deposit.account, &deposit.assigned_by) {
                return Ok(account);
            }
            let reference = deposit.reference.ok_or(Unmatched::PlainTransfer)?;
            let account = account_of(options.chain, options.contract, &reference);
            let account = account.ok_or(Unmatched::UnknownReference)?;
            match self.keys.account(account) {
                Some(_) => Ok(account),
                None => Err(Unmatched::UnknownAccount),
            }
        })();
        match judged {
            Ok(account) => {
                deposit.account = Some(account);
                deposit.state = DepositState::Crediting;
                deposit.why = None;
            }
            Err(why) => {
                deposit.account = None;
                deposit.state = DepositState::Unmatched;
                deposit.why = Some(why);
            }
        }
    }

    /// The chain no longer tells of it.
    pub(super) async fn lost(&self, mut deposit: Deposit) -> Result<(), WatchError> {
        deposit.state = match deposit.state {
            DepositState::Confirming | DepositState::Unmatched => DepositState::Orphaned,
            DepositState::Crediting if !self.books.knows(deposit.credit()) => {
                DepositState::Orphaned
            }
            DepositState::Crediting | DepositState::Credited | DepositState::Reversing => {
                DepositState::Reversing
            }
            DepositState::Orphaned | DepositState::Reversed => return Ok(()),
        };
        keep(self, &mut deposit).await?;
        if deposit.state == DepositState::Orphaned {
            tell(self, &DepositEvent::of(DepositNews::Orphaned, &deposit));
        }
        finish(self, &mut deposit).await
    }
}
