//! What kind of body an operation has, and how large it may be.

use swan_core::protocol::Operation;

use crate::config::Limits;

/// What a form may have beside its file: boundaries, headers of parts, other fields.
const FORM_OVERHEAD: usize = 64 << 10;

/// The kind of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyKind {
    /// One JSON object.
    Json,
    /// A multipart form with a file in it.
    Form,
}

impl BodyKind {
    /// What `operation` has.
    pub(crate) const fn of(operation: &Operation) -> Self {
        match operation {
            Operation::AudioTranscriptions => Self::Form,
            _ => Self::Json,
        }
    }

    /// The most bytes that are read.
    pub(crate) const fn limit(self, limits: &Limits) -> usize {
        match self {
            Self::Json => limits.body_bytes,
            Self::Form => limits.audio_bytes.saturating_add(FORM_OVERHEAD),
        }
    }

    /// What the content type should be.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form => "multipart/form-data",
        }
    }

    /// Whether a body of this media type, without its parameters, is of the kind.
    pub(crate) fn accepts(self, essence: &str) -> bool {
        essence.eq_ignore_ascii_case(self.media_type())
            || matches!(self, Self::Json)
                && essence.len() > 5
                && essence.to_ascii_lowercase().ends_with("+json")
    }
}
