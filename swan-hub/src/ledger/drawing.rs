//! How a node comes by funds that it shares with others: a request whose account has too little here draws a slice; [`tending`]
//! draws ahead of need, so that nearly none has to.
//!
//! [`tending`]: super::tending

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use swan_core::ledger::{Account, AccountKey, Applied, Balance, Group, Ledger, entries};
use swan_core::{AccountId, Amount, Clock, Currency, Timestamp, TransferId};
use tokio::sync::Notify;
use tokio::time::{self, Instant};

use super::books::{Core, Shared};
use super::earned::Earned;
use super::till::Till;
use super::{Books, Hold, HoldRequest, LedgerError};
use crate::store::{Pool, PoolGrant, Reach, StoreError};

/// How long a request waits for the shared funds.
const DRAW_MAX: Duration = Duration::from_secs(5);
/// For how long it counts that an account had no more to give, so that a consumer without funds costs no trip a request.
const DRY: Duration = Duration::from_millis(20);
/// How often a node leaves what is too little for a request to the others.
const LEAVE_EVERY: Duration = Duration::from_millis(50);

/// A node's side of the shared funds.
#[derive(Debug)]
pub(super) struct Drawing {
    pub(super) pool: Arc<dyn Pool>,
    /// What all nodes book together.
    pub(super) till: Till,
    pub(super) earned: Earned,
    /// How much of an account a node wants to have at hand.
    slice: Amount,
    /// Accounts that have less than half of that, and what the last request took.
    pub(super) wanted: Mutex<HashMap<AccountKey, Amount>>,
    pub(super) wake: Arc<Notify>,
    /// Of each account of which this node has something.
    pub(super) turns: Mutex<HashMap<AccountKey, Arc<Turn>>>,
    /// The node is about to end.
    pub(super) leaving: AtomicBool,
}

/// One at a time draws for an account or gives back.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) lock: tokio::sync::Mutex<()>,
    pub(super) seen: Mutex<Seen>,
}

/// When an account was last used, and drawn for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) moved: Amount,
    pub(super) told: Amount,
    pub(super) since: Option<Instant>,
    pub(super) drawn: Option<Instant>,
    /// When it was found that there is less than was needed.
    dry: Option<Instant>,
    /// When all of it was left to others because it was too little.
    left: Option<Instant>,
    /// The pool was asked, and its answer did not arrive: it may have more on record than this node knows of.
    pub(super) is_unsure: bool,
}

