//! Providers that are connected and have nothing to do: what each costs the hub in memory, and what a round of heartbeats
//! costs in CPU.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use swan_core::Timestamp;
use swan_core::protocol::{
    Dialect, Frame, Heartbeat, ProviderSession, ProviderSessionConfig, Registration, Transmit,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Failure;
use crate::market::{MODEL, Market, create_key, programs};

/// The most nodes that the hub lets in with one key.
const NODES_PER_KEY: usize = 64;
/// How many connect at once: a machine in a data centre that comes back would be slower.
const AT_ONCE: usize = 64;
/// What an idle session may take.
const TARGET_KB: f64 = 32.0;

/// How many to connect, and how.
#[derive(Debug, Clone, clap::Parser)]
#[non_exhaustive]
pub struct IdleArgs {
    /// Provider sessions of each dialect.
    #[arg(long, default_value_t = 10_000)]
    pub sessions: usize,
    /// Only this dialect: v1 or v2.
    #[arg(long)]
    pub only: Option<String>,
    /// A hundred sessions, to see that everything works; the figures mean nothing.
    #[arg(long)]
    pub smoke: bool,
    /// The folder of the programs; that of this program when it is not given.
    #[arg(long)]
    pub programs: Option<PathBuf>,
}

/// What the sessions of one dialect cost.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IdleReport {
    /// The dialect.
    pub dialect: &'static str,
    /// Sessions that were registered.
    pub sessions: usize,
    /// Resident memory of the hub before the first and after the last registered, in MiB.
    pub before_mib: f64,
    /// See `before_mib`.
    pub after_mib: f64,
    /// Resident memory after a round of heartbeats, in MiB.
    pub heard_mib: f64,
    /// CPU of the hub for one registration, in microseconds.
    pub join_micros: f64,
    /// CPU of the hub for one heartbeat, in microseconds.
    pub heartbeat_micros: f64,
}

impl IdleReport {
    /// Memory of one session in kB.
    #[must_use]
    pub fn session_kb(&self) -> f64 {
        (self.heard_mib - self.before_mib) * 1024.0 * 1.024 / float(self.sessions)
    }

    /// The line of the table, with the verdict.
    #[must_use]
    pub fn markdown(&self) -> String {
        let verdict = if self.session_kb() <= TARGET_KB {
            "met"
        } else {
            "**missed**"
        };
        format!(
            "| {} | {} | {:.1} | {:.1} | {:.1} | {:.1} {verdict} | {:.0} | {:.1} |",
            self.dialect,
            self.sessions,
            self.before_mib,
            self.after_mib,
            self.heard_mib,
            self.session_kb(),
            self.join_micros,
            self.heartbeat_micros
        )
    }

    /// The head of the table.
    #[must_use]
    pub fn head() -> String {
        format!(
            "| dialect | sessions | hub before, MiB | all registered | after a heartbeat of each | kB a session (at most {TARGET_KB}) | µs of CPU a registration | µs a heartbeat |\n|---|---|---|---|---|---|---|---|"
        )
    }
}

impl IdleArgs {
    /// Measures each dialect on a hub of its own.
    ///
    /// # Errors
    /// When a program is missing, or a session is not taken.
    pub async fn run(&self) -> Result<Vec<IdleReport>, Failure> {
        let sessions = if self.smoke { 100 } else { self.sessions };
        let programs = programs(self.programs.as_deref())?;
        let mut reports = Vec::new();
        for dialect in [Dialect::V1, Dialect::V2] {
            let wanted = self.only.as_deref();
            if wanted.is_none_or(|only| only == dialect.as_str()) {
                reports.push(measure(&programs, dialect, sessions).await?);
            }
        }
        Ok(reports)
    }
}

