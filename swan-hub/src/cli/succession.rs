//! How one process takes over from another at SIGUSR2: the running hub starts its successor, hands it the listening sockets, and
//! leaves once the successor says that it is ready. A successor that cannot run changes nothing.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use command_fds::{CommandFdExt as _, FdMapping};
use listenfd::ListenFd;
use tokio::process::Child;

use super::signals::{self, Signals};
use crate::error::HubError;
use crate::serving::Sockets;

/// How long a successor may take until it waits for the books only.
const PREPARATION: Duration = Duration::from_secs(60);
/// The first descriptor that is handed over, as systemd has it.
const FIRST: i32 = 3;
const READY: &[u8] = b"ready";

/// The running hub's side.
#[derive(Debug)]
pub(super) struct Testator {
    /// Copies of the listening sockets, in the order in which a successor looks for them.
    sockets: Vec<OwnedFd>,
    outliving: Arc<AtomicBool>,
    calls: Signals,
}

impl Testator {
    /// Hands on these sockets at each of these calls.
    pub(super) fn of(sockets: &Sockets, calls: Signals) -> Result<Self, HubError> {
        let all = [
            Some(&sockets.consumers),
            sockets.providers.as_ref(),
            sockets.metrics.as_ref(),
        ];
        let copies = all
            .into_iter()
            .flatten()
            .map(|one| one.as_fd().try_clone_to_owned());
        let copies = copies
            .collect::<Result<_, _>>()
            .map_err(|source| HubError::Listen {
                address: "the sockets of a successor".to_owned(),
                flag: "SIGUSR2",
                source,
            });
        Ok(Self {
            sockets: copies?,
            outliving: sockets.outliving(),
            calls,
        })
    }

    /// Resolves once a successor is ready to take over.
    pub(super) async fn succeeded(mut self) {
        loop {
            self.calls.next().await;
            match self.succession().await {
                Ok(successor) => {
                    tracing::info!(target: "swan_hub::serve", successor, "a successor takes over");
                    self.outliving.store(true, Ordering::Release);
                    signals::notify(&format!("MAINPID={successor}"));
                    return;
                }
                Err(error) => {
                    tracing::error!(target: "swan_hub::serve", %error, "no successor: this hub goes on");
                }
            }
        }
    }

    async fn succession(&self) -> io::Result<u32> {
        let (own, its) = UnixDatagram::pair()?;
        own.set_nonblocking(true)?;
        let own = tokio::net::UnixDatagram::from_std(own)?;
        let mut successor = self.start(its)?;
        let pid = successor
            .id()
            .ok_or_else(|| io::Error::other("it has ended at once"))?;
        let mut word = [0; READY.len()];
        let said = tokio::select! {
            said = own.recv(&mut word) => said.map(|_| ()),
            ended = successor.wait() => Err(io::Error::other(format!("it has ended with {}", ended?))),
            () = tokio::time::sleep(PREPARATION) => Err(io::Error::other("it was not ready in time")),
        };
        if said.is_err() {
            // It may have ended already.
            let _ = successor.kill().await;
        }
        said.map(|()| pid)
    }

    /// Starts the program that is in this one's place on the disk now, with the same arguments and the same environment.
    fn start(&self, word: UnixDatagram) -> io::Result<Child> {
        let mut args = std::env::args_os();
        let program = args
            .next()
            .ok_or_else(|| io::Error::other("this program has no name"))?;
        let mut fds = Vec::with_capacity(self.sockets.len() + 1);
        for socket in &self.sockets {
            fds.push(socket.try_clone()?);
        }
        fds.push(OwnedFd::from(word));
        let count = fds.len();
        let mappings = (FIRST..).zip(fds);
        let mappings = mappings.map(|(child_fd, parent_fd)| FdMapping {
            parent_fd,
            child_fd,
        });
        let mut command = Command::new(program);
        command
            .args(args)
            .env("LISTEN_FDS", count.to_string())
            .env_remove("LISTEN_PID")
            .env_remove("LISTEN_FDNAMES")
            .fd_mappings(mappings.collect())
            .map_err(io::Error::other)?;
        tokio::process::Command::from(command).spawn()
    }
}

/// The successor's side: how it says that nothing but the books keeps it from serving. None for hubs that succeed nobody.
#[derive(Debug)]
pub(super) struct Readiness(Option<UnixDatagram>);

impl Readiness {
    /// Looks for it behind the sockets that were handed over.
    pub(super) fn among(handed: &mut ListenFd, sockets: usize) -> Self {
        // What is at a place but of another kind is no error here: it is the socket for figures.
        let mut places = sockets..handed.len();
        Self(places.find_map(|place| handed.take_unix_datagram(place).ok().flatten()))
    }

    pub(super) fn say(self) {
        if let Some(word) = self.0
            && let Err(error) = word.send(READY)
        {
            tracing::warn!(target: "swan_hub::serve", %error, "the hub before this one does not listen");
        }
    }
}
