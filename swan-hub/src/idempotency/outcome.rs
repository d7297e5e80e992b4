//! What was answered.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<Bytes>,
}

/// Its form in a store.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<Bytes>,
}

impl Outcome {
    /// An answer without the headers that speak of the moment.
    pub(crate) fn new(status: StatusCode, headers: &HeaderMap, body: Vec<Bytes>) -> Self {
        let lasting = |name: &HeaderName| {
            !name.as_str().starts_with("x-ratelimit-") && name != http::header::RETRY_AFTER
        };
        let headers = headers.iter().filter(|(name, _)| lasting(name));
        Self {
            status,
            headers: headers
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            body,
        }
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let head = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
        let heads: usize = self.headers.iter().map(head).sum();
        heads + self.body.iter().map(Bytes::len).sum::<usize>()
    }

    pub(super) fn kept(&self) -> Kept {
        let headers = self.headers.iter();
        Kept {
            status: self.status.as_u16(),
            headers: headers
                .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
                .collect(),
            body: self.body.clone(),
        }
    }

    /// `None` when the store has something else than what was written.
    pub(super) fn of(kept: Kept) -> Option<Self> {
        let headers = kept.headers.into_iter().map(|(name, value)| {
            let name = HeaderName::try_from(name).ok()?;
            Some((name, HeaderValue::try_from(value).ok()?))
        });
        Some(Self {
            status: StatusCode::from_u16(kept.status).ok()?,
            headers: headers.collect::<Option<_>>()?,
            body: kept.body,
        })
    }
}
