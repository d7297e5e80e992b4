//! One model at one provider: how busy it is, how well it does, and who may still be sent there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use swan_core::routing::Offer;
use swan_core::{Candidate, ModelId, ModelPrice, ProviderId, Timestamp};

use super::declared::Declared;
use super::line::Line;
use super::vitals::Vitals;
use crate::external::Upstream;

/// By what way a provider is reached; the header `X-Swan-Connection-Mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectionMode {
    /// Over the provider's own WebSocket.
    Websocket,
    /// Over HTTP, to a configured endpoint.
    External,
}

impl ConnectionMode {
    /// The word of the header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Websocket => "websocket",
            Self::External => "external",
        }
    }
}

/// Where a request goes.
#[derive(Debug)]
pub(crate) enum Way {
    /// To a provider's connection.
    Line(Arc<Line>),
    /// To an external endpoint.
    Endpoint(Arc<Upstream>),
}

/// A provider's offer of one model. The counts live here and nowhere else.
#[derive(Debug)]
pub(crate) struct Link {
    /// Who serves.
    pub(crate) provider: ProviderId,
    /// The provider's display name.
    pub(crate) name: Arc<str>,
    /// The canonical model.
    pub(crate) model: ModelId,
    /// The name under which this provider knows the model.
    pub(crate) upstream: Arc<str>,
    /// What the provider says of it.
    pub(crate) declared: Declared,
    /// How it is reached.
    pub(crate) way: Way,
    /// How well it does; outlives the connection.
    pub(crate) vitals: Arc<Vitals>,
    capacity: AtomicU32,
    in_flight: AtomicU32,
    draining: AtomicBool,
    unhealthy: AtomicBool,
    loss_counted: AtomicBool,
    /// Until when it has asked for nothing more of this model, in milliseconds since the epoch.
    rests_until: AtomicU64,
}

/// The longest rest that anybody can ask for; beyond it, he is asked again.
const LONGEST_REST: Duration = Duration::from_secs(300);

impl Link {
    /// The offer of `model`, at most `capacity` requests at once.
    pub(crate) fn new(
        (provider, name): (ProviderId, Arc<str>),
        (model, upstream, declared): (ModelId, Arc<str>, Declared),
        way: Way,
        vitals: Arc<Vitals>,
        capacity: u32,
    ) -> Self {
        Self {
            provider,
            name,
            model,
            upstream,
            declared,
            way,
            vitals,
            capacity: AtomicU32::new(capacity),
            in_flight: AtomicU32::new(0),
            draining: AtomicBool::new(false),
            unhealthy: AtomicBool::new(false),
            loss_counted: AtomicBool::new(false),
            rests_until: AtomicU64::new(0),
        }
    }

    /// Counts one more request, unless the provider is full, draining or unwell.
    pub(crate) fn try_enter(&self) -> bool {
        if !self.takes_requests() {
            return false;
        }
        let capacity = self.capacity.load(Ordering::Relaxed);
        let entered = self
            .in_flight
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |now| {
                (now < capacity).then_some(now + 1)
            })
            .is_ok();
        match &self.way {
            Way::Endpoint(upstream) if entered && !upstream.try_enter() => {
                self.in_flight.fetch_sub(1, Ordering::AcqRel);
                false
            }
            _ => entered,
        }
    }

    /// Counts one request less.
    pub(crate) fn leave(&self) {
        // In the one order with the queue's count: whoever begins to wait sees the place, or is seen when it is rung for.
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        if let Way::Endpoint(upstream) = &self.way {
            upstream.leave();
        }
    }

    /// Requests under way.
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Requests that may be under way at once.
    pub(crate) fn capacity(&self) -> u32 {
        self.capacity.load(Ordering::Relaxed)
    }

    /// A registration has declared another capacity; requests above it run on.
    pub(crate) fn set_capacity(&self, capacity: u32) {
        self.capacity.store(capacity, Ordering::Relaxed);
    }

    /// What routing needs to know.
    pub(crate) fn candidate(&self, now: Timestamp) -> Candidate {
        let mut candidate = Candidate {
            in_flight: self.in_flight(),
            draining: !self.takes_requests(),
            limited: self.is_resting(now),
            ..Candidate::new(self.provider, self.capacity())
        };
        self.vitals.describe(&mut candidate, now);
        candidate
    }

    /// What requests may choose it by; `price` is that of its model, where it has none of its own.
    pub(crate) fn offer(&self, price: Option<ModelPrice>) -> Offer<'_> {
        Offer {
            name: &self.name,
            model: Some(&self.model),
            operations: self.declared.operations,
            context_tokens: self.declared.context_tokens,
            quantization: self.declared.quantization,
            parameters: self.declared.parameters.as_deref(),
            price: self.declared.price.or(price),
            data: self.declared.data,
            ..Offer::UNDECLARED
        }
    }

    /// It wants to be left alone for so long, five minutes at most.
    pub(crate) fn rest(&self, rest: Duration, now: Timestamp) {
        let until = now.after(rest.min(LONGEST_REST)).as_millis();
        self.rests_until.fetch_max(until, Ordering::Relaxed);
    }

    /// How long it still wants to be left alone.
    pub(crate) fn rests(&self, now: Timestamp) -> Option<Duration> {
        let until = self.rests_until.load(Ordering::Relaxed);
        let left = until.saturating_sub(now.as_millis());
        (left > 0).then(|| Duration::from_millis(left))
    }

    fn is_resting(&self, now: Timestamp) -> bool {
        now.as_millis() < self.rests_until.load(Ordering::Relaxed)
    }

    /// The provider goes: it gets nothing new.
    pub(crate) fn set_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// The provider says whether this model works.
    pub(crate) fn set_unhealthy(&self, unhealthy: bool) {
        self.unhealthy.store(unhealthy, Ordering::Relaxed);
    }

    /// Whether this failure is only one more sign of a lost connection that has been counted: however many requests were
    /// under way, it was lost once.
    pub(crate) fn is_counted_loss(&self) -> bool {
        match &self.way {
            Way::Line(line) if line.is_closed() => self.loss_counted.swap(true, Ordering::Relaxed),
            _ => false,
        }
    }

    fn takes_requests(&self) -> bool {
        !self.draining.load(Ordering::Relaxed) && !self.unhealthy.load(Ordering::Relaxed)
    }
}
