use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use swan_core::ledger::{Account, JournalAudit};
use swan_hub::ledger::{Books, BooksOptions, read_journal};
use swan_hub::store::MemoryStore;
use tokio::time::Instant;

use super::auditor::{Auditor, Granted, Owner, Sums, sums_of};
use super::client::Client;
use super::process::{digest, killed, opened, runtime};
use super::profile::{Bug, Profile};
use crate::dice::Dice;
use crate::disk::{CrashAt, Moment, SimStore, Weather, rot, torn};
use crate::life::Life;

/// Longer than any life.
const FOR_EVER: Duration = Duration::from_secs(1 << 20);

/// What clients, store and auditor of one life share.
pub(super) struct World {
    pub(super) profile: Profile,
    pub(super) life: Arc<Life>,
    pub(super) weather: Arc<Mutex<Weather>>,
    pub(super) auditor: Arc<Mutex<Auditor>>,
    memory: Arc<Memory>,
    /// The process ended in good order, which loses nothing.
    is_closed: AtomicBool,
}

/// What outlives a crash on the consumers' side.
#[derive(Debug, Default)]
struct Memory {
    requests: AtomicU64,
    grants: Mutex<Vec<(u128, Granted)>>,
}

/// What one seed came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Played {
    pub(crate) requests: u64,
    /// How many lives ended in the middle.
    pub(crate) kills: u64,
    pub(crate) entries: u64,
    /// Of every byte of the journal.
    pub(crate) digest: u64,
    pub(crate) sums: Sums,
    pub(crate) findings: Vec<String>,
}

/// One seed: a disk, and the lives of the processes that use it one after the other.
pub(super) struct Seed {
    seed: u64,
    profile: Profile,
    script: Script,
    dice: Dice,
    disk: MemoryStore,
    auditor: Arc<Mutex<Auditor>>,
    memory: Arc<Memory>,
    now: u64,
    latest: u64,
    /// The entry after which this life began.
    began_after: u64,
    /// This life came as far as to serve.
    has_started: bool,
    played: Played,
}

/// How many lives a seed has and how much happens in each.
#[derive(Clone, Debug)]
pub(super) struct Script {
    /// The journal is replayed at the beginning of each.
    pub(super) lives: u64,
    /// When the first lives end; those of the others are drawn.
    pub(super) crashes: Vec<Option<CrashAt>>,
    pub(super) clients_max: u64,
    /// Of all clients together.
    pub(super) requests: u64,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            lives: 4,
            crashes: Vec::new(),
            clients_max: 16,
            requests: 256,
        }
    }
}

/// How a life ended.
#[derive(Clone, Copy, Debug)]
struct Ending {
    died: Instant,
    /// How long before it a promise may have been made that need not be kept.
    unsure: Duration,
}

impl World {
    pub(super) fn count_request(&self) {
        self.memory.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn fresh_grant(&self) -> u128 {
        1 + self.memory.grants.lock().len() as u128
    }

    pub(super) fn remember_grant(&self, id: u128, content: Granted) {
        let mut grants = self.memory.grants.lock();
        if grants.iter().all(|(known, _)| *known != id) {
            grants.push((id, content));
        }
    }

    pub(super) fn old_grant(&self, dice: &mut Dice) -> Option<(u128, Granted)> {
        let grants = self.memory.grants.lock();
        (!grants.is_empty()).then(|| dice.pick(&grants))
    }
}

impl Seed {
    pub(super) fn new(seed: u64, profile: Profile, script: Script) -> Self {
        Self {
            seed,
            profile,
            script,
            dice: Dice::new(seed, 0),
            disk: MemoryStore::new(),
            auditor: Arc::default(),
            memory: Arc::default(),
            now: 1_000_000,
            latest: 0,
            began_after: 0,
            has_started: false,
            played: Played::default(),
        }
    }

    /// Plays it to its end.
    pub(super) fn play(mut self) -> (Played, MemoryStore) {
        let mut before = None;
        let mut scripted = std::mem::take(&mut self.script.crashes).into_iter();
        for number in 1..=self.script.lives {
            let is_last = number == self.script.lives;
            let drawn = (!is_last && self.dice.chance(self.profile.crashes)).then(|| self.crash());
            let crash = scripted.next().unwrap_or(drawn);
            before = Some(self.life(number, crash, before));
        }
        let runtime = runtime(None);
        runtime.block_on(self.last_look(before.unwrap()));
        self.played.requests = self.memory.requests.load(Ordering::Relaxed);
        let auditor = self.auditor.lock();
        self.played.sums = auditor.sums;
        self.played.findings = auditor.findings().to_vec();
        (self.played.clone(), self.disk.clone())
    }

    fn crash(&mut self) -> CrashAt {
        let moment = self.dice.pick(&[Moment::Before, Moment::After]);
        match self.dice.below(3) {
            0 => CrashAt::Write(self.dice.between(1, 40), moment),
            1 => CrashAt::Time(self.dice.between(1, 300)),
            _ => CrashAt::Poll(self.dice.between(1, 3_000)),
        }
    }

    /// From a start to a crash, or to a good end.
    fn life(&mut self, number: u64, crash: Option<CrashAt>, before: Option<Ending>) -> Ending {
        let runtime = runtime(crash);
        self.has_started = false;
        let ending = runtime.block_on(async {
            let world = self.begin(number, crash);
            let was_killed = tokio::select! {
                biased;
                () = world.life.over() => true,
                () = killed(crash) => true,
                () = self.lived(&world, number, before) => false,
            };
            world.life.die();
            self.played.kills += u64::from(was_killed);
            self.latest = world.life.latest();
            let keeps_all = !self.profile.relaxed
                || self.profile.bug == Some(Bug::TellsEarly)
                || world.is_closed.load(Ordering::Relaxed);
            // The gathering, two slow writes, and the milliseconds that timers round up.
            let late = Duration::from_millis(20 + 4 * self.profile.faults.slow_ms);
            let unsure = if keeps_all { Duration::ZERO } else { late };
            let died = Instant::now();
            (was_killed, Ending { died, unsure })
        });
        drop(runtime);
        let (was_killed, ending) = ending;
        // Who is killed while it starts has promised nothing: what is to be kept, the life before it promised, by its clock.
        let ending = before.filter(|_| !self.has_started).unwrap_or(ending);
        self.after_the_end(was_killed, ending)
    }

