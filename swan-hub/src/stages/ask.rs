//! One provider being asked, up to its first content, or to the whole answer where it is no stream.

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use sha2::{Digest as _, Sha256};
use swan_core::health::Ending;
use swan_core::protocol::Piece;
use swan_core::{ProviderId, RequestEvent};
use tokio::time::Instant;

use super::parse::Asked;
use super::settle::Bill;
use super::start::{Start, StartError};
use super::tally::Tally;
use super::whole::Whole;
use crate::providers::{AttemptError, ConnectionMode, Head, Job, Outcome, Reply, Slot, Witnessed};

/// What a provider has answered so far.
#[derive(Debug)]
pub(crate) enum Answered {
    /// The whole body, which is JSON.
    Whole(Whole),
    /// The beginning of a stream, up to its first content.
    Stream(Box<Begun>),
}

/// A stream that has shown its first content.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) reply: Reply,
    pub(crate) start: Start,
    /// When the whole answer must be over.
    pub(crate) deadline: Instant,
}

/// A place at a provider, and what has come of the request that was sent there. Dropped, it says nothing about the provider.
#[derive(Debug)]
pub(super) struct Try {
    pub(super) slot: Slot,
    /// Its place among the attempts on record.
    pub(super) index: usize,
    pub(super) dispatched: Instant,
    /// When the head of the answer came, and its status.
    pub(super) head: Option<(Instant, u16)>,
    /// SHA-256 of what it was sent, where it was asked to sign.
    sent: Option<[u8; 32]>,
    /// What it has signed of a whole answer.
    witnessed: Option<Witnessed>,
}

impl Try {
    pub(super) const fn new(slot: Slot, index: usize, now: Instant) -> Self {
        Self {
            slot,
            index,
            dispatched: now,
            head: None,
            sent: None,
            witnessed: None,
        }
    }

    /// Sends `job`, which answers `request`, and waits; a whole answer has `limit` bytes at most. Dropping the future cancels.
    pub(super) async fn run(
        &mut self,
        request: &Asked,
        job: Job,
        limit: usize,
    ) -> Result<Answered, AttemptError> {
        self.sent = job.sign.as_ref().map(|_| {
            let hash = job.body.iter().fold(Sha256::new(), Sha256::chain_update);
            hash.finalize().into()
        });
        let answered = if request.is_stream() {
            self.stream(request, job).await
        } else {
            self.whole(request, job, limit).await
        };
        answered.map_err(|error| self.slot.discreet(error))
    }

    async fn head(&mut self, reply: &mut Reply) -> Result<Head, AttemptError> {
        let head = reply.head().await?;
        self.head = Some((Instant::now(), head.status));
        Ok(head)
    }

    async fn whole(
        &mut self,
        request: &Asked,
        job: Job,
        limit: usize,
    ) -> Result<Answered, AttemptError> {
        let mut reply = self.slot.dispatch(job)?;
        self.head(&mut reply).await?;
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        while let Some(piece) = reply.next().await {
            let (Piece::Raw(bytes) | Piece::Event(bytes)) = piece?;
            if first.len() + rest.len() + bytes.len() > limit {
                return Err(bad_gateway(format!(
                    "its answer is larger than {limit} bytes"
                )));
            }
            if first.is_empty() && rest.is_empty() {
                first = bytes;
                continue;
            }
            if rest.is_empty() {
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&bytes);
        }
        self.witnessed = reply.take_witnessed();
        let body = if rest.is_empty() {
            first
        } else {
            rest.freeze()
        };
        let whole = Whole::read(&request.head.asks, body).map_err(bad_gateway)?;
        Ok(Answered::Whole(whole))
    }

    async fn stream(&mut self, request: &Asked, job: Job) -> Result<Answered, AttemptError> {
        let deadline = job.deadline;
        let mut reply = self.slot.dispatch(job)?;
        let head = self.head(&mut reply).await?;
        let sse = head.content_type.as_ref().is_none_or(|value| {
            value
                .as_bytes()
                .get(..17)
                .is_some_and(|start| start.eq_ignore_ascii_case(b"text/event-stream"))
        });
        if !sse {
            return Err(bad_gateway(
                "it answered a stream with something that is no event stream".into(),
            ));
        }
        let mut start = Start::new(Tally::new(&request.operation, request.head.include_usage));
        loop {
            match start.advance() {
                Ok(true) => break,
                Ok(false) => {}
                Err(StartError(reason)) => return Err(bad_gateway(reason)),
            }
            match reply.next().await {
                Some(piece) => start.push(piece?),
                None => {
                    if let Err(StartError(reason)) = start.end() {
                        return Err(bad_gateway(reason));
                    }
                    break;
                }
            }
        }
        reply.content_shown();
        Ok(Answered::Stream(Box::new(Begun {
            reply,
            start,
            deadline,
        })))
    }
}

/// A failure that the hub found in the provider's answer.
fn bad_gateway(message: String) -> AttemptError {
    AttemptError::Provider {
        status: StatusCode::BAD_GATEWAY.as_u16(),
        message,
        body: Bytes::new(),
        retry_after: None,
    }
}

/// What the bill of a request has to do with its attempts.
impl Bill {
    /// The request goes to whoever `slot` stands for; as a `hedge`, beside somebody who has it already.
    pub(super) fn attempt(&mut self, slot: Slot, hedge: bool) -> Try {
        if !hedge {
            self.step(RequestEvent::Dispatch);
        }
        self.recorder.record.provider = paid(&slot);
        let now = Instant::now();
        let index = self.recorder.attempt(&slot, hedge, now);
        Try::new(slot, index, now)
    }

    /// Whoever was tried has shown content: its answer is the one that the consumer gets.
    pub(super) fn won(&mut self, tried: Try) {
        self.payee = paid(&tried.slot);
        self.at = Some(tried.slot.provider());
        self.recorder.record.provider = self.payee;
        self.recorder.chosen(tried.index, tried.head);
        self.dispatched = tried.dispatched;
        self.asked_to_sign(tried.sent);
        self.attest(tried.witnessed);
        self.slot = Some(tried.slot);
    }

    /// Whoever was tried has failed; gives back its place.
    pub(super) fn lost(&mut self, tried: Try, ending: Ending) -> Slot {
        self.recorder.ended(tried.index, tried.head, ending);
        tried.slot
    }

    /// Somebody else was faster than whoever was tried, which says nothing about it.
    pub(super) fn outrun(&mut self, tried: Try) {
        let slot = self.lost(tried, Ending::Outrun);
        slot.finish(Outcome::Failed(Ending::Outrun));
    }

    /// Nobody of those who were tried last serves.
    pub(super) fn round_failed(&mut self) {
        self.step(RequestEvent::AttemptFailed);
    }
}

/// Who is paid for what is done at `slot`: nobody but the hub itself for its own endpoints.
fn paid(slot: &Slot) -> Option<ProviderId> {
    (slot.mode() == ConnectionMode::Websocket).then(|| slot.provider())
}
