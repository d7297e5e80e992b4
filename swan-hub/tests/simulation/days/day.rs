use std::sync::Arc;

use futures::FutureExt as _;
use parking_lot::Mutex;
use swan_core::ledger::JournalAudit;
use swan_core::{Currency, KeyId, Timestamp};
use swan_hub::Hub;
use swan_hub::KeyLimits;
use swan_hub::ledger::{Books, BooksOptions, read_journal};
use swan_hub::store::{KeyKind, KeyRecord, MemoryStore, Secret, Store as _};

use super::auditor::{ACCOUNTS, Auditor, Counts, PROVIDERS, Sums, account, provider};
use super::client::{Client, Remembered};
use super::hub::opened;
use super::judgement::Left;
use super::script::Part;
use super::weather::{Bug, Weather};
use crate::books::process::{digest, killed, runtime};
use crate::dice::Dice;
use crate::disk::{self, CrashAt, Moment, SimStore, torn};
use crate::gateway::consumer::MODEL;
use crate::gateway::market::{Served, rests, until};
use crate::gateway::provider::Provider;
use crate::life::Life;

/// Whose money each client spends: some share an account, some are alone.
const CLIENTS: [usize; 12] = [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 5];

/// How much happens in a day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Script {
    pub(super) lives: u64,
    /// Of each client in each life.
    pub(super) requests: u64,
}

impl Script {
    /// For what needs no long days.
    pub(super) const SHORT: Self = Self {
        lives: 2,
        requests: 30,
    };
}

impl Default for Script {
    fn default() -> Self {
        Self {
            lives: 3,
            requests: 80,
        }
    }
}

/// What one seed came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Played {
    pub(crate) counts: Counts,
    /// Of every byte of the journal.
    pub(crate) digest: u64,
    sums: Sums,
    pub(crate) findings: Vec<String>,
}

/// One day: a disk, and the lives of the hubs that use it one after the other.
pub(super) struct Day {
    seed: u64,
    weather: Weather,
    script: Script,
    served: Served,
    dice: Dice,
    disk: MemoryStore,
    consumers: Vec<Arc<str>>,
    providers: Vec<String>,
    auditor: Arc<Auditor>,
    remembered: Remembered,
    now: u64,
    latest: u64,
    /// The first entry of the journal that nobody has looked at.
    next: u64,
}

impl Day {
    pub(super) fn new(seed: u64, weather: Weather, script: Script) -> Self {
        let mut dice = Dice::new(seed, 0);
        let served = dice.pick(&Served::ALL);
        let disk = MemoryStore::new();
        let whose = |number| match weather.bug {
            // One consumer's key is another's.
            Some(Bug::ChargesAnother) if number == 3 => account(1),
            _ => account(number),
        };
        let consumers = (0..ACCOUNTS).map(|number| {
            let kind = KeyKind::Consumer(whose(number));
            format!("Bearer {}", issue(&disk, kind, number)).into()
        });
        let providers = (0..PROVIDERS).map(|number| {
            let kind = KeyKind::Provider(provider(number));
            issue(&disk, kind, ACCOUNTS + number)
        });
        Self {
            seed,
            weather,
            script,
            served,
            dice,
            consumers: consumers.collect(),
            providers: providers.collect(),
            disk,
            auditor: Arc::default(),
            remembered: Arc::default(),
            now: 1_000_000,
            latest: 0,
            next: 1,
        }
    }

    /// Plays it to its end.
    pub(super) fn play(mut self) -> Played {
        for number in 1..=self.script.lives {
            let is_killed = self.dice.chance(self.weather.crashes);
            let crash = is_killed.then(|| self.crash());
            self.life(number, crash);
        }
        runtime(None).block_on(self.last_look());
        let state = self.auditor.state();
        Played {
            counts: state.counts,
            digest: digest(&self.disk),
            sums: state.sums.clone(),
            findings: state.findings.clone(),
        }
    }

