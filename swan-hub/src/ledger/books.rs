use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use swan_core::ledger::{Account, Applied, Entry, Group, Ledger, Rejected, Rule, entries};
use swan_core::{AccountId, Amount, Clock, Currency, Timestamp, TransferId};
use tokio::sync::Notify;
use tokio::time::{self, Instant, MissedTickBehavior};

use super::drawing::Drawing;
use super::journal::Journal;
use super::payments::Owing;
use super::progress::Progress;
use super::snapshots::{Camera, Snapshots};
use super::touched::Touched;
use super::{
    BooksOptions, Hold, HoldRequest, LedgerError, Recovery, Settled, recovery, tending, writer,
};
use crate::store::{Durability, Lease, Store, StoreError};

/// All money of a hub. Clones share the same books; when the last one is gone, what waits is written and the lease ends.
///
/// One process at a time keeps the books of a store, which the store's lease sees to.
#[derive(Clone, Debug)]
pub struct Books {
    pub(super) shared: Arc<Shared>,
    _closer: Arc<Closer>,
}

/// What the handles and the writer task share.
pub(super) struct Shared {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) options: BooksOptions,
    pub(super) core: Mutex<Core>,
    /// Somebody waits for what has gathered.
    pub(super) wake: Notify,
    pub(super) progress: Progress,
    /// What was written since the books were opened.
    pub(super) journal: Journal,
    pub(super) snapshots: Snapshots,
    pub(super) touched: Touched,
    /// The last write failed, and is being repeated.
    pub(super) failing: AtomicBool,
    pub(super) closing: AtomicBool,
    /// Of a hub that shares its funds with others.
    pub(super) drawing: Option<Drawing>,
}

/// What the critical section guards.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) ledger: Ledger,
    pub(super) next_seq: u64,
    /// The time of the last entry.
    pub(super) last_at: Timestamp,
    /// Applied, and not yet handed to the writer.
    pub(super) batch: Vec<Entry>,
    pub(super) owing: Owing,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Books")
            .field("durable", &self.progress.durable())
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Closer(Arc<Shared>);

impl Drop for Closer {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Entries count from 1, so this one is durable from the beginning.
const BEFORE_ALL: u64 = 0;

impl Shared {
    fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Applies a group and queues it for the store. Answers the entry to wait for.
    pub(super) fn commit(&self, group: Group) -> Result<(Applied, u64), Rejected> {
        let now = self.clock.now();
        let mut core = self.core.lock();
        let committed = core.commit(group, now);
        self.wake_if_first(&core);
        committed
    }

    /// Where nobody waits for a charge, the first entry of a batch wakes the writer for all that follow.
    fn wake_if_first(&self, core: &Core) {
        if self.options.durability == Durability::Relaxed && core.batch.len() == 1 {
            self.wake.notify_one();
        }
    }

    /// After so much was set aside.
    pub(super) fn taken_from(&self, core: &Core, of: &HoldRequest, amount: Amount) {
        self.wake_if_first(core);
        if let Some(drawing) = &self.drawing {
            let account = Account::Consumer(of.account).in_currency(of.currency);
            drawing.look(&core.ledger, account, amount);
        }
    }

    /// Whether new movements of money by this rule are taken; ends of holds always are, since each was paid for with a place in
    /// the queue. Of a hub that shares its funds only requests are: what one node books by itself another does not know of.
    pub(super) fn check_open(&self, core: &Core, rule: Rule) -> Result<(), LedgerError> {
        if self.drawing.is_some() && rule != Rule::Hold {
            return Err(LedgerError::Shared { rule });
        }
        self.check_serving(core)
    }

    /// Whether an account owes something, here or at the till of several hubs.
    pub(super) fn owes(&self, core: &Core, account: AccountId) -> bool {
        let drawing = self.drawing.as_ref();
        core.owing.has(account) || drawing.is_some_and(|drawing| drawing.till.owes(account))
    }

