//! Error bodies: one shape to write, every shape in use to read.

use serde::Serialize;

use super::json::{Extra, Json};

/// The longest message that is taken over from a body.
const MESSAGE_CHARS: usize = 2_000;

/// An error as OpenAI clients expect it: `{"error":{"message","type","param","code"}}`.
///
/// ```
/// use swan_core::openai::ErrorBody;
///
/// let body = ErrorBody::new("no funds left", "insufficient_funds").with_code("insufficient_funds");
/// assert_eq!(
///     body.to_json(),
///     r#"{"error":{"message":"no funds left","type":"insufficient_funds","param":null,"code":"insufficient_funds"}}"#
/// );
/// assert_eq!(ErrorBody::read(body.to_json().as_bytes()), body);
/// assert_eq!(ErrorBody::read(br#"{"detail":"Not Found"}"#).message, "Not Found");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct ErrorBody {
    /// What went wrong, for people.
    pub message: String,
    /// The class of the error, such as `invalid_request_error`; empty when the sender named none.
    #[serde(rename = "type")]
    pub kind: String,
    /// The member of the request at fault.
    pub param: Option<String>,
    /// What went wrong, for programs; integer codes are read as their digits.
    pub code: Option<String>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: &'a ErrorBody,
}

impl ErrorBody {
    /// An error with a message and a class.
    #[must_use]
    pub fn new(message: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            kind: kind.into(),
            param: None,
            code: None,
        }
    }

    /// Names the error for programs.
    #[must_use]
    pub fn with_code(self, code: impl Into<String>) -> Self {
        Self {
            code: Some(code.into()),
            ..self
        }
    }

    /// Names the member at fault.
    #[must_use]
    pub fn with_param(self, param: impl Into<String>) -> Self {
        Self {
            param: Some(param.into()),
            ..self
        }
    }

    /// The body to send: all four members are there, as strict clients demand.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Four strings always make JSON; an empty object would still be one.
        serde_json::to_string(&Envelope { error: self }).unwrap_or_else(|_| "{}".to_owned())
    }

    /// Reads any error body: OpenAI's, flat ones, `error` or `detail` as text (Ollama, FastAPI), FastAPI's list of
    /// faults, HTML, plain text, nothing. Never fails; what cannot be read leaves members empty.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let mut error = match serde_json::from_str::<Json>(&text) {
            Ok(json) => Self::from_json(&json),
            Err(_) => Self::new(plain(&text), ""),
        };
        error.message = error.message.trim().chars().take(MESSAGE_CHARS).collect();
        error
    }

    /// Reads the value of an `error` member, as it stands in a body or in an event of a stream.
    #[must_use]
    pub fn from_json(json: &Json) -> Self {
        if let Ok(message) = json.read::<String>() {
            return Self::new(message, "");
        }
        let Ok(members) = json.read::<Extra>() else {
            return Self::new(json.as_str(), "");
        };
        let inner = members
            .get("error")
            .filter(|inner| !is_null(inner))
            .or_else(|| members.get("detail"));
        let mut error = match inner {
            Some(inner) if inner.as_str().starts_with('[') => Self::new(faults(inner), ""),
            // One level only: an error within an error within an error is somebody's joke.
            Some(inner) => inner
                .read::<Extra>()
                .map_or_else(|_| Self::new(words(inner), ""), |m| Self::flat(&m)),
            None => Self::flat(&members),
        };
        // Text Generation Inference writes {"error": "...", "error_type": "..."}; gateways put a code beside the error.
        if error.kind.is_empty() {
            error.kind = members.get("error_type").map(words).unwrap_or_default();
        }
        error.code = error.code.or_else(|| named(&members, "code"));
        error
    }

    fn flat(members: &Extra) -> Self {
        let message = ["message", "msg", "detail", "error"]
            .iter()
            .find_map(|name| named(members, name));
        Self {
            message: message.unwrap_or_default(),
            kind: named(members, "type").unwrap_or_default(),
            param: named(members, "param"),
            code: named(members, "code"),
        }
    }
}

fn is_null(json: &Json) -> bool {
    json.as_str() == "null"
}

/// Text as it is, numbers as their digits, anything else as JSON.
fn words(json: &Json) -> String {
    json.read::<String>()
        .unwrap_or_else(|_| json.as_str().to_owned())
}

fn named(members: &Extra, name: &str) -> Option<String> {
    members
        .get(name)
        .filter(|value| !is_null(value))
        .map(words)
        .filter(|text| !text.is_empty())
}

/// FastAPI's list of faults: `[{"loc":["body","model"],"msg":"field required"}]`.
fn faults(list: &Json) -> String {
    let Ok(list) = list.read::<Vec<Json>>() else {
        return words(list);
    };
    let lines = list.iter().map(|fault| {
        let members = fault.read::<Extra>().unwrap_or_default();
        let place: Vec<String> = members
            .read::<Vec<Json>>("loc")
            .unwrap_or_default()
            .iter()
            .map(words)
            .collect();
        match named(&members, "msg") {
            Some(message) if place.is_empty() => message,
            Some(message) => format!("{}: {message}", place.join(".")),
            None => words(fault),
        }
    });
    lines.collect::<Vec<_>>().join("; ")
}

/// What a person would read off a page that is not JSON: the title of HTML, else the text.
fn plain(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title>").zip(lower.find("</title>"));
    let title = title.and_then(|(start, end)| text.get(start + "<title>".len()..end));
    title.unwrap_or(text).to_owned()
}
