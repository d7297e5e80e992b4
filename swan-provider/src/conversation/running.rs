//! The requests of one connection: starting them, passing on what they yield, ending them.

use super::{
    BATCH, Conversation, Event, Failure, FutureExt, Instant, Job, Output, Request, StreamError,
    StreamExt, StreamId, jobs,
};
use crate::jobs::{Outlet, Places};
use crate::signing::Witness;
use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use swan_core::{Clock, protocol::Dialect};
use tokio::task::AbortHandle;

/// A request under way.
#[derive(Debug)]
pub(super) struct Running {
    request_id: String,
    model: String,
    started: Instant,
    /// What the model server said, or will have said.
    status: u16,
    job: AbortHandle,
    places: Places,
    /// Here while the answer may not go on; otherwise in the set of those that are waited for.
    outputs: Option<Outlet>,
    /// What the session did not take for want of room.
    held: VecDeque<Output>,
}

impl Drop for Running {
    /// Ending the task drops the model server's connection, which is what makes it stop.
    fn drop(&mut self) {
        self.job.abort();
        self.places.free();
    }
}

/// What comes next of one request.
#[derive(Debug)]
pub(super) struct Next {
    stream: StreamId,
    outputs: Option<Outlet>,
}

/// All that has come of one request since the last time, and where what follows comes from.
#[derive(Debug)]
pub(super) struct Arrived {
    stream: StreamId,
    outputs: VecDeque<Output>,
    more: Option<Outlet>,
}

impl Next {
    const fn of(stream: StreamId, outputs: Outlet) -> Self {
        Self {
            stream,
            outputs: Some(outputs),
        }
    }
}

impl Future for Next {
    type Output = Arrived;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Arrived> {
        let outputs = match &self.outputs {
            Some(outlet) => ready!(outlet.poll_take(cx)),
            None => VecDeque::new(),
        };
        Poll::Ready(Arrived {
            stream: self.stream,
            outputs,
            more: self.outputs.take(),
        })
    }
}

impl Conversation {
    pub(super) fn on_request(&mut self, request: &Request) {
        self.emit(&Event::RequestStarted {
            request_id: request.request_id.clone(),
            model: request.model.clone(),
        });
        self.served += 1;
        let started = Instant::now();
        match self.prepare(request) {
            Ok((job, outputs)) => {
                let places = job.places.clone();
                let job = tokio::spawn(job.run()).abort_handle();
                let running = Running {
                    request_id: request.request_id.clone(),
                    model: request.model.clone(),
                    started,
                    status: 200,
                    job,
                    places,
                    outputs: None,
                    held: VecDeque::new(),
                };
                self.running.insert(request.stream, running);
                self.ready.push(Next::of(request.stream, outputs));
            }
            Err(failure) => {
                self.emit(&Event::RequestEnded {
                    request_id: request.request_id.clone(),
                    model: request.model.clone(),
                    status: failure.status,
                    took: started.elapsed(),
                    error: Some(failure.message.clone()),
                });
                // Closed means that the hub has taken it back already.
                let _ = self.session.fail(self.clock.now(), request.stream, failure);
            }
        }
    }

    fn prepare(&self, request: &Request) -> Result<(Job, Outlet), Failure> {
        let slot = self.around.roster.borrow().place(&request.model);
        let slot = slot.map_err(|no| Failure::provider(no.status(), no.message()))?;
        let total = Arc::clone(&self.around.total).try_acquire_owned();
        let total = total.map_err(|_| {
            Failure::provider(429, "this provider serves as many requests as it can")
        })?;
        let call = jobs::call(request, slot.replica.local_model(), self.session.dialect());
        let call = call.map_err(|e| Failure::provider(e.status(), e.to_string()))?;
        let (inlet, outputs) = jobs::pipe();
        let job = Job {
            call,
            replica: Arc::clone(&slot.replica),
            places: Places::new(slot, total),
            deadline: jobs::deadline(request, self.around.limits),
            limits: self.around.limits,
            wants_tokens: request.streaming && self.session.dialect() == Dialect::V1,
            witness: Witness::of(request, self.around.introduction.signing.as_ref()),
            outputs: inlet,
            nudge: self.around.nudge.clone(),
        };
        Ok((job, outputs))
    }

