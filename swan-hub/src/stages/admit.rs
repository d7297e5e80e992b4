//! Whether the hub takes the request on. A place in it ([`super::gate`]) comes before the body is read, so that the bound on
//! requests is also a bound on the memory of their bodies.

use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use tokio::time::timeout;

use super::parse::BodyKind;
use crate::config::Limits;

/// Why the hub does not take a request on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum AdmitError {
    #[error("this hub is about to stop and takes no new requests")]
    Draining,
    #[error("this hub already serves {limit} requests, which is its limit")]
    Overloaded { limit: usize },
    #[error("the request body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("content type {found:?} is not supported: expected \"Content-Type: {expected}\"")]
    MediaType {
        found: String,
        expected: &'static str,
    },
    #[error("content encoding {found:?} is not supported: send the body as it is")]
    Encoding { found: String },
    #[error("the request body did not arrive within {} seconds", .limit.as_secs())]
    SlowBody { limit: Duration },
    #[error("the request body broke off: {0}")]
    BrokenBody(String),
}

/// Reads a body within the bounds on its size and time.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: &mut Body,
    kind: BodyKind,
    limits: &Limits,
) -> Result<Bytes, AdmitError> {
    check_media_type(headers, kind)?;
    let limit = kind.limit(limits);
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok());
    if announced.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit))
    {
        return Err(AdmitError::TooLarge { limit });
    }
    let slow = AdmitError::SlowBody {
        limit: limits.body_deadline,
    };
    let read = within(limits.body_deadline, collect(body, limit)).await;
    read.unwrap_or(Err(slow))
}

/// What `reading` gives, unless it takes longer than `limit`.
///
/// The timer is set only when nothing is there at a second look: a connection reads a body when it is first asked for, and
/// nearly always has it then.
async fn within<T>(limit: Duration, reading: impl Future<Output = T>) -> Option<T> {
    tokio::pin!(reading);
    let mut asked = false;
    let soon = poll_fn(|cx| match reading.as_mut().poll(cx) {
        Poll::Ready(read) => Poll::Ready(Some(read)),
        Poll::Pending if asked => Poll::Ready(None),
        Poll::Pending => {
            asked = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    });
    match soon.await {
        Some(read) => Some(read),
        None => timeout(limit, reading).await.ok(),
    }
}

async fn collect(body: &mut Body, limit: usize) -> Result<Bytes, AdmitError> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| AdmitError::BrokenBody(error.to_string()))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if first.len() + rest.len() + data.len() > limit {
            return Err(AdmitError::TooLarge { limit });
        }
        // Most bodies come in one piece, are never copied, and say that nothing follows.
        if first.is_empty() && rest.is_empty() {
            first = data;
            if body.is_end_stream() {
                break;
            }
            continue;
        }
        if rest.is_empty() {
            rest.reserve(first.len() + data.len());
            rest.extend_from_slice(&std::mem::take(&mut first));
        }
        rest.extend_from_slice(&data);
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}

fn check_media_type(headers: &HeaderMap, kind: BodyKind) -> Result<(), AdmitError> {
    let shown = |value: &HeaderValue| {
        String::from_utf8_lossy(value.as_bytes())
            .chars()
            .take(100)
            .collect::<String>()
    };
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    if let Some(encoding) =
        encodings.find(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        return Err(AdmitError::Encoding {
            found: shown(encoding),
        });
    }
    // Of several each must be right, since a model server may read another one than the hub.
    let is_other = |value: &&HeaderValue| {
        let text = String::from_utf8_lossy(value.as_bytes());
        !kind.accepts(text.split(';').next().unwrap_or_default().trim())
    };
    match headers.get_all(CONTENT_TYPE).iter().find(is_other) {
        None => Ok(()),
        Some(value) => Err(AdmitError::MediaType {
            found: shown(value),
            expected: kind.media_type(),
        }),
    }
}