    /// In the middle of the requests of a life, mostly.
    fn crash(&mut self) -> CrashAt {
        let requests = self.script.requests;
        let moment = self.dice.pick(&[Moment::Before, Moment::After]);
        match self.dice.below(3) {
            0 => CrashAt::Write(self.dice.between(1, 4 * requests), moment),
            1 => CrashAt::Time(self.dice.between(1, 20 * requests)),
            _ => CrashAt::Poll(self.dice.between(1, 200 * requests)),
        }
    }

    /// From a start to a crash, or to a good end.
    fn life(&mut self, number: u64, crash: Option<CrashAt>) {
        let runtime = runtime(crash);
        let is_dead = runtime.block_on(async {
            let life = Arc::new(Life::new(self.now, self.latest));
            let weather = Dice::new(self.seed, number);
            let weather = disk::Weather::new(weather, self.weather.faults, crash);
            let weather = Arc::new(Mutex::new(weather));
            let store = SimStore::new(self.disk.clone(), Arc::clone(&life), Arc::clone(&weather));
            let was_closed = tokio::select! {
                biased;
                () = life.over() => false,
                () = killed(crash) => false,
                is_closed = self.lived(number, (&life, &weather, store)) => is_closed,
            };
            life.die();
            self.latest = life.latest();
            self.auditor.state().was_bad |= weather.lock().was_bad;
            !was_closed
        });
        drop(runtime);
        self.after_the_end(is_dead, crash.is_some());
    }

    /// Answers whether everything that happened is on the disk.
    async fn lived(
        &self,
        number: u64,
        (life, weather, store): (&Arc<Life>, &Arc<Mutex<disk::Weather>>, SimStore),
    ) -> bool {
        let entropy = self.seed << 8 | number;
        let hub = opened(&store, life, (entropy, self.served, self.weather.bug)).await;
        let hub = match hub {
            Ok(hub) => hub,
            Err(error) => {
                self.auditor.state().finds(format!("no start: {error}"));
                return false;
            }
        };
        weather.lock().is_starting = false;
        self.compare(hub.books(), "after a start");
        self.serve(number, life, &hub);
        let all = self.served.by().len();
        until("a provider", || hub.providers_online(MODEL) == all).await;
        let thinks_ms = self.thinks_ms(number);
        let clients = CLIENTS.into_iter().zip(1_u64..).map(|(account, client)| {
            let client = Client {
                account,
                key: Arc::clone(&self.consumers[account]),
                hub: hub.router(),
                books: hub.books().clone(),
                life: Arc::clone(life),
                weather: self.weather,
                auditor: Arc::clone(&self.auditor),
                remembered: Arc::clone(&self.remembered),
                dice: Dice::new(self.seed, number << 32 | client << 8),
                thinks_ms,
            };
            tokio::spawn(client.run(self.script.requests))
        });
        for client in clients.collect::<Vec<_>>() {
            client.await.unwrap();
        }
        rests(&hub).await;
        match hub.books().close().await {
            Ok(()) => true,
            Err(error) => {
                let was_bad = weather.lock().was_bad;
                if !was_bad {
                    self.auditor.state().finds(format!("not closed: {error}"));
                }
                false
            }
        }
    }

    fn thinks_ms(&self, number: u64) -> u64 {
        Dice::new(self.seed, number << 16).pick(&[0, 1, 5, 40])
    }

    /// Whoever serves comes.
    fn serve(&self, number: u64, life: &Arc<Life>, hub: &Hub) {
        let dialects = self.served.by().iter().enumerate();
        for (who, dialect) in dialects {
            let provider = Provider {
                hub: hub.router(),
                key: self.providers[who].clone(),
                life: Arc::clone(life),
                dialect: *dialect,
                manners: self.weather.manners,
                dice: Dice::new(self.seed, number << 32 | (who as u64 + 1) << 24),
                script: Part {
                    who,
                    seed: self.seed,
                    misdeeds: self.weather.misdeeds,
                    auditor: Arc::clone(&self.auditor),
                    bug: self.weather.bug,
                },
                haste: 4,
            };
            tokio::spawn(provider.run());
        }
    }

