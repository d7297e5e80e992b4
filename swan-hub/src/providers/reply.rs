//! The answer of one attempt, wherever it comes from.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::BytesMut;
use swan_core::protocol::{CancelReason, Piece, StreamEnd};
use tokio::time::{Instant, Sleep, sleep_until};

use super::attempt::{AttemptError, MAX_ERROR_BODY, message_of};
use super::job::{Head, Job};
use super::mailbox::Batch;
use super::session_source::SessionSource;
use super::witness::{Witness, Witnessed};
use crate::external::Exchange;

/// How much may be taken without a pause: where more is ready at every look, whoever takes it would keep the thread and never
/// see its time run out.
const TURN_PIECES: u32 = 512;
const TURN_BYTES: usize = 128 << 10;

/// Where an answer comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// A stream of a provider's session.
    Session(SessionSource),
    /// An HTTP exchange with an external endpoint.
    External(Box<Exchange>),
}

/// How long an answer may take, as its [`Job`] says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// By when all of it is here.
    deadline: Instant,
    /// By when its first content is here, where that has a bound.
    content_by: Option<Instant>,
    /// How long it may be silent once it has begun.
    idle: Duration,
}

impl Bounds {
    /// The bounds of this job.
    pub(crate) const fn of(job: &Job) -> Self {
        Self {
            deadline: job.deadline,
            content_by: job.content_by,
            idle: job.idle,
        }
    }
}

/// What was taken since the last pause.
#[derive(Debug, Default)]
struct Turn {
    pieces: u32,
    bytes: usize,
}

impl Turn {
    const fn is_over(&self) -> bool {
        self.pieces >= TURN_PIECES || self.bytes >= TURN_BYTES
    }
}

/// One answer under way. Dropping it before its end cancels the request at the provider.
///
/// The bounds of the [`Job`] are kept here, with one timer for the whole answer.
#[derive(Debug)]
pub(crate) struct Reply {
    source: Source,
    ready: Batch,
    bounds: Bounds,
    /// Since when the hub waits for more. What a slow consumer lets wait is not the provider's silence.
    waiting: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    turn: Turn,
    begun: bool,
    content_shown: bool,
    finished: bool,
    end: Option<StreamEnd>,
    /// There where the provider was asked to sign.
    witness: Option<Box<Witness>>,
}

impl Reply {
    /// The answer from `source`.
    pub(crate) fn new(source: Source, bounds: Bounds) -> Self {
        Self {
            source,
            ready: Batch::default(),
            bounds,
            waiting: None,
            content_shown: false,
            timer: None,
            turn: Turn::default(),
            begun: false,
            finished: false,
            end: None,
            witness: None,
        }
    }

    /// From here on what comes is hashed, for a receipt with the provider's signature.
    pub(crate) fn with_witness(mut self) -> Self {
        self.witness = Some(Box::default());
        self
    }

    /// Whether the provider was asked to sign, and its answer has not ended.
    pub(crate) const fn awaits_signature(&self) -> bool {
        self.witness.is_some() && !self.finished
    }

    /// What has come of that, once.
    pub(crate) fn take_witnessed(&mut self) -> Option<Witnessed> {
        let witness = self.witness.take()?;
        Some(witness.seen(self.end.is_some()))
    }

    /// Waits for the head: the provider has begun to answer with a success.
    ///
    /// # Errors
    /// Whatever ended the attempt; a status that is no success comes as [`AttemptError::Provider`]
    /// with the body that explains it.
    pub(crate) async fn head(&mut self) -> Result<Head, AttemptError> {
        let head = poll_fn(|cx| self.poll_head(cx)).await?;
        if (200..300).contains(&head.status) {
            return Ok(head);
        }
        Err(self.refusal(&head).await)
    }

    /// Waits for the next piece; `None` after the end, which [`Reply::end`] then describes.
    pub(crate) async fn next(&mut self) -> Option<Result<Piece, AttemptError>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The next piece if it is already here, so that what came together can leave together. It wakes nobody later.
    pub(crate) fn try_next(&mut self) -> Option<Result<Piece, AttemptError>> {
        if self.ready.pieces.is_empty() && self.ready.end.is_none() && !self.finished {
            let taken = match &mut self.source {
                Source::Session(session) => session.mailbox.try_take(&mut self.ready),
                Source::External(exchange) => {
                    let mut nobody = Context::from_waker(Waker::noop());
                    exchange.poll_take(&mut nobody, &mut self.ready).is_ready()
                }
            };
            if taken {
                self.waiting = None;
            }
        }
        match self.pop() {
            Some(Popped::Piece(piece)) => Some(Ok(piece)),
            Some(Popped::Failed(error)) => Some(Err(error)),
            Some(Popped::End) | None => None,
        }
    }

    /// Content has come: from here on only the deadline and silence end the answer.
    pub(crate) const fn content_shown(&mut self) {
        self.content_shown = true;
    }

    /// Cancels the request because its time is over, where dropping would say that the consumer is gone.
    pub(crate) fn give_up(&mut self) {
        self.stop(CancelReason::AttemptTimeout);
    }

    /// What the provider said at the end, once the answer is complete.
    pub(crate) const fn end(&self) -> Option<&StreamEnd> {
        self.end.as_ref()
    }

