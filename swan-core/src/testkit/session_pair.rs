//! Both ends of a provider connection on a simulated wire: seeded latency, a slow socket, loss, and hostile frames.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::protocol::{
    Dialect, Frame, HubSession, HubSessionConfig, INITIAL_CREDIT, MIN_DATA_COST, ProviderSession,
    ProviderSessionConfig, Transmit,
};
use crate::{Rng, SeededRng, Timestamp};

/// Messages that the simulated socket takes before it makes a session wait.
const SOCKET_ROOM: usize = 4;

/// A [`HubSession`] and a [`ProviderSession`] that talk to each other in simulated time.
///
/// The same seed gives the same run. Messages are delayed by up to the given latency and never overtake each other. In v2 an
/// independent count of the frames checks that neither side sends more than it has credit for.
#[derive(Debug)]
pub struct SessionPair {
    /// The hub's end.
    pub hub: HubSession,
    /// The provider's end.
    pub provider: ProviderSession,
    now: Timestamp,
    rng: SeededRng,
    latency_ms: u64,
    to_hub: Wire,
    to_provider: Wire,
    credit: CreditAudit,
    delivered: usize,
    cut_after: Option<usize>,
    connected: bool,
}

#[derive(Debug, Default)]
struct Wire {
    messages: VecDeque<(Timestamp, Transmit)>,
    last_arrival: Timestamp,
}

impl SessionPair {
    /// A pair on a fresh connection, whose messages take up to `latency`.
    #[must_use]
    pub fn new(
        dialect: Dialect,
        hub: HubSessionConfig,
        provider: ProviderSessionConfig,
        latency: Duration,
        seed: u64,
    ) -> Self {
        let now = Timestamp::from_millis(1_000_000);
        Self {
            hub: HubSession::new(dialect, hub, now),
            provider: ProviderSession::new(dialect, provider, now),
            now,
            rng: SeededRng::new(seed),
            latency_ms: u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
            to_hub: Wire::default(),
            to_provider: Wire::default(),
            credit: CreditAudit::default(),
            delivered: 0,
            cut_after: None,
            connected: true,
        }
    }

    /// Loses the connection once `messages` have been delivered.
    pub fn cut_after(&mut self, messages: usize) {
        self.cut_after = Some(messages);
    }

    /// The simulated time.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Messages delivered so far, both ways together.
    #[must_use]
    pub const fn delivered(&self) -> usize {
        self.delivered
    }

