//! The requests of one connection: starting them, passing on what they yield, ending them.

use super::{
    BATCH, Conversation, Event, Failure, FutureExt, Instant, Job, Output, PIECES_AHEAD, Request,
    StreamError, StreamExt, StreamId, jobs, mpsc,
};
use crate::jobs::Places;
use futures::future::BoxFuture;
use std::{collections::VecDeque, sync::Arc};
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
    outputs: Option<mpsc::Receiver<Output>>,
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

/// The next piece of one request, and where those after it come from.
pub(super) type Next = BoxFuture<'static, (StreamId, Option<Output>, mpsc::Receiver<Output>)>;

fn next(stream: StreamId, mut outputs: mpsc::Receiver<Output>) -> Next {
    async move {
        let output = outputs.recv().await;
        (stream, output, outputs)
    }
    .boxed()
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
                self.ready.push(next(request.stream, outputs));
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

    fn prepare(&self, request: &Request) -> Result<(Job, mpsc::Receiver<Output>), Failure> {
        let slot = self.around.roster.borrow().place(&request.model);
        let slot = slot.map_err(|no| Failure::provider(no.status(), no.message()))?;
        let total = Arc::clone(&self.around.total).try_acquire_owned();
        let total = total.map_err(|_| {
            Failure::provider(429, "this provider serves as many requests as it can")
        })?;
        let call = jobs::call(request, slot.replica.local_model(), self.session.dialect());
        let call = call.map_err(|e| Failure::provider(e.status(), e.to_string()))?;
        let (sender, outputs) = mpsc::channel(PIECES_AHEAD);
        let job = Job {
            call,
            replica: Arc::clone(&slot.replica),
            places: Places::new(slot, total),
            deadline: jobs::deadline(request, self.around.limits),
            limits: self.around.limits,
            wants_tokens: request.streaming && self.session.dialect() == Dialect::V1,
            outputs: sender,
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
    pub(super) fn on_outputs(&mut self, first: <Next as Future>::Output) {
        self.on_output(first);
        for _ in 1..BATCH {
            self.fill();
            if !self.socket.has_room() {
                break;
            }
            match self.ready.next().now_or_never() {
                Some(Some(more)) => self.on_output(more),
                _ => break,
            }
        }
    }

    fn on_output(&mut self, next_output: <Next as Future>::Output) {
        let (stream, output, outputs) = next_output;
        let Some(running) = self.running.get_mut(&stream) else {
            return;
        };
        running.outputs = Some(outputs);
        // A job that ended without a last word has panicked in its backend.
        let lost = || Output::Fail(Failure::provider(502, "the backend failed"));
        running.held.push_back(output.unwrap_or_else(lost));
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
                Output::Finish(_) => Some((running.status, None)),
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
                Output::Finish(end) => self.session.finish(now, stream, end),
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
            self.ready.push(next(stream, outputs));
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
