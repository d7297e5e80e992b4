//! Keeps the roster true: asks backends for their models, lets each model answer, reads `models.json` again.

use super::{Offer, Replica, Roster, probe::probe};
use crate::{
    Event, ProviderError,
    backend::{Backend, BackendError, Discovery},
    event::Observer,
    models_file::{self, Category, FileWatch, ModelEntry},
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

/// Identifies one model on one backend across discoveries: the backend's address in memory, and the model's name there.
type ReplicaKey = (usize, String);

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Supervisor {
    plan: Plan,
    observer: Arc<dyn Observer>,
    roster: watch::Sender<Arc<Roster>>,
    nudges: mpsc::Receiver<()>,
    file: Option<FileWatch>,
    /// What each discovered backend told last; `silent` ones keep it.
    told: Vec<Option<Discovery>>,
    silent: HashSet<usize>,
    entries: BTreeMap<String, ModelEntry>,
    listed: BTreeMap<(String, Option<String>), Arc<dyn Backend>>,
    replicas: BTreeMap<ReplicaKey, (Arc<Replica>, Category)>,
    /// The public name of each replica, for events.
    names: BTreeMap<ReplicaKey, String>,
    looking: HashSet<usize>,
    probing: HashSet<ReplicaKey>,
    complained: BTreeMap<ReplicaKey, String>,
    work: JoinSet<Finding>,
}

#[derive(Debug)]
enum Finding {
    Told(usize, Result<Discovery, BackendError>),
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
        let mut entries = BTreeMap::new();
        let mut file = None;
        if let Some(path) = &plan.models_file {
            // Watching starts first, so that no change falls between.
            file = Some(models_file::watch(path));
            entries = models_file::load(path).await?;
        }
        if plan.backends.is_empty() && file.is_none() {
            return Err(ProviderError::NothingToServe);
        }
        let told = vec![None; plan.backends.len()];
        Ok(Self {
            plan,
            observer,
            roster,
            nudges,
            file,
            told,
            silent: HashSet::new(),
            entries,
            listed: BTreeMap::new(),
            replicas: BTreeMap::new(),
            names: BTreeMap::new(),
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
        let well = self.silent.is_empty()
            && !self.replicas.is_empty()
            && self
                .replicas
                .values()
                .all(|(replica, _)| replica.health().is_serving());
        if well {
            self.plan.interval
        } else {
            self.plan.interval.min(IMPATIENT)
        }
    }

    fn start_round(&mut self) {
        for (i, backend) in self.plan.backends.iter().enumerate() {
            if self.looking.insert(i) {
                let backend = Arc::clone(backend);
                self.work.spawn(async move {
                    let told = time::timeout(DISCOVERY_TIMEOUT, backend.discover()).await;
                    Finding::Told(i, told.unwrap_or_else(|_| Err(silent(backend.label()))))
                });
            }
        }
        self.start_probes();
    }

    /// Lets each model answer that has not done so for an interval.
    fn start_probes(&mut self) {
        for (key, (replica, category)) in &self.replicas {
            let fresh = replica
                .answered()
                .is_some_and(|at| at.elapsed() < self.plan.interval);
            let healthy = replica.health() == crate::health::Health::Healthy;
            if (fresh && healthy) || !self.probing.insert(key.clone()) {
                continue;
            }
            let (key, replica, category) = (key.clone(), Arc::clone(replica), *category);
            let limit = self.plan.probe_timeout;
            self.work.spawn(async move {
                let backend = Arc::clone(replica.backend());
                let said = probe(&*backend, replica.local_model(), category, limit).await;
                Finding::Probed(key, replica, said)
            });
        }
    }

    fn on_finding(&mut self, finding: Finding) {
        match finding {
            Finding::Told(i, told) => {
                self.looking.remove(&i);
                self.on_told(i, told);
            }
            Finding::Probed(key, replica, said) => {
                self.probing.remove(&key);
                self.on_probed(&key, &replica, said);
            }
        }
    }

    fn on_told(&mut self, i: usize, told: Result<Discovery, BackendError>) {
        let Some(place) = self.told.get_mut(i) else {
            return;
        };
        match told {
            Ok(discovery) => {
                self.silent.remove(&i);
                if place.as_ref() != Some(&discovery) {
                    *place = Some(discovery);
                    self.rebuild();
                    self.start_probes();
                }
            }
            Err(error) => {
                if self.silent.insert(i) {
                    let backend = self
                        .plan
                        .backends
                        .get(i)
                        .map_or("", |b| b.label())
                        .to_owned();
                    self.emit(&Event::BackendSilent {
                        backend,
                        reason: error.to_string(),
                    });
                }
            }
        }
    }

    fn on_probed(&mut self, key: &ReplicaKey, replica: &Arc<Replica>, said: Result<(), String>) {
        let current = self
            .replicas
            .get(key)
            .is_some_and(|(known, _)| Arc::ptr_eq(known, replica));
        if !current {
            return;
        }
        let model = self.names.get(key).cloned().unwrap_or_default();
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
                let news = !replica.health().is_serving()
                    && self
                        .complained
                        .get(key)
                        .is_none_or(|before| *before != reason);
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
                self.emit(&Event::ModelsFileRead {
                    models: entries.len(),
                });
                self.entries = entries;
                self.rebuild();
                self.start_probes();
            }
            Err(error) => self.emit(&Event::ModelsFileRefused { error }),
        }
    }

    /// Makes the roster from what is known; a model that stays keeps its health and its running requests.
    fn rebuild(&mut self) {
        let mut roster = Roster::default();
        let mut kept = BTreeMap::new();
        self.names.clear();
        for (backend, told) in self.plan.backends.iter().zip(&self.told) {
            for model in told.iter().flat_map(|told| &told.models) {
                let engine = told.as_ref().map(|told| told.engine).unwrap_or_default();
                let key = key(backend, &model.id);
                let replica = known_or(&self.replicas, &key, || {
                    Replica::new(Arc::clone(backend), &model.id, self.plan.concurrency)
                        .described(engine, model.context_length)
                });
                self.names.insert(key.clone(), model.id.clone());
                kept.insert(key, (Arc::clone(&replica), Category::TextGeneration));
                roster.add(&model.id, offer(replica, None));
            }
        }
        let entries = std::mem::take(&mut self.entries);
        for (id, entry) in &entries {
            let Some(backend) = self.listed(entry) else {
                continue;
            };
            let local = entry.local_model.as_deref().unwrap_or(id);
            let key = key(&backend, local);
            let replica = known_or(&self.replicas, &key, || {
                Replica::new(backend, local, self.plan.concurrency)
            });
            self.names.insert(key.clone(), id.clone());
            kept.insert(key, (Arc::clone(&replica), entry.category));
            roster.add(id, offer(replica, Some(entry)));
        }
        let used = |key: &(String, Option<String>)| {
            entries
                .values()
                .any(|entry| entry.endpoint == key.0 && entry.api_key == key.1)
        };
        self.listed.retain(|key, _| used(key));
        self.entries = entries;
        self.replicas = kept;
        self.roster.send_replace(Arc::new(roster));
    }

    /// Entries with the same server share one pool of connections.
    fn listed(&mut self, entry: &ModelEntry) -> Option<Arc<dyn Backend>> {
        let key = (entry.endpoint.clone(), entry.api_key.clone());
        if let Some(backend) = self.listed.get(&key) {
            return Some(Arc::clone(backend));
        }
        let backend: Arc<dyn Backend> = Arc::new(entry.backend().ok()?);
        self.listed.insert(key, Arc::clone(&backend));
        Some(backend)
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

fn key(backend: &Arc<dyn Backend>, model: &str) -> ReplicaKey {
    (Arc::as_ptr(backend).cast::<()>().addr(), model.to_owned())
}

fn known_or(
    known: &BTreeMap<ReplicaKey, (Arc<Replica>, Category)>,
    key: &ReplicaKey,
    make: impl FnOnce() -> Replica,
) -> Arc<Replica> {
    known
        .get(key)
        .map_or_else(|| Arc::new(make()), |(replica, _)| Arc::clone(replica))
}

fn offer(replica: Arc<Replica>, entry: Option<&ModelEntry>) -> Offer {
    Offer {
        category: entry.map_or(Category::TextGeneration, |entry| entry.category),
        format: entry.and_then(|entry| entry.format.clone()),
        quantization: entry.and_then(|entry| entry.quantization.clone()),
        context_override: entry.and_then(|entry| entry.context_length),
        replicas: vec![replica],
    }
}

fn silent(backend: &str) -> BackendError {
    BackendError::TimedOut {
        backend: backend.to_owned(),
        waited_secs: DISCOVERY_TIMEOUT.as_secs(),
    }
}
