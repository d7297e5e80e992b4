//! What is asked. After admission, since it needs the body; before money, since the quote needs the model and its bounds.

mod body;
mod depth;
mod headers;
mod recording;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use swan_core::Currency;
use swan_core::openai::{HeadError, RequestHead};
use swan_core::protocol::Operation;
use swan_core::routing::RoutePreferences;

use crate::audio_length::AudioError;

pub(crate) use body::BodyKind;
use depth::{DEPTH, is_deep};
use headers::Steering;
pub(crate) use recording::measure;

/// Why a request cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ParseError {
    #[error(transparent)]
    Body(#[from] HeadError),
    #[error("the body is nested more than {DEPTH} levels deep")]
    Deep,
    #[error("file: {0}")]
    Audio(#[from] AudioError),
    #[error("header {name}: expected {expected}")]
    Header {
        name: &'static str,
        expected: &'static str,
    },
}

impl ParseError {
    /// The code of the OpenAI error body.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Body(HeadError::NotUtf8 { .. } | HeadError::NotJson { .. }) => "invalid_json",
            Self::Body(HeadError::Missing { .. }) => "missing_required_parameter",
            Self::Body(_) | Self::Deep => "invalid_value",
            Self::Audio(_) => "invalid_audio",
            Self::Header { .. } => "invalid_header",
        }
    }

    /// The member or header at fault.
    pub(crate) fn param(&self) -> Option<&'static str> {
        match self {
            Self::Body(error) => error.param(),
            Self::Deep => None,
            Self::Audio(_) => Some("file"),
            Self::Header { name, .. } => Some(name),
        }
    }
}

/// One request of any operation, understood. What differs between the operations is in [`RequestHead::asks`].
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) operation: Operation,
    /// Of the body, on its way to the provider.
    pub(crate) content_type: HeaderValue,
    pub(crate) body: Bytes,
    /// The bytes of the body without those of embedded images and sounds, whose tokens have nothing to do with their length.
    pub(crate) text_bytes: usize,
    pub(crate) head: RequestHead,
    pub(crate) payment: Currency,
    /// The provider that the consumer asked for, by id or by name.
    pub(crate) pin: Option<String>,
    /// Whether another provider than the pinned or the first one may serve.
    pub(crate) allow_fallbacks: bool,
    /// What else the consumer says about who may serve.
    pub(crate) preferences: Option<Box<RoutePreferences>>,
    /// The parameters in the body, where every one of them must be honoured.
    pub(crate) parameters: Vec<String>,
    /// Whether the consumer wants to know why this provider was chosen.
    pub(crate) trace: bool,
    /// How long the recording in the body is, in milliseconds, once it was measured.
    pub(crate) audio_ms: u64,
}

impl Asked {
    /// The model's name as the consumer wrote it; `None` where it may be left out, and is.
    pub(crate) fn model(&self) -> Option<&str> {
        Some(self.head.model.as_str()).filter(|name| !name.is_empty())
    }

    /// Whether the answer is to be streamed.
    pub(crate) const fn is_stream(&self) -> bool {
        self.head.stream
    }

    /// About how many bytes of text one of its prompts has: each must fit the model's context by itself.
    pub(crate) fn text_bytes_each(&self) -> u64 {
        (self.text_bytes as u64).div_ceil(self.head.asks.texts())
    }

    /// The limit that has to be written into the request, where `held` tokens were held for each choice.
    ///
    /// A limit that the consumer set is lowered to what was held; one that the API implies is said, since model servers differ
    /// in theirs. Otherwise the model server keeps its own: ours could exceed a context that only the model server knows.
    pub(crate) fn limit_to_send(&self, held: u64) -> Option<u64> {
        let generation = self.head.asks.generation()?;
        let asked = generation.max_output_tokens()?;
        (asked > held || !generation.is_limited()).then(|| asked.min(held))
    }
}

/// What stands before the data of a `data:` URL.
const BASE64: &[u8] = b";base64,";

/// Whether the headers that steer a request say something, for one whose answer is there already.
pub(crate) fn check_steering(headers: &HeaderMap) -> Result<(), ParseError> {
    Steering::read(headers).map(|_| ())
}

/// Reads a request and the headers that steer it; the header wins over the body's field of the same meaning.
pub(crate) fn parse(
    operation: Operation,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Asked, ParseError> {
    let kind = BodyKind::of(&operation);
    let content_type = content_type(kind, headers);
    let mut head = match kind {
        BodyKind::Json => RequestHead::parse(&operation, &body)?,
        BodyKind::Form => RequestHead::form(written(&content_type), &body)?,
    };
    if kind == BodyKind::Json && is_deep(&body) {
        return Err(ParseError::Deep);
    }
    let steering = Steering::read(headers)?;
    let pin = steering.pin.or_else(|| head.provider.take());
    let mut preferences = head.preferences.take();
    if let Some(stated) = steering.allow_fallbacks {
        preferences = preferences.map(|wishes| Box::new(wishes.with_fallbacks(stated)));
    }
    let wishes = preferences.as_deref();
    let allow_fallbacks = steering
        .allow_fallbacks
        .unwrap_or_else(|| wishes.is_none_or(RoutePreferences::allows_fallbacks));
    let parameters = match wishes {
        Some(wishes) if wishes.requires_parameters() => match kind {
            BodyKind::Json => RequestHead::parameters(&body),
            BodyKind::Form => RequestHead::form_parameters(written(&content_type), &body),
        },
        _ => Vec::new(),
    };
    Ok(Asked {
        text_bytes: text_bytes(kind, &body),
        operation,
        content_type,
        audio_ms: 0,
        payment: steering.payment.or(head.payment).unwrap_or(Currency::Usd),
        trace: steering.trace,
        pin,
        allow_fallbacks,
        preferences,
        parameters,
        body,
        head,
    })
}

/// What stands in `body` but the data of `data:` URLs; a form has no text to count.
fn text_bytes(kind: BodyKind, body: &[u8]) -> usize {
    if kind == BodyKind::Form {
        return 0;
    }
    let mut text = body.len();
    let mut rest = body;
    while let Some(at) = memchr::memmem::find(rest, BASE64) {
        rest = rest.get(at + BASE64.len()..).unwrap_or_default();
        let data = memchr::memchr(b'"', rest).unwrap_or(rest.len());
        text = text.saturating_sub(data);
        rest = rest.get(data..).unwrap_or_default();
    }
    text
}

/// What the provider is told of the body: a form's own type, which names its boundary.
fn content_type(kind: BodyKind, headers: &HeaderMap) -> HeaderValue {
    match (kind, headers.get(CONTENT_TYPE)) {
        (BodyKind::Form, Some(value)) => value.clone(),
        _ => HeaderValue::from_static(kind.media_type()),
    }
}

fn written(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}