    pub(super) fn on_cancelled(&mut self, stream: StreamId) {
        if let Some(running) = self.running.remove(&stream) {
            self.ended(&running, 499, Some("the hub took it back".to_owned()));
        }
    }

    /// Takes what has come from the jobs, as much as is there, so that it leaves in one write.
    pub(super) fn on_arrived(&mut self, first: Arrived) {
        self.take_in(first);
        for _ in 1..BATCH {
            match self.ready.next().now_or_never() {
                Some(Some(more)) => self.take_in(more),
                _ => break,
            }
        }
    }

    /// Takes what has come meanwhile.
    pub(super) fn take_ready(&mut self) {
        if let Some(Some(arrived)) = self.ready.next().now_or_never() {
            self.on_arrived(arrived);
        }
    }

    fn take_in(&mut self, arrived: Arrived) {
        let Arrived {
            stream,
            mut outputs,
            more,
        } = arrived;
        let Some(running) = self.running.get_mut(&stream) else {
            return;
        };
        if outputs.is_empty() {
            // A job that ended without a last word has panicked in its backend.
            outputs.push_back(Output::Fail(Failure::provider(502, "the backend failed")));
        }
        running.outputs = more;
        running.held.append(&mut outputs);
        if !self.advance(stream) {
            self.parked.push(stream);
        }
    }

    /// Looks at the answers that had to wait; says whether one of them moved.
    pub(super) fn unpark(&mut self) -> bool {
        if self.parked.is_empty() {
            return false;
        }
        let before = self.parked.len();
        for stream in std::mem::take(&mut self.parked) {
            if !self.advance(stream) {
                self.parked.push(stream);
            }
        }
        self.parked.len() < before
    }

    /// Gives the session what it takes of one answer; `false` when the answer has to wait for the hub.
    fn advance(&mut self, stream: StreamId) -> bool {
        let Some(running) = self.running.get_mut(&stream) else {
            return true;
        };
        while let Some(output) = running.held.pop_front() {
            let now = self.clock.now();
            let last = match &output {
                Output::Finish(..) => Some((running.status, None)),
                Output::Fail(failure) => Some((failure.status, Some(failure.message.clone()))),
                _ => None,
            };
            let taken = match output {
                Output::Head {
                    status,
                    content_type,
                    retry_after,
                } => {
                    let kind = content_type.as_deref();
                    self.session
                        .head_with_retry(stream, status, kind, retry_after)
                }
                Output::Body(bytes) => {
                    let kept = bytes.clone();
                    let taken = self.session.body(stream, bytes);
                    if taken == Err(StreamError::Full) {
                        running.held.push_front(Output::Body(kept));
                        return false;
                    }
                    taken
                }
                Output::Finish(end, None) => self.session.finish(now, stream, end),
                Output::Finish(end, Some(signed)) => {
                    self.session.finish_signed(now, stream, end, &signed)
                }
                Output::Fail(failure) => self.session.fail(now, stream, failure),
            };
            let over = last.or_else(|| taken.err().map(|e| (502, Some(e.to_string()))));
            if let Some((status, error)) = over {
                if let Some(running) = self.running.remove(&stream) {
                    self.ended(&running, status, error);
                }
                return true;
            }
        }
        if self.session.credit(stream) == 0 {
            return false;
        }
        if let Some(outputs) = running.outputs.take() {
            self.ready.push(Next::of(stream, outputs));
        }
        true
    }

    fn ended(&self, running: &Running, status: u16, error: Option<String>) {
        self.emit(&Event::RequestEnded {
            request_id: running.request_id.clone(),
            model: running.model.clone(),
            status,
            took: running.started.elapsed(),
            error,
        });
    }
}
