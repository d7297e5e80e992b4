//! From the first connection to the last: serving, draining, and leaving sockets to a successor.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use crate::departure::Departure;
use crate::error::HubError;
use crate::gateway::{self, Front, Phase};
use crate::hub::Hub;

/// How long requests that are cut off may take to say so.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long connections that are used again and again get to be told, with an answer, that they end.
const LINGER: Duration = Duration::from_secs(2);
/// How long consumers wait for providers that were here a moment ago.
const WELCOME: Duration = Duration::from_secs(5);
/// Who was seen so recently before the hub started is expected back.
const RECENT_MS: u64 = 120_000;
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How often a drain says how far it is.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// The sockets on which a hub serves.
#[derive(Debug)]
#[non_exhaustive]
pub struct Sockets {
    /// Gets [`Hub::router`].
    pub consumers: TcpListener,
    /// Gets [`Hub::provider_router`], if there is one.
    pub providers: Option<TcpListener>,
    /// Gets `/metrics` alone, for whoever can reach it.
    pub metrics: Option<TcpListener>,
    outlive: Arc<AtomicBool>,
}

impl Sockets {
    /// Consumers and providers on one socket.
    #[must_use]
    pub fn new(consumers: TcpListener) -> Self {
        Self {
            consumers,
            providers: None,
            metrics: None,
            outlive: Arc::default(),
        }
    }

    /// Providers on a socket of their own, too.
    #[must_use]
    pub fn with_providers(self, providers: TcpListener) -> Self {
        Self {
            providers: Some(providers),
            ..self
        }
    }

    /// Figures on a socket of their own, without a key.
    #[must_use]
    pub fn with_metrics(self, metrics: TcpListener) -> Self {
        Self {
            metrics: Some(metrics),
            ..self
        }
    }

    /// Says that somebody else keeps these sockets open and will hand them to the next hub, as systemd does.
    ///
    /// A hub that was told to stop then leaves new connections in their queue, where the next hub finds them; and a hub that
    /// starts lets consumers in once the providers of its predecessor are back, for five seconds at most.
    #[must_use]
    pub fn that_outlive_the_hub(self) -> Self {
        self.outlive.store(true, Ordering::Release);
        self
    }

    /// For saying the same while the hub serves, once a successor has the sockets.
    #[cfg(all(feature = "cli", unix))]
    pub(crate) fn outliving(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.outlive)
    }
}

impl Hub {
    /// Serves until `shutdown` resolves, then drains for at most `drain` and stops.
    ///
    /// `consumers` gets [`Hub::router`], `providers` gets [`Hub::provider_router`]; sockets get `TCP_NODELAY`.
    ///
    /// # Errors
    ///
    /// [`HubError::CutOff`] when requests were still running after `drain`, [`HubError::Books`] when not everything
    /// could be written before the end.
    pub async fn serve(
        &self,
        consumers: TcpListener,
        providers: Option<TcpListener>,
        shutdown: impl Future<Output = ()> + Send,
        drain: Duration,
    ) -> Result<(), HubError> {
        let sockets = Sockets {
            providers,
            ..Sockets::new(consumers)
        };
        self.serve_on(sockets, shutdown, drain).await
    }

    /// As [`Hub::serve`], on sockets of which more can be said, and going as [`Departure`] says.
    ///
    /// # Errors
    ///
    /// As [`Hub::serve`].
    pub async fn serve_on(
        &self,
        sockets: Sockets,
        shutdown: impl Future<Output = ()> + Send,
        departure: impl Into<Departure> + Send,
    ) -> Result<(), HubError> {
        let departure = departure.into();
        let phase = &self.rooms.phase;
        let mut servers = JoinSet::new();
        let outlive = sockets.outlive;
        let is_welcoming = outlive.load(Ordering::Acquire) && sockets.providers.is_some();
        if let Some(listener) = sockets.providers {
            let front = Front::for_providers(self.current.clone(), self.provider_router());
            servers.spawn(gateway::serve(listener, front, phase.subscribe()));
        }
        if let Some(listener) = sockets.metrics {
            let front = Front::for_metrics(self.metrics_router());
            servers.spawn(gateway::serve(listener, front, phase.subscribe()));
        }
        let serve = async {
            if is_welcoming {
                self.welcome().await;
            }
            let front = Front::of(self.current.clone(), self.router());
            servers.spawn(gateway::serve(sockets.consumers, front, phase.subscribe()));
            std::future::pending::<()>().await;
        };
        let told = {
            let mut serve = pin!(serve);
            tokio::select! {
                () = shutdown => {}
                () = &mut serve => {}
            }
            let told = Instant::now();
            tokio::select! {
                () = self.go_on(departure.grace()) => {}
                () = &mut serve => {}
            }
            told
        };
        if outlive.load(Ordering::Acquire) {
            phase.send_replace(Phase::Leaving);
            self.rooms.registry.drain();
            tokio::time::sleep(LINGER).await;
        }
        let left = departure.within.saturating_sub(told.elapsed());
        let drained = self.drain(left).await;
        while servers.join_next().await.is_some() {}
        drained
    }

