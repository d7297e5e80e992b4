//! Shows accounts what is on its way: deposits in blocks that may still be replaced. No money depends on it.

use std::collections::BTreeSet;
use std::sync::Arc;

use swan_core::DepositId;

use super::agreement::agreed;
use super::fact::Fact;
use super::finish::{keep, tell};
use super::reading;
use super::watch::{Ground, WatchError};
use super::{ChainNode, Deposit, DepositEvent, DepositNews, DepositState};

/// So many blocks are looked at, so many deposits shown.
const BLOCKS_MAX: u64 = 5_000;
const SHOWN_MAX: usize = 500;

impl Ground {
    /// Notes deposits of accounts in blocks `from` to `upto`, and those that are no longer there.
    pub(super) async fn sight(
        &self,
        nodes: &[Arc<dyn ChainNode>],
        from: u64,
        upto: u64,
    ) -> Result<(), WatchError> {
        let upto = upto.min(from.saturating_add(BLOCKS_MAX));
        let mut told: BTreeSet<DepositId> = BTreeSet::new();
        let mut at = from;
        while at <= upto {
            let to = at.saturating_add(self.options.range_blocks - 1).min(upto);
            let options = Arc::clone(&self.options);
            let view = agreed(nodes, 1, "blocks that are not final", |node| {
                let options = Arc::clone(&options);
                async move { reading::read(&*node, &options, (at, to)).await }
            });
            for fact in view.await?.facts {
                if told.len() < SHOWN_MAX {
                    told.insert(fact.id);
                    self.see(&fact).await?;
                }
            }
            at = to.saturating_add(1);
        }
        // Those further up are either gone or come again.
        let after = (from.saturating_sub(1), DepositId::from_u128(u128::MAX));
        let chain = self.options.chain;
        let most = u32::try_from(SHOWN_MAX).unwrap_or(u32::MAX);
        let rows =
            self.store
                .deposits()
                .deposits_in_blocks(chain, after, i64::MAX.unsigned_abs(), most);
        for record in rows.await? {
            let deposit = Deposit::read(&record)?;
            if deposit.state == DepositState::Confirming && !told.contains(&deposit.id) {
                self.lost(deposit).await?;
            }
        }
        Ok(())
    }

    async fn see(&self, fact: &Fact) -> Result<(), WatchError> {
        let known = self.store.deposits().deposit(fact.id).await?;
        let mut deposit = match &known {
            Some(record) => Deposit::read(record)?,
            None => Deposit::new(self.options.chain, fact, self.clock.now()),
        };
        let is_waiting = matches!(
            deposit.state,
            DepositState::Confirming | DepositState::Orphaned
        );
        let was = (deposit.block, deposit.block_hash);
        let is_there = was == (fact.block.number, fact.block.hash)
            && deposit.state == DepositState::Confirming
            && deposit.tells_of(fact);
        if !is_waiting || known.is_some() && is_there {
            return Ok(());
        }
        let (revision, created) = (deposit.revision, deposit.created);
        let is_new = known.is_none();
        deposit = Deposit {
            revision,
            round: deposit.round,
            ..Deposit::new(self.options.chain, fact, created)
        };
        self.judge(&mut deposit, fact.is_backed).await?;
        if deposit.state != DepositState::Crediting {
            // What is nobody's is told when it is final.
            return Ok(());
        }
        deposit.state = DepositState::Confirming;
        keep(self, &mut deposit).await?;
        if is_new {
            tell(self, &DepositEvent::of(DepositNews::Seen, &deposit));
        }
        Ok(())
    }
}
