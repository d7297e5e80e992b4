//! How a node comes by funds that it shares with others: it draws slices ahead of need, gives back what lies idle, and takes the
//! place of nodes that have died. A request waits for none of it, unless its account has too little here.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use swan_core::ledger::{Account, AccountKey, Applied, Balance, Group, Ledger, entries};
use swan_core::{AccountId, Amount, Clock, Currency, Timestamp, TransferId};
use tokio::sync::Notify;
use tokio::time::{self, Instant, MissedTickBehavior};

use super::books::{Core, Shared};
use super::leaving::take_over;
use super::{Books, Hold, HoldRequest, LedgerError};
use crate::store::{Pool, PoolGrant, Reach, StoreError};

/// How often idle slices and dead nodes are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long an account with little left is left alone after a draw that was for no request.
const PAUSE: Duration = Duration::from_millis(50);

/// A node's side of the shared funds.
#[derive(Debug)]
pub(super) struct Drawing {
    pub(super) pool: Arc<dyn Pool>,
    /// How much of an account a node wants to have at hand.
    slice: Amount,
    /// Accounts that have less than half of that.
    wanted: Mutex<HashSet<AccountKey>>,
    wake: Arc<Notify>,
    turns: Mutex<HashMap<AccountKey, Arc<Turn>>>,
    /// The node is about to end.
    pub(super) leaving: AtomicBool,
}

/// One at a time draws for an account or gives back.
#[derive(Debug, Default)]
struct Turn {
    lock: tokio::sync::Mutex<()>,
    seen: Mutex<Seen>,
}

/// When an account was last used, and drawn for.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    moved: Amount,
    told: Amount,
    since: Option<Instant>,
    drawn: Option<Instant>,
}

/// The other side of a slice in the node's own ledger: what it gave less what it took back is the slice.
pub(super) fn slice_of(of: AccountKey) -> Option<(AccountId, AccountKey)> {
    match of.account {
        Account::Consumer(id) => Some((id, Account::Slice(id).in_currency(of.currency))),
        _ => None,
    }
}

/// The node's slice of an account, as its ledger knows it.
pub(super) fn has(ledger: &Ledger, of: AccountKey) -> Amount {
    slice_of(of).map_or(Amount::ZERO, |(_, slice)| ledger.balance(&slice).given())
}

/// What of it was spent for good.
pub(super) fn spent(ledger: &Ledger, of: AccountKey) -> Amount {
    let left = ledger.balance(&of).posted();
    has(ledger, of).checked_sub(left).unwrap_or(Amount::ZERO)
}

/// The number of the entry makes it unique in the journal of the node.
const fn id(seq: u64) -> TransferId {
    const DRAWN: u128 = 0x5357_414E_0000_D4A3 << 64;
    TransferId::from_u128(DRAWN | seq as u128)
}

pub(super) fn give_back(core: &mut Core, of: AccountKey, amount: Amount, clock: &dyn Clock) {
    let Some((account, _)) = slice_of(of) else {
        return;
    };
    let group = entries::give_back_slice(id(core.next_seq), account, of.currency, amount);
    moved(core, group, clock);
}

fn moved(core: &mut Core, group: Group, clock: &dyn Clock) {
    if let Err(rejected) = core.commit(group, clock.now()) {
        tracing::error!(%rejected, "a slice cannot be entered into the ledger");
    }
}

impl Drawing {
    pub(super) fn new(pool: Arc<dyn Pool>, slice: Amount) -> Self {
        Self {
            pool,
            slice,
            wanted: Mutex::default(),
            wake: Arc::default(),
            turns: Mutex::default(),
            leaving: AtomicBool::new(false),
        }
    }

    /// Looks whether an account has little left here, which a request has just taken from.
    pub(super) fn look(&self, ledger: &Ledger, account: AccountId, currency: Currency) {
        let of = Account::Consumer(account).in_currency(currency);
        let half = self.slice.pico() / 2;
        if ledger.available(&of).pico() < half && self.wanted.lock().insert(of) {
            self.wake.notify_one();
        }
    }