    /// Whether neither side has closed and the connection was not cut.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.connected
    }

    /// What was seen to break the rule of credit, if anything.
    #[must_use]
    pub fn credit_breach(&self) -> Option<&str> {
        self.credit.breach.as_deref()
    }

    /// Lets the hub receive a message that its provider's session never sent.
    pub fn inject_to_hub(&mut self, frame: Frame) {
        let now = self.now;
        if self.connected {
            self.hub.handle_frame(now, frame);
        }
    }

    /// Lets the provider receive a message that its hub's session never sent.
    pub fn inject_to_provider(&mut self, frame: Frame) {
        let now = self.now;
        if self.connected {
            self.provider.handle_frame(now, frame);
        }
    }

    /// Ends the connection for both sides.
    pub fn disconnect(&mut self) {
        if std::mem::replace(&mut self.connected, false) {
            self.to_hub.messages.clear();
            self.to_provider.messages.clear();
            self.hub.handle_disconnect(self.now, "cut");
            self.provider.handle_disconnect(self.now, "cut");
        }
    }

    /// Does the next thing: delivers one message, or lets a timeout pass. `false` when nothing is left to do before `limit`.
    pub fn step(&mut self, limit: Timestamp) -> bool {
        self.fill_wires();
        if !self.connected {
            return false;
        }
        if self.cut_after.is_some_and(|at| self.delivered >= at) {
            self.disconnect();
            return true;
        }
        let arrival = |wire: &Wire| wire.messages.front().map(|(at, _)| *at);
        let (at_hub, at_provider) = (arrival(&self.to_hub), arrival(&self.to_provider));
        let timeout = [self.hub.poll_timeout(), self.provider.poll_timeout()];
        let next = [at_hub, at_provider].into_iter().chain(timeout).flatten();
        let Some(next) = next.min().filter(|next| *next <= limit) else {
            return false;
        };
        self.now = self.now.max(next);
        if at_hub == Some(next) {
            self.deliver_to_hub();
        } else if at_provider == Some(next) {
            self.deliver_to_provider();
        } else {
            self.hub.handle_timeout(self.now);
            self.provider.handle_timeout(self.now);
        }
        true
    }

    fn deliver_to_hub(&mut self) {
        match self.to_hub.messages.pop_front() {
            Some((_, Transmit::Frame(frame))) => {
                self.delivered += 1;
                self.hub.handle_frame(self.now, frame);
            }
            Some((_, Transmit::Close { .. })) => self.disconnect(),
            None => {}
        }
    }

    fn deliver_to_provider(&mut self) {
        match self.to_provider.messages.pop_front() {
            Some((_, Transmit::Frame(frame))) => {
                self.delivered += 1;
                self.provider.handle_frame(self.now, frame);
            }
            Some((_, Transmit::Close { .. })) => self.disconnect(),
            None => {}
        }
    }

    /// Moves what both sessions want to send onto the wires, as far as the sockets take it.
    fn fill_wires(&mut self) {
        while self.to_provider.messages.len() < SOCKET_ROOM
            && let Some(transmit) = self.hub.poll_transmit()
        {
            self.credit.note(Side::Hub, &transmit);
            let delay = self.rng.below(self.latency_ms + 1);
            self.to_provider.push(self.now, delay, transmit);
        }
        while self.to_hub.messages.len() < SOCKET_ROOM
            && let Some(transmit) = self.provider.poll_transmit()
        {
            self.credit.note(Side::Provider, &transmit);
            let delay = self.rng.below(self.latency_ms + 1);
            self.to_hub.push(self.now, delay, transmit);
        }
    }
}

impl Wire {
    fn push(&mut self, now: Timestamp, delay_ms: u64, transmit: Transmit) {
        let arrival = now.after(Duration::from_millis(delay_ms));
        self.last_arrival = self.last_arrival.max(arrival);
        self.messages.push_back((self.last_arrival, transmit));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Hub,
    Provider,
}

/// Counts data and credit by the bytes of the frames alone, knowing nothing of the sessions' own arithmetic.
#[derive(Debug, Default)]
struct CreditAudit {
    /// Credit left by sender and stream; absent means the initial credit.
    left: BTreeMap<(Side, u32), u64>,
    breach: Option<String>,
}

impl CreditAudit {
    fn note(&mut self, sender: Side, transmit: &Transmit) {
        let Transmit::Frame(Frame::Binary(bytes)) = transmit else {
            return;
        };
        let (Some(&kind), Some(&[a, b, c, d])) = (bytes.first(), bytes.get(4..8)) else {
            return;
        };
        let stream = u32::from_be_bytes([a, b, c, d]);
        let receiver = match sender {
            Side::Hub => Side::Provider,
            Side::Provider => Side::Hub,
        };
        match (kind, bytes.get(8..)) {
            (0x02 | 0x04, Some(payload)) => {
                let cost = u64::try_from(payload.len().max(MIN_DATA_COST)).unwrap_or(u64::MAX);
                let left = self.left(sender, stream);
                match left.checked_sub(cost) {
                    Some(rest) => *left = rest,
                    None => self.breach = Some(format!("{sender:?} overran stream {stream}")),
                }
            }
            (0x08, Some(&[a, b, c, d])) => {
                *self.left(receiver, stream) += u64::from(u32::from_be_bytes([a, b, c, d]));
            }
            _ => {}
        }
    }

    fn left(&mut self, sender: Side, stream: u32) -> &mut u64 {
        let initial = u64::from(INITIAL_CREDIT);
        self.left.entry((sender, stream)).or_insert(initial)
    }
}
