//! Reads the chain, turn by turn, as long as the hub lives.

use std::sync::Arc;
use std::time::Duration;

use swan_core::{Clock, DepositId, Policy, Timestamp};
use tokio::time;

use super::agreement::{NoAgreement, agreed, all};
use super::desk::Deposits;
use super::finish::{finish, tell};
use super::verify::{Mismatch, Unfit, verify};
use super::{
    Block, ChainNode, Deposit, DepositEvent, DepositNews, DepositOptions, Finality, Progress,
    Status, reading,
};
use crate::collateral::{Collateral, CollateralError};
use crate::events::EventSink;
use crate::hub::Shared;
use crate::ledger::{Books, LedgerError};
use crate::settings::Current;
use crate::store::{DepositPhase, DepositsOf, KeyRing, Store, StoreError};

/// What a watch works with.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    pub(super) options: Arc<DepositOptions>,
    pub(super) nodes: Vec<Arc<dyn ChainNode>>,
    pub(super) store: Arc<dyn Store>,
    pub(super) books: Books,
    pub(super) keys: KeyRing,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) events: Arc<dyn EventSink>,
    pub(super) desk: Arc<Deposits>,
    pub(super) collateral: Arc<Collateral>,
    /// What is given on top of a deposit stands in it.
    pub(super) policy: Arc<Policy>,
    /// When the hub was started.
    pub(super) started: Timestamp,
}

