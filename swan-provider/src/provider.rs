//! The provider: finds its models, keeps its connection, stops when told.

use crate::{
    Event, ProviderBuilder, ProviderError,
    connection::{DialError, Socket},
    conversation::{Conversation, Ended, Surroundings, stopped},
    event::Observer,
    hardware,
    hub_url::HubUrl,
    jobs::JobLimits,
    node_id,
    preflight::{self, Verdict},
    reconnect::Reconnect,
    roster::{Introduction, Plan, Roster, Supervisor},
    signing,
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use swan_core::SeededRng;
use swan_core::routing::DataPolicy;
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::JoinSet,
    time,
};

/// How long the first dial waits for a first model to answer, so that the first registration is not empty for nothing.
const FIRST_MODEL: Duration = Duration::from_secs(3);
/// Between two looks at the load of the machine.
const MACHINE_INTERVAL: Duration = Duration::from_secs(30);
/// A hub that refuses a provider which it had accepted before is asked again this slowly.
const REFUSED_INTERVAL: Duration = Duration::from_secs(60);

/// Serves models to a hub over one outbound WebSocket; no port is opened.
///
/// ```no_run
/// # async fn run() -> Result<(), swan_provider::ProviderError> {
/// use swan_provider::{HttpBackend, Provider};
///
/// Provider::builder("ws://127.0.0.1:8081", "sk-prov-…")
///     .with_backend(HttpBackend::new("http://127.0.0.1:8080")?)
///     .build()?
///     .run(async { tokio::signal::ctrl_c().await.unwrap_or_default() })
///     .await
/// # }
/// ```
#[derive(Debug)]
pub struct Provider {
    pub(crate) settings: Settings,
}

/// What a builder has checked.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) hub: HubUrl,
    pub(crate) key: String,
    pub(crate) node_name: String,
    pub(crate) node_id: Option<String>,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) signing_key: Option<PathBuf>,
    pub(crate) plan: Plan,
    pub(crate) max_in_flight: u32,
    pub(crate) data: DataPolicy,
    pub(crate) limits: JobLimits,
    pub(crate) drain_timeout: Duration,
    pub(crate) reconnect: Reconnect,
    pub(crate) offer_v2: bool,
    pub(crate) observer: Arc<dyn Observer>,
}

impl Provider {
    /// A provider for the hub at `hub_url` (`ws://`, `wss://`; `/ws` at the end is optional) with the key
    /// `sk-prov-…` that its administrator gave out.
    pub fn builder(hub_url: &str, key: &str) -> ProviderBuilder {
        ProviderBuilder::new(hub_url, key)
    }

    /// Serves until `shutdown` resolves; then takes no further requests, finishes those that run (30 s unless said
    /// otherwise), and returns.
    ///
    /// A hub that cannot be reached, or a connection that breaks, is no error: it is dialled again for as long as it
    /// takes, with full jitter. A hub that refuses a provider which it has accepted before is asked again every
    /// minute. Dropping the future stops everything at once.
    ///
    /// # Errors
    /// [`ProviderError::Refused`] when the hub refuses the key before it ever accepted it;
    /// [`ProviderError::ModelsFile`], [`ProviderError::State`] and [`ProviderError::SigningKey`] when a file cannot be used at the start.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), ProviderError> {
        let (stop, stopped) = watch::channel(false);
        let observer = Arc::clone(&self.settings.observer);
        let serve = Box::pin(self.serve(stopped));
        let end = async {
            shutdown.await;
            stop.send_replace(true);
            std::future::pending::<()>().await;
        };
        let outcome = tokio::select! {
            outcome = serve => outcome,
            () = end => Ok(()),
        };
        observer.on_event(&Event::Stopped);
        outcome
    }

    async fn serve(self, mut stop: watch::Receiver<bool>) -> Result<(), ProviderError> {
        let settings = self.settings;
        let node_id = match (&settings.node_id, &settings.data_dir) {
            (Some(id), _) => id.clone(),
            (None, Some(folder)) => node_id::load_or_create(folder).await?,
            (None, None) => node_id::random()?,
        };
        let signing = settings.signing_key.as_deref();
        let signing = signing.map(signing::load_or_create).transpose()?;
        // Everything in this set ends with this function.
        let mut helpers = JoinSet::new();
        let (roster, rosters) = watch::channel(Arc::new(Roster::default()));
        let (nudge, nudges) = mpsc::channel(1);
        let observer = Arc::clone(&settings.observer);
        let plan = settings.plan.clone();
        helpers.spawn(Supervisor::new(plan, observer, roster, nudges).await?.run());
        let (machine, machines) = watch::channel(hardware::Report::default());
        helpers.spawn(watch_machine(machine));
        let around = Surroundings {
            introduction: Introduction {
                key: settings.key.clone(),
                node_id,
                node_name: settings.node_name.clone(),
                max_in_flight: settings.max_in_flight,
                data: settings.data,
                signing: signing.map(Arc::new),
            },
            roster: rosters,
            nudge,
            machine: machines,
            total: Arc::new(Semaphore::new(settings.max_in_flight as usize)),
            limits: settings.limits,
            drain_timeout: settings.drain_timeout,
            observer: Arc::clone(&settings.observer),
        };
        tokio::select! {
            () = first_model(around.clone()) => {}
            () = stopped(&mut stop) => return Ok(()),
        }
        let outcome = in_a_task(stay_connected(settings, around, stop)).await;
        helpers.shutdown().await;
        outcome
    }
}

