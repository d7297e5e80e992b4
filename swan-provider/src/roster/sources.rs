//! Where models come from: backends that list them, and the entries of `models.json`.

use super::{Offer, Replica, Roster};
use crate::{
    backend::{Backend, Discovery, Engine},
    models_file::{Category, ModelEntry},
};
use std::{collections::BTreeMap, sync::Arc};

/// Identifies a backend while it is in use: its address in memory.
pub(super) type BackendKey = usize;
/// Identifies one model on one backend across discoveries.
pub(super) type ReplicaKey = (BackendKey, String);

/// What is watched over of one model on one backend.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub(super) replica: Arc<Replica>,
    pub(super) category: Category,
    /// The name that the hub is told; the first one, where several lead here.
    pub(super) name: String,
}

pub(super) type Watchlist = BTreeMap<ReplicaKey, Watched>;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Sources {
    named: Vec<Arc<dyn Backend>>,
    entries: BTreeMap<String, ModelEntry>,
    /// Entries with the same server and key share one backend and its connections.
    listed: BTreeMap<(String, Option<String>), Arc<dyn Backend>>,
    /// What each backend told last; one that falls silent keeps it.
    told: BTreeMap<BackendKey, Discovery>,
    concurrency: u32,
}

pub(super) fn key_of(backend: &Arc<dyn Backend>) -> BackendKey {
    Arc::as_ptr(backend).cast::<()>().addr()
}

impl Sources {
    pub(super) fn new(named: Vec<Arc<dyn Backend>>, concurrency: u32) -> Self {
        let (entries, listed, told) = Default::default();
        Self {
            named,
            entries,
            listed,
            told,
            concurrency,
        }
    }

    /// Takes what `models.json` says now.
    pub(super) fn set_entries(&mut self, entries: BTreeMap<String, ModelEntry>) {
        let mut listed = BTreeMap::new();
        for entry in entries.values() {
            let place = (entry.endpoint.clone(), entry.api_key.clone());
            if let Some(known) = self.listed.get(&place) {
                listed.insert(place, Arc::clone(known));
            } else if !listed.contains_key(&place)
                && let Ok(backend) = entry.backend()
            {
                listed.insert(place, Arc::new(backend));
            }
        }
        self.listed = listed;
        self.entries = entries;
        let used: Vec<_> = self
            .backends()
            .map(|(backend, _)| key_of(backend))
            .collect();
        self.told.retain(|key, _| used.contains(key));
    }

    /// All backends, and whether their own list of models is what is offered of them.
    pub(super) fn backends(&self) -> impl Iterator<Item = (&Arc<dyn Backend>, bool)> {
        let named = self.named.iter().map(|backend| (backend, true));
        named.chain(self.listed.values().map(|backend| (backend, false)))
    }

    /// Notes what a backend says about itself; `true` when that is news.
    pub(super) fn on_told(&mut self, backend: BackendKey, discovery: Discovery) -> bool {
        let in_use = self.backends().any(|(known, _)| key_of(known) == backend);
        if !in_use || self.told.get(&backend) == Some(&discovery) {
            return false;
        }
        self.told.insert(backend, discovery);
        true
    }

    /// The roster of what is known now; what stays keeps its health and its running requests.
    pub(super) fn roster(&self, before: &Watchlist) -> (Roster, Watchlist) {
        let mut made = (Roster::default(), Watchlist::new());
        for backend in &self.named {
            let told = self.told.get(&key_of(backend));
            for model in told.iter().flat_map(|told| &told.models) {
                self.add(&mut made, before, backend, &model.id, &model.id, None);
            }
        }
        for (id, entry) in &self.entries {
            let place = (entry.endpoint.clone(), entry.api_key.clone());
            if let Some(backend) = self.listed.get(&place) {
                let local = entry.local_model.as_deref().unwrap_or(id);
                self.add(&mut made, before, backend, id, local, Some(entry));
            }
        }
        made
    }

    fn add(
        &self,
        (roster, watchlist): &mut (Roster, Watchlist),
        before: &Watchlist,
        backend: &Arc<dyn Backend>,
        name: &str,
        local_model: &str,
        entry: Option<&ModelEntry>,
    ) {
        let key = (key_of(backend), local_model.to_owned());
        let known = watchlist.get(&key).or_else(|| before.get(&key));
        let replica = known.map_or_else(
            || {
                Arc::new(Replica::new(
                    Arc::clone(backend),
                    local_model,
                    self.concurrency,
                ))
            },
            |known| Arc::clone(&known.replica),
        );
        let (engine, context_length) = self.described(key.0, local_model);
        replica.describe(engine, context_length);
        let category = match entry {
            Some(entry) => entry.category,
            None => self.category(key.0, local_model),
        };
        watchlist.entry(key).or_insert_with(|| Watched {
            replica: Arc::clone(&replica),
            category,
            name: name.to_owned(),
        });
        let offer = Offer {
            category,
            format: entry.and_then(|entry| entry.format.clone()),
            quantization: entry.and_then(|entry| entry.quantization.clone()),
            data: entry.and_then(|entry| entry.data),
            context_override: entry.and_then(|entry| entry.context_length),
            replicas: vec![replica],
        };
        roster.add(name, offer);
    }

    /// What a model that is only listed does.
    fn category(&self, backend: BackendKey, local_model: &str) -> Category {
        let told = self.told.get(&backend);
        let mut models = told.iter().flat_map(|told| &told.models);
        let model = models.find(|model| model.id == local_model);
        model.map_or(Category::TextGeneration, Category::of)
    }

    fn described(&self, backend: BackendKey, local_model: &str) -> (Engine, Option<u64>) {
        let Some(told) = self.told.get(&backend) else {
            return (Engine::Unknown, None);
        };
        let model = told.models.iter().find(|model| model.id == local_model);
        (told.engine, model.and_then(|model| model.context_length))
    }
}
