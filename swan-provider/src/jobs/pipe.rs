//! What lies between a job and its connection: pieces of one answer, bounded in bytes.
//!
//! The connection takes all that is there at once, so that pieces that are ready together leave in one frame. A full
//! pipe holds the job back, and the job the model server.

use super::{Output, Unwanted};
use std::{
    collections::VecDeque,
    future::poll_fn,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// How much may wait: enough to keep both ends busy, little enough to hold the model server back.
const ROOM: usize = 128 * 1024;
/// What a piece costs at least, since its memory is more than its bytes.
const PIECE_MIN: usize = 2 * 1024;

/// A pipe for one answer.
pub(crate) fn pipe() -> (Inlet, Outlet) {
    let shared = Arc::new(Mutex::default());
    (Inlet(Arc::clone(&shared)), Outlet(shared))
}

/// The job's end.
#[derive(Debug)]
pub(crate) struct Inlet(Arc<Mutex<State>>);

/// The connection's end.
#[derive(Debug)]
pub(crate) struct Outlet(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    outputs: VecDeque<Output>,
    cost: usize,
    /// One of the two ends is gone.
    closed: bool,
    /// Whom to wake: the connection when something comes, the job when there is room again.
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Inlet {
    /// Puts `output` in, once there is room.
    pub(super) async fn send(&self, output: Output) -> Result<(), Unwanted> {
        let mut output = Some(output);
        poll_fn(|cx| self.poll_send(cx, &mut output)).await
    }

    fn poll_send(
        &self,
        cx: &Context<'_>,
        output: &mut Option<Output>,
    ) -> Poll<Result<(), Unwanted>> {
        let mut state = locked(&self.0);
        if state.closed {
            return Poll::Ready(Err(Unwanted));
        }
        if state.cost >= ROOM {
            remember(&mut state.writer, cx);
            return Poll::Pending;
        }
        if let Some(output) = output.take() {
            state.cost += output.cost();
            state.outputs.push_back(output);
        }
        let reader = state.reader.take();
        drop(state);
        wake(reader);
        Poll::Ready(Ok(()))
    }
}

impl Outlet {
    /// Everything that is there; empty when the job has ended and nothing follows.
    pub(crate) fn poll_take(&self, cx: &Context<'_>) -> Poll<VecDeque<Output>> {
        let mut state = locked(&self.0);
        if state.outputs.is_empty() && !state.closed {
            remember(&mut state.reader, cx);
            return Poll::Pending;
        }
        state.cost = 0;
        let outputs = mem::take(&mut state.outputs);
        let writer = state.writer.take();
        drop(state);
        wake(writer);
        Poll::Ready(outputs)
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        close(&self.0);
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        close(&self.0);
    }
}

impl Output {
    fn cost(&self) -> usize {
        match self {
            Self::Body(bytes) => bytes.len().max(PIECE_MIN),
            Self::Head { .. } | Self::Finish(..) | Self::Fail(_) => PIECE_MIN,
        }
    }
}

fn close(shared: &Mutex<State>) {
    let mut state = locked(shared);
    state.closed = true;
    let (reader, writer) = (state.reader.take(), state.writer.take());
    drop(state);
    wake(reader);
    wake(writer);
}

fn locked(shared: &Mutex<State>) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remember(place: &mut Option<Waker>, cx: &Context<'_>) {
    match place {
        Some(waker) => waker.clone_from(cx.waker()),
        none => *none = Some(cx.waker().clone()),
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use futures::FutureExt;
    use swan_core::protocol::StreamEnd;

    fn piece(bytes: usize) -> Output {
        Output::Body(Bytes::from(vec![7; bytes]))
    }

    async fn take(outlet: &Outlet) -> usize {
        poll_fn(|cx| outlet.poll_take(cx)).await.len()
    }

    #[tokio::test]
    async fn what_waits_is_taken_at_once() {
        let (inlet, outlet) = pipe();
        for bytes in [100, 200, 300] {
            assert!(inlet.send(piece(bytes)).await.is_ok());
        }
        assert_eq!(take(&outlet).await, 3);
        assert!(take(&outlet).now_or_never().is_none());
    }

    #[tokio::test]
    async fn a_full_pipe_holds_the_job_back_until_it_is_emptied() {
        for (bytes, fit) in [(1, 64), (64 * 1024, 2), (ROOM, 1)] {
            let (inlet, outlet) = pipe();
            let mut sent = 0;
            while inlet.send(piece(bytes)).now_or_never().is_some() {
                sent += 1;
            }
            assert_eq!(sent, fit, "pieces of {bytes} bytes");
            let job = tokio::spawn(async move { inlet.send(piece(1)).await.is_ok() });
            tokio::task::yield_now().await;
            assert_eq!(take(&outlet).await, fit);
            assert!(job.await.unwrap());
        }
    }

    #[tokio::test]
    async fn each_end_hears_when_the_other_is_gone() {
        let (inlet, outlet) = pipe();
        assert!(
            inlet
                .send(Output::Finish(StreamEnd::default(), None))
                .await
                .is_ok()
        );
        drop(inlet);
        // What was sent before is not lost.
        assert_eq!(take(&outlet).await, 1);
        assert_eq!(take(&outlet).await, 0);
        let (inlet, outlet) = pipe();
        while inlet.send(piece(ROOM)).now_or_never().is_some() {}
        let job = tokio::spawn(async move { inlet.send(piece(1)).await.is_err() });
        tokio::task::yield_now().await;
        drop(outlet);
        assert!(job.await.unwrap());
    }
}