    /// Whether anything new is taken.
    pub(super) fn check_serving(&self, core: &Core) -> Result<(), LedgerError> {
        let why = if self.failing.load(Ordering::Acquire) {
            "its store does not answer"
        } else if self.closing.load(Ordering::Acquire) {
            "it is closing"
        } else if core.batch.len() >= self.options.queue_entries_max {
            "too much waits for its store"
        } else {
            return Ok(());
        };
        Err(LedgerError::Unavailable { why })
    }
}

impl Core {
    pub(super) fn commit(
        &mut self,
        group: Group,
        now: Timestamp,
    ) -> Result<(Applied, u64), Rejected> {
        let applied = self.ledger.apply(&group, now)?;
        if applied == Applied::Created {
            let (seq, at) = (self.next_seq, self.ledger.now());
            self.next_seq += 1;
            self.last_at = at;
            if self.owing.concerns(&group) {
                self.batch.push(Entry {
                    seq,
                    at,
                    group: group.clone(),
                });
                self.collect(&group, now);
            } else {
                self.batch.push(Entry { seq, at, group });
            }
        }
        // A repeat waits for everything before it, among which is the original.
        Ok((applied, self.next_seq - 1))
    }
}

/// Takes the lease, or says who is in the way once it was waited for long enough.
async fn lease(store: &dyn Store, wait: Duration) -> Result<Lease, StoreError> {
    const PAUSE: Duration = Duration::from_millis(25);
    let begun = Instant::now();
    loop {
        match store.lease().await {
            // A store may itself take its time to say so.
            Err(StoreError::Leased { .. }) if begun.elapsed() < wait => {
                time::sleep(PAUSE.min(wait)).await;
            }
            answer => return answer,
        }
    }
}

/// Ends the waits that have taken too long, with one timer for all of them.
async fn look_at_the_clock(books: Weak<Shared>) {
    const EVERY: Duration = Duration::from_millis(250);
    let mut every = time::interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        match books.upgrade() {
            Some(books) if !books.progress.has_ended() => {
                books.progress.look_at_the_clock(Instant::now());
            }
            _ => return,
        }
    }
}

