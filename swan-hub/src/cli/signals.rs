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
    if let Some(socket) = std::env::var_os("NOTIFY_SOCKET")
        && let Err(error) = tell(&socket, state)
    {
        tracing::debug!(%error, "the supervisor cannot be told");
    }
}

/// Sends `state` to the datagram socket of this name: a path, or behind an `@` a name that no file has (Linux).
#[cfg(unix)]
fn tell(name: &std::ffi::OsStr, state: &str) -> std::io::Result<()> {
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    #[cfg(target_os = "linux")]
    let abstracted = {
        use std::os::linux::net::SocketAddrExt as _;
        use std::os::unix::ffi::OsStrExt as _;
        let name = name.as_bytes().strip_prefix(b"@");
        name.map(SocketAddr::from_abstract_name)
    };
    #[cfg(not(target_os = "linux"))]
    let abstracted = None;
    let address = abstracted.unwrap_or_else(|| SocketAddr::from_pathname(name))?;
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address)?;
    Ok(())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    use super::tell;

    fn heard(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 64];
        let count = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }

    #[test]
    fn the_supervisor_hears_at_a_path_and_at_a_name_without_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        tell(path.as_os_str(), "READY=1").unwrap();
        assert_eq!(heard(&socket), "READY=1");

        let name = format!("swan-hub-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        tell(format!("@{name}").as_ref(), "STOPPING=1").unwrap();
        assert_eq!(heard(&socket), "STOPPING=1");
        assert!(tell("@nobody-listens-here".as_ref(), "READY=1").is_err());
    }
}
