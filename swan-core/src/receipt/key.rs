//! Keys and signatures of Ed25519, as bytes; they are written as hexadecimal digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::ReceiptError;
use crate::{ProviderId, Timestamp, hexadecimal};

macro_rules! hex {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $field:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// With these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// Its bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hexadecimal::write(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ReceiptError;

            fn from_str(text: &str) -> Result<Self, ReceiptError> {
                let wrong = ReceiptError::Malformed { field: $field, expected: $expected };
                hexadecimal::read(text).map(Self).ok_or(wrong)
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

hex! {
    /// A public key of Ed25519.
    PublicKey, 32, "key", "64 lower-case hexadecimal digits"
}
hex! {
    /// A signature of Ed25519.
    Signature, 64, "signature", "128 lower-case hexadecimal digits"
}

/// The keys of a hub, as it publishes them at `/.well-known/swan-keys`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "these are the facts that a hub publishes"
)]
pub struct HubKeys {
    /// The hub's name, as it stands in receipts.
    pub hub: String,
    /// The key in use, and those before it.
    pub keys: Vec<PublishedKey>,
}

/// The keys of a provider, as a hub has seen them; it publishes them at `/v1/provider-keys/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "these are the facts that a hub publishes"
)]
pub struct ProviderKeys {
    /// Whose they are.
    pub provider: ProviderId,
    /// The keys that its nodes have used.
    pub keys: Vec<PublishedKey>,
}

/// A key of a hub or provider, with the time in which it signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "these are the facts of a published key"
)]
pub struct PublishedKey {
    /// The key.
    pub key: PublicKey,
    /// Since when it signs; requests of before may be signed with it too, since receipts are made when they are asked for.
    #[serde(rename = "from_ms")]
    pub from: Timestamp,
    /// The receipts of later requests are not signed with it; `None` for the key in use.
    #[serde(rename = "until_ms")]
    pub until: Option<Timestamp>,
}

impl PublishedKey {
    /// A key that is believed at all times.
    #[must_use]
    pub const fn always(key: PublicKey) -> Self {
        Self {
            key,
            from: Timestamp::EPOCH,
            until: None,
        }
    }
}
