//! What is asked. After admission, since it needs the body; before money, since the quote needs the model and its bounds.

use bytes::Bytes;
use http::HeaderMap;
use swan_core::Currency;
use swan_core::openai::{ChatRequestHead, HeadError};
use swan_core::routing::RoutePreferences;

/// Why a request cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ParseError {
    #[error(transparent)]
    Body(#[from] HeadError),
    #[error("the body is nested more than {DEPTH} levels deep")]
    Deep,
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
            Self::Header { .. } => "invalid_header",
        }
    }

    /// The member or header at fault.
    pub(crate) fn param(&self) -> Option<&'static str> {
        match self {
            Self::Body(error) => error.param(),
            Self::Deep => None,
            Self::Header { name, .. } => Some(name),
        }
    }
}

/// Deeper bodies break the parsers of model servers and agents, some of which give up their connection then.
const DEPTH: usize = 128;

/// The header that pins a provider.
pub(crate) const PROVIDER: &str = "x-swan-provider";
/// The header that allows or forbids another provider than the pinned one, and further attempts.
pub(crate) const ALLOW_FALLBACKS: &str = "x-swan-allow-fallbacks";
/// The header that asks why this provider was chosen, and of the answer that says so.
pub(crate) const TRACE: &str = "x-swan-trace";
/// The header that chooses the currency.
pub(crate) const PAYMENT: &str = "x-swan-payment";

/// One chat request, understood.
#[derive(Debug)]
pub(crate) struct ChatRequest {
    pub(crate) body: Bytes,
    pub(crate) head: ChatRequestHead,
    pub(crate) payment: Currency,
    /// The provider that the consumer asked for, by id or by name.
    pub(crate) pin: Option<String>,
    /// Whether another provider than the pinned or the first one may serve.
    pub(crate) allow_fallbacks: bool,
    /// What else the consumer says about who may serve.
    pub(crate) preferences: Option<RoutePreferences>,
    /// The parameters in the body, where every one of them must be honoured.
    pub(crate) parameters: Vec<String>,
    /// Whether the consumer wants to know why this provider was chosen.
    pub(crate) trace: bool,
}

impl ChatRequest {
    /// The bytes of the body without those of embedded images and sounds, whose tokens have nothing to do with their length.
    pub(crate) fn text_bytes(&self) -> usize {
        let mut text = self.body.len();
        let mut rest = &*self.body;
        while let Some(at) = memchr::memmem::find(rest, BASE64) {
            rest = rest.get(at + BASE64.len()..).unwrap_or_default();
            let data = memchr::memchr(b'"', rest).unwrap_or(rest.len());
            text = text.saturating_sub(data);
            rest = rest.get(data..).unwrap_or_default();
        }
        text
    }
}

/// What stands before the data of a `data:` URL.
const BASE64: &[u8] = b";base64,";

/// Reads a chat request and the headers that steer it; the header wins over the body's field of the same meaning.
pub(crate) fn chat(headers: &HeaderMap, body: Bytes) -> Result<ChatRequest, ParseError> {
    let mut head = ChatRequestHead::parse(&body)?;
    if is_deep(&body) {
        return Err(ParseError::Deep);
    }
    let payment = match text(headers, PAYMENT, "USD or SWAN")? {
        None => head.payment.unwrap_or(Currency::Usd),
        Some(code) if code.eq_ignore_ascii_case("usd") => Currency::Usd,
        Some(code) if code.eq_ignore_ascii_case("swan") => Currency::Swan,
        Some(_) => {
            return Err(ParseError::Header {
                name: PAYMENT,
                expected: "USD or SWAN",
            });
        }
    };
    let stated = flag(headers, ALLOW_FALLBACKS)?;
    let pin = match text(headers, PROVIDER, "the id or name of a provider")? {
        Some(pin) => Some(pin.to_owned()),
        None => head.provider.take(),
    };
    let mut preferences = head.preferences.take().map(|wishes| *wishes);
    if let Some(stated) = stated {
        preferences = preferences.map(|wishes| wishes.with_fallbacks(stated));
    }
    let wishes = preferences.as_ref();
    let allow_fallbacks =
        stated.unwrap_or_else(|| wishes.is_none_or(RoutePreferences::allows_fallbacks));
    let parameters = match wishes {
        Some(wishes) if wishes.requires_parameters() => ChatRequestHead::parameters(&body),
        _ => Vec::new(),
    };
    Ok(ChatRequest {
        preferences,
        parameters,
        trace: flag(headers, TRACE)?.unwrap_or(false),
        body,
        head,
        payment,
        pin,
        allow_fallbacks,
    })
}

fn flag(headers: &HeaderMap, name: &'static str) -> Result<Option<bool>, ParseError> {
    let expected = "true or false";
    match text(headers, name, expected)? {
        None => Ok(None),
        Some(word) if word.eq_ignore_ascii_case("true") || word == "1" => Ok(Some(true)),
        Some(word) if word.eq_ignore_ascii_case("false") || word == "0" => Ok(Some(false)),
        Some(_) => Err(ParseError::Header { name, expected }),
    }
}

/// Whether valid JSON is nested deeper than [`DEPTH`].
fn is_deep(json: &[u8]) -> bool {
    let mut rest = json;
    let mut depth = 0_usize;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => rest = after_string(rest),
            b'{' | b'[' => {
                depth += 1;
                if depth > DEPTH {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// What follows the string whose opening quote stands before `rest`.
fn after_string(mut rest: &[u8]) -> &[u8] {
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
        let escaped = rest.get(at) == Some(&b'\\');
        rest = rest
            .get(at + 1 + usize::from(escaped)..)
            .unwrap_or_default();
        if !escaped {
            return rest;
        }
    }
    &[]
}

fn text<'a>(
    headers: &'a HeaderMap,
    name: &'static str,
    expected: &'static str,
) -> Result<Option<&'a str>, ParseError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(ParseError::Header {
            name,
            expected: "one value",
        });
    }
    match value.to_str().map(str::trim) {
        Ok("") | Err(_) => Err(ParseError::Header { name, expected }),
        Ok(text) => Ok(Some(text)),
    }
}