/// What there was, when it was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drawn {
    Enough,
    /// All that the others had left.
    TooLittle,
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
    pub(super) fn new(
        pool: Arc<dyn Pool>,
        slice: Amount,
        ledger: &Ledger,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        Self {
            till: Till::new(&pool, clock),
            earned: Earned::of(ledger),
            pool,
            slice,
            wanted: Mutex::default(),
            wake: Arc::default(),
            turns: Mutex::default(),
            leaving: AtomicBool::new(false),
        }
    }

    /// Looks whether an account has little left here, of which a request has just taken so much.
    pub(super) fn look(&self, ledger: &Ledger, of: AccountKey, taken: Amount) {
        let half = self.slice.pico() / 2;
        if ledger.available(&of).pico() >= half {
            return;
        }
        let mut wanted = self.wanted.lock();
        let most = wanted.entry(of).or_insert(Amount::ZERO);
        *most = taken.max(*most);
        drop(wanted);
        self.wake.notify_one();
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
        let granted = self.pool.grant(&PoolGrant::new(id, to, amount, note)).await;
        self.expect_more(Account::Consumer(to.0).in_currency(to.1));
        match granted {
            Ok(true) => Ok(Applied::Created),
            Ok(false) => Ok(Applied::Exists),
            Err(StoreError::Conflict { .. }) => Err(LedgerError::Duplicate),
            Err(error) => Err(error.into()),
        }
    }

    /// There may be more of an account than was found.
    pub(super) fn expect_more(&self, of: AccountKey) {
        if let Some(turn) = self.turns.lock().get(&of) {
            turn.seen.lock().dry = None;
        }
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    pub(super) fn turn(&self, of: AccountKey) -> Arc<Turn> {
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
            Err(LedgerError::InsufficientFunds { .. }) => {}
            answer => return answer,
        }
        let of = Account::Consumer(request.account).in_currency(request.currency);
        let drawing = time::timeout(DRAW_MAX, self.draw_until_held(of, request));
        let why = match drawing.await {
            Ok(Ok(held)) => {
                if matches!(&held, Err(LedgerError::InsufficientFunds { .. })) {
                    self.shared.leave_to_others(of).await;
                }
                return held;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(why, "a request cannot draw on the shared funds");
        let why = "the shared funds cannot be reached";
        Err(LedgerError::Unavailable { why })
    }

    /// Draws for a request all that it lacks, or all that there is. Requests beside it may spend that before it does, so it is refused
    /// only for what is found when the shared funds are empty.
    async fn draw_until_held(
        &self,
        of: AccountKey,
        request: HoldRequest,
    ) -> Result<Result<Hold, LedgerError>, StoreError> {
        let mut drawn = Drawn::Enough;
        loop {
            match (self.hold(request.clone()), drawn) {
                (Err(LedgerError::InsufficientFunds { wanted, .. }), Drawn::Enough) => {
                    drawn = self.shared.draw(of, wanted, false).await?;
                }
                (answer, _) => return Ok(answer),
            }
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
        let [all, spent] = drawing.pool.balance(of).await?;
        let mut everywhere = own;
        everywhere.debits_posted = spent;
        everywhere.credits_posted = spent.checked_add(all).unwrap_or(Amount::MAX);
        Ok(everywhere)
    }

    /// The same for whoever looks; while the store is away, what is known here.
    pub(crate) async fn balance_shown(&self, account: AccountId, currency: Currency) -> Balance {
        let everywhere = self.balance_everywhere(account, currency).await;
        everywhere.unwrap_or_else(|_| self.balance(account, currency))
    }
}

impl Shared {
    /// What is too little for a request may be enough together with what another node has: where two of them keep their parts, both
    /// would refuse what the account can pay.
    async fn leave_to_others(&self, of: AccountKey) {
        let Some(drawing) = &self.drawing else { return };
        let turn = drawing.turn(of);
        {
            let mut seen = turn.seen.lock();
            if seen.left.is_some_and(|at| at.elapsed() < LEAVE_EVERY) {
                return;
            }
            (seen.left, seen.dry) = (Some(Instant::now()), None);
        }
        // What is not told now is told at the next look.
        let told = self.tell(drawing, of, &turn, true);
        let _ = time::timeout(DRAW_MAX, told).await;
    }

    /// Draws until there is at least `needed` here, or no more is to be had. What is drawn `ahead` fills the slice though there is.
    pub(super) async fn draw(
        &self,
        of: AccountKey,
        needed: Amount,
        ahead: bool,
    ) -> Result<Drawn, StoreError> {
        let Some(drawing) = &self.drawing else {
            return Ok(Drawn::TooLittle);
        };
        let turn = drawing.turn(of);
        let _turn = turn.lock.lock().await;
        if drawing.is_leaving() {
            return Ok(Drawn::TooLittle);
        }
        let (least, spent, available) = {
            let ledger = &self.core.lock().ledger;
            (has(ledger, of), spent(ledger, of), ledger.available(&of))
        };
        let lacks = |up_to: Amount| up_to.checked_sub(available).unwrap_or(Amount::ZERO);
        let need = lacks(needed).max(Amount::ZERO);
        let want = lacks(drawing.slice).max(need);
        if want <= Amount::ZERO || (need.is_zero() && !ahead) {
            return Ok(Drawn::Enough);
        }
        if turn.seen.lock().dry.is_some_and(|at| at.elapsed() < DRY) {
            return Ok(Drawn::TooLittle);
        }
        let reach = Reach {
            least,
            spent,
            need,
            want,
        };
        turn.seen.lock().is_unsure = true;
        let reached = drawing.pool.reach(of, reach).await?;
        let more = reached.checked_sub(least).unwrap_or(Amount::ZERO);
        if let (true, Some((account, _))) = (more > Amount::ZERO, slice_of(of)) {
            let mut core = self.core.lock();
            if drawing.is_leaving() {
                // Said under this lock: what is drawn now goes back with the farewell.
                return Ok(Drawn::TooLittle);
            }
            let group = entries::draw(id(core.next_seq), account, of.currency, more);
            moved(&mut core, group, &*self.clock);
        }
        let (mut seen, now) = (turn.seen.lock(), Instant::now());
        (seen.drawn, seen.is_unsure) = (Some(now), false);
        seen.dry = (more < need).then_some(now);
        Ok(if more < need {
            Drawn::TooLittle
        } else {
            Drawn::Enough
        })
    }
}
