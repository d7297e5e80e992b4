//! Why a form cannot be read.

use thiserror::Error;

/// What is wrong with a form; the message names the part or the place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormError {
    /// The content type is another one.
    #[error("Content-Type: expected multipart/form-data with a boundary")]
    ContentType,
    /// The boundary is missing, too long, or made of characters that a boundary cannot have.
    #[error("Content-Type: the boundary must be 1 to 70 of the characters that RFC 2046 allows")]
    Boundary,
    /// The body does not begin with the boundary that its content type names.
    #[error("the body does not begin with the boundary that Content-Type names")]
    Start,
    /// The last boundary is missing, so something may be missing before it.
    #[error("the body ends before its last boundary")]
    Unfinished,
    /// A line begins with the boundary and goes on.
    #[error("byte {at}: a line begins with the boundary and goes on")]
    BoundaryLine {
        /// Where the line begins.
        at: usize,
    },
    /// Something follows the last boundary.
    #[error("byte {at}: the body goes on after its last boundary")]
    Trailing {
        /// Where it goes on.
        at: usize,
    },
    /// A part's headers are no headers.
    #[error("part {number}: {problem}")]
    Header {
        /// Which part, from 1.
        number: usize,
        /// What is wrong with them.
        problem: &'static str,
    },
    /// More parts than any request has.
    #[error("the form has more than {most} parts")]
    Parts {
        /// The bound.
        most: usize,
    },
    /// A part that may be there once is there more often.
    #[error("{name}: given more than once")]
    Duplicate {
        /// The part.
        name: String,
    },
    /// A part that is text is not UTF-8.
    #[error("{name}: expected text in UTF-8")]
    NotText {
        /// The part.
        name: String,
    },
}

impl FormError {
    /// The part at fault, as OpenAI's `param`.
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        match self {
            Self::Duplicate { name } | Self::NotText { name } => Some(name),
            _ => None,
        }
    }
}
