//! Bodies of requests that are answered before they have come.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::EXPECT;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use tokio::time::timeout;

/// How much of a body that nobody wants is still taken, and for how long.
const LINGER_BYTES: usize = 64 << 20;
const LINGER: Duration = Duration::from_secs(5);

/// Takes in and forgets what is still to come of a request that has its answer already.
///
/// A connection that is closed with bytes unread is reset, and the consumer who is still sending sees a broken connection,
/// which SDKs try again, in place of its answer, which they would not.
pub(crate) fn linger(headers: &HeaderMap, mut body: axum::body::Body) {
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
