//! Keeps the roster true: asks backends for their models, lets each model answer, reads `models.json` again.

use super::{
    Replica, Roster,
    probe::probe,
    sources::{BackendKey, ReplicaKey, Sources, Watchlist, key_of},
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
    /// The reason that was told last of each model that does not answer.
    complained: BTreeMap<ReplicaKey, String>,
    work: JoinSet<Finding>,
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
            complained: BTreeMap::new(),
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
        let serving = |watched: &super::sources::Watched| watched.replica.health().is_serving();
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
            let fresh = replica
                .answered()
                .is_some_and(|at| at.elapsed() < self.plan.interval);
            let proven = fresh && replica.health() == Health::Healthy;
            if proven || !self.probing.insert(key.clone()) {
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

    fn on_finding(&mut self, finding: Finding) {
        match finding {
            Finding::Told(backend, named, told) => {
                self.looking.remove(&key_of(&backend));
                self.on_told(&backend, named, told);
            }
            Finding::Probed(key, replica, said) => {
                self.probing.remove(&key);
                self.on_probed(&key, &replica, said);
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
        let Some(watched) = self.watchlist.get(key) else {
            return;
        };
        if !Arc::ptr_eq(&watched.replica, replica) {
            return;
        }
        let model = watched.name.clone();
        let backend = replica.backend().label().to_owned();
        match said {
            Ok(()) => {
                self.complained.remove(key);
                if replica.on_success() {
                    self.emit(&Event::ModelUp { model, backend });
                }
            }
            Err(reason) => {
                let went_down = replica.on_failure();
                let news =
                    !replica.health().is_serving() && self.complained.get(key) != Some(&reason);
                if went_down || news {
                    self.complained.insert(key.clone(), reason.clone());
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
        self.complained.retain(|key, _| watchlist.contains_key(key));
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
