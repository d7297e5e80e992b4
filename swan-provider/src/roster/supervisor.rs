//! Keeps the roster true: asks backends for their models, lets each model answer, reads `models.json` again.

use super::{
    Replica, Roster,
    probe::probe,
    sources::{BackendKey, ReplicaKey, Sources, Watched, Watchlist, key_of},
};
use crate::{
    Event, ProviderError,
    backend::{Backend, BackendError, Discovery},
    event::Observer,
    health::Health,
    models_file::{self, FileWatch},
};
use std::{
    collections::{BTreeMap, HashSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{self, Instant},
};

/// What to look after, and how.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) backends: Vec<Arc<dyn Backend>>,
    pub(crate) models_file: Option<PathBuf>,
    /// Requests at once for each model on each backend.
    pub(crate) concurrency: u32,
    /// Between two proofs that a model answers.
    pub(crate) interval: Duration,
    /// For one such proof; long enough for a model that is loaded first.
    pub(crate) probe_timeout: Duration,
}

/// While nothing is served, or something has just failed, one looks again sooner.
const IMPATIENT: Duration = Duration::from_secs(2);
/// Intervals between two tries of a model that fails on a server that loads models on demand, such as an embedding
/// model that is asked to chat: each try pushes another model out.
const ON_DEMAND_PATIENCE: u32 = 20;
/// A discovery that hangs counts as failed; backends have shorter limits of their own.
const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(20);

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Supervisor {
    plan: Plan,
    observer: Arc<dyn Observer>,
    roster: watch::Sender<Arc<Roster>>,
    nudges: mpsc::Receiver<()>,
    file: Option<FileWatch>,
    sources: Sources,
    watchlist: Watchlist,
    /// Backends that did not tell their models when they were asked last.
    silent: HashSet<BackendKey>,
    looking: HashSet<BackendKey>,
    probing: HashSet<ReplicaKey>,
    /// Of each model that does not answer: how often in a row, since when, and the reason that was told last.
    failing: BTreeMap<ReplicaKey, Failing>,
    work: JoinSet<Finding>,
}

#[derive(Debug)]
struct Failing {
    times: u32,
    last: Instant,
    told: Option<String>,
}

#[derive(Debug)]
enum Finding {
    Told(Arc<dyn Backend>, bool, Result<Discovery, BackendError>),
    Probed(ReplicaKey, Arc<Replica>, Result<(), String>),
}

impl Supervisor {
    /// Reads `models.json` for the first time; a bad file is an error here, and only an event later.
    pub(crate) async fn new(
        plan: Plan,
        observer: Arc<dyn Observer>,
        roster: watch::Sender<Arc<Roster>>,
        nudges: mpsc::Receiver<()>,
    ) -> Result<Self, ProviderError> {
        let mut sources = Sources::new(plan.backends.clone(), plan.concurrency);
        let mut file = None;
        if let Some(path) = &plan.models_file {
            // Watching starts first, so that no change falls between.
            file = Some(models_file::watch(path));
            sources.set_entries(models_file::load(path).await?);
        }
        Ok(Self {
            plan,
            observer,
            roster,
            nudges,
            file,
            sources,
            watchlist: Watchlist::new(),
            silent: HashSet::new(),
            looking: HashSet::new(),
            probing: HashSet::new(),
            failing: BTreeMap::new(),
            work: JoinSet::new(),
        })
    }

    /// Runs until it is dropped.
    pub(crate) async fn run(mut self) {
        self.rebuild();
        let mut next_round = Instant::now();
        loop {
            tokio::select! {
                () = time::sleep_until(next_round) => {
                    self.start_round();
                    next_round = Instant::now() + self.pause();
                }
                Some(done) = self.work.join_next() => {
                    // A backend that panicked in its own code is one that did not answer.
                    if let Ok(finding) = done { self.on_finding(finding) } else { self.forget_lost_work() }
                    next_round = next_round.min(Instant::now() + self.pause());
                }
                () = file_changed(&mut self.file) => self.reload().await,
                Some(()) = self.nudges.recv() => {
                    self.publish();
                    self.start_probes();
                }
            }
        }
    }

    /// The interval, unless something is not as it should be.
    fn pause(&self) -> Duration {
        let serving = |watched: &Watched| watched.replica.health().is_serving();
        let well = self.silent.is_empty()
            && !self.watchlist.is_empty()
            && self.watchlist.values().all(serving);
        if well {
            self.plan.interval
        } else {
            self.plan.interval.min(IMPATIENT)
        }
    }

    fn start_round(&mut self) {
        for (backend, named) in self.sources.backends() {
            if self.looking.insert(key_of(backend)) {
                let backend = Arc::clone(backend);
                self.work.spawn(async move {
                    let told = time::timeout(DISCOVERY_TIMEOUT, backend.discover()).await;
                    let told = told.unwrap_or_else(|_| Err(too_slow(&*backend)));
                    Finding::Told(backend, named, told)
                });
            }
        }
        self.start_probes();
    }

    /// Lets each model answer that has not done so for an interval.
    fn start_probes(&mut self) {
        for (key, watched) in &self.watchlist {
            let replica = &watched.replica;
            if self.is_proven(replica) || self.has_to_wait(key, replica) {
                continue;
            }
            if !self.probing.insert(key.clone()) {
                continue;
            }
            let (key, replica) = (key.clone(), Arc::clone(replica));
            let (category, limit) = (watched.category, self.plan.probe_timeout);
            self.work.spawn(async move {
                let backend = Arc::clone(replica.backend());
                let said = probe(&*backend, replica.local_model(), category, limit).await;
                Finding::Probed(key, replica, said)
            });
        }
    }

