//! Bytes as the chain writes them: `0x` and hexadecimal digits.

use std::fmt;
use std::str::FromStr;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha3::{Digest as _, Keccak256};

/// Why a text is no value of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 0x and {digits} hexadecimal digits")]
#[non_exhaustive]
pub struct HexError {
    /// How many digits there should be.
    pub digits: usize,
}

/// `0x` and two digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::from("0x");
    HEXLOWER.encode_append(bytes, &mut text);
    text
}

/// The bytes of a text of that shape.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?;
    HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()
}

macro_rules! bytes {
    ($(#[$doc:meta])* $name:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) [u8; $length]);

        impl $name {
            /// The value with these bytes.
            #[must_use]
            pub const fn new(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// Its bytes.
            #[must_use]
            pub const fn bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = HexError;

            fn from_str(text: &str) -> Result<Self, HexError> {
                let wrong = HexError { digits: 2 * $length };
                if text.len() != 2 + 2 * $length {
                    return Err(wrong);
                }
                let bytes = unhex(text).and_then(|bytes| bytes.try_into().ok());
                bytes.map(Self).ok_or(wrong)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

bytes! {
    /// Whose account on a chain: a wallet, or a contract.
    Address, 20
}
bytes! {
    /// A hash or another word of 32 bytes: of a block, of a transaction, a topic of a log.
    Hash, 32
}

impl Address {
    /// The address in the last 20 bytes of a word; `None` when something stands before it.
    pub(super) fn in_word(word: &Hash) -> Option<Self> {
        let (zeros, address) = word.0.split_at(12);
        let is_one = zeros.iter().all(|byte| *byte == 0);
        address.try_into().ok().filter(|_| is_one).map(Self)
    }

    /// The word with this address at its end.
    pub(super) fn word(&self) -> Hash {
        let mut word = [0; 32];
        let (_, end) = word.split_at_mut(12);
        end.copy_from_slice(&self.0);
        Hash(word)
    }
}

/// Keccak-256, as a chain hashes.
pub(super) fn keccak(text: &str) -> Hash {
    Hash(Keccak256::digest(text.as_bytes()).into())
}
