//! Asks one source. Its answer is hostile until it is parsed: one deadline over all of it, a bound on its length, no redirects.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use swan_core::{Amount, ExchangeRate, Timestamp};
use tokio::time;

use super::number::{self, NumberError};
use super::options::{FeedSource, PriceFeedError, PriceFeedOptions};
use super::pointer::{Lost, Pointer};
use crate::external::Address;
use crate::external::client::{HttpClient, client};
use crate::external::connect::Dial;
use crate::segments::Segments;

const CONNECT: Duration = Duration::from_secs(5);
/// How far ahead of ours a source's clock may be.
const AHEAD: Duration = Duration::from_secs(60);
/// Seconds since 1970 have fewer digits for three thousand years, and milliseconds have had more since 1973.
const FIRST_MILLIS: u64 = 100_000_000_000;

/// Why a source has told no price that can be used. What it answered is never repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("it does not answer: {what}")]
    Away { what: String },
    #[error("it answers {status}")]
    Status { status: StatusCode },
    #[error("its answer is longer than {most} bytes")]
    TooLong { most: usize },
    #[error("its answer is no JSON")]
    NoJson,
    #[error("nothing stands at {pointer:?} of its answer, or two things do")]
    Missing { pointer: String },
    #[error("at {pointer:?} of its answer: {why}")]
    NoPrice { pointer: String, why: String },
    #[error("its price of {usd} USD lies outside of {min} to {max}")]
    OutOfBounds {
        usd: Amount,
        min: Amount,
        max: Amount,
    },
    #[error("its price is {age_secs} s old")]
    Old { age_secs: u64 },
    #[error("its price is from {ahead_secs} s in the future")]
    Ahead { ahead_secs: u64 },
}

impl SourceError {
    /// Every kind, as a label of figures.
    pub(crate) const KINDS: [&str; 8] = [
        "away",
        "status",
        "too_long",
        "no_json",
        "missing",
        "no_price",
        "out_of_bounds",
        "stale",
    ];

    /// As one word.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Away { .. } => "away",
            Self::Status { .. } => "status",
            Self::TooLong { .. } => "too_long",
            Self::NoJson => "no_json",
            Self::Missing { .. } => "missing",
            Self::NoPrice { .. } => "no_price",
            Self::OutOfBounds { .. } => "out_of_bounds",
            Self::Old { .. } | Self::Ahead { .. } => "stale",
        }
    }
}

/// A source and what it takes to ask it.
pub(super) struct Source {
    pub(super) name: String,
    client: HttpClient,
    uri: Uri,
    headers: HeaderMap,
    pointer: Pointer,
    time_pointer: Option<Pointer>,
    bounds: (ExchangeRate, ExchangeRate),
    within: Duration,
    max_age: Duration,
    most: usize,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.name).finish()
    }
}

impl Source {
    pub(super) fn new(
        source: &FeedSource,
        options: &PriceFeedOptions,
    ) -> Result<Self, PriceFeedError> {
        let (client, uri, headers) = Self::describe(source)?;
        Ok(Self {
            name: source.name.clone(),
            client,
            uri,
            headers,
            pointer: source.pointer.clone(),
            time_pointer: source.time_pointer.clone(),
            bounds: (options.min, options.max),
            within: options.answer_within,
            max_age: options.max_age,
            most: options.body_bytes,
        })
    }

    /// How it is asked.
    pub(super) fn describe(
        source: &FeedSource,
    ) -> Result<(HttpClient, Uri, HeaderMap), PriceFeedError> {
        let url = || PriceFeedError::Url {
            source_name: source.name.clone(),
        };
        let server = Address::parse(&source.url, None).ok_or_else(url)?;
        // A price that anybody on the way can change is no price.
        if !server.https && !server.is_private {
            return Err(url());
        }
        let dial = Dial {
            https: server.https,
            within: CONNECT,
            idle: 1,
            ca_file: source.ca_file.as_deref(),
            // The operator alone says who is asked, nothing is followed, and a certificate proves a public name.
            allow_private: true,
        };
        let client = client(&dial).map_err(|error| PriceFeedError::Certificates {
            source_name: source.name.clone(),
            why: error.to_string(),
        })?;
        let uri = source.url.parse().map_err(|_| url())?;
        Ok((client, uri, headers(source)?))
    }

