//! The bytes of an answer that is passed on, within bounds of time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::transport::{Body, TransportError, TransportErrorKind};
use crate::watched::CENTURY;

struct Guarded {
    /// `None` after the end.
    body: Option<Body>,
    idle_timeout: Duration,
    silence: Pin<Box<Sleep>>,
    /// The silence counts from the first time that the consumer waits, whose own pauses say nothing about the server.
    waiting: bool,
    end: Pin<Box<Sleep>>,
}

/// The same body, which ends with an error when it is silent or goes on for too long.
pub(crate) fn guarded(body: Body, idle_timeout: Duration, stream_timeout: Duration) -> Body {
    let now = Instant::now();
    Body::new(Guarded {
        body: Some(body),
        idle_timeout: idle_timeout.min(CENTURY),
        silence: Box::pin(sleep_until(now)),
        waiting: false,
        end: Box::pin(sleep_until(now + stream_timeout.min(CENTURY))),
    })
}

impl Guarded {
    fn late(&mut self, cx: &mut Context<'_>) -> Option<&'static str> {
        if !self.waiting {
            self.waiting = true;
            let until = Instant::now() + self.idle_timeout;
            self.silence.as_mut().reset(until);
        }
        if self.silence.as_mut().poll(cx).is_ready() {
            return Some("no further piece of the answer in time");
        }
        let is_over = self.end.as_mut().poll(cx).is_ready();
        is_over.then_some("the answer did not end in time")
    }
}

impl Stream for Guarded {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        let item = match Pin::new(body).poll_next(cx) {
            Poll::Ready(item) => item,
            Poll::Pending => match this.late(cx) {
                None => return Poll::Pending,
                Some(reason) => {
                    let kind = TransportErrorKind::Interrupted;
                    Some(Err(TransportError::new(kind, reason)))
                }
            },
        };
        this.waiting = false;
        if !matches!(item, Some(Ok(_))) {
            this.body = None;
        }
        Poll::Ready(item)
    }
}