async fn measure(
    programs: &std::path::Path,
    dialect: Dialect,
    sessions: usize,
) -> Result<IdleReport, Failure> {
    let folder = tempfile::tempdir()?;
    let market = Market {
        programs,
        folder: folder.path(),
        mock: SocketAddr::from(([127, 0, 0, 1], 9)),
        at_once: 1,
    };
    let data = folder.path().join("data");
    let hub = programs.join("swan-hub");
    let mut keys = Vec::new();
    for number in 0..sessions.div_ceil(NODES_PER_KEY) {
        let name = format!("idle-{number}");
        keys.push(create_key(&hub, &data, &["provider", "--name", &name]).await?);
    }
    let config = market.config("idle", false, "relaxed")?;
    let (hub, _, address) = market.serve("idle", &config, &data).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (before_mib, cpu) = (hub.resident_mib()?, hub.cpu_seconds()?);
    let mut joined: Vec<Idle> = stream::iter(0..sessions)
        .map(|number| {
            let key = keys.get(number / NODES_PER_KEY).cloned();
            async move { Idle::join(address, dialect, key.unwrap_or_default(), number).await }
        })
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .collect::<Result<_, Failure>>()?;
    let (after_mib, joined_cpu) = (hub.resident_mib()?, hub.cpu_seconds()?);
    // The rest that the hub does at any time is part of it, but not twice.
    let quiet = Instant::now();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (quiet, quiet_cpu) = (quiet.elapsed().as_secs_f64(), hub.cpu_seconds()?);
    let round = Instant::now();
    let heard = stream::iter(&mut joined)
        .map(Idle::beat)
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
    heard.into_iter().collect::<Result<Vec<()>, Failure>>()?;
    let spent = hub.cpu_seconds()? - quiet_cpu;
    let idle = (quiet_cpu - joined_cpu) / quiet * round.elapsed().as_secs_f64();
    Ok(IdleReport {
        dialect: dialect.as_str(),
        sessions,
        before_mib,
        after_mib,
        heard_mib: hub.resident_mib()?,
        join_micros: (joined_cpu - cpu) * 1e6 / float(sessions),
        heartbeat_micros: (spent - idle).max(0.0) * 1e6 / float(sessions),
    })
}

/// One provider's end of a session that does nothing.
struct Idle {
    socket: TcpStream,
    session: ProviderSession,
    started: Instant,
    /// What came and is no whole frame yet.
    buffer: Vec<u8>,
}

impl Idle {
    async fn join(
        hub: SocketAddr,
        dialect: Dialect,
        token: String,
        number: usize,
    ) -> Result<Self, Failure> {
        let mut socket = TcpStream::connect(hub).await?;
        socket.set_nodelay(true)?;
        let protocol = match dialect {
            Dialect::V2 => "Sec-WebSocket-Protocol: swan.v2\r\n",
            Dialect::V1 => "",
        };
        let ask = format!(
            "GET /ws HTTP/1.1\r\nHost: {hub}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{protocol}\r\n"
        );
        socket.write_all(ask.as_bytes()).await?;
        let mut buffer = Vec::new();
        let end = loop {
            if let Some(end) = memchr::memmem::find(&buffer, b"\r\n\r\n") {
                break end + 4;
            }
            if socket.read_buf(&mut buffer).await? == 0 {
                return Err("the hub closed during the upgrade".into());
            }
        };
        if !buffer.starts_with(b"HTTP/1.1 101") {
            return Err(String::from_utf8_lossy(&buffer).into_owned().into());
        }
        buffer.drain(..end);
        let now = Timestamp::from_millis(1_700_000_000_000);
        let mut idle = Self {
            socket,
            session: ProviderSession::new(dialect, ProviderSessionConfig::default(), now),
            started: Instant::now(),
            buffer,
        };
        let registration = Registration {
            token,
            node_id: format!("idle-{number}"),
            models: vec![MODEL.to_owned()],
            capabilities: vec!["inference".to_owned()],
            cp_version: Some("1.0.0".to_owned()),
            ..Registration::default()
        };
        idle.session.register(now, registration);
        while !idle.session.is_registered() {
            idle.exchange().await?;
        }
        Ok(idle)
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000).after(self.started.elapsed())
    }

    /// Sends one heartbeat and hears its answer.
    async fn beat(&mut self) -> Result<(), Failure> {
        let heartbeat = Heartbeat {
            models: vec![MODEL.to_owned()],
            ..Heartbeat::default()
        };
        let now = self.now();
        self.session.heartbeat(now, &heartbeat);
        self.exchange().await
    }

    /// Sends what there is to say, and takes at least one frame.
    async fn exchange(&mut self) -> Result<(), Failure> {
        while let Some(transmit) = self.session.poll_transmit() {
            let Transmit::Frame(frame) = transmit else {
                return Err("the session wants to close".into());
            };
            self.socket.write_all(&masked(&frame)).await?;
        }
        let mut frames = take_frames(&mut self.buffer);
        while frames.is_empty() {
            if self.socket.read_buf(&mut self.buffer).await? == 0 {
                return Err("the hub closed the session".into());
            }
            frames = take_frames(&mut self.buffer);
        }
        let now = self.now();
        for frame in frames {
            self.session.handle_frame(now, frame);
        }
        while self.session.poll_event().is_some() {}
        Ok(())
    }
}