    /// [`Reply::head`] for hand-written futures, with any status.
    pub(crate) fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Head, AttemptError>> {
        loop {
            if let Some(head) = self.ready.head.take() {
                self.begun = true;
                return Poll::Ready(Ok(head));
            }
            match self.ready.end.take() {
                Some(Err(error)) => {
                    self.finished = true;
                    return Poll::Ready(Err(error));
                }
                Some(Ok(_)) => {
                    self.finished = true;
                    let reason = "the answer ended before it began".to_owned();
                    return Poll::Ready(Err(AttemptError::Lost(reason)));
                }
                None if self.finished => {
                    let reason = "the answer has ended".to_owned();
                    return Poll::Ready(Err(AttemptError::Lost(reason)));
                }
                None => {}
            }
            ready!(self.poll_fill(cx))?;
        }
    }

    /// [`Reply::next`] for hand-written futures.
    pub(crate) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Piece, AttemptError>>> {
        if self.turn.is_over() {
            self.turn = Turn::default();
            if Instant::now() >= self.over_at() {
                self.ready = Batch::default();
                return Poll::Ready(Some(Err(self.out_of_time())));
            }
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            match self.pop() {
                Some(Popped::Piece(piece)) => {
                    self.turn.pieces += 1;
                    self.turn.bytes = self.turn.bytes.saturating_add(piece.len());
                    return Poll::Ready(Some(Ok(piece)));
                }
                Some(Popped::Failed(error)) => return Poll::Ready(Some(Err(error))),
                Some(Popped::End) => return Poll::Ready(None),
                None => {}
            }
            if let Err(error) = ready!(self.poll_fill(cx)) {
                return Poll::Ready(Some(Err(error)));
            }
        }
    }

    fn pop(&mut self) -> Option<Popped> {
        if let Some(piece) = self.ready.pieces.pop_front() {
            if let Source::Session(session) = &mut self.source {
                session.consumed(piece.len());
            }
            if let Some(witness) = &mut self.witness {
                witness.saw(&piece);
            }
            return Some(Popped::Piece(piece));
        }
        match self.ready.end.take() {
            Some(Ok(end)) => {
                self.finished = true;
                self.end = Some(end);
                if let Some(witness) = &mut self.witness {
                    witness.came(self.ready.attestation.take());
                }
                Some(Popped::End)
            }
            Some(Err(error)) => {
                self.finished = true;
                Some(Popped::Failed(self.judged(error)))
            }
            None if self.finished => Some(Popped::End),
            None => None,
        }
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), AttemptError>> {
        let filled = match &mut self.source {
            Source::Session(session) => session.mailbox.poll_take(cx, &mut self.ready),
            Source::External(exchange) => exchange.poll_take(cx, &mut self.ready),
        };
        if filled.is_ready() {
            self.waiting = None;
            return Poll::Ready(Ok(()));
        }
        self.turn = Turn::default();
        let since = *self.waiting.get_or_insert_with(Instant::now);
        loop {
            let due = self.due(since);
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
            // With the head the bound on silence begins, which is earlier than the deadline set so far.
            if due < timer.deadline() {
                timer.as_mut().reset(due);
            }
            ready!(timer.as_mut().poll(cx));
            // The timer is not moved at each chunk: what came since it was set is seen only here.
            let due = self.due(since);
            if due > timer_deadline(&self.timer) {
                if let Some(timer) = &mut self.timer {
                    timer.as_mut().reset(due);
                }
                continue;
            }
            if due >= self.over_at() {
                return Poll::Ready(Err(self.out_of_time()));
            }
            self.stop(CancelReason::AttemptTimeout);
            return Poll::Ready(Err(AttemptError::Idle));
        }
    }

    fn out_of_time(&mut self) -> AttemptError {
        let error = self.judged(AttemptError::Deadline);
        self.stop(CancelReason::AttemptTimeout);
        error
    }

    fn due(&self, since: Instant) -> Instant {
        let over_at = self.over_at();
        if self.begun {
            over_at.min(since + self.bounds.idle)
        } else {
            over_at
        }
    }

    /// When the time is over, however much comes until then.
    fn over_at(&self) -> Instant {
        let bounds = &self.bounds;
        match bounds.content_by {
            Some(content_by) if !self.content_shown => content_by.min(bounds.deadline),
            _ => bounds.deadline,
        }
    }

    /// A provider whose answer flowed until the hub's own time was over has done nothing wrong.
    fn judged(&self, error: AttemptError) -> AttemptError {
        let is_over = Instant::now() >= self.bounds.deadline;
        match error {
            AttemptError::Deadline => {}
            _ if is_over => {}
            _ => return error,
        }
        if self.content_shown {
            AttemptError::TooLong
        } else {
            error
        }
    }

    async fn refusal(&mut self, head: &Head) -> AttemptError {
        let status = head.status;
        let mut body = BytesMut::new();
        while let Some(Ok(Piece::Raw(bytes) | Piece::Event(bytes))) = self.next().await {
            let room = MAX_ERROR_BODY.saturating_sub(body.len());
            body.extend_from_slice(bytes.get(..room).unwrap_or(&bytes));
            if room <= bytes.len() {
                break;
            }
        }
        let body = body.freeze();
        AttemptError::Provider {
            status,
            message: message_of(&body, status),
            body,
            retry_after: head.retry_after,
        }
    }

    fn stop(&mut self, reason: CancelReason) {
        if self.finished {
            return;
        }
        self.finished = true;
        match &mut self.source {
            Source::Session(session) => session.cancel(reason),
            Source::External(exchange) => exchange.abort(),
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.stop(CancelReason::ConsumerDisconnected);
    }
}

enum Popped {
    Piece(Piece),
    Failed(AttemptError),
    End,
}

fn timer_deadline(timer: &Option<Pin<Box<Sleep>>>) -> Instant {
    timer
        .as_ref()
        .map_or_else(Instant::now, |timer| timer.deadline())
}
