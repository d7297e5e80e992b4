//! Where requests wait when everybody who could serve them is full: one line a model, in which accounts take turns.
//!
//! Nobody waits without need, so a hub with free places pays for this with one look at a counter for each request and one for each
//! place that is given back.

mod line;
mod order;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use swan_core::{AccountId, ModelId};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::refused::RETRY_MAX_SECS;
use line::ModelLine;
use order::Place;

/// How long and in what number requests wait for a place at a provider: the table `[queue]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueRules {
    /// How long a request waits at most; zero refuses at once. Default 10 s.
    pub wait: Duration,
    /// Requests of one account that wait for one model. Default 100.
    pub per_account: usize,
    /// Requests that wait for one model. Default 500.
    pub total: usize,
}

impl Default for QueueRules {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(10),
            per_account: 100,
            total: 500,
        }
    }
}

/// What has become of requests that found every provider full.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueCounts {
    /// Requests that wait now.
    pub waiting: usize,
    /// Requests that got a place after they had waited.
    pub served: u64,
    /// Requests that waited in vain.
    pub expired: u64,
    /// Requests that were refused at once, since they would have waited in vain or too many waited already.
    pub shed: u64,
}

/// What a request is told that waited in vain, or cannot wait.
const RETRY_SECS: u64 = 2;
/// Models whose service rate is remembered while nobody waits.
const LINES_MAX: usize = 64;

/// The lines of a hub.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: AtomicUsize,
    lines: Mutex<HashMap<ModelId, ModelLine>>,
    served: AtomicU64,
    expired: AtomicU64,
    shed: AtomicU64,
}

/// A request that may not wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shed {
    pub(crate) retry_after_secs: u64,
    /// Whether nobody in the line is looking for a place, so that one that is free is not for them.
    pub(crate) may_look: bool,
}

impl Queue {
    /// Whether nobody waits for anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0
    }

    /// Whether nobody waits for `model`.
    pub(crate) fn is_empty_for(&self, model: &ModelId) -> bool {
        self.is_empty()
            || self
                .lines
                .lock()
                .get(model)
                .is_none_or(|line| line.len() == 0)
    }

    /// Stands in the line of `model`, if there is hope.
    pub(crate) fn join(
        self: &Arc<Self>,
        model: &ModelId,
        account: AccountId,
        rules: &QueueRules,
    ) -> Result<Waiting, Shed> {
        let now = Instant::now();
        let mut lines = self.lines.lock();
        if !lines.contains_key(model) {
            lines.insert(model.clone(), ModelLine::default());
        }
        let Some(line) = lines.get_mut(model) else {
            return Err(self.shed(None, true));
        };
        let is_crowded = line.len() >= rules.total || line.waiting_of(account) >= rules.per_account;
        let is_late = line
            .expected(account, now)
            .is_some_and(|expected| expected > rules.wait);
        if rules.wait.is_zero() || is_crowded || is_late {
            return Err(self.shed(line.drains_in(now), !line.is_looking()));
        }
        // Counted before the request looks for the last time outside of the line: whoever gives a place back afterwards rings, and a
        // place that was given back before is seen.
        self.waiting.fetch_add(1, Ordering::SeqCst);
        std::sync::atomic::fence(Ordering::SeqCst);
        let bell = Arc::new(Notify::new());
        let place = line.join(account, &bell);
        Ok(Waiting {
            queue: Arc::clone(self),
            model: model.clone(),
            place,
            bell,
            until: now + rules.wait,
            ended: None,
        })
    }

    fn shed(&self, wait: Option<Duration>, may_look: bool) -> Shed {
        self.shed.fetch_add(1, Ordering::Relaxed);
        Shed {
            retry_after_secs: retry_secs(wait),
            may_look,
        }
    }

    /// A place for `model` has been given back.
    pub(crate) fn freed(&self, model: &ModelId) {
        // In the one order of all such operations: whoever is not counted yet will see the place.
        if self.waiting.load(Ordering::SeqCst) > 0
            && let Some(line) = self.lines.lock().get_mut(model)
        {
            line.freed(Instant::now());
        }
    }

    /// There are so many more places for `model`.
    pub(crate) fn more(&self, model: &ModelId, places: u32) {
        std::sync::atomic::fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0
            && let Some(line) = self.lines.lock().get_mut(model)
        {
            line.more(usize::try_from(places).unwrap_or(usize::MAX));
        }
    }

    /// A place has been given back that may be for any model.
    pub(crate) fn freed_for_any(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            let now = Instant::now();
            let mut lines = self.lines.lock();
            lines.values_mut().for_each(|line| line.freed(now));
        }
    }

    /// Lets the first of each line look, since who serves has changed.
    pub(crate) fn look(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            let mut lines = self.lines.lock();
            lines.values_mut().for_each(|line| line.more(line.len()));
        }
    }

    pub(crate) fn counts(&self) -> QueueCounts {
        QueueCounts {
            waiting: self.waiting.load(Ordering::Relaxed),
            served: self.served.load(Ordering::Relaxed),
            expired: self.expired.load(Ordering::Relaxed),
            shed: self.shed.load(Ordering::Relaxed),
        }
    }
}

/// The longest wait that is told is the longest that SDKs respect.
fn retry_secs(wait: Option<Duration>) -> u64 {
    let secs = wait.map(|wait| wait.as_secs().saturating_add(1));
    secs.unwrap_or(RETRY_SECS).clamp(1, RETRY_MAX_SECS)
}

/// A request in a line. Dropped, it leaves the line, and its turn is the next one's.
#[derive(Debug)]
pub(crate) struct Waiting {
    queue: Arc<Queue>,
    model: ModelId,
    place: Place,
    bell: Arc<Notify>,
    until: Instant,
    ended: Option<Ended>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Served,
    Expired,
}

impl Waiting {
    /// Waits for its turn to look for a place, `deadline` or the end of its patience at most; false when there is none.
    pub(crate) async fn turn(&mut self, deadline: Instant) -> bool {
        let until = self.until.min(deadline);
        let rung = tokio::time::timeout_at(until, self.bell.notified()).await;
        if rung.is_err() {
            self.ended = Some(Ended::Expired);
        }
        rung.is_ok()
    }

    /// It has found a place.
    pub(crate) fn served(mut self) {
        self.ended = Some(Ended::Served);
    }

    /// It has found none. The next one looks where there `is_room` for others.
    pub(crate) fn pass(&self, is_room: bool) {
        if let Some(line) = self.queue.lines.lock().get_mut(&self.model) {
            line.pass(self.place, is_room);
        }
    }

    /// When trying again may help.
    pub(crate) fn retry_after_secs(&self) -> u64 {
        let lines = self.queue.lines.lock();
        let line = lines.get(&self.model);
        retry_secs(line.and_then(|line| line.drains_in(Instant::now())))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let count = match self.ended {
            Some(Ended::Served) => Some(&self.queue.served),
            Some(Ended::Expired) => Some(&self.queue.expired),
            None => None,
        };
        if let Some(count) = count {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let mut lines = self.queue.lines.lock();
        let crowded = lines.len() > LINES_MAX;
        if let Some(line) = lines.get_mut(&self.model) {
            line.end(self.place, self.ended == Some(Ended::Served));
            if crowded && line.len() == 0 {
                lines.remove(&self.model);
            }
        }
        drop(lines);
        self.queue.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}