    /// Credit goes to what all nodes share, and each draws of it.
    pub(super) async fn grant(
        &self,
        id: TransferId,
        to: (AccountId, Currency),
        amount: Amount,
        note: &str,
    ) -> Result<Applied, LedgerError> {
        // Whatever the ledger would refuse, the pool must not take.
        let group = entries::grant(id, to.0, to.1, amount, note);
        let sound = Ledger::new().apply(&group, Timestamp::EPOCH);
        let _ = sound.map_err(|rejected| LedgerError::refused(rejected, amount))?;
        match self.pool.grant(&PoolGrant::new(id, to, amount, note)).await {
            Ok(true) => Ok(Applied::Created),
            Ok(false) => Ok(Applied::Exists),
            Err(StoreError::Conflict { .. }) => Err(LedgerError::Duplicate),
            Err(error) => Err(error.into()),
        }
    }

    fn turn(&self, of: AccountKey) -> Arc<Turn> {
        Arc::clone(self.turns.lock().entry(of).or_default())
    }
}

impl Books {
    /// [`Books::hold`], and where the account has too little at this node it is drawn first, as far as the others have left any. Of a
    /// hub that is alone it is the same.
    ///
    /// # Errors
    /// As [`Books::hold`].
    pub async fn hold_or_draw(&self, request: HoldRequest) -> Result<Hold, LedgerError> {
        if self.shared.drawing.is_none() {
            return self.hold(request);
        }
        match self.hold(request.clone()) {
            Err(LedgerError::InsufficientFunds { wanted, .. }) => {
                let of = Account::Consumer(request.account).in_currency(request.currency);
                self.shared.draw(of, wanted).await?;
                self.hold(request)
            }
            answer => answer,
        }
    }

    /// What an account has at all nodes together, as far as they have told; of a hub that is alone it is [`Books::balance`]. What is
    /// set aside is that of this node.
    ///
    /// # Errors
    /// When the store cannot serve.
    pub async fn balance_everywhere(
        &self,
        account: AccountId,
        currency: Currency,
    ) -> Result<Balance, LedgerError> {
        let own = self.balance(account, currency);
        let Some(drawing) = &self.shared.drawing else {
            return Ok(own);
        };
        let of = Account::Consumer(account).in_currency(currency);
        let all = drawing.pool.balance(of).await?;
        let mut everywhere = own;
        everywhere.credits_posted = own.debits_posted.checked_add(all).unwrap_or(Amount::MAX);
        Ok(everywhere)
    }

    /// The same for whoever looks; while the store is away, what is known here.
    pub(crate) async fn balance_shown(&self, account: AccountId, currency: Currency) -> Balance {
        let everywhere = self.balance_everywhere(account, currency).await;
        everywhere.unwrap_or_else(|_| self.balance(account, currency))
    }
}

impl Shared {
    /// Draws until there is at least `needed` here, or no more is to be had.
    pub(super) async fn draw(&self, of: AccountKey, needed: Amount) -> Result<(), StoreError> {
        let Some(drawing) = &self.drawing else {
            return Ok(());
        };
        let turn = drawing.turn(of);
        let _turn = turn.lock.lock().await;
        let (least, spent, available) = {
            let ledger = &self.core.lock().ledger;
            (has(ledger, of), spent(ledger, of), ledger.available(&of))
        };
        let lacks = |up_to: Amount| up_to.checked_sub(available).unwrap_or(Amount::ZERO);
        let need = lacks(needed).max(Amount::ZERO);
        let want = lacks(drawing.slice).max(need);
        if want <= Amount::ZERO || (need.is_zero() && !needed.is_zero()) {
            return Ok(());
        }
        let reach = Reach {
            least,
            spent,
            need,
            want,
        };
        let reached = drawing.pool.reach(of, reach).await?;
        turn.seen.lock().drawn = Some(Instant::now());
        let more = reached.checked_sub(least).unwrap_or(Amount::ZERO);
        if let (true, Some((account, _))) = (more > Amount::ZERO, slice_of(of)) {
            let mut core = self.core.lock();
            let group = entries::draw(id(core.next_seq), account, of.currency, more);
            moved(&mut core, group, &*self.clock);
        }
        Ok(())
    }

