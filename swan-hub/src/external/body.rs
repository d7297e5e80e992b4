//! A request body that is already here, in segments: sent as it is, never joined.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// The segments that are still to be sent.
#[derive(Debug)]
pub(crate) struct Segments(VecDeque<Bytes>);

impl Segments {
    /// A body of these segments, without the empty ones.
    pub(crate) fn new(segments: Vec<Bytes>) -> Self {
        let mut segments = VecDeque::from(segments);
        segments.retain(|segment| !segment.is_empty());
        Self(segments)
    }

    /// No body at all.
    pub(crate) const fn none() -> Self {
        Self(VecDeque::new())
    }
}

impl Body for Segments {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|segment| Ok(Frame::data(segment))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|segment| segment.len() as u64).sum())
    }
}
