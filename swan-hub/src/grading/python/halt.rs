//! Why a program stops before it gives a result.

/// An exception, or the end of what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::grading) enum Halt {
    /// An exception: its kind and what it says. Programs may catch it.
    Raised(&'static str, String),
    /// It is no Python.
    Syntax(String),
    /// It uses something that this interpreter does not know.
    Unsupported(String),
    /// It used up its steps or its memory. Nothing catches that.
    Limit(&'static str),
}

impl Halt {
    /// Bytes of what it says.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Raised(_, message) => message.len(),
            _ => 0,
        }
    }

    pub(super) fn syntax(message: &str) -> Self {
        Self::Syntax(message.to_owned())
    }

    pub(super) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported(what.into())
    }

    pub(super) fn type_error(message: impl Into<String>) -> Self {
        Self::Raised("TypeError", message.into())
    }

    pub(super) fn value_error(message: impl Into<String>) -> Self {
        Self::Raised("ValueError", message.into())
    }
}