/// Lets the runtime's own threads drive `work`, which wait at the sockets: whoever drives this future, often the thread of `main`, would have
/// to be woken by them for each frame. Dropping it stops `work`.
async fn in_a_task<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let mut tasks = JoinSet::new();
    tasks.spawn(work);
    match tasks.join_next().await {
        Some(Ok(done)) => done,
        Some(Err(error)) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shut down, and nothing is driven any more.
            Err(_) => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

async fn first_model(mut around: Surroundings) {
    let machine = async { around.machine.changed().await.is_ok() };
    let model = async {
        // Not `wait_for`: its guard must not live across a join.
        while around.roster.borrow_and_update().serving().next().is_none() {
            if around.roster.changed().await.is_err() {
                return;
            }
        }
    };
    let ready = async { futures::join!(machine, model) };
    let _ = time::timeout(FIRST_MODEL, ready).await;
}

async fn watch_machine(machine: watch::Sender<hardware::Report>) {
    let mut every = time::interval(MACHINE_INTERVAL);
    every.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        machine.send_replace(hardware::report().await);
    }
}

/// Dials, talks, waits, and dials again.
async fn stay_connected(
    mut settings: Settings,
    around: Surroundings,
    mut stop: watch::Receiver<bool>,
) -> Result<(), ProviderError> {
    let mut rng = SeededRng::new(getrandom::u64().unwrap_or_default());
    let mut accepted = false;
    loop {
        let attempt = Box::pin(attempt(&settings, &around, &mut stop));
        let pause = match attempt.await {
            Ended::Stopped => return Ok(()),
            Ended::Refused { message } if !accepted => {
                return Err(ProviderError::Refused { message });
            }
            Ended::Refused { message } => {
                settings.observer.on_event(&Event::Refused {
                    message: message.clone(),
                });
                (
                    message,
                    REFUSED_INTERVAL + settings.reconnect.next_delay(&mut rng),
                )
            }
            Ended::Lost {
                reason,
                registered_for,
            } => {
                accepted |= !registered_for.is_zero();
                settings.reconnect.on_session(registered_for);
                (reason, settings.reconnect.next_delay(&mut rng))
            }
            Ended::Busy { reason, wait } => {
                (reason, wait + settings.reconnect.next_delay(&mut rng))
            }
        };
        let (reason, retry_in) = pause;
        settings
            .observer
            .on_event(&Event::Disconnected { reason, retry_in });
        tokio::select! {
            () = time::sleep(retry_in) => {}
            () = stopped(&mut stop) => return Ok(()),
        }
    }
}

/// One connection, from the question whether it is welcome to its end.
async fn attempt(
    settings: &Settings,
    around: &Surroundings,
    stop: &mut watch::Receiver<bool>,
) -> Ended {
    let dialled = tokio::select! {
        dialled = Box::pin(dial(settings)) => dialled,
        () = stopped(stop) => return Ended::Stopped,
    };
    let socket = match dialled {
        Ok(socket) => socket,
        Err(ended) => return ended,
    };
    around.observer.on_event(&Event::Connected {
        url: settings.hub.socket.clone(),
        dialect: socket.dialect(),
    });
    Box::pin(Conversation::new(around.clone(), socket).run(stop)).await
}

async fn dial(settings: &Settings) -> Result<Socket, Ended> {
    match preflight::ask(&settings.hub.http, &settings.key).await {
        Verdict::Refused { message } => return Err(Ended::Refused { message }),
        Verdict::Welcome { status, message } if status != "active" && !message.is_empty() => {
            tracing::info!("the hub says: {message}");
        }
        Verdict::Welcome { .. } => {}
        Verdict::Silent { reason } => tracing::debug!("no pre-flight answer: {reason}"),
    }
    Socket::dial(&settings.hub, settings.offer_v2)
        .await
        .map_err(|error| match error {
            DialError::Unreachable(reason) => Ended::Lost {
                reason,
                registered_for: Duration::ZERO,
            },
            DialError::Busy {
                message,
                retry_after,
            } => Ended::Busy {
                reason: message,
                wait: retry_after
                    .unwrap_or_default()
                    .min(Duration::from_secs(300)),
            },
        })
}
