//! What all provider connections share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use swan_core::hardware::Machine;
use swan_core::protocol::HubSessionConfig;
use swan_core::receipt::PublicKey;
use swan_core::{Clock, Policy, ProviderId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::line::{Closing, Command, Line};
use super::registry::Registry;
use super::seen::Seen;
use super::signers::Signers;
use crate::collateral::{self, Bonds};
use crate::store::{KeyRing, Store};

/// How often revoked keys are looked for, which bounds how long their sessions live on.
const SWEEP_EVERY: Duration = Duration::from_millis(250);

/// After how many sweeps the store hears who was here, and providers are compared with each other.
const SWEEPS_PER_RECORD: u32 = 8;

/// Limits of the provider side; the default is DESIGN section 11.
#[derive(Debug, Clone)]
pub(crate) struct SessionsConfig {
    /// Limits of each session.
    pub(crate) session: HubSessionConfig,
    /// Requests at once for a model whose provider has declared nothing. 10.
    pub(crate) default_capacity: u32,
    /// Requests at once for any model of one node, whatever it declares. 512.
    pub(crate) max_capacity: u32,
    /// How long a provider may take no byte at all while there is something for it. 30 s.
    pub(crate) write_stall: Duration,
    /// Connections that have not registered, or were refused and are held. 4,096.
    pub(crate) max_unregistered: usize,
    /// What providers have put in as a pledge.
    pub(crate) bonds: Bonds,
}

impl Default for SessionsConfig {
    fn default() -> Self {
        Self {
            session: HubSessionConfig {
                max_streams: 1_024,
                ..HubSessionConfig::default()
            },
            default_capacity: 10,
            max_capacity: 512,
            write_stall: Duration::from_secs(30),
            max_unregistered: 4_096,
            bonds: Bonds::default(),
        }
    }
}

impl SessionsConfig {
    /// The default, with these pledges.
    pub(crate) fn with(bonds: Bonds) -> Self {
        Self {
            bonds,
            ..Self::default()
        }
    }
}

/// A place among the connections that have not registered.
pub(super) type Pass = OwnedSemaphorePermit;

/// An upgraded connection, counted until it is dropped.
#[derive(Debug)]
pub(super) struct Connected(Arc<Sessions>);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.connected.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The provider side of a hub.
#[derive(Debug)]
pub(crate) struct Sessions {
    pub(super) registry: Registry,
    pub(super) keys: KeyRing,
    policy: ArcSwap<Policy>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) config: SessionsConfig,
    store: Arc<dyn Store>,
    seen: Seen,
    /// Apart, since a hub is moved about while it is built.
    signers: Box<Signers>,
    unregistered: Arc<Semaphore>,
    /// Upgraded connections, registered or not, and how many there may be.
    connected: AtomicUsize,
    max_connected: AtomicUsize,
    swept: AtomicBool,
}

impl Sessions {
    /// A provider side without connections, which will put them into `registry`.
    pub(crate) fn new(
        registry: Registry,
        (keys, store): (KeyRing, Arc<dyn Store>),
        policy: Arc<Policy>,
        clock: Arc<dyn Clock>,
        config: SessionsConfig,
    ) -> Self {
        let unregistered = Arc::new(Semaphore::new(config.max_unregistered));
        Self {
            registry,
            keys,
            policy: ArcSwap::new(policy),
            clock,
            config,
            signers: Box::new(Signers::new(&store)),
            store,
            seen: Seen::default(),
            unregistered,
            connected: AtomicUsize::new(0),
            max_connected: AtomicUsize::new(usize::MAX),
            swept: AtomicBool::new(false),
        }
    }

    /// The policy that says which models may be offered.
    pub(crate) fn policy(&self) -> Arc<Policy> {
        self.policy.load_full()
    }

