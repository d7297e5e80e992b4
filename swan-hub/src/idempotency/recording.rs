//! The body of a streamed answer with a key: everything that goes out is kept, and the end of it is waited for though the
//! consumer has gone.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Error;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame};

use super::{Claim, Outcome};

/// A body that is recorded.
#[derive(Debug)]
pub(crate) struct Recording<B: Body<Data = Bytes, Error = Error> + Unpin + Send + 'static> {
    parts: Option<Parts<B>>,
}

/// Declared in the order in which they must go: the charge of what was delivered comes before the word on the key.
#[derive(Debug)]
struct Parts<B> {
    body: B,
    claim: Claim,
    head: Outcome,
}

impl<B: Body<Data = Bytes, Error = Error> + Unpin + Send + 'static> Recording<B> {
    /// The body of an answer with this head.
    pub(crate) const fn new(body: B, claim: Claim, head: Outcome) -> Self {
        Self {
            parts: Some(Parts { body, claim, head }),
        }
    }
}

impl<B: Body<Data = Bytes, Error = Error> + Unpin + Send + 'static> Parts<B> {
    /// Takes the rest of the answer, at the pace at which it comes; the hub's bounds on time and length hold as ever.
    async fn drain(mut self) {
        while let Some(frame) = self.body.frame().await {
            match frame.map(Frame::into_data) {
                Ok(Ok(data)) => self.claim.record(&data),
                Ok(Err(_)) => {}
                Err(_) => return,
            }
        }
        self.finish();
    }

    fn finish(self) {
        // The bill goes first: what it charges last must be known.
        drop(self.body);
        self.claim.finish(self.head, false);
    }
}

impl<B: Body<Data = Bytes, Error = Error> + Unpin + Send + 'static> Body for Recording<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(parts) = &mut self.parts else {
            return Poll::Ready(None);
        };
        let polled = std::task::ready!(Pin::new(&mut parts.body).poll_frame(cx));
        match &polled {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    parts.claim.record(data);
                }
            }
            Some(Err(_)) => self.parts = None,
            None => {}
        }
        // Known before the consumer has the last byte, so that a repeat right after it finds the outcome.
        let is_over = |parts: &mut Parts<B>| parts.body.is_end_stream();
        let is_over = polled.is_none() || self.parts.as_mut().is_some_and(is_over);
        if let Some(parts) = self.parts.take_if(|_| is_over) {
            parts.finish();
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.parts
            .as_ref()
            .is_none_or(|parts| parts.body.is_end_stream())
    }
}

impl<B: Body<Data = Bytes, Error = Error> + Unpin + Send + 'static> Drop for Recording<B> {
    fn drop(&mut self) {
        let Some(parts) = self.parts.take() else {
            return;
        };
        // Without a runtime the process ends, and with it everything.
        if parts.claim.finishes
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(parts.drain());
        }
    }
}
