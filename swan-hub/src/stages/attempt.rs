//! Tries providers until one has begun to answer. The status and the first content are waited for here, before the
//! consumer has seen anything, so that a provider that fails, even inside a 200, costs the consumer nothing but time.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use swan_core::ModelId;
use swan_core::health::Ending;
use swan_core::openai::Rewrite;
use tokio::time::Instant;

use super::RequestError;
use super::Served;
use super::ask::{Answered, Try};
use super::failures::Failures;
use super::hedge::{self, Raced};
use super::models;
use super::parse::Asked;
use super::route::{FallbackReason, RouteError, Router};
use super::settle::Bill;
use super::unanswered::failed;
use super::wait;
use crate::hub::Shared;
use crate::providers::{AttemptError, Job, Slot};

/// Of the time that is left, what one attempt may take where others could follow it: two parts of three. A provider that hangs leaves
/// the rest to the next.
const SHARE: (u32, u32) = (2, 3);

/// A request on its way to somebody who answers.
#[derive(Debug)]
pub(crate) struct Attempts {
    pub(crate) hub: Arc<Shared>,
    pub(crate) request: Box<Asked>,
    pub(crate) bill: Box<Bill>,
    pub(crate) deadline: Instant,
}

/// What came of it. The bill of an answer has the slot of who gives it.
#[derive(Debug)]
pub(crate) struct Attempted {
    pub(crate) bill: Box<Bill>,
    pub(crate) result: Result<Won, RequestError>,
}

/// Attempts under way.
pub(crate) struct Attempting(Pin<Box<dyn Future<Output = Attempted> + Send>>);

impl Attempting {
    /// This, as it goes on.
    pub(super) fn of(attempts: impl Future<Output = Attempted> + Send + 'static) -> Self {
        Self(Box::pin(attempts))
    }
}

impl Future for Attempting {
    type Output = Attempted;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Attempted> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Attempting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attempting")
    }
}

/// Somebody who has begun to answer.
#[derive(Debug)]
pub(crate) struct Won {
    pub(crate) answer: Answered,
    pub(crate) served: Served,
}

impl Attempts {
    /// Tries until an answer has begun. What waits for that can be carried from the handler into the body of the answer.
    pub(crate) fn start(self) -> Attempting {
        Attempting::of(self.run())
    }

    async fn run(self) -> Attempted {
        let Self {
            hub,
            request,
            mut bill,
            deadline,
        } = self;
        hub.spare.deposit();
        let result = models::attempt(&hub, &request, &mut bill, deadline).await;
        let result = result.map(|(answer, fallback)| Won {
            answer,
            served: Served::of(&bill, request.pin, fallback),
        });
        Attempted { bill, result }
    }
}

/// Tries at one model until an answer has begun, and says why it is not by the provider that was asked for.
pub(super) async fn attempt(
    hub: &Shared,
    request: &Asked,
    model: &ModelId,
    bill: &mut Bill,
    deadline: Instant,
) -> Result<(Answered, Option<FallbackReason>), RequestError> {
    let mut walk = Walk {
        hub,
        request,
        router: Router::new(hub, model, request, bill.per_choice()),
        deadline,
        failures: Failures::default(),
        last: None,
        refusal: None,
        is_refused: false,
        rounds: 0,
    };
    let answer = walk.run(bill).await?;
    Ok((answer, walk.router.fallback))
}

/// Round after round, each with a provider that has not tried yet.
struct Walk<'a> {
    hub: &'a Shared,
    request: &'a Asked,
    router: Router<'a>,
    deadline: Instant,
    failures: Failures,
    /// How the round before ended.
    last: Option<AttemptError>,
    /// What the first model server said that called the request wrong; it stands unless another one serves.
    refusal: Option<(usize, AttemptError)>,
    /// Another one has said so, too.
    is_refused: bool,
    rounds: u32,
}

