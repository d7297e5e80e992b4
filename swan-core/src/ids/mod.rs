//! Identifiers: newtypes that cannot be mixed up.

mod model;
#[cfg(test)]
mod tests;

pub use model::ModelId;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Why a text is not an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// The text does not have the shape of this kind of identifier.
    #[error("not a valid {kind}: expected {expected}")]
    Malformed {
        /// The kind of identifier that was asked for.
        kind: &'static str,
        /// The shape that it has.
        expected: &'static str,
    },
    /// A model name is empty, too long, or holds spaces or characters that cannot be printed.
    #[error("the model name is not valid: {reason}")]
    Model {
        /// Which rule it breaks.
        reason: &'static str,
    },
}

/// Reads exactly 32 hexadecimal digits.
fn parse_hex(digits: &str) -> Option<u128> {
    let plain = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if plain {
        u128::from_str_radix(digits, 16).ok()
    } else {
        None
    }
}

/// The 32 lower-case hexadecimal digits of a value. Ids are written several times a request, and the formatter of the standard
/// library takes four times as long for 128 bits.
fn hex_digits(value: u128) -> [u8; 32] {
    let mut digits = [0; 32];
    for (pair, byte) in digits
        .as_chunks_mut::<2>()
        .0
        .iter_mut()
        .zip(value.to_be_bytes())
    {
        *pair = [byte >> 4, byte & 0xf];
    }
    // No branches, so that all digits are made at once: 39 lies between the digits and the letters.
    digits.map(|nibble| nibble + b'0' + 39 * u8::from(nibble > 9))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $shape:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// The identifier with this value; the caller has drawn it at random or derived it.
            #[must_use]
            pub const fn from_u128(value: u128) -> Self {
                Self(value)
            }

            /// The value of the identifier.
            #[must_use]
            pub const fn as_u128(self) -> u128 {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.to_be_bytes().serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                    text.parse().map_err(de::Error::custom)
                } else {
                    <[u8; 16]>::deserialize(deserializer).map(|bytes| Self(u128::from_be_bytes(bytes)))
                }
            }
        }
    };
    (prefixed: $(#[$doc:meta])* $name:ident, $prefix:literal, $shape:literal) => {
        id! { $(#[$doc])* $name, $prefix, $shape }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let digits = hex_digits(self.0);
                f.write_str($prefix)?;
                f.write_str(str::from_utf8(&digits).map_err(|_| fmt::Error)?)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix($prefix)
                    .and_then(parse_hex)
                    .map(Self)
                    .ok_or(IdError::Malformed { kind: stringify!($name), expected: $shape })
            }
        }
    };
}

id! {
    /// One request of a consumer, from admission to settlement. Written as a hyphenated UUID.
    RequestId, "", "a UUID of 32 hexadecimal digits with hyphens"
}
id! { prefixed:
    /// An account that holds a consumer's funds. Written `acc-` and 32 hexadecimal digits.
    AccountId, "acc-", "acc- and 32 hexadecimal digits"
}
id! { prefixed:
    /// Somebody who has signed up at a hub. Written `user-` and 32 hexadecimal digits.
    UserId, "user-", "user- and 32 hexadecimal digits"
}
id! { prefixed:
    /// A provider, who may hold several connections. Written `prov-` and 32 hexadecimal digits.
    ProviderId, "prov-", "prov- and 32 hexadecimal digits"
}
id! { prefixed:
    /// An API key, which is named without showing its secret. Written `key-` and 32 hexadecimal digits.
    KeyId, "key-", "key- and 32 hexadecimal digits"
}
id! { prefixed:
    /// One case about a provider: a benchmark run, a proof of fraud. Its penalty, if there is one, has the same identifier. Written
    /// `case-` and 32 hexadecimal digits.
    CaseId, "case-", "case- and 32 hexadecimal digits"
}
id! { prefixed:
    /// An order to pay something in by card. Written `top-` and 32 hexadecimal digits.
    TopupId, "top-", "top- and 32 hexadecimal digits"
}
id! { prefixed:
    /// Tokens that have come in on a chain. Written `dep-` and 32 hexadecimal digits.
    DepositId, "dep-", "dep- and 32 hexadecimal digits"
}
id! { prefixed:
    /// One ledger transfer, and its idempotency key. Written as 32 hexadecimal digits.
    TransferId, "", "32 hexadecimal digits"
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = hex_digits(self.0);
        let mut text = [b'-'; 36];
        text[..8].copy_from_slice(&digits[..8]);
        text[9..13].copy_from_slice(&digits[8..12]);
        text[14..18].copy_from_slice(&digits[12..16]);
        text[19..23].copy_from_slice(&digits[16..20]);
        text[24..].copy_from_slice(&digits[20..]);
        f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for RequestId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let malformed = IdError::Malformed {
            kind: "RequestId",
            expected: "a UUID of 32 hexadecimal digits with hyphens",
        };
        let mut groups = text.split('-');
        let mut digits = String::with_capacity(32);
        for width in [8, 4, 4, 4, 12] {
            match groups.next() {
                Some(group) if group.len() == width => digits.push_str(group),
                _ => return Err(malformed),
            }
        }
        if groups.next().is_some() {
            return Err(malformed);
        }
        parse_hex(&digits).map(Self).ok_or(malformed)
    }
}
