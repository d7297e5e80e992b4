use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

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
                write!(f, concat!($prefix, "{:032x}"), self.0)
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
    /// A provider, who may hold several connections. Written `prov-` and 32 hexadecimal digits.
    ProviderId, "prov-", "prov- and 32 hexadecimal digits"
}
id! { prefixed:
    /// An API key, which is named without showing its secret. Written `key-` and 32 hexadecimal digits.
    KeyId, "key-", "key- and 32 hexadecimal digits"
}
id! { prefixed:
    /// One ledger transfer, and its idempotency key. Written as 32 hexadecimal digits.
    TransferId, "", "32 hexadecimal digits"
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.0;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            id >> 96,
            (id >> 80) & 0xffff,
            (id >> 64) & 0xffff,
            (id >> 48) & 0xffff,
            id & 0xffff_ffff_ffff
        )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_read_back_as_written() {
        let value = 0x0123_4567_89ab_cdef_0011_2233_4455_6677;
        let request = RequestId::from_u128(value);
        assert_eq!(request.to_string(), "01234567-89ab-cdef-0011-223344556677");
        assert_eq!(request.to_string().parse(), Ok(request));
        let account = AccountId::from_u128(value);
        assert_eq!(account.to_string(), "acc-0123456789abcdef0011223344556677");
        assert_eq!(account.to_string().parse(), Ok(account));
        let transfer = TransferId::from_u128(1);
        assert_eq!(transfer.to_string(), "00000000000000000000000000000001");
        let json = serde_json::to_string(&(request, account, transfer)).unwrap();
        assert_eq!(
            serde_json::from_str::<(RequestId, AccountId, TransferId)>(&json).unwrap(),
            (request, account, transfer)
        );
    }

    #[test]
    fn what_is_not_an_identifier_is_refused() {
        for text in [
            "",
            "acc-",
            "acc-12",
            "prov-0123456789abcdef0011223344556677",
            "acc-+123456789abcdef0011223344556677",
        ] {
            assert!(text.parse::<AccountId>().is_err(), "{text}");
        }
        for text in [
            "0123456789abcdef0011223344556677",
            "01234567-89ab-cdef-0011-22334455667g",
            "01234567-89ab-cdef-0011-223344556677-",
        ] {
            assert!(text.parse::<RequestId>().is_err(), "{text}");
        }
    }

    #[test]
    fn model_names_are_printable_and_bounded() {
        assert_eq!(
            ModelId::new("Qwen/Qwen3-8B").unwrap().as_str(),
            "Qwen/Qwen3-8B"
        );
        assert!(ModelId::new(&"é".repeat(200)).is_ok());
        for name in [
            "",
            "a b",
            "a\n",
            "a\u{0}",
            "a\u{200b}",
            &"é".repeat(201),
            &"x".repeat(100_000),
        ] {
            assert!(ModelId::new(name).is_err(), "{name:?}");
        }
    }
}
