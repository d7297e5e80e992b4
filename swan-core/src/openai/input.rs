//! The texts of a request that takes one or many, as text or as tokens.

use serde::{Deserialize, Serialize};

use super::open::Member;

/// One text or several, each as text or as tokens of the model.
///
/// ```
/// use swan_core::openai::Input;
///
/// let one: Input = "hello".into();
/// let many: Input = ["hello", "there"].into();
/// assert_eq!((one.len(), many.len()), (1, 2));
/// assert_eq!(serde_json::to_string(&many)?, r#"["hello","there"]"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Input {
    /// One text.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
    /// One text, as tokens.
    Tokens(Vec<u64>),
    /// Several texts, as tokens.
    TokenLists(Vec<Vec<u64>>),
}

impl Input {
    /// How many texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(_) | Self::Tokens(_) => 1,
            Self::Texts(texts) => texts.len(),
            Self::TokenLists(lists) => lists.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Default for Input {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Member for Input {}

impl From<&str> for Input {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Input {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<String>> From<Vec<T>> for Input {
    fn from(texts: Vec<T>) -> Self {
        Self::Texts(texts.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for Input {
    fn from(texts: [T; N]) -> Self {
        Self::Texts(texts.into_iter().map(Into::into).collect())
    }
}
