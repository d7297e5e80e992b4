//! Bodies that are sent as they lie in memory, to consumers as to external endpoints.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// A body of known length in segments, none of which is copied.
#[derive(Debug)]
pub(crate) struct Segments {
    left: VecDeque<Bytes>,
    bytes: u64,
}

impl Segments {
    /// A body of these segments.
    pub(crate) fn new(segments: Vec<Bytes>) -> Self {
        let left: VecDeque<Bytes> = segments
            .into_iter()
            .filter(|segment| !segment.is_empty())
            .collect();
        let bytes = left.iter().map(|segment| segment.len() as u64).sum();
        Self { left, bytes }
    }
}

impl Body for Segments {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let segment = self.left.pop_front();
        self.bytes -= segment.as_ref().map_or(0, |segment| segment.len() as u64);
        Poll::Ready(segment.map(|segment| Ok(Frame::data(segment))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes)
    }
}
