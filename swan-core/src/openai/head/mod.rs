//! The few members of a chat request that a hub needs, read without building the rest.

use std::ops::Range;

use super::read::members;
use super::splice::Edit;
use crate::Currency;
use crate::routing::{AffinityKey, RoutePreferences};

mod error;
mod fields;

pub use error::HeadError;
use fields::{Found, object_start};

/// What the hub reads of a chat request, shallowly: everything else is only checked to be JSON.
///
/// ```
/// use swan_core::openai::ChatRequestHead;
///
/// let head = ChatRequestHead::parse(br#"{"model":"qwen","messages":[],"max_tokens":64,"stream":true}"#)?;
/// assert_eq!((head.model.as_str(), head.stream, head.max_output_tokens()), ("qwen", true, Some(64)));
///
/// let wrong = ChatRequestHead::parse(br#"{"model":"qwen","messages":[],"max_tokens":-1}"#).unwrap_err();
/// assert_eq!(wrong.to_string(), "max_tokens: expected an integer from 1 to 1000000000, found -1");
/// assert_eq!(wrong.param(), Some("max_tokens"));
/// # Ok::<(), swan_core::openai::HeadError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ChatRequestHead {
    /// The model's name as the consumer wrote it; never empty.
    pub model: String,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether the consumer asked for the usage chunk (`stream_options.include_usage`).
    pub include_usage: bool,
    /// `max_tokens`, 1 or more.
    pub max_tokens: Option<u64>,
    /// `max_completion_tokens`, 1 or more.
    pub max_completion_tokens: Option<u64>,
    /// llama.cpp's own name for the limit, which overrides the other two there.
    pub n_predict: Option<u64>,
    /// How many choices are to be generated, from 1 to 128.
    pub n: u64,
    /// The currency to pay with, when the body names one (`payment: "SWAN"`, "public-swan.md", request headers).
    pub payment: Option<Currency>,
    /// The provider to use, when the body names one as a plain string.
    pub provider: Option<String>,
    /// Who may serve, when `provider` is an object as OpenRouter has it.
    pub preferences: Option<Box<RoutePreferences>>,
    /// What keeps this request together with others like it: of `session_id`, `prompt_cache_key` and `user` the first that is a
    /// text.
    pub affinity: Option<AffinityKey>,
    pub(super) layout: Layout,
}

/// Where the members stand that a rewrite may change.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) len: usize,
    pub(super) first_member: usize,
    pub(super) model: Range<usize>,
    pub(super) stream_options: Option<Range<usize>>,
    pub(super) include_usage: Edit,
    pub(super) limits: Vec<Limit>,
    pub(super) market: Vec<Range<usize>>,
}

/// A member that limits the answer, as it stands in the body.
#[derive(Debug, Clone)]
pub(super) struct Limit {
    pub(super) at: Range<usize>,
    pub(super) value: Option<u64>,
}

/// Members that are no parameters of the model.
const NO_PARAMETERS: [&str; 11] = [
    "messages",
    "metadata",
    "model",
    "payment",
    "prompt_cache_key",
    "provider",
    "session_id",
    "store",
    "stream",
    "stream_options",
    "user",
];

impl ChatRequestHead {
    /// Reads the head of a chat request.
    ///
    /// # Errors
    /// [`HeadError`] when the body is not a JSON object or one of the members read here is missing, doubled, of a
    /// wrong type or out of range. `null` counts as absent.
    pub fn parse(body: &[u8]) -> Result<Self, HeadError> {
        let text = std::str::from_utf8(body).map_err(|e| HeadError::NotUtf8 {
            at: e.valid_up_to(),
        })?;
        let open = object_start(text)?;
        let mut found = Found::default();
        members(text, &mut |key, value| {
            found.take(text, open + 1, key, value);
        })
        .map_err(|error| HeadError::NotJson {
            reason: error.to_string(),
        })?;
        found.into_head(text, open + 1)
    }

    /// The most tokens that one choice may have: the highest of the limits given, since model servers differ in
    /// which of them they obey.
    #[must_use]
    pub fn max_output_tokens(&self) -> Option<u64> {
        self.max_tokens
            .max(self.max_completion_tokens)
            .max(self.n_predict)
    }

    /// The names of the members of a chat request that steer its answer, for `provider.require_parameters`: all but what every
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
