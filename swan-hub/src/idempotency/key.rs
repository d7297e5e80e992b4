//! What makes two requests the same one: the owner, its key, and everything that the answer depends on.

use std::fmt;

use super::{IdempotencyError, Owner};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The header of the key.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header that says what a consumer who hangs up wants: `finish`, the default with a key, or `cancel`.
pub(crate) const HANG_UP: HeaderName = HeaderName::from_static("x-swan-hang-up");
/// The header of an answer that was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The longest key, in bytes.
const KEY_MAX: usize = 255;
/// The headers that steer a request.
const STEERING: [&str; 3] = [
    "x-swan-provider",
    "x-swan-allow-fallbacks",
    "x-swan-payment",
];

/// One key of one owner.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, ..] = self.0;
        write!(f, "Key({a:02x}{b:02x}…)")
    }
}

impl Key {
    /// The key of this name; other owners' keys of the same name are others.
    pub(crate) fn new(owner: Owner, name: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(owner.as_u128().to_be_bytes());
        hash.update(name);
        Self(hash.finalize().into())
    }

    pub(super) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(super) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The key in the headers, if there is one.
pub(crate) fn named(headers: &HeaderMap) -> Result<Option<&[u8]>, IdempotencyError> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let name = value.as_bytes();
    let is_visible = name.iter().all(|byte| (b'!'..=b'~').contains(byte));
    if values.next().is_some() || name.is_empty() || name.len() > KEY_MAX || !is_visible {
        return Err(IdempotencyError::Header {
            name: "Idempotency-Key",
            expected: "one value of 1 to 255 visible ASCII characters",
        });
    }
    Ok(Some(name))
}

/// Whether the headers of the key are as they must be, wherever there is nobody whose key it could be.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), IdempotencyError> {
    finishes(headers)?;
    named(headers).map(drop)
}

/// Whether the answer is to be finished though its consumer hangs up.
pub(crate) fn finishes(headers: &HeaderMap) -> Result<bool, IdempotencyError> {
    let mut values = headers.get_all(HANG_UP).iter();
    match (values.next().map(HeaderValue::as_bytes), values.next()) {
        (None, _) => Ok(true),
        (Some(word), None) if word.eq_ignore_ascii_case(b"finish") => Ok(true),
        (Some(word), None) if word.eq_ignore_ascii_case(b"cancel") => Ok(false),
        _ => Err(IdempotencyError::Header {
            name: "X-Swan-Hang-Up",
            expected: "finish or cancel",
        }),
    }
}

/// Everything that an answer depends on, in a form that says which part of two requests differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    operation: String,
    body: [u8; 32],
    /// The steering headers that are there: which one, and the beginning of the hash of its value.
    steering: Vec<(u8, [u8; 16])>,
}

impl Fingerprint {
    pub(crate) fn of(operation: &str, headers: &HeaderMap, body: &[u8]) -> Self {
        let steering = (0..).zip(STEERING).filter_map(|(number, name)| {
            let value = headers.get(name)?;
            let [hash, _] = halves(Sha256::digest(value.as_bytes()).into());
            Some((number, hash))
        });
        Self {
            operation: operation.to_owned(),
            body: body_hash(headers, body),
            steering: steering.collect(),
        }
    }

    /// What is not the same in `other`, in the words of the consumer.
    pub(super) fn differs(&self, other: &Self) -> Option<&'static str> {
        if self.operation != other.operation {
            return Some("the path");
        }
        if self.body != other.body {
            return Some("the body");
        }
        let of = |print: &Self, number: u8| {
            let found = print.steering.iter().find(|(found, _)| *found == number);
            found.map(|(_, hash)| *hash)
        };
        let differs = |number: &u8| of(self, *number) != of(other, *number);
        let which = (0..3).find(differs)?;
        STEERING.get(usize::from(which)).copied()
    }
}

fn halves(hash: [u8; 32]) -> [[u8; 16]; 2] {
    let whole = u128::from_be_bytes;
    let mut halves = [[0; 16]; 2];
    for (half, bytes) in halves.iter_mut().zip(hash.chunks_exact(16)) {
        let mut copy = [0; 16];
        copy.copy_from_slice(bytes);
        *half = whole(copy).to_be_bytes();
    }
    halves
}

/// SDKs draw a new boundary for each attempt at a multipart body, so boundaries do not count.
fn body_hash(headers: &HeaderMap, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    match content_type.and_then(boundary) {
        Some(boundary) => {
            let mut rest = body;
            while let Some(at) = memchr::memmem::find(rest, boundary.as_bytes()) {
                hash.update(rest.get(..at).unwrap_or_default());
                hash.update([0xff]);
                rest = rest.get(at + boundary.len()..).unwrap_or_default();
            }
            hash.update(rest);
        }
        None => hash.update(body),
    }
    hash.finalize().into()
}

fn boundary(content_type: &str) -> Option<&str> {
    let mut parts = content_type.split(';').map(str::trim);
    if !parts.next()?.to_ascii_lowercase().starts_with("multipart/") {
        return None;
    }
    let named = |part: &&str| {
        part.get(..9)
            .is_some_and(|name| name.eq_ignore_ascii_case("boundary="))
    };
    let boundary = parts.find(named)?.get(9..)?.trim_matches('"');
    // A short one might stand anywhere in the content.
    (boundary.len() >= 8).then_some(boundary)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{Fingerprint, body_hash, named};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn what_differs_is_named() {
        let base = [("x-swan-provider", "a"), ("user-agent", "one")];
        let print = |operation, pairs: &[(&'static str, &str)], body: &[u8]| {
            Fingerprint::of(operation, &headers(pairs), body)
        };
        let first = print("embeddings", &base, b"{}");
        for (other, differs) in [
            (print("embeddings", &base, b"{}"), None),
            (print("completions", &base, b"{}"), Some("the path")),
            (print("embeddings", &base, b"{ }"), Some("the body")),
            (
                print("embeddings", &[("x-swan-provider", "b")], b"{}"),
                Some("x-swan-provider"),
            ),
            (print("embeddings", &[], b"{}"), Some("x-swan-provider")),
            (
                print("embeddings", &[base[0], ("x-swan-payment", "SWAN")], b"{}"),
                Some("x-swan-payment"),
            ),
            (
                print("embeddings", &[base[0], ("user-agent", "two")], b"{}"),
                None,
            ),
        ] {
            assert_eq!(first.differs(&other), differs);
        }
    }

    #[test]
    fn a_boundary_is_no_content() {
        let body = |boundary: &str, file: &str| {
            let body = format!("--{boundary}\r\n\r\n{file}\r\n--{boundary}--\r\n");
            let kind = format!("multipart/form-data; boundary={boundary}");
            body_hash(&headers(&[("content-type", &kind)]), body.as_bytes())
        };
        let first = body("aaaaaaaaaaaa", "sound");
        assert_eq!(first, body("bbbbbbbbbbbbbbb", "sound"));
        assert_ne!(first, body("bbbbbbbbbbbbbbb", "other sound"));
    }

    #[test]
    fn keys_are_visible_ascii() {
        let longest = "k".repeat(255);
        let too_long = "k".repeat(256);
        for (key, is_good) in [
            ("a", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("", false),
            ("two words", false),
        ] {
            let headers = headers(&[("idempotency-key", key)]);
            assert_eq!(named(&headers).is_ok(), is_good, "{key}");
        }
        let mut twice = headers(&[("idempotency-key", "a")]);
        twice.append("Idempotency-Key", "b".parse().unwrap());
        assert!(named(&twice).is_err());
        assert_eq!(named(&HeaderMap::new()).unwrap(), None);
    }
}
