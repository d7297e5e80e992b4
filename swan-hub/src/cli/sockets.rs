//! Where the hub listens: on sockets of its own, or on those that its supervisor keeps open.

use listenfd::ListenFd;
use tokio::net::TcpListener;

use super::serve::listen;
#[cfg(unix)]
use super::succession::Readiness;
use crate::config::Config;
use crate::error::HubError;
use crate::serving::Sockets;

/// The sockets of a hub, and from whom it has them.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) sockets: Sockets,
    /// Whether they were handed to this process, and will outlive it.
    pub(super) inherited: bool,
    #[cfg(unix)]
    pub(super) readiness: Readiness,
}

/// Listens as a configuration says, or on what was handed to this process (`LISTEN_FDS`: consumers, providers, figures).
pub(super) async fn open(config: &Config) -> Result<Opened, HubError> {
    let mut handed = ListenFd::from_env();
    let inherited = handed.len() > 0;
    let (consumers, providers) = match inherited {
        true => (take(&mut handed, 0)?, take(&mut handed, 1)?),
        false => (None, None),
    };
    let consumers = match consumers {
        Some(socket) => socket,
        None => listen(&config.listen, "--listen").await?,
    };
    let providers = match providers {
        Some(socket) => socket,
        None => listen(&config.provider_listen, "--provider-listen").await?,
    };
    let mut sockets = Sockets::new(consumers).with_providers(providers);
    #[cfg(unix)]
    let readiness = Readiness::among(&mut handed, 2);
    if let Some(address) = &config.metrics.listen {
        let figures = match take(&mut handed, 2)? {
            Some(socket) => socket,
            None => listen(address, "metrics.listen").await?,
        };
        sockets = sockets.with_metrics(figures);
    }
    if inherited {
        sockets = sockets.that_outlive_the_hub();
    }
    Ok(Opened {
        sockets,
        inherited,
        #[cfg(unix)]
        readiness,
    })
}

fn take(handed: &mut ListenFd, index: usize) -> Result<Option<TcpListener>, HubError> {
    let socket = handed.take_tcp_listener(index).and_then(|socket| {
        let Some(socket) = socket else {
            return Ok(None);
        };
        socket.set_nonblocking(true)?;
        TcpListener::from_std(socket).map(Some)
    });
    socket.map_err(|source| HubError::Listen {
        address: format!("socket {index} of those handed over"),
        flag: "LISTEN_FDS",
        source,
    })
}

/// Says where the hub is.
#[expect(clippy::print_stderr, reason = "words for people go to standard error")]
pub(super) fn announce(sockets: &Sockets, is_json: bool) {
    let at = |listener: &TcpListener| match listener.local_addr() {
        Ok(address) => address.to_string(),
        Err(_) => "an unknown address".to_owned(),
    };
    let consumers = at(&sockets.consumers);
    let providers = sockets.providers.as_ref().map(at).unwrap_or_default();
    if is_json {
        return tracing::info!(target: "swan_hub::serve", consumers, providers, "serving");
    }
    eprintln!("swan-hub: consumers at http://{consumers}/v1, providers at ws://{providers}/ws");
}