    /// From now on models are known by this policy, those that are offered already included.
    pub(crate) fn set_policy(&self, policy: &Arc<Policy>) {
        // Before the look at what is there, so that whoever registers meanwhile goes by the new one, or is seen.
        self.policy.store(Arc::clone(policy));
        self.registry.classify_anew(policy);
    }

    /// From now on no more connections than these are upgraded; those that are there stay.
    pub(crate) fn set_max_connected(&self, most: usize) {
        self.max_connected.store(most, Ordering::Relaxed);
    }

    /// How many connections were upgraded and have not ended.
    pub(crate) fn connected(&self) -> usize {
        self.connected.load(Ordering::Relaxed)
    }

    /// Counts one more, unless there are as many as there may be.
    pub(super) fn connect(self: &Arc<Self>) -> Option<Connected> {
        let most = self.max_connected.load(Ordering::Relaxed);
        let more = |now| (now < most).then_some(now + 1);
        let counted = self
            .connected
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        counted.is_ok().then(|| Connected(Arc::clone(self)))
    }

    /// A place for a connection that has not registered yet, if there is one.
    pub(super) fn pass(&self) -> Option<Pass> {
        Arc::clone(&self.unregistered).try_acquire_owned().ok()
    }

    /// Notes that the provider behind `line` lives.
    pub(super) fn seen(&self, line: &Line) {
        self.seen.touch(line.provider, self.clock.now());
    }

    /// Notes that `line` has registered.
    pub(super) fn registered(&self, line: &Line) {
        self.seen
            .register(line.provider, &line.name, self.clock.now());
    }

    /// Notes that the node behind `line` signs with this key.
    pub(super) fn key_shown(&self, line: &Line, key: PublicKey) {
        let node = Arc::clone(&line.node);
        self.signers
            .shown(line.provider, node, key, self.clock.now());
    }

    /// With which keys providers sign.
    pub(crate) fn signers(&self) -> &Signers {
        &self.signers
    }

    /// Takes a connection that has ended out of routing.
    pub(super) fn left(&self, line: &Arc<Line>) {
        self.seen(line);
        self.registry.leave(line);
    }

    /// Writes down who was here; also done every few seconds while there are connections.
    pub(crate) async fn record(&self) {
        self.seen.record(&*self.store).await;
        if let Err(error) = self.signers.record().await {
            tracing::warn!(%error, "cannot write down with which keys providers sign; trying again");
        }
    }

    /// Starts the sweeps, the first time that there is something to sweep.
    pub(super) fn start_sweeping(self: &Arc<Self>) {
        if self.swept.swap(true, Ordering::AcqRel) {
            return;
        }
        let sessions = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut every = tokio::time::interval(SWEEP_EVERY);
            every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            for sweep in 0u32.. {
                every.tick().await;
                let Some(sessions) = sessions.upgrade() else {
                    return;
                };
                sessions.close_revoked();
                if sweep % SWEEPS_PER_RECORD == 0 {
                    sessions.registry.judge();
                    sessions.close_unpledged();
                    sessions.record().await;
                }
            }
        });
    }

    /// Why a provider with these machines does not serve for want of collateral.
    pub(super) fn unpledged(&self, provider: ProviderId, machines: &[Machine]) -> Option<String> {
        let (policy, now) = (self.policy(), self.clock.now());
        collateral::refusal(&policy, &self.config.bonds, (provider, machines), now)
    }

    fn close_unpledged(&self) {
        if !self
            .policy()
            .collateral()
            .is_ok_and(|rules| rules.is_required())
        {
            return;
        }
        for line in self.registry.lines() {
            let machines = collateral::machines(&self.registry, line.provider);
            if let Some(reason) = self.unpledged(line.provider, &machines) {
                let _ = line.send(Command::Close(Closing::Unpledged(reason)));
            }
        }
    }

    fn close_revoked(&self) {
        for line in self.registry.lines() {
            if !self.keys.is_active(line.key) {
                // A connection that has just ended is as good as closed.
                let _ = line.send(Command::Close(Closing::Revoked));
            }
        }
    }
}
