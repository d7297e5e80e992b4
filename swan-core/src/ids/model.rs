use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::IdError;

/// The name of a model, as consumers and providers write it; copying it is cheap.
///
/// Holds 1 to [`ModelId::MAX_CHARS`] printable characters without spaces. Names are compared exactly; that `QWEN3:8B` and
/// `qwen3:8b` are one model is for the policy to say.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId(Arc<str>);

impl ModelId {
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 200;

    /// Takes a name that keeps to the rules.
    ///
    /// # Errors
    ///
    /// [`IdError::Model`] when the name is empty, too long, or holds a space or an unprintable character.
    pub fn new(name: &str) -> Result<Self, IdError> {
        let reason = if name.is_empty() {
            "it is empty"
        } else if name.len() > 4 * Self::MAX_CHARS || name.chars().count() > Self::MAX_CHARS {
            "it is longer than 200 characters"
        } else if name
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || is_invisible(c))
        {
            "it holds a space or an unprintable character"
        } else {
            return Ok(Self(Arc::from(name)));
        };
        Err(IdError::Model { reason })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Marks that change how a name looks without being seen: two names that look alike must not be two models.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl AsRef<str> for ModelId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ModelId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl FromStr for ModelId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl Serialize for ModelId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ModelId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::new(&text).map_err(de::Error::custom)
    }
}