    /// Goes on with the models of one backend that have never answered.
    fn start_unproven(&mut self, backend: BackendKey) {
        let waits = |(key, watched): (&ReplicaKey, &Watched)| {
            key.0 == backend && watched.replica.health() == Health::Unknown
        };
        if self.watchlist.iter().any(waits) {
            self.start_probes();
        }
    }

    /// A server that loads models on demand has proven each once: asking all of them again and again would push the one
    /// in use out of the GPU's memory and keep the others there. Requests that fail show when something is wrong.
    fn is_proven(&self, replica: &Replica) -> bool {
        let fresh = |at: Instant| at.elapsed() < self.plan.interval;
        replica.health() == Health::Healthy
            && (replica.engine().loads_on_demand() || replica.answered().is_some_and(fresh))
    }

    /// A model that fails is asked again ever more slowly; and such a server loads one model after another.
    fn has_to_wait(&self, key: &ReplicaKey, replica: &Replica) -> bool {
        let on_demand = replica.engine().loads_on_demand();
        let too_soon = self.failing.get(key).is_some_and(|failing| {
            let cap = self.plan.interval * if on_demand { ON_DEMAND_PATIENCE } else { 1 };
            let doubled = 1_u32 << failing.times.saturating_sub(1).min(10);
            failing.last.elapsed()
                < IMPATIENT
                    .min(self.plan.interval)
                    .saturating_mul(doubled)
                    .min(cap)
        });
        too_soon || (on_demand && self.probing.iter().any(|other| other.0 == key.0))
    }

    fn on_finding(&mut self, finding: Finding) {
        match finding {
            Finding::Told(backend, named, told) => {
                self.looking.remove(&key_of(&backend));
                self.on_told(&backend, named, told);
            }
            Finding::Probed(key, replica, said) => {
                self.probing.remove(&key);
                self.on_probed(&key, &replica, said);
                if replica.engine().loads_on_demand() {
                    // Its next model has waited for this one.
                    self.start_unproven(key.0);
                }
            }
        }
    }

    fn on_told(
        &mut self,
        backend: &Arc<dyn Backend>,
        named: bool,
        told: Result<Discovery, BackendError>,
    ) {
        match told {
            Ok(discovery) => {
                self.silent.remove(&key_of(backend));
                if self.sources.on_told(key_of(backend), discovery) {
                    self.rebuild();
                    self.start_probes();
                }
            }
            // What a backend of `models.json` serves stands there: it need not list it.
            Err(_) if !named => {}
            Err(error) => {
                if self.silent.insert(key_of(backend)) {
                    self.emit(&Event::BackendSilent {
                        backend: backend.label().to_owned(),
                        reason: error.to_string(),
                    });
                }
            }
        }
    }

    fn on_probed(&mut self, key: &ReplicaKey, replica: &Arc<Replica>, said: Result<(), String>) {
        let current = self.watchlist.get(key);
        let Some(watched) = current.filter(|known| Arc::ptr_eq(&known.replica, replica)) else {
            return;
        };
        let model = watched.name.clone();
        let backend = replica.backend().label().to_owned();
        match said {
            Ok(()) => {
                self.failing.remove(key);
                if replica.on_success() {
                    self.emit(&Event::ModelUp { model, backend });
                }
            }
            Err(reason) => {
                let went_down = replica.on_failure();
                if self.note_failure(key, replica, &reason) || went_down {
                    self.emit(&Event::ModelDown {
                        model,
                        backend,
                        reason,
                    });
                }
            }
        }
        self.publish();
    }

    /// Says whether the operator should hear of it: once for each reason, when the model does not serve.
    fn note_failure(&mut self, key: &ReplicaKey, replica: &Replica, reason: &str) -> bool {
        let last = Instant::now();
        let failing = self.failing.entry(key.clone()).or_insert(Failing {
            times: 0,
            last,
            told: None,
        });
        failing.times = failing.times.saturating_add(1);
        failing.last = last;
        let news = !replica.health().is_serving() && failing.told.as_deref() != Some(reason);
        if news {
            failing.told = Some(reason.to_owned());
        }
        news
    }

    fn forget_lost_work(&mut self) {
        if self.work.is_empty() {
            self.looking.clear();
            self.probing.clear();
        }
    }

    async fn reload(&mut self) {
        let Some(path) = self.plan.models_file.clone() else {
            return;
        };
        match models_file::load(&path).await {
            Ok(entries) => {
                let models = entries.len();
                self.emit(&Event::ModelsFileRead { models });
                self.sources.set_entries(entries);
                self.rebuild();
                self.start_round();
            }
            Err(error) => self.emit(&Event::ModelsFileRefused { error }),
        }
    }

    fn rebuild(&mut self) {
        let (roster, watchlist) = self.sources.roster(&self.watchlist);
        self.failing.retain(|key, _| watchlist.contains_key(key));
        self.watchlist = watchlist;
        self.roster.send_replace(Arc::new(roster));
    }

    /// Wakes the connection to look at healths again.
    fn publish(&self) {
        self.roster.send_modify(|_| {});
    }

    fn emit(&self, event: &Event) {
        self.observer.on_event(event);
    }
}

async fn file_changed(file: &mut Option<FileWatch>) {
    match file {
        Some(file) => file.changed().await,
        None => std::future::pending().await,
    }
}

fn too_slow(backend: &dyn Backend) -> BackendError {
    BackendError::TimedOut {
        backend: backend.label().to_owned(),
        waited_secs: DISCOVERY_TIMEOUT.as_secs(),
    }
}