impl Walk<'_> {
    async fn run(&mut self, bill: &mut Bill) -> Result<Answered, RequestError> {
        loop {
            let slot = self.next(bill).await;
            bill.traced(self.router.take_trace());
            let Some(slot) = slot? else { break };
            self.rounds += 1;
            if let Some(answer) = self.round(slot, bill).await {
                return Ok(answer);
            }
            bill.round_failed();
            let decided = self.is_refused || self.last.as_ref().is_some_and(AttemptError::is_final);
            if decided || Instant::now() >= self.deadline {
                break;
            }
            self.router.failed();
        }
        let refusal = self.refusal.take().map(|(_, error)| error);
        let error = refusal.or(self.last.take());
        let error = error.unwrap_or(AttemptError::Deadline);
        let retry_after_secs = match error.ending() {
            Ending::Status { code: 429 | 503 } => self.router.rests_secs(),
            _ => None,
        };
        Err(failed(error, bill.attempts(), retry_after_secs, self.request).into())
    }

    /// Who is tried next: providers as often as limits and budget say, then an endpoint of the hub; `None` when nobody is left.
    async fn next(&mut self, bill: &Bill) -> Result<Option<Slot>, RouteError> {
        if self.rounds == 0 {
            return self.first(bill).await.map(Some);
        }
        let further = self.hub.limits.further_attempts;
        if !self.router.may_retry() || self.rounds > further.saturating_add(1) {
            return Ok(None);
        }
        // An endpoint is not what fails now, and asking it adds to nobody's trouble.
        let retries = &self.hub.spare.retries;
        // Consumers who send nonsense must not use up what an outage needs.
        let may_ask = || match self.refusal {
            Some(_) => retries.withdraw_spare(),
            None => retries.withdraw(),
        };
        if self.rounds > further || !may_ask() {
            self.rounds = further.saturating_add(1);
            return Ok(self.router.last_resort());
        }
        Ok(self.router.next().ok())
    }

    /// Who is tried first, waited for where everybody is full and no other model is left to ask for.
    async fn first(&mut self, bill: &Bill) -> Result<Slot, RouteError> {
        match (bill.model(), bill.waits_as()) {
            (Some(model), Some(account)) => {
                let line = (model, account);
                wait::place(self.hub, &mut self.router, line, self.deadline).await
            }
            _ => self.router.next(),
        }
    }

    /// Asks whoever `slot` stands for, and perhaps another one beside it.
    async fn round(&mut self, slot: Slot, bill: &mut Bill) -> Option<Answered> {
        let Self { hub, request, .. } = *self;
        let limit = hub.limits.reply_bytes;
        let job = self.job(&slot, bill);
        let mut first = bill.attempt(slot, false);
        let raced = match hedge::wait(hub, request, self.router.model()) {
            None => Raced {
                first: Some(first.run(request, job, limit).await),
                second: None,
            },
            Some((wait, times)) => {
                let second = || self.second(bill);
                // Most requests are never raced, and need not be as large as two.
                let race = hedge::race((&mut first, job), request, limit, wait, second);
                let raced = Box::pin(race).await;
                if let Some(times) = times {
                    hedge::observe(&times, wait, &first, &raced);
                }
                raced
            }
        };
        self.judge(first, raced, bill)
    }

    /// Another one to ask beside the first, as long as that stays the exception.
    fn second(&mut self, bill: &mut Bill) -> Option<(Try, Job)> {
        // Nobody gets two places where others wait for one.
        if !self.hub.registry.queue().is_empty() || !self.hub.spare.hedges.withdraw() {
            return None;
        }
        let slot = self.router.next().ok()?;
        let job = self.job(&slot, bill);
        Some((bill.attempt(slot, true), job))
    }

    /// Gives the answer of who serves, and to each other one what it has earned.
    fn judge(&mut self, first: Try, raced: Raced, bill: &mut Bill) -> Option<Answered> {
        let Raced {
            first: ended,
            second,
        } = raced;
        let (second, other) = match second {
            Some((second, ended)) => (Some(second), ended),
            None => (None, None),
        };
        let mut answer = None;
        for (tried, ended) in [(Some(first), ended), (second, other)] {
            match (tried, ended) {
                (Some(tried), Some(Ok(answered))) if answer.is_none() => {
                    bill.won(tried);
                    answer = Some(answered);
                }
                (Some(tried), Some(Err(error))) => self.lost(tried, error, bill),
                (Some(tried), _) => bill.outrun(tried),
                (None, _) => {}
            }
        }
        if answer.is_some() {
            self.failures.served();
            if let Some((index, _)) = &self.refusal {
                bill.recorder.refused_alone(*index);
            }
        }
        answer
    }

    fn lost(&mut self, tried: Try, error: AttemptError, bill: &mut Bill) {
        // Not the error's words: a model server may quote the prompt in them.
        let (ending, status) = (error.ending(), error.status());
        let (number, blame) = (tried.index, ending.verdict().blame);
        tracing::debug!(request = %bill.request(), number, ?blame, status, "an attempt failed");
        if let Some(rest) = error.retry_after() {
            tried.slot.rest(rest);
        }
        self.failures.add(ending, bill.lost(tried, ending));
        if error.is_refusal() {
            self.is_refused = self.refusal.is_some();
            self.refusal.get_or_insert((number, error));
            return;
        }
        // What one says who answers for everybody is what counts.
        if self.last.as_ref().is_none_or(AttemptError::is_retryable) {
            self.last = Some(error);
        }
    }

    fn job(&self, slot: &Slot, bill: &Bill) -> Job {
        let Self { hub, request, .. } = *self;
        let mut rewrite = Rewrite::new()
            .with_model(slot.upstream())
            .with_include_usage()
            .without_market_fields();
        if let Some(limit) = request.limit_to_send(bill.per_choice()) {
            rewrite = rewrite.with_max_tokens(limit);
        }
        let now = Instant::now();
        let share = now + self.share(self.deadline.saturating_duration_since(now));
        let streaming = request.is_stream();
        Job {
            request: bill.request(),
            attempt: bill.attempts(),
            operation: request.operation.clone(),
            streaming,
            content_type: request.content_type.clone(),
            body: rewrite.apply(&request.body, &request.head),
            // A stream that has begun has all the time there is.
            deadline: if streaming { self.deadline } else { share },
            content_by: streaming.then(|| share.min(now + hub.limits.first_token)),
            idle: hub.limits.idle,
            sign: bill.to_sign(slot),
            #[cfg(feature = "otel")]
            trace: bill.recorder.record.trace,
        }
    }

    /// What of the time that is `left` the next attempt may take.
    fn share(&self, left: Duration) -> Duration {
        let is_last = self.rounds > self.hub.limits.further_attempts;
        if is_last || !self.router.may_retry() || !self.router.has_others() {
            return left;
        }
        let (parts, of) = SHARE;
        left / of * parts
    }
}
