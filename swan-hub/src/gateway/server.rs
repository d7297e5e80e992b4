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
    /// Whose inference is served without the router: finding and boxing its route costs as much as parsing the request.
    direct: Option<Current>,
}

impl Front {
    /// Everything through the router.
    pub(crate) const fn routed(router: Router) -> Self {
        Self {
            router,
            direct: None,
        }
    }

    /// The same handlers as through `router`, which is `hub`'s own, and the hot ones by a shorter way.
    pub(crate) const fn of(hub: Current, router: Router) -> Self {
        Self {
            router,
            direct: Some(hub),
        }
    }

    /// How many connections are served at once.
    fn connections(&self) -> usize {
        let limits = self.direct.as_ref().map(|hub| hub.load());
        limits.map_or(usize::MAX, |hub| hub.limits.connections)
    }

    /// How long a connection may be idle or take to send a head, and how long its reader is waited for.
    fn patience(&self) -> (Duration, Duration) {
        let hub = self.direct.as_ref().map(Current::load);
        let of = |limits: &Limits| (limits.head_deadline, limits.stall);
        hub.map_or_else(|| of(&Limits::default()), |hub| of(&hub.limits))
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response, Infallible> {
        let Self { mut router, direct } = self;
        match direct.and_then(|hub| Some((hub, inference::asked(&request)?))) {
            Some((hub, operation)) => {
                let request = request.map(Body::new);
                Ok(inference::serve(hub.load(), operation, request).await)
            }
            None => router.call(request).await,
        }
    }
}

/// Serves `front` on `listener` until `phase` says that it is over.
pub(crate) async fn serve(listener: TcpListener, front: Front, mut phase: watch::Receiver<Phase>) {
    let mut connections = JoinSet::new();
    let doorman = Doorman::default();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) if connections.len() >= front.connections() => {
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
