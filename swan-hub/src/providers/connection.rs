//! One provider's connection: a single task that drives its session.
//!
//! It never waits for a consumer: what it reads goes into mailboxes. Each time it runs it does everything that can be
//! done, and flushes once.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use swan_core::Timestamp;
use swan_core::protocol::{Dialect, Fault, FaultKind, HubEvent, HubSession, LostReason, Transmit};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_tungstenite::tungstenite::Error;

use super::failure::attempt_error;
use super::job::Head;
use super::line::{Command, Line};
use super::outlets::Outlets;
use super::session_clock::SessionClock;
use super::sessions::{Pass, Sessions};
use super::socket::{Incoming, Socket};

/// Messages read before the rest of the work has its turn.
const READS_PER_PASS: usize = 64;

/// Passes before other tasks have their turn.
const PASSES_PER_POLL: usize = 8;

/// How long the other side may take to answer a close.
const CLOSE_GRACE: Duration = Duration::from_secs(2);

/// The task of one connection. Dropping it, for whatever reason, ends its streams and takes it off the registry.
pub(super) struct Connection<S> {
    pub(super) socket: Socket<S>,
    pub(super) session: HubSession,
    pub(super) sessions: Arc<Sessions>,
    pub(super) clock: SessionClock,
    /// There once the provider has registered.
    pub(super) line: Option<Arc<Line>>,
    /// Counts against the connections that have not registered; given back when this one has.
    pub(super) pass: Option<Pass>,
    pub(super) outlets: Outlets,
    pub(super) commands: Vec<Command>,
    timer: Pin<Box<Sleep>>,
    /// Commands were taken, and those of other requests that are ready now are waited for, so that one write carries them all.
    gathering: bool,
    /// Nothing more can be read: a message was too large.
    deaf: bool,
    /// There while something waits to be written: what had left, and when that last grew.
    stall: Option<(u64, Instant)>,
    /// The conversation is over: what is left is to send the close and hear it confirmed, until then.
    closing: Option<Instant>,
    reason: String,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// The connection that has just been upgraded on `io`.
    pub(super) fn new(io: S, dialect: Dialect, sessions: Arc<Sessions>, pass: Pass) -> Self {
        let clock = SessionClock::start(&sessions.clock);
        let session = HubSession::new(dialect, sessions.config.session.clone(), clock.now());
        Self {
            socket: Socket::new(io, session.max_inbound()),
            session,
            sessions,
            clock,
            line: None,
            pass: Some(pass),
            outlets: Outlets::default(),
            commands: Vec::new(),
            timer: Box::pin(sleep_until(Instant::now())),
            gathering: false,
            deaf: false,
            stall: None,
            closing: None,
            reason: String::new(),
        }
    }

    /// Drives the connection to its end.
    pub(super) async fn run(mut self) {
        std::future::poll_fn(|cx| self.poll_run(cx)).await;
    }