/// Why a turn did not come to its end. The next one begins where this one has stopped.
#[derive(Debug, thiserror::Error)]
pub(super) enum WatchError {
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    #[error(transparent)]
    NoAgreement(#[from] NoAgreement),
    #[error(
        "the nodes are of another chain than the one that was read: not even block {first} is the same"
    )]
    OtherChain { first: u64 },
    #[error("{deposit} is to move money and does not say whose or how much")]
    Unsound { deposit: DepositId },
    /// The collateral of a provider does not give back what came in.
    #[error(transparent)]
    Collateral(CollateralError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WatchError {
    pub(super) const fn unsound(deposit: &Deposit) -> Self {
        Self::Unsound {
            deposit: deposit.id,
        }
    }

    /// Whether somebody has to look: it does not pass by itself.
    const fn is_alarming(&self) -> bool {
        matches!(
            self,
            Self::Mismatch(_)
                | Self::NoAgreement(NoAgreement::Disagree { .. })
                | Self::OtherChain { .. }
                | Self::Unsound { .. }
                | Self::Collateral(_)
        )
    }
}

impl From<CollateralError> for WatchError {
    fn from(error: CollateralError) -> Self {
        match error {
            CollateralError::Ledger(error) => Self::Ledger(error),
            CollateralError::Store(error) => Self::Store(error),
            error => Self::Collateral(error),
        }
    }
}

/// What a watch remembers from turn to turn; nothing of it matters after a restart.
#[derive(Debug)]
pub(super) struct Memory {
    /// Who this is among those who may read.
    holder: String,
    /// Until when each node is taken for what it was found to be.
    fit_until: Vec<Timestamp>,
    /// How many blocks are asked for at once.
    step: u64,
    /// Whether this is the first turn: a hub that is alone has the lease of the books by then, so that whoever had read before is gone.
    is_fresh: bool,
}

/// How long a node is taken for what it was found to be.
const FIT_FOR: Duration = Duration::from_secs(600);
/// The most deposits whose money was left to move that are looked at in a turn.
const DUE_MAX: u32 = 1_000;

impl Memory {
    pub(super) fn new(holder: String, ground: &Ground) -> Self {
        Self {
            holder,
            fit_until: vec![Timestamp::EPOCH; ground.nodes.len()],
            step: ground.options.range_blocks,
            is_fresh: true,
        }
    }
}

impl Ground {
    fn of(hub: &Shared) -> Option<Self> {
        Some(Self {
            options: hub.deposits.options.clone()?,
            nodes: hub.deposits.nodes.clone(),
            store: Arc::clone(&hub.store),
            books: hub.books.clone(),
            keys: hub.keys.clone(),
            clock: Arc::clone(&hub.clock),
            events: Arc::clone(&hub.events),
            desk: Arc::clone(&hub.deposits),
            policy: Arc::clone(&hub.policy),
            collateral: Arc::clone(&hub.collateral),
            started: hub.started,
        })
    }

    /// Asks the nodes, and books what is final. Answers whether this program is the one who reads.
    pub(super) async fn turn(&self, memory: &mut Memory) -> Result<bool, WatchError> {
        let mut progress = Progress::load(&*self.store, self.options.chain).await?;
        if memory.is_fresh && !self.books.is_shared() {
            progress.seize();
        }
        if !progress.hold(&memory.holder, self.clock.now(), self.silent()) {
            self.desk.note(Status::from(&progress));
            return Ok(false);
        }
        self.keep(&mut progress).await?;
        // What other hubs have booked.
        self.books.read_on().await?;
        memory.is_fresh = false;
        let turned = self.turn_with(memory, &mut progress).await;
        let problem = turned.as_ref().err().map(ToString::to_string);
        if let Err(error) = &turned
            && error.is_alarming()
            && progress.problem != problem
        {
            let event = DepositEvent::about_the_chain(DepositNews::Halted, error.to_string());
            tell(self, &event);
        }
        progress.problem = problem;
        self.keep(&mut progress).await?;
        turned.map(|()| true)
    }

    /// How long whoever reads may be silent before another does.
    fn silent(&self) -> Duration {
        let polls = self.options.poll.saturating_mul(12);
        polls.clamp(Duration::from_secs(5), Duration::from_secs(60))
    }

    async fn keep(&self, progress: &mut Progress) -> Result<(), StoreError> {
        progress.keep(&*self.store, self.options.chain).await?;
        self.desk.note(Status::from(&*progress));
        Ok(())
    }

    async fn turn_with(
        &self,
        memory: &mut Memory,
        progress: &mut Progress,
    ) -> Result<(), WatchError> {
        // What a crash has left between a row and the books, and what an operator has assigned.
        let due = DepositsOf::Phase(DepositPhase::Due);
        let mut unpriced = Vec::new();
        for record in self.store.deposits().page(due, None, DUE_MAX).await? {
            let mut deposit = Deposit::read(&record)?;
            match deposit.amount {
                Some(_) => finish(self, &mut deposit).await?,
                None => unpriced.push(deposit),
            }
        }
        let nodes = self.fit(memory).await?;
        for deposit in unpriced {
            self.read_again(&nodes, deposit).await?;
        }
        let (latest, finalized) = self.tips(&nodes).await?;
        (progress.latest, progress.finalized) = (latest, finalized);
        let mut read = match progress.read_upto() {
            Some(mark) => self.still_there(&nodes, progress, mark).await?,
            None => self.first(&nodes, finalized).await?,
        };
        if progress.read_upto() != Some(read) {
            progress.reached(read);
        }
        while read.number < finalized {
            read = self.advance(&nodes, memory, (read, finalized)).await?;
            progress.reached(read);
            progress.at_ms = self.clock.now().as_millis();
            progress.hold(&memory.holder, self.clock.now(), self.silent());
            self.keep(progress).await?;
        }
        self.sight(&nodes, read.number.saturating_add(1), latest)
            .await?;
        progress.at_ms = self.clock.now().as_millis();
        Ok(())
    }

    /// The nodes that are what they should be. Those that are not are told of, and not asked.
    async fn fit(&self, memory: &mut Memory) -> Result<Vec<Arc<dyn ChainNode>>, WatchError> {
        let now = self.clock.now();
        let mut unfit = None;
        let mut nodes = Vec::new();
        for (node, until) in self.nodes.iter().zip(&mut memory.fit_until) {
            if *until <= now {
                match verify(&**node, &self.options).await {
                    Ok(()) => *until = now.after(FIT_FOR),
                    Err(Unfit::Mismatch(mismatch)) => {
                        tracing::warn!(target: "swan_hub::deposit", node = node.name(), %mismatch, "a node is not believed");
                        unfit = Some(mismatch);
                        continue;
                    }
                    Err(Unfit::Away(error)) => {
                        tracing::debug!(target: "swan_hub::deposit", node = node.name(), %error, "a node cannot be checked");
                        continue;
                    }
                }
            }
            nodes.push(Arc::clone(node));
        }
        match unfit {
            // One that is of another chain must not stop the others.
            Some(mismatch) if nodes.len() < self.options.agree => Err(mismatch.into()),
            _ => Ok(nodes),
        }
    }

    /// The youngest block that enough nodes know, and the youngest of which enough say that it is final.
    async fn tips(&self, nodes: &[Arc<dyn ChainNode>]) -> Result<(u64, u64), WatchError> {
        let (tips, why) = all(nodes, |node| async move { node.tip().await }).await;
        let of_enough = |mut numbers: Vec<u64>| {
            numbers.sort_unstable_by(|a, b| b.cmp(a));
            numbers.get(self.options.agree.saturating_sub(1)).copied()
        };
        let away = |answered| NoAgreement::Away {
            answered,
            needed: self.options.agree,
            why: why.clone(),
        };
        let latest = of_enough(tips.iter().map(|tip| tip.latest).collect());
        let latest = latest.ok_or_else(|| away(tips.len()))?;
        let finals: Vec<u64> = match self.options.finality {
            Finality::Finalized => tips.iter().filter_map(|tip| tip.finalized).collect(),
            Finality::Confirmations(count) => {
                let on_top = count.saturating_sub(1);
                tips.iter()
                    .map(|tip| tip.latest.saturating_sub(on_top))
                    .collect()
            }
        };
        let known = finals.len();
        let finalized = of_enough(finals).ok_or_else(|| NoAgreement::Away {
            answered: known,
            needed: self.options.agree,
            why: "the others tell of no final block yet; chain.confirmations may be a number"
                .into(),
        })?;
        Ok((latest, finalized.min(latest)))
    }

    /// Where a watch begins that has read nothing yet.
    async fn first(
        &self,
        nodes: &[Arc<dyn ChainNode>],
        finalized: u64,
    ) -> Result<Block, WatchError> {
        let start = self
            .options
            .start_block
            .map(|block| block.saturating_sub(1));
        self.block(nodes, start.unwrap_or(finalized)).await
    }

    /// The block at this height. Nodes that do not know it are behind, which says nothing about the chain.
    async fn block(&self, nodes: &[Arc<dyn ChainNode>], number: u64) -> Result<Block, WatchError> {
        let what = format!("block {number}");
        let ask = |node: Arc<dyn ChainNode>| async move { reading::block(&*node, number).await };
        Ok(agreed(nodes, self.options.agree, &what, ask).await?)
    }

    /// The last block of what was read, if it is still there; otherwise the last one that is. What follows is then read again.
    async fn still_there(
        &self,
        nodes: &[Arc<dyn ChainNode>],
        progress: &mut Progress,
        mark: Block,
    ) -> Result<Block, WatchError> {
        if self.block(nodes, mark.number).await? == mark {
            return Ok(mark);
        }
        let first = progress.marks.first().map_or(0, |mark| mark.number);
        let mut kept = progress.marks.clone();
        while let Some(older) = kept.pop() {
            if self.block(nodes, older.number).await? == older {
                kept.push(older);
                progress.marks = kept;
                let (from, upto) = (older.number.saturating_add(1), mark.number);
                let says = format!("blocks {from} to {upto} were final and have been replaced");
                let event = DepositEvent::about_the_chain(DepositNews::Replaced, says);
                tell(self, &event);
                return Ok(older);
            }
        }
        Err(WatchError::OtherChain { first })
    }

    /// Books the next range of final blocks.
    async fn advance(
        &self,
        nodes: &[Arc<dyn ChainNode>],
        memory: &mut Memory,
        (read, finalized): (Block, u64),
    ) -> Result<Block, WatchError> {
        let from = read.number.saturating_add(1);
        loop {
            let upto = read.number.saturating_add(memory.step).min(finalized);
            let options = &self.options;
            let what = format!("blocks {from} to {upto}");
            let ask = |node: Arc<dyn ChainNode>| async move {
                reading::read(&*node, options, (from, upto)).await
            };
            match agreed(nodes, options.agree, &what, ask).await {
                Ok(view) => {
                    let told_by = format!("{} of {} nodes", options.agree, self.nodes.len());
                    self.settle((from, upto), &view.facts, &told_by).await?;
                    memory.step = memory.step.saturating_mul(2).min(options.range_blocks);
                    return Ok(view.end);
                }
                Err(NoAgreement::TooMuch { .. }) if memory.step > 1 => memory.step /= 2,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Reads the chain, at once and then again and again, as long as the hub lives.
pub(crate) fn run(hub: &Current) {
    let now = hub.load();
    let Some(ground) = Ground::of(&now) else {
        return;
    };
    let poll = ground.options.poll;
    let mut memory = Memory::new(format!("{:016x}", now.entropy.next_u64()), &ground);
    let hub = hub.downgrade();
    tokio::spawn(async move {
        while let Some(ground) = hub.load().and_then(|hub| Ground::of(&hub)) {
            if let Err(error) = ground.turn(&mut memory).await {
                tracing::warn!(target: "swan_hub::deposit", %error, "the chain cannot be read");
            }
            // Nothing of the hub is kept while nothing is done.
            drop(ground);
            time::sleep(poll).await;
        }
    });
}
