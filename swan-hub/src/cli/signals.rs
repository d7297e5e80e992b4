//! When to stop.

/// Resolves at the next Ctrl-C or SIGTERM.
pub(crate) async fn stop() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler there is nothing to wait for; the system's own default still ends the process.
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                () = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    interrupt.await;
}

/// The signals of one kind that come from now on; none where there are none.
#[derive(Debug)]
pub(crate) struct Signals(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

impl Signals {
    /// Begins to listen for SIGHUP: one that comes while the last is being heeded is not missed.
    pub(crate) fn hang_up() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Self(signal(SignalKind::hangup()).ok())
        }
        #[cfg(not(unix))]
        Self()
    }

    /// The same for SIGUSR2.
    #[cfg(unix)]
    pub(crate) fn user() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self(signal(SignalKind::user_defined2()).ok())
    }

    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signals) = &mut self.0 {
            signals.recv().await;
            return;
        }
        std::future::pending::<()>().await;
    }
}

/// Tells the supervisor how far the hub is, where systemd listens for it (`Type=notify`).
pub(crate) fn notify(state: &str) {
    #[cfg(unix)]
    if let Some(path) = std::env::var_os("NOTIFY_SOCKET")
        && let Ok(socket) = std::os::unix::net::UnixDatagram::unbound()
        && let Err(error) = socket.send_to(state.as_bytes(), path)
    {
        tracing::debug!(%error, "the supervisor cannot be told");
    }
}
