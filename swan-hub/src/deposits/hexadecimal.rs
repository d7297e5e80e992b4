//! Bytes as the chain writes them: `0x` and hexadecimal digits.

use std::fmt;
use std::str::FromStr;

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
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    let digits = halves.filter_map(|half| DIGITS.get(usize::from(half)));
    "0x".chars().chain(digits.copied()).collect()
}

/// The bytes of a text of that shape.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let value = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|it| u8::try_from(it).ok())
    };
    let byte = |[high, low]: &[u8; 2]| Some(value(*high)? << 4 | value(*low)?);
    pairs.iter().map(byte).collect()
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
