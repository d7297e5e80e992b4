//! Accepts connections and serves requests on them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::HeaderValue;
use http::header::CONNECTION;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::Service as _;

use super::crowd::Doorman;
use super::inference;
use super::socket::Patient;
use crate::config::Limits;
use crate::settings::Current;

/// How long a connection to the listener of providers may take at most to send a head: they ask one thing and upgrade.
const PROVIDER_HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// Connections at once of those who read figures.
const METRICS_CONNECTIONS: usize = 256;
/// How long connections may take to end once they were told to.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long to wait when the system has no more file descriptors: connections must end first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How far a server is on its way to its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// It accepts connections and serves them.
    #[default]
    Serving,
    /// It accepts connections still, for a refusal each, and ends them with their next answer.
    Refusing,
    /// It leaves new connections to its successor, and ends those that it has with their next answer.
    Leaving,
    /// Connections end as soon as they have answered.
    Stopped,
}

/// What answers the requests of a listener.
#[derive(Debug, Clone)]
pub(crate) struct Front {
    router: Router,
    place: Place,
}

/// For whom a listener is.
#[derive(Debug, Clone)]
enum Place {
    /// Consumers of this hub, whose inference is served without the router: finding and boxing its route costs as much as parsing the
    /// request.
    Consumers(Current),
    /// Its providers.
    Providers(Current),
    /// Whoever reads its figures.
    Metrics,
}

impl Front {
    /// `router`, which has what providers need.
    pub(crate) const fn for_providers(hub: Current, router: Router) -> Self {
        Self {
            router,
            place: Place::Providers(hub),
        }
    }

    /// `router`, which has figures.
    pub(crate) const fn for_metrics(router: Router) -> Self {
        Self {
            router,
            place: Place::Metrics,
        }
    }

    /// The same handlers as through `router`, which is `hub`'s own, and the hot ones by a shorter way.
    pub(crate) const fn of(hub: Current, router: Router) -> Self {
        Self {
            router,
            place: Place::Consumers(hub),
        }
    }

    /// Whether these are as many connections as are served at once.
    fn is_full(&self, connections: usize) -> bool {
        match &self.place {
            Place::Consumers(hub) => connections >= hub.load().limits.connections,
            Place::Providers(hub) => {
                let hub = hub.load();
                // Those that were upgraded are no connections of this server any more.
                let all = connections.saturating_add(hub.sessions.connected());
                all >= hub.limits.provider_connections
            }
            Place::Metrics => connections >= METRICS_CONNECTIONS,
        }
    }

    /// How long a connection may be idle or take to send a head, and how long its reader is waited for.
    fn patience(&self) -> (Duration, Duration) {
        let of = |limits: &Limits| (limits.head_deadline, limits.stall);
        match &self.place {
            Place::Consumers(hub) => of(&hub.load().limits),
            Place::Providers(hub) => {
                let (head, stall) = of(&hub.load().limits);
                (head.min(PROVIDER_HEAD_DEADLINE), stall)
            }
            Place::Metrics => of(&Limits::default()),
        }
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response, Infallible> {
        let Self { mut router, place } = self;
        if let Place::Consumers(hub) = place
            && let Some(operation) = inference::asked(&request)
        {
            let request = request.map(Body::new);
            return Ok(inference::serve(hub.load(), operation, request).await);
        }
        router.call(request).await
    }
}

/// Serves `front` on `listener` until `phase` says that it is over.
pub(crate) async fn serve(listener: TcpListener, front: Front, mut phase: watch::Receiver<Phase>) {
    let mut connections = JoinSet::new();
    let doorman = Doorman::default();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) if front.is_full(connections.len()) => {
                    doorman.turn_away(socket);
                }
                Ok((socket, peer)) => {
                    connections.spawn(connection((socket, peer), front.clone(), phase.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = reached(&mut phase, Phase::Leaving) => break,
        }
    }
    // What connects from here on waits in the queue of the socket, as long as somebody else has the socket, too.
    while *phase.borrow() < Phase::Stopped {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            () = reached(&mut phase, Phase::Stopped) => break,
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, all).await.is_err() {
        connections.shutdown().await;
    }
}

async fn connection(
    (socket, peer): (TcpStream, SocketAddr),
    front: Front,
    mut phase: watch::Receiver<Phase>,
) {
    // Without it a lone event waits for the acknowledgement of the one before, 40 ms on most systems.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let now = phase.clone();
    let (head_deadline, stall) = front.patience();
    let service = service_fn(move |mut request: Request<Incoming>| {
        // As axum's own server leaves it, so that keys may be bound to addresses.
        request.extensions_mut().insert(ConnectInfo(peer));
        let (answer, now) = (front.clone().answer(request), now.clone());
        async move {
            let mut answer = answer.await?;
            if *now.borrow() > Phase::Serving {
                let headers = answer.headers_mut();
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_deadline)
        .serve_connection(TokioIo::new(Patient::new(socket, stall)), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = reached(&mut phase, Phase::Stopped) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn reached(phase: &mut watch::Receiver<Phase>, awaited: Phase) {
    // A sender that is gone has nothing left to serve for.
    let _ = phase.wait_for(|phase| *phase >= awaited).await;
}
