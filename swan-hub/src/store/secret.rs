use std::fmt;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::KeyKind;

/// The SHA-256 of a key's secret, which is all that is ever stored of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// The hash of a secret as its bearer sends it.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// A hash read back from a store.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash as a store keeps it.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(..)")
    }
}

/// A key's secret, shown once. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hexadecimal digits after the prefix: 256 bits.
    const DIGITS: usize = 64;

    /// Draws a new secret from the operating system.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn generate(kind: KeyKind) -> Result<Self, getrandom::Error> {
        let mut random = [0_u8; Self::DIGITS / 2];
        getrandom::fill(&mut random)?;
        let mut text = String::from(Self::prefix(kind));
        HEXLOWER.encode_append(&random, &mut text);
        Ok(Self(text))
    }

    /// How secrets of this kind begin.
    #[must_use]
    pub const fn prefix(kind: KeyKind) -> &'static str {
        match kind {
            KeyKind::Consumer(_) => "sk-swan-",
            KeyKind::Provider(_) => "sk-prov-",
            KeyKind::Admin => "sk-admin-",
        }
    }

    /// The secret itself, to be shown to its owner.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored.
    #[must_use]
    pub fn hash(&self) -> KeyHash {
        KeyHash::of(&self.0)
    }

    /// Whether a text could be a secret at all, so that garbage is refused before it is hashed.
    pub(crate) fn has_shape(text: &str) -> bool {
        ["sk-swan-", "sk-prov-", "sk-admin-"]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .is_some_and(|digits| {
                digits.len() == Self::DIGITS && digits.bytes().all(|b| b.is_ascii_hexdigit())
            })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