    /// What it tells now, and of when that is.
    pub(super) async fn ask(
        &self,
        now: Timestamp,
    ) -> Result<(ExchangeRate, Timestamp), SourceError> {
        let answered = time::timeout(self.within, self.answer()).await;
        let body = answered.map_err(|_| away("no whole answer in time"))??;
        self.read(&body, now)
    }

    async fn answer(&self) -> Result<Bytes, SourceError> {
        let mut request = Request::new(Segments::new(Vec::new()));
        *request.method_mut() = Method::GET;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        let response = self.client.request(request).await;
        let response = response.map_err(|error| away(&innermost(&error)))?;
        let status = response.status();
        // A redirect, too, is an answer without a price.
        if status != StatusCode::OK {
            return Err(SourceError::Status { status });
        }
        let body = Limited::new(response.into_body(), self.most)
            .collect()
            .await;
        let body = body.map_err(|error| match error.is::<LengthLimitError>() {
            true => SourceError::TooLong { most: self.most },
            false => away(&innermost(&*error)),
        })?;
        Ok(body.to_bytes())
    }

    fn read(&self, body: &[u8], now: Timestamp) -> Result<(ExchangeRate, Timestamp), SourceError> {
        let rate = find(&self.pointer, body, number::price)?;
        let (min, max) = self.bounds;
        if rate < min || rate > max {
            let [usd, min, max] = [rate, min, max].map(ExchangeRate::usd);
            return Err(SourceError::OutOfBounds { usd, min, max });
        }
        let Some(pointer) = &self.time_pointer else {
            return Ok((rate, now));
        };
        let at = find(pointer, body, number::decimal)?;
        let at = moment(at).ok_or_else(|| no_price(pointer, NumberError::TooLarge))?;
        let (age, ahead) = (now.since(at), at.since(now));
        if age > self.max_age {
            let age_secs = age.as_secs();
            return Err(SourceError::Old { age_secs });
        }
        if ahead > AHEAD {
            let ahead_secs = ahead.as_secs();
            return Err(SourceError::Ahead { ahead_secs });
        }
        Ok((rate, at.min(now)))
    }
}

/// Reads what a pointer leads to.
fn find<T>(
    pointer: &Pointer,
    body: &[u8],
    read: fn(&str) -> Result<T, NumberError>,
) -> Result<T, SourceError> {
    let text = pointer.find(body).map_err(|lost| match lost {
        Lost::NoJson => SourceError::NoJson,
        Lost::Nothing => SourceError::Missing {
            pointer: pointer.to_string(),
        },
    })?;
    read(text).map_err(|why| no_price(pointer, why))
}

fn no_price(pointer: &Pointer, why: NumberError) -> SourceError {
    SourceError::NoPrice {
        pointer: pointer.to_string(),
        why: why.to_string(),
    }
}

/// Seconds or milliseconds since 1970.
fn moment(number: Amount) -> Option<Timestamp> {
    let whole = u64::try_from(number.pico() / Amount::PICO_PER_UNIT).ok()?;
    let millis = match whole < FIRST_MILLIS {
        true => u64::try_from(number.pico() / (Amount::PICO_PER_UNIT / 1_000)).ok()?,
        false => whole,
    };
    Some(Timestamp::from_millis(millis))
}

fn headers(source: &FeedSource) -> Result<HeaderMap, PriceFeedError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let agent = concat!("swan-hub/", env!("CARGO_PKG_VERSION"));
    headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    for (name, value) in &source.headers {
        let wrong = || PriceFeedError::Header {
            source_name: source.name.clone(),
        };
        let name = HeaderName::try_from(name).map_err(|_| wrong())?;
        let mut value = HeaderValue::try_from(value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

fn away(what: &str) -> SourceError {
    let plain = what.chars().filter(|c| !c.is_control()).take(300);
    SourceError::Away {
        what: plain.collect(),
    }
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