    fn poll_run(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..PASSES_PER_POLL {
            let now = self.clock.now();
            let mut busy = self.take_commands(cx, now);
            if busy && !self.gathering {
                self.gathering = true;
                return after_all_others(cx);
            }
            self.gathering = false;
            match self.read(cx, now) {
                Ok(read) => busy |= read,
                Err(why) => self.disconnected(now, &why),
            }
            busy |= self.fire_timer(cx, now);
            self.take_events(now);
            self.outlets.deliver();
            match self.transmit(cx) {
                Ok(sent) => busy |= sent,
                Err(error) => self.disconnected(now, &error.to_string()),
            }
            busy |= self.watch_reader(now);
            if self.is_over() {
                return Poll::Ready(());
            }
            if !busy && !self.arm_timer(cx) {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn read(&mut self, cx: &mut Context<'_>, now: Timestamp) -> Result<bool, String> {
        if self.deaf {
            return Ok(false);
        }
        for count in 0..READS_PER_PASS {
            match self.socket.poll_read(cx) {
                Poll::Pending => return Ok(count > 0),
                Poll::Ready(Some(Ok(Incoming::Frame(frame)))) => {
                    self.session.handle_frame(now, frame);
                    // A registration raises the limit, and the next frame may already need it.
                    self.take_registration(now);
                }
                Poll::Ready(Some(Ok(Incoming::Control))) => {}
                Poll::Ready(Some(Err(Error::Capacity(_)))) => {
                    // The rest of that message is in the way of every later one, and the provider should hear why.
                    self.deaf = true;
                    let reason = LostReason::ProtocolViolation(FaultKind::TooLarge);
                    self.session.close(now, reason);
                    return Ok(true);
                }
                Poll::Ready(Some(Err(error))) => return Err(error.to_string()),
                Poll::Ready(None) => return Err("closed by the provider".to_owned()),
            }
        }
        Ok(true)
    }

    fn take_registration(&mut self, now: Timestamp) {
        // Only so many may wait for an answer, and an agent may send any number of them at once.
        if self.line.is_none() || self.session.awaits_answer() {
            self.take_events(now);
            self.socket.set_max_message(self.session.max_inbound());
        }
    }

    fn take_events(&mut self, now: Timestamp) {
        while let Some(event) = self.session.poll_event() {
            match event {
                HubEvent::Head {
                    stream,
                    status,
                    content_type,
                    retry_after,
                } => {
                    let content_type = content_type.and_then(|value| value.parse().ok());
                    let head = Head {
                        status,
                        content_type,
                        retry_after,
                    };
                    self.outlets.head(stream, head);
                }
                HubEvent::Body { stream, piece } => self.outlets.piece(stream, piece),
                HubEvent::End {
                    stream,
                    end,
                    attestation,
                } => {
                    self.outlets.end(stream, Ok(end));
                    self.outlets.attestation(stream, attestation);
                }
                HubEvent::Failed { stream, failure } => {
                    let limit = self.sessions.config.session.max_unconsumed;
                    self.outlets.end(stream, Err(attempt_error(failure, limit)));
                }
                HubEvent::Lost { reason } => self.lost(&reason.to_string()),
                other => self.about_the_provider(now, other),
            }
        }
    }

    /// Events that are rare.
    fn about_the_provider(&mut self, now: Timestamp, event: HubEvent) {
        match event {
            HubEvent::Register(registration) => self.register(now, &registration),
            HubEvent::Heartbeat(heartbeat) => {
                if let Some(line) = &self.line {
                    self.sessions.seen(line);
                    self.sessions
                        .registry
                        .set_health(line, &heartbeat.model_health);
                }
            }
            HubEvent::Health(health) => {
                if let Some(line) = &self.line {
                    self.sessions.registry.set_health(line, &health);
                }
            }
            HubEvent::Draining => {
                if let Some(line) = &self.line {
                    self.sessions.registry.set_draining(line);
                }
            }
            HubEvent::Fault(fault) => self.fault(&fault),
            _ => {}
        }
    }

    fn fault(&self, fault: &Fault) {
        let provider = self.line.as_ref().map(|line| line.provider.to_string());
        tracing::warn!(provider, kind = %fault.kind, "a provider broke the protocol");
    }

    fn disconnected(&mut self, now: Timestamp, why: &str) {
        self.session.handle_disconnect(now, why);
        self.take_events(now);
        self.lost(why);
        // There is no socket left to close.
        self.closing = Some(Instant::now());
    }

    fn lost(&mut self, why: &str) {
        self.part(why);
        if self.closing.is_none() {
            self.closing = Some(Instant::now() + CLOSE_GRACE);
        }
    }

    fn is_over(&self) -> bool {
        self.closing.is_some_and(|until| until <= Instant::now())
    }

    fn transmit(&mut self, cx: &mut Context<'_>) -> Result<bool, Error> {
        let mut sent = false;
        while self.socket.is_writable() {
            match self.session.poll_transmit() {
                None => break,
                Some(Transmit::Frame(frame)) => self.socket.write(cx, frame)?,
                Some(Transmit::Close { code, reason }) => {
                    self.closing.get_or_insert(Instant::now() + CLOSE_GRACE);
                    self.socket.write_close(cx, code, reason)?;
                }
            }
            sent = true;
        }
        if self.socket.is_unflushed() {
            let was_blocked = !self.socket.is_writable();
            match self.socket.poll_flush(cx) {
                // What could not be written before can be now.
                Poll::Ready(Ok(())) => sent |= was_blocked,
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => {}
            }
        }
        Ok(sent)
    }

    /// Gives up a provider that keeps talking and does not read; `true` when it just did.
    fn watch_reader(&mut self, now: Timestamp) -> bool {
        if !self.socket.is_unflushed() || self.closing.is_some() {
            self.stall = None;
            return false;
        }
        let taken = self.socket.taken();
        match self.stall {
            Some((before, since)) if before == taken => {
                let stalled = since.elapsed() >= self.sessions.config.write_stall;
                if stalled {
                    self.session.close(now, LostReason::NotReading);
                }
                stalled
            }
            _ => {
                self.stall = Some((taken, Instant::now()));
                false
            }
        }
    }

    fn fire_timer(&mut self, cx: &mut Context<'_>, now: Timestamp) -> bool {
        let due = self.session.poll_timeout().is_some_and(|due| due <= now);
        if due {
            self.session.handle_timeout(now);
        } else if self.timer.as_mut().poll(cx).is_ready() {
            // Set for a deadline that has moved since; `arm_timer` sets it anew.
            return false;
        }
        due
    }

    /// Sees to it that the task is woken in time; `true` when the time is now.
    ///
    /// The timer is only ever moved forward to an earlier deadline, since each frame moves the heartbeat's later.
    fn arm_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let session = self
            .session
            .poll_timeout()
            .map(|due| self.clock.instant(due));
        let stall = self
            .stall
            .map(|(_, since)| since + self.sessions.config.write_stall);
        let Some(due) = [session, stall, self.closing].into_iter().flatten().min() else {
            return false;
        };
        if self.timer.is_elapsed() || due < self.timer.deadline() {
            self.timer.as_mut().reset(due);
        }
        self.timer.as_mut().poll(cx).is_ready()
    }
}

/// Lets every task have its turn that can run now.
fn after_all_others(cx: &mut Context<'_>) -> Poll<()> {
    // Its first poll puts the task behind all others, and behind a look at the sockets; the second never comes.
    pin!(tokio::task::yield_now()).poll(cx)
}

impl<S> Connection<S> {
    /// Takes the connection out of routing; its streams have failed or fail now.
    pub(super) fn part(&mut self, why: &str) {
        if self.reason.is_empty() {
            why.clone_into(&mut self.reason);
        }
        if let Some(line) = self.line.take() {
            self.sessions.left(&line);
            let met = self.session.stats();
            tracing::info!(
                provider = %line.provider, node = %line.node, why,
                late_frames = met.late_frames, ignored = met.ignored, faults = met.faults,
                "provider disconnected"
            );
            for command in line.close() {
                if let Command::Dispatch(order) = command {
                    order
                        .mailbox
                        .fail(super::AttemptError::Lost(why.to_owned()));
                }
            }
        }
    }
}

impl<S> Drop for Connection<S> {
    fn drop(&mut self) {
        self.part("the connection has ended");
        let why = std::mem::take(&mut self.reason);
        self.outlets.fail_all(&why);
    }
}
