//! Makes the rows and the books of a range of final blocks equal to what the chain says of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use swan_core::DepositId;

use super::agreement::agreed;
use super::fact::Fact;
use super::finish::{finish, keep, tell};
use super::verify::{check_decimals, decimals};
use super::watch::{Ground, WatchError};
use super::{ChainNode, Deposit, DepositEvent, DepositNews, DepositState, reading};

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
            Confirming, Credited, Crediting, Orphaned, Refused, Reversed, Reversing, Unmatched,
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
            // Assigned while its worth was not known.
            Crediting if deposit.amount.is_none() => false,
            Credited | Crediting if !is_same => return Ok(false),
            Credited | Crediting => true,
            Unmatched | Refused => is_same,
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
            self.judge(&mut deposit, fact.is_backed).await?;
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

    /// Reads a deposit again that was assigned, and whose token was unknown when it came in.
    pub(super) async fn read_again(
        &self,
        nodes: &[Arc<dyn ChainNode>],
        mut deposit: Deposit,
    ) -> Result<(), WatchError> {
        let (options, agree) = (&self.options, self.options.agree);
        if let Some(token) = options.token(deposit.token_address) {
            let ask = |node: Arc<dyn ChainNode>| async move { decimals(&*node, token).await };
            let said = agreed(nodes, agree, "the decimals of a token", ask).await?;
            check_decimals(token, said)?;
        }
        let (at, what) = (deposit.block, format!("block {}", deposit.block));
        let ask = |node: Arc<dyn ChainNode>| async move {
            reading::read(&*node, options, (at, at)).await
        };
        let view = agreed(nodes, agree, &what, ask).await?;
        let mut facts = view.facts.iter();
        let Some(fact) = facts.find(|fact| fact.id == deposit.id && deposit.tells_of(fact)) else {
            return self.lost(deposit).await;
        };
        self.judge(&mut deposit, fact.is_backed).await?;
        keep(self, &mut deposit).await?;
        if deposit.state == DepositState::Unmatched {
            tell(self, &DepositEvent::of(DepositNews::Unmatched, &deposit));
        }
        finish(self, &mut deposit).await
    }

    /// The chain no longer tells of it.
    pub(super) async fn lost(&self, mut deposit: Deposit) -> Result<(), WatchError> {
        deposit.state = match deposit.state {
            DepositState::Confirming | DepositState::Unmatched => DepositState::Orphaned,
            DepositState::Crediting if !self.has_moved(&deposit).await? => DepositState::Orphaned,
            DepositState::Crediting | DepositState::Credited | DepositState::Reversing => {
                DepositState::Reversing
            }
            DepositState::Refused | DepositState::Orphaned | DepositState::Reversed => {
                return Ok(());
            }
        };
        keep(self, &mut deposit).await?;
        if deposit.state == DepositState::Orphaned {
            tell(self, &DepositEvent::of(DepositNews::Orphaned, &deposit));
        }
        finish(self, &mut deposit).await
    }
}