/// A client's frame; its mask is zero, which leaves the payload as it is.
fn masked(frame: &Frame) -> Vec<u8> {
    let (opcode, payload) = match frame {
        Frame::Text(bytes) => (0x81, bytes),
        Frame::Binary(bytes) => (0x82, bytes),
    };
    let mut out = vec![opcode];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short), _) if short < 126 => out.push(0x80 | short),
        (_, Ok(middle)) => {
            out.push(0x80 | 126);
            out.extend(middle.to_be_bytes());
        }
        _ => {
            out.push(0x80 | 127);
            out.extend((payload.len() as u64).to_be_bytes());
        }
    }
    out.extend([0; 4]);
    out.extend_from_slice(payload);
    out
}

/// The whole frames of a server in `buffer`, which come unmasked and in one piece; pings have nothing to say here.
fn take_frames(buffer: &mut Vec<u8>) -> VecDeque<Frame> {
    let mut frames = VecDeque::new();
    while let Some((opcode, payload, size)) = first_frame(buffer) {
        match opcode {
            1 => frames.push_back(Frame::Text(payload.to_vec().into())),
            2 => frames.push_back(Frame::Binary(payload.to_vec().into())),
            _ => {}
        }
        buffer.drain(..size);
    }
    frames
}

/// Opcode, payload and whole size of the first frame, once all of it is there.
fn first_frame(buffer: &[u8]) -> Option<(u8, &[u8], usize)> {
    let opcode = buffer.first()? & 0x0f;
    let short = usize::from(buffer.get(1)? & 0x7f);
    let (head, length): (usize, usize) = match short {
        126 => {
            let bytes = buffer.get(2..4)?.try_into().ok()?;
            (4, usize::from(u16::from_be_bytes(bytes)))
        }
        127 => {
            let bytes = buffer.get(2..10)?.try_into().ok()?;
            (10, usize::try_from(u64::from_be_bytes(bytes)).ok()?)
        }
        short => (2, short),
    };
    let payload = buffer.get(head..head.checked_add(length)?)?;
    Some((opcode, payload, head + length))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a count of sessions is far below 2^52"
)]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_any_length_are_taken_once_they_are_whole() {
        for length in [0, 125, 126, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            // Without the bit and the bytes of the mask it is what a server sends.
            let mut wire = masked(&Frame::Binary(payload.clone().into()));
            let head = wire.len() - length - 4;
            wire.drain(head..head + 4);
            wire[1] &= 0x7f;
            let mut buffer = Vec::new();
            let (last, rest) = wire.split_last().unwrap();
            buffer.extend_from_slice(rest);
            assert!(take_frames(&mut buffer).is_empty(), "{length}");
            buffer.push(*last);
            let frames = take_frames(&mut buffer);
            assert_eq!(frames, [Frame::Binary(payload.into())], "{length}");
            assert!(buffer.is_empty());
        }
    }
}
