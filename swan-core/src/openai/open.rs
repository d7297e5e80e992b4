//! Types that stay open: a struct keeps the members it does not know, an enum the values it does not know.
//!
//! `serde(flatten)` cannot do it: it buffers members as parsed values, which rounds large numbers and refuses raw
//! text. So these macros read an object as named raw values first. A member whose value has another type than this
//! family expects is not an error either ("peers.md", P16: strict types against loose servers): it stays in `extra`.

use super::json::Json;

/// Whether a member is left out of the written object.
pub(super) trait Member {
    fn absent(&self) -> bool {
        false
    }
}

impl<T> Member for Option<T> {
    fn absent(&self) -> bool {
        self.is_none()
    }
}

impl<T> Member for Vec<T> {}
impl Member for String {}
impl Member for u64 {}

/// `null` reads as the default; `None` means a value of another type.
pub(super) fn known<T: serde::de::DeserializeOwned + Default>(value: &Json) -> Option<T> {
    value
        .read::<Option<T>>()
        .ok()
        .map(Option::unwrap_or_default)
}

macro_rules! open_struct {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$field_meta:meta])* $field:ident as $wire:literal: $type:ty, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default)]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$field_meta])* pub $field: $type, )*
            /// Members that this type does not name, and values of a type it does not expect, as exact text.
            pub extra: $crate::openai::Extra,
        }

        impl $crate::openai::open::Member for $name {}

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let members = $crate::openai::Extra::deserialize(deserializer)?;
                let mut this = Self::default();
                for (name, value) in members.into_members() {
                    match name.as_str() {
                        $( $wire => match $crate::openai::open::known(&value) {
                            Some(known) => this.$field = known,
                            None => this.extra.push(name, value),
                        }, )*
                        _ => this.extra.push(name, value),
                    }
                }
                Ok(this)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(None)?;
                $( if !$crate::openai::open::Member::absent(&self.$field) && self.extra.get($wire).is_none() {
                    map.serialize_entry($wire, &self.$field)?;
                } )*
                for (name, value) in self.extra.iter() {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    };
}

macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $wire:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )*
            /// A value that this version does not name, as it was written.
            Other(String),
        }

        impl $name {
            /// The name on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $wire, )*
                    Self::Other(name) => name,
                }
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                match name.as_str() {
                    $( $wire => Self::$variant, )*
                    _ => Self::Other(name),
                }
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self::from(name.to_owned())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }

        impl $crate::openai::open::Member for $name {}
    };
}

pub(super) use {open_enum, open_struct};
