//! The few members of a request that a hub needs, read without building the rest. One reader for all operations: they
//! differ in which members they read (`members`), and in what those ask for (`asks`).

use std::ops::Range;

use super::read::members;
use super::splice::Edit;
use crate::Currency;
use crate::protocol::Operation;
use crate::routing::{AffinityKey, RoutePreferences};

mod asks;
mod beginning;
mod error;
mod fields;
mod form;
mod members;
mod texts;
mod values;

pub use asks::{Asks, Encoding, Generation, Images, Vectors};
pub use error::HeadError;
use fields::{Found, object_start};
pub use form::{TranscriptFormat, Transcription};
use members::{NO_PARAMETERS, read_by};

/// What the hub reads of a request, shallowly: everything else is only checked to be JSON.
///
/// ```
/// use swan_core::openai::{Asks, RequestHead};
/// use swan_core::protocol::Operation;
///
/// let body = br#"{"model":"qwen","messages":[],"max_tokens":64,"stream":true}"#;
/// let head = RequestHead::parse(&Operation::ChatCompletions, body)?;
/// assert_eq!((head.model.as_str(), head.stream, head.max_output_tokens()), ("qwen", true, Some(64)));
///
/// let body = br#"{"model":"bge","input":["one","two"]}"#;
/// let head = RequestHead::parse(&Operation::Embeddings, body)?;
/// assert!(matches!(head.asks, Asks::Embedding(vectors) if vectors.inputs == 2));
///
/// let wrong = RequestHead::chat(br#"{"model":"qwen","messages":[],"max_tokens":-1}"#).unwrap_err();
/// assert_eq!(wrong.to_string(), "max_tokens: expected an integer from 1 to 1000000000, found -1");
/// assert_eq!(wrong.param(), Some("max_tokens"));
/// # Ok::<(), swan_core::openai::HeadError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RequestHead {
    /// The model's name as the consumer wrote it; empty only where the operation lets it be left out, and it is. The first of
    /// `models` where only these are named.
    pub model: String,
    /// The models that the consumer takes in its place, in this order (OpenRouter's `models`); at most eight, none twice.
    pub models: Vec<String>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether the consumer asked for the usage chunk (`stream_options.include_usage`).
    pub include_usage: bool,
    /// The currency to pay with, when the body names one (`payment: "SWAN"`, "public-swan.md", request headers).
    pub payment: Option<Currency>,
    /// The provider to use, when the body names one as a plain string.
    pub provider: Option<String>,
    /// Who may serve, when `provider` is an object as OpenRouter has it.
    pub preferences: Option<Box<RoutePreferences>>,
    /// What keeps this request together with others like it: of `session_id`, `prompt_cache_key` and `user` the first that is a
    /// text.
    pub affinity: Option<AffinityKey>,
    /// Whether that is a `session_id` or a `prompt_cache_key`, by which the consumer asks for it, and not only a `user`.
    pub names_session: bool,
    /// What differs between the operations.
    pub asks: Asks,
    pub(super) layout: Layout,
}

/// Where the members stand that a rewrite may change.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) len: usize,
    pub(super) first_member: usize,
    /// Whether the body is a form, whose values have no quotes.
    pub(super) is_form: bool,
    /// The value, or where a missing member goes.
    pub(super) model: Range<usize>,
    /// Whether the body names the model itself, rather than in a list or not at all.
    pub(super) names_model: bool,
    pub(super) messages: Option<Range<usize>>,
    pub(super) stream_options: Option<Range<usize>>,
    pub(super) include_usage: Option<Edit>,
    pub(super) limits: Vec<Limit>,
    pub(super) market: Vec<Range<usize>>,
}

/// A member that limits the answer, as it stands in the body.
#[derive(Debug, Clone)]
pub(super) struct Limit {
    pub(super) at: Range<usize>,
    pub(super) value: Option<u64>,
}

impl RequestHead {
    /// Reads the head of a request for `operation`.
    ///
    /// # Errors
    /// [`HeadError`] when the body is not a JSON object or one of the members read here is missing, doubled, of a
    /// wrong type or out of range. `null` counts as absent.
    pub fn parse(operation: &Operation, body: &[u8]) -> Result<Self, HeadError> {
        let reads = read_by(operation).ok_or(HeadError::NotAnObject {
            found: "another kind of body",
        })?;
        let text = std::str::from_utf8(body).map_err(|e| HeadError::NotUtf8 {
            at: e.valid_up_to(),
        })?;
        let open = object_start(text)?;
        let mut found = Found::new(reads);
        members(text, &mut |key, value| {
            found.take(text, open + 1, key, value);
        })
        .map_err(|error| HeadError::NotJson {
            reason: error.to_string(),
        })?;
        found.into_head(operation, text, open + 1)
    }

    /// Reads the head of a chat request.
    ///
    /// # Errors
    /// As [`RequestHead::parse`].
    pub fn chat(body: &[u8]) -> Result<Self, HeadError> {
        Self::parse(&Operation::ChatCompletions, body)
    }

    /// The most tokens that one choice may have, where text is generated and a limit is given or implied.
    #[must_use]
    pub fn max_output_tokens(&self) -> Option<u64> {
        self.asks.generation()?.max_output_tokens()
    }

    /// What keeps a conversation together with its own earlier requests, and with others that begin alike: its messages up to
    /// and with the first of the user. `None` without such messages.
    ///
    /// `body` is the one that this head was read from.
    #[must_use]
    pub fn beginning(&self, body: &[u8]) -> Option<AffinityKey> {
        let messages = body.get(self.layout.messages.clone()?)?;
        beginning::of(std::str::from_utf8(messages).ok()?)
    }

    /// The names of the members of a request that steer its answer, for `provider.require_parameters`: all but what every
    /// provider takes or only a hub reads. Names of more than 64 bytes come as an empty one.
    #[must_use]
    pub fn parameters(body: &[u8]) -> Vec<String> {
        let mut names = Vec::new();
        let text = std::str::from_utf8(body).unwrap_or_default();
        // A body that is no object has none; whoever asks has read its head before.
        let _ = members(text, &mut |key, _| {
            if !NO_PARAMETERS.contains(&key) {
                names.push(key.to_owned());
            }
        });
        names
    }

    /// Where the value of `stream_options` stands in the body.
    #[must_use]
    pub fn stream_options_span(&self) -> Option<Range<usize>> {
        self.layout.stream_options.clone()
    }
}