    /// Tells what was spent of an account, and gives back what lies idle.
    async fn rest(&self, drawing: &Drawing, of: AccountKey, turn: &Turn) -> Result<(), StoreError> {
        let (idle, untold) = {
            let balance = self.core.lock().ledger.balance(&of);
            let moved = balance.debits_posted.checked_add(balance.debits_pending);
            let moved = moved.unwrap_or(Amount::MAX);
            let mut seen = turn.seen.lock();
            let now = Instant::now();
            if seen.moved != moved {
                (seen.moved, seen.since) = (moved, Some(now));
            }
            let since = *seen.since.get_or_insert(now);
            let idle = now.duration_since(since) >= self.options.idle
                && balance.available() > Amount::ZERO;
            (idle, seen.told != balance.debits_posted)
        };
        if !idle && !untold {
            return Ok(());
        }
        let _turn = turn.lock.lock().await;
        let (keep, told) = {
            let mut core = self.core.lock();
            let available = core.ledger.available(&of);
            if idle && available > Amount::ZERO {
                give_back(&mut core, of, available, &*self.clock);
            }
            let ledger = &core.ledger;
            let keep = Reach::keep(has(ledger, of), spent(ledger, of));
            (keep, ledger.balance(&of).debits_posted)
        };
        // What cannot be told now is told with the next draw, or at the next look.
        drawing.pool.reach(of, keep).await?;
        turn.seen.lock().told = told;
        Ok(())
    }
}

/// Draws ahead, gives back and takes over, as long as the books live.
pub(super) async fn run(books: Weak<Shared>) {
    let mut ticks = time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let wake = books
        .upgrade()
        .and_then(|shared| Some(Arc::clone(&shared.drawing.as_ref()?.wake)));
    let Some(wake) = wake else { return };
    loop {
        let is_tick = tokio::select! {
            () = wake.notified() => false,
            _ = ticks.tick() => true,
        };
        let Some(shared) = books.upgrade() else {
            return;
        };
        if shared.progress.has_ended() {
            return;
        }
        if let Err(error) = turn(&shared, is_tick).await {
            tracing::warn!(%error, "the shared funds cannot be reached");
            time::sleep(PAUSE).await;
        }
    }
}

async fn turn(shared: &Shared, is_tick: bool) -> Result<(), StoreError> {
    let Some(drawing) = &shared.drawing else {
        return Ok(());
    };
    let wanted: Vec<_> = drawing.wanted.lock().drain().collect();
    for of in wanted {
        let drawn = drawing.turn(of).seen.lock().drawn;
        match drawn.is_some_and(|at| at.elapsed() < PAUSE) {
            // The next tick has it again.
            true => {
                drawing.wanted.lock().insert(of);
            }
            false => shared.draw(of, Amount::ZERO).await?,
        }
    }
    if !is_tick {
        return Ok(());
    }
    let turns: Vec<_> = {
        let turns = drawing.turns.lock();
        turns
            .iter()
            .map(|(of, turn)| (*of, Arc::clone(turn)))
            .collect()
    };
    for (of, turn) in turns {
        shared.rest(drawing, of, &turn).await?;
    }
    for neighbour in drawing.pool.dead().await? {
        let name = neighbour.name.clone();
        match take_over(neighbour, &*shared.clock).await {
            Ok(()) => tracing::info!(node = name, "what a dead node had is given back"),
            // Another was quicker.
            Err(LedgerError::Store(StoreError::Leased { .. })) => {}
            Err(error) => {
                tracing::error!(%error, node = name, "what a dead node had cannot be given back");
            }
        }
    }
    Ok(())
}