    /// Goes on serving until those are gone who were here when the hub was told to stop, since nobody new would be served for as
    /// long as the longest of them takes.
    async fn go_on(&self, grace: Duration) {
        let gate = &self.rooms.gate;
        gate.leave();
        if !grace.is_zero() {
            let _ = tokio::time::timeout(grace, self.reporting(gate.turned_over())).await;
        }
    }

    /// Waits until the providers who were here until a moment ago have come back.
    async fn welcome(&self) {
        let rooms = &self.rooms;
        let since = rooms.started.as_millis().saturating_sub(RECENT_MS);
        let known = match rooms.store.providers().await {
            Ok(known) => known,
            Err(error) => {
                tracing::warn!(%error, "it is not known which providers are expected back");
                return;
            }
        };
        let recent =
            |seen: Option<swan_core::Timestamp>| seen.is_some_and(|seen| seen.as_millis() >= since);
        let expected: Vec<_> = known.iter().filter(|one| recent(one.last_seen)).collect();
        let until = Instant::now() + WELCOME;
        let is_back = |id| {
            rooms
                .registry
                .lines()
                .iter()
                .any(|line| line.provider == id)
        };
        while !expected.iter().all(|one| is_back(one.id)) && Instant::now() < until {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Takes no new requests, lets those that run end within `deadline`, and closes the books.
    ///
    /// From the first moment on `/readyz` answers 503 and new requests get 503 with `Retry-After`. The hub serves nothing
    /// afterwards; drop it.
    ///
    /// # Errors
    ///
    /// As [`Hub::serve`].
    pub async fn drain(&self, deadline: Duration) -> Result<(), HubError> {
        let shared = &self.rooms;
        shared.gate.close();
        shared.phase.send_if_modified(|phase| {
            let is_serving = *phase == Phase::Serving;
            if is_serving {
                *phase = Phase::Refusing;
            }
            is_serving
        });
        shared.registry.drain();
        let emptied = tokio::time::timeout(deadline, self.reporting(shared.gate.empty())).await;
        let cut_off = shared.gate.in_flight();
        // Whoever is still waiting now hears that the answer broke, and is charged for what it got.
        shared.registry.close();
        let _ = tokio::time::timeout(LAST_WORDS, shared.gate.empty()).await;
        // A consumer who does not even read that is charged before the books close, too.
        shared.streams.cut_all();
        shared.sessions.record().await;
        shared.idempotency.flush().await;
        if let Err(error) = shared.generations.save().await {
            tracing::warn!(%error, "records of requests were not written");
        }
        #[cfg(feature = "otel")]
        if let Some(telemetry) = &shared.telemetry {
            telemetry.flush().await;
        }
        shared.phase.send_replace(Phase::Stopped);
        shared
            .books
            .close()
            .await
            .map_err(|error| HubError::Books(Box::new(error)))?;
        match emptied {
            Ok(()) => Ok(()),
            Err(_) => Err(HubError::CutOff { cut_off }),
        }
    }

    /// Waits for requests to leave, and says now and then how many are still in the hub.
    async fn reporting(&self, gone: impl Future<Output = ()>) {
        let rooms = &self.rooms;
        let mut report = tokio::time::interval(REPORT_EVERY);
        report.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let begun = Instant::now();
        let mut gone = pin!(gone);
        loop {
            tokio::select! {
                biased;
                () = &mut gone => return,
                _ = report.tick() => tracing::info!(
                    target: "swan_hub::serve",
                    requests = rooms.gate.in_flight(),
                    streams = rooms.streams.len(),
                    secs = begun.elapsed().as_secs(),
                    "draining",
                ),
            }
        }
    }
}
