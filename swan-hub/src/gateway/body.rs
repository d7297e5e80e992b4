//! Bodies that are sent as they lie in memory.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::EXPECT;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::timeout;

/// How much of a body that nobody wants is still taken, and for how long.
const LINGER_BYTES: usize = 64 << 20;
const LINGER: Duration = Duration::from_secs(5);

/// A body of known length in segments, none of which is copied.
#[derive(Debug)]
pub(crate) struct Segments {
    left: VecDeque<Bytes>,
    bytes: u64,
}

impl Segments {
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

/// Takes in and forgets what is still to come of a request that has its answer already.
///
/// A connection that is closed with bytes unread is reset, and the consumer who is still sending sees a broken connection,
/// which SDKs try again, in place of its answer, which they would not.
pub(super) fn linger(headers: &HeaderMap, mut body: axum::body::Body) {
    // Who waits for leave to send the body does not send it.
    if body.is_end_stream() || headers.contains_key(EXPECT) {
        return;
    }
    let rest = async move {
        let mut left = LINGER_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            let Some(less) = left.checked_sub(bytes) else {
                break;
            };
            left = less;
        }
    };
    tokio::spawn(timeout(LINGER, rest));
}