impl Books {
    /// Rebuilds the books from the store's journal, checks them, and gives back what a crash left on hold.
    ///
    /// Must be called within a tokio runtime, in which the writer then runs.
    ///
    /// # Errors
    /// When another process keeps the books of this store, the store cannot serve, or the journal breaks a rule.
    pub async fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        options: BooksOptions,
    ) -> Result<(Self, Recovery), LedgerError> {
        let lease = lease(&*store, options.lease_wait).await?;
        let (core, recovery) = recovery::recover(&*store, &*clock, options.pool.as_deref()).await?;
        let drawing = options.pool.clone();
        let drawing = drawing.map(|pool| Drawing::new(pool, options.slice, &core.ledger, &clock));
        let progress = Progress::new(core.next_seq - 1);
        let shared = Arc::new(Shared {
            store,
            clock,
            options,
            core: Mutex::new(core),
            wake: Notify::new(),
            progress,
            journal: Journal::default(),
            snapshots: Snapshots::default(),
            touched: Touched::default(),
            failing: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            drawing,
        });
        let (last, spending) = (recovery.snapshot.unwrap_or(0), recovery.spending.clone());
        let camera = Camera::start(&shared, last, spending);
        tokio::spawn(writer::run(Arc::clone(&shared), lease, camera));
        tokio::spawn(look_at_the_clock(Arc::downgrade(&shared)));
        tokio::spawn(tending::run(Arc::downgrade(&shared)));
        let closer = Arc::new(Closer(Arc::clone(&shared)));
        Ok((
            Self {
                shared,
                _closer: closer,
            },
            recovery,
        ))
    }

    /// Sets the worst case of a request aside, in memory: no I/O, no waiting.
    ///
    /// A request that costs nothing sets one pico-unit aside, so that it is recorded like any other.
    ///
    /// # Errors
    /// [`LedgerError::InsufficientFunds`], [`LedgerError::Frozen`] for an account that owes something,
    /// [`LedgerError::Duplicate`] for a request that was here before, and [`LedgerError::Unavailable`] while nothing new is taken.
    pub fn hold(&self, mut request: HoldRequest) -> Result<Hold, LedgerError> {
        if request.amount.is_zero() {
            request.amount = Amount::from_pico(1).unwrap_or(request.amount);
        }
        let now = self.shared.clock.now();
        let mut core = self.shared.core.lock();
        self.shared.check_open(&core, Rule::Hold)?;
        if self.shared.owes(&core, request.account) {
            return Err(LedgerError::Frozen);
        }
        // After a clock that went ahead and came back, the ledger's time stands still; the hold is to last as long as asked.
        request.expires = request.expires.after(core.ledger.now().since(now));
        match core.commit(entries::hold(&request), now) {
            Ok((Applied::Created, _)) => {}
            Ok((Applied::Exists, _)) => return Err(LedgerError::Duplicate),
            Err(rejected) => return Err(LedgerError::refused(rejected, request.amount)),
        }
        self.shared.taken_from(&core, &request, request.amount);
        drop(core);
        Ok(Hold::new(self.clone(), request))
    }

    /// Gives credit to a consumer; with the same `id` it is given once, however often it is asked for.
    ///
    /// Answers when the credit survives a crash.
    ///
    /// # Errors
    /// When nothing new is taken, or the id was used for something else.
    pub async fn grant(
        &self,
        id: TransferId,
        account: AccountId,
        currency: Currency,
        amount: Amount,
        note: &str,
    ) -> Result<Applied, LedgerError> {
        if let Some(drawing) = &self.shared.drawing {
            return drawing.grant(id, (account, currency), amount, note).await;
        }
        let group = entries::grant(id, account, currency, amount, note);
        let now = self.shared.clock.now();
        let (applied, seq) = {
            let mut core = self.shared.core.lock();
            self.shared.check_open(&core, group.cause.rule)?;
            core.commit(group, now)
                .map_err(|rejected| LedgerError::refused(rejected, amount))?
        };
        self.settled(seq).durable().await?;
        Ok(applied)
    }

    /// Gives back every hold whose time has passed; answers how many. The writer does so several times a second.
    pub fn expire(&self) -> usize {
        writer::expire(&self.shared)
    }

    /// Answers when everything applied so far survives a crash.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] when the books ended before it did.
    pub async fn flush(&self) -> Result<(), LedgerError> {
        let seq = self.shared.core.lock().next_seq - 1;
        self.settled(seq).durable().await
    }

    /// Takes nothing new, writes what waits, and gives the lease back. Holds that still live end in memory only, and the
    /// next start gives them back.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] when the store did not take all of it.
    pub async fn close(&self) -> Result<(), LedgerError> {
        self.shared.close();
        // No entry has this number, so this waits for the end.
        let _ended = Settled::new(Arc::clone(&self.shared), u64::MAX)
            .durable()
            .await;
        let written = self.shared.progress.durable();
        if written + 1 >= self.shared.core.lock().next_seq {
            return Ok(());
        }
        Err(LedgerError::Unavailable {
            why: "it ended before everything was written",
        })
    }

    /// A ticket for the charge with entry `seq`. Relaxed books confirm it at once, unless the store has let them down.
    pub(super) fn charged(&self, seq: u64) -> Settled {
        let shared = &self.shared;
        let doubtful =
            shared.failing.load(Ordering::Acquire) || shared.closing.load(Ordering::Acquire);
        if shared.options.durability == Durability::Relaxed && !doubtful {
            return Settled::new(Arc::clone(shared), BEFORE_ALL);
        }
        self.settled(seq)
    }

    /// A ticket for entry `seq`, which wakes the writer.
    pub(super) fn settled(&self, seq: u64) -> Settled {
        self.shared.wake.notify_one();
        Settled::new(Arc::clone(&self.shared), seq)
    }
}