    /// What the books of a hub say is what the auditor says.
    fn compare(&self, books: &Books, when: &str) {
        let mut found = Sums::default();
        for number in 0..ACCOUNTS {
            let balance = books.balance(account(number), Currency::Usd);
            found.given[number] = balance.credits_posted.pico();
            found.taken[number] = balance.debits_posted.pico();
        }
        for (number, earned) in found.earned.iter_mut().enumerate() {
            let balance = books.earnings(provider(number), Currency::Usd);
            *earned = balance.posted().pico();
        }
        let (pending, breaches) = (books.pending_count(), books.audit());
        let mut state = self.auditor.state();
        // What the hub itself has is in the journal, and no view of the books.
        found.fund = state.sums.fund;
        if found != state.sums {
            let finding = format!("{when}: found {found:?}, expected {:?}", state.sums);
            state.finds(finding);
        }
        if pending > 0 || !breaches.is_empty() {
            state.finds(format!("{when}: {pending} pending, {breaches:?}"));
        }
    }

    /// What a crash does beside ending the process, and what the journal says then.
    fn after_the_end(&mut self, is_dead: bool, was_killed: bool) {
        if is_dead && self.dice.chance(self.weather.power_fails) {
            let kept = self.dice.below(1_000);
            self.disk = torn(&self.disk, self.next - 1, kept);
        }
        let mut left = Left::default();
        let read = read_journal(&self.disk, self.next, |entry| left.observe(&entry));
        let read = runtime(None).block_on(read);
        let mut state = self.auditor.state();
        match read {
            Ok(next) => self.next = next,
            Err(error) => state.finds(format!("the journal cannot be read: {error}")),
        }
        state.counts.kills += u64::from(is_dead && was_killed);
        state.judge(left, is_dead);
        drop(state);
        self.now = self.latest + self.dice.below(5_000);
        if self.weather.jumps > 0 && self.dice.chance(300) {
            self.now -= self.dice.below(self.now / 2);
        }
    }

    /// A last start in good weather, and the audit of everything that was ever written.
    async fn last_look(&mut self) {
        let clock = Arc::new(Life::new(self.now, self.latest));
        let opened = Books::open(Arc::new(self.disk.clone()), clock, BooksOptions::default());
        match opened.await {
            Ok((books, _)) => {
                self.compare(&books, "at the end");
                let _ = books.close().await;
            }
            Err(error) => self
                .auditor
                .state()
                .finds(format!("the last start: {error}")),
        }
        let mut audit = JournalAudit::new();
        let read = read_journal(&self.disk, 1, |entry| audit.observe(&entry)).await;
        let report = audit.finish();
        let fund = swan_core::ledger::Account::GrowthFund.in_currency(Currency::Usd);
        let fund = report.ledger.balance(&fund).posted().pico();
        let mut state = self.auditor.state();
        if read.is_err() || !report.is_clean() || report.pending > 0 || fund != state.sums.fund {
            let (expected, pending) = (state.sums.fund, report.pending);
            let breaches = &report.breaches;
            let finding = format!(
                "audit: {read:?}, {breaches:?}, {pending} pending, {fund} in the growth fund of {expected}"
            );
            state.finds(finding);
        }
    }
}

/// A key that is on the disk before the first hub is.
fn issue(disk: &MemoryStore, kind: KeyKind, number: usize) -> String {
    let secret = Secret::generate(kind).unwrap();
    let record = KeyRecord {
        id: KeyId::from_u128(1 + number as u128),
        kind,
        name: "test".into(),
        created: Timestamp::from_millis(1),
        revoked: None,
        limits: KeyLimits::default(),
    };
    let hash = secret.hash();
    let put = disk.put_key(&hash, &record).now_or_never();
    put.unwrap().unwrap();
    secret.expose().to_owned()
}
