//! One model on one backend.

use crate::{
    backend::{Backend, Engine},
    health::{Health, Thresholds},
};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// One model on one backend: where it is, how many requests it takes, how it is.
#[derive(Debug)]
pub(crate) struct Replica {
    backend: Arc<dyn Backend>,
    local_model: String,
    limit: u32,
    slots: Arc<Semaphore>,
    thresholds: Thresholds,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    engine: Engine,
    context_length: Option<u64>,
    health: Health,
    answered: Option<Instant>,
}

/// A place for one request; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) replica: Arc<Replica>,
    _permit: OwnedSemaphorePermit,
}

impl Replica {
    pub(crate) fn new(backend: Arc<dyn Backend>, local_model: &str, limit: u32) -> Self {
        Self {
            backend,
            local_model: local_model.to_owned(),
            limit,
            slots: Arc::new(Semaphore::new(limit as usize)),
            thresholds: Thresholds::default(),
            state: Mutex::default(),
        }
    }

    /// Notes what its backend tells about itself; a model server may come back as another, or with another window.
    pub(crate) fn describe(&self, engine: Engine, context_length: Option<u64>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.engine = engine;
        state.context_length = context_length;
    }

    pub(crate) fn backend(&self) -> &Arc<dyn Backend> {
        &self.backend
    }

    pub(crate) fn local_model(&self) -> &str {
        &self.local_model
    }

    pub(crate) fn engine(&self) -> Engine {
        self.state().engine
    }

    pub(crate) fn context_length(&self) -> Option<u64> {
        self.state().context_length
    }

    pub(crate) const fn limit(&self) -> u32 {
        self.limit
    }

    /// Free places.
    pub(crate) fn free(&self) -> usize {
        self.slots.available_permits()
    }

    pub(crate) fn take(self: &Arc<Self>) -> Option<Slot> {
        let permit = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        Some(Slot {
            replica: Arc::clone(self),
            _permit: permit,
        })
    }

    pub(crate) fn health(&self) -> Health {
        self.state().health
    }

    /// When it last answered, to a probe or to a consumer.
    pub(crate) fn answered(&self) -> Option<Instant> {
        self.state().answered
    }

    /// Notes an answer; says whether requests may go there only now.
    pub(crate) fn on_success(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.health;
        state.health = before.on_success(self.thresholds);
        state.answered = Some(Instant::now());
        !before.is_serving() && state.health.is_serving()
    }

    /// Notes a failure; says whether requests may no longer go there.
    pub(crate) fn on_failure(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.health;
        state.health = before.on_failure(self.thresholds);
        before.is_serving() && !state.health.is_serving()
    }

    fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