    fn begin(&mut self, number: u64, crash: Option<CrashAt>) -> Arc<World> {
        let life = Arc::new(Life::new(self.now, self.latest));
        let weather = Weather::new(Dice::new(self.seed, number), self.profile.faults, crash);
        Arc::new(World {
            profile: self.profile,
            life,
            weather: Arc::new(Mutex::new(weather)),
            auditor: Arc::clone(&self.auditor),
            memory: Arc::clone(&self.memory),
            is_closed: AtomicBool::new(false),
        })
    }

    async fn lived(&mut self, world: &Arc<World>, number: u64, before: Option<Ending>) {
        let store = SimStore::new(
            self.disk.clone(),
            Arc::clone(&world.life),
            Arc::clone(&world.weather),
        );
        let snapshots = self
            .profile
            .snapshots
            .map(|most| self.dice.between(50, most));
        let Some((books, recovery)) = opened(world, store, snapshots).await else {
            return;
        };
        self.began_after = recovery.entries + recovery.holds_voided as u64;
        world.weather.lock().is_starting = false;
        self.has_started = true;
        self.compare(&books, before);
        let clients = self.dice.between(1, self.script.clients_max);
        let thinks_ms = self.dice.pick(&[0, 1, 5, 40]);
        let mut tasks = Vec::new();
        for client in 0..clients {
            let client = Client {
                world: Arc::clone(world),
                books: books.clone(),
                dice: Dice::new(self.seed, number << 32 | (client + 1) << 8),
                next_id: u128::from(number) << 64 | u128::from(client) << 32,
                thinks_ms,
            };
            tasks.push(tokio::spawn(client.run(self.script.requests / clients)));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let count = world.auditor.lock().count();
        match books.close().await {
            Ok(()) => {
                world.auditor.lock().told_all(count);
                world.is_closed.store(true, Ordering::Relaxed);
            }
            Err(error) => {
                let was_bad = world.weather.lock().was_bad;
                let mut auditor = world.auditor.lock();
                auditor.check(was_bad, || format!("not closed: {error}"));
            }
        }
    }

    /// The books after a start are the books of the auditor.
    fn compare(&self, books: &Books, before: Option<Ending>) {
        let (found, pending) = sums_of(|owner, currency| match owner {
            Owner::Consumer(id) => books.balance(id, currency),
            Owner::Provider(id) => books.earnings(id, currency),
            Owner::GrowthFund | Owner::Treasury | Owner::Burn => Default::default(),
        });
        let mut auditor = self.auditor.lock();
        if let Some(before) = before {
            auditor.recovered(&found, before.died, before.unsure);
        }
        auditor.check(pending == 0 && books.pending_count() == 0, || {
            format!(
                "after a start {pending} are held by {} holds",
                books.pending_count()
            )
        });
    }

    /// What a crash does beside ending the process.
    fn after_the_end(&mut self, was_killed: bool, mut ending: Ending) -> Ending {
        if was_killed && self.dice.chance(self.profile.power_fails) {
            let kept = self.dice.below(1_000);
            self.disk = torn(&self.disk, self.began_after, kept);
            if self.profile.relaxed {
                ending.unsure = FOR_EVER;
            }
        }
        if was_killed && self.dice.chance(self.profile.rots) {
            rot(&self.disk, &mut self.dice);
        }
        self.now = self.latest + self.dice.below(5_000);
        if self.profile.jumps > 0 && self.dice.chance(300) {
            self.now -= self.dice.below(self.now / 2);
        }
        ending
    }

    /// A last start in good weather, and the audit of everything that was ever written.
    async fn last_look(&mut self, before: Ending) {
        let options = BooksOptions::default().with_snapshot_entries(u64::MAX);
        let clock = Arc::new(Life::new(self.now, self.latest));
        let opened = Books::open(Arc::new(self.disk.clone()), clock, options).await;
        let books = match opened {
            Ok((books, _)) => books,
            Err(error) => {
                return self
                    .auditor
                    .lock()
                    .finds(format!("the last start: {error}"));
            }
        };
        self.compare(&books, Some(before));
        let _ = books.close().await;
        let mut audit = JournalAudit::new();
        let read = read_journal(&self.disk, 1, |entry| audit.observe(&entry)).await;
        self.played.digest = digest(&self.disk);
        let report = audit.finish();
        self.played.entries = report.entries;
        let mut auditor = self.auditor.lock();
        if read.is_err() || !report.is_clean() || report.pending > 0 {
            let pending = report.pending;
            auditor.finds(format!(
                "audit: {read:?}, {:?}, {pending} pending",
                report.breaches
            ));
        }
        let (found, _) = sums_of(|owner, currency| {
            let whose = match owner {
                Owner::Consumer(id) => Account::Consumer(id),
                Owner::Provider(id) => Account::ProviderEarnings(id),
                Owner::GrowthFund => Account::GrowthFund,
                Owner::Treasury => Account::Treasury,
                Owner::Burn => Account::Burn,
            };
            report.ledger.balance(&whose.in_currency(currency))
        });
        let expected = auditor.sums;
        auditor.compare(&expected, &found, "in the journal");
    }
}
