//! `[external.models]`: what an endpoint serves, under which names and at which prices.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use swan_core::{Amount, Modality, ModelPrice, PriceError, TokenPrice, UnitPrice};

use crate::error::ConfigError;
use crate::external::ExternalModel;

/// The models of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExternalModels {
    /// Names that the endpoint and the hub share.
    Same(Vec<String>),
    /// The hub's names, each with what the endpoint has for it.
    Mapped(BTreeMap<String, ExternalEntry>),
}

/// One model of an endpoint: a name, or a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExternalEntry {
    /// The endpoint's name for it; the hub's where there is none.
    pub name: Option<String>,
    /// What it does, where neither the catalogue nor its name tells.
    pub kind: Option<Modality>,
    /// What its consumers pay, where that is not the policy's price.
    pub price: ExternalPrice,
    /// Requests of it at once.
    pub capacity: Option<NonZeroU32>,
}

/// US dollars as decimal strings, in the unit of the model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExternalPrice {
    /// For a million tokens of input.
    pub input: Option<Amount>,
    /// For a million tokens of cached input.
    pub cached: Option<Amount>,
    /// For a million tokens of output.
    pub output: Option<Amount>,
    /// For an image.
    pub per_image: Option<Amount>,
    /// For a minute of audio.
    pub per_minute: Option<Amount>,
}

impl Default for ExternalModels {
    fn default() -> Self {
        Self::Same(Vec::new())
    }
}

impl ExternalEntry {
    /// As the endpoint takes it; `model` is the hub's name.
    pub(super) fn resolve(&self, model: &str) -> Result<ExternalModel, ConfigError> {
        let mut described = ExternalModel::named(self.name.as_deref().unwrap_or(model));
        described.kind = self.kind;
        described.price = self.price.resolve(model)?;
        described.capacity = self.capacity.map(NonZeroU32::get);
        Ok(described)
    }
}

impl ExternalPrice {
    fn resolve(&self, model: &str) -> Result<Option<ModelPrice>, ConfigError> {
        let wrong = |expected| ConfigError::Value {
            key: "external.models.price_*",
            value: model.to_owned(),
            expected,
        };
        let price: Result<ModelPrice, PriceError> = match self {
            Self {
                input: None,
                cached: None,
                output: None,
                per_image: None,
                per_minute: None,
            } => return Ok(None),
            Self {
                input: Some(input),
                cached,
                output,
                per_image: None,
                per_minute: None,
            } => TokenPrice::per_million(*input, output.unwrap_or(Amount::ZERO))
                .and_then(|price| price.with_cached(cached.unwrap_or(*input)))
                .map(ModelPrice::Tokens),
            Self {
                input: None,
                cached: None,
                output: None,
                per_image: Some(usd),
                per_minute: None,
            } => UnitPrice::new(*usd).map(ModelPrice::PerImage),
            Self {
                input: None,
                cached: None,
                output: None,
                per_image: None,
                per_minute: Some(usd),
            } => UnitPrice::new(*usd).map(ModelPrice::PerMinute),
            _ => {
                return Err(wrong(
                    "price_in with price_out (price_out alone says too little), or price_per_image, or price_per_minute",
                ));
            }
        };
        price.map(Some).map_err(|_| {
            wrong("prices between 0 and 10000 dollars, and price_cached at most price_in")
        })
    }
}

/// The table of an entry, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    name: Option<String>,
    kind: Option<Kind>,
    price_in: Option<Amount>,
    price_cached: Option<Amount>,
    price_out: Option<Amount>,
    price_per_image: Option<Amount>,
    price_per_minute: Option<Amount>,
    capacity: Option<NonZeroU32>,
}

/// What a model does, as it is written.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Chat,
    Embedding,
    Audio,
    Image,
}

impl From<Kind> for Modality {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Chat => Self::Chat,
            Kind::Embedding => Self::Embedding,
            Kind::Audio => Self::Audio,
            Kind::Image => Self::Image,
        }
    }
}

impl<'de> Deserialize<'de> for ExternalEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrTable;
        impl<'de> Visitor<'de> for NameOrTable {
            type Value = ExternalEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "the endpoint's name of the model, or a table with name, kind and prices",
                )
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(ExternalEntry {
                    name: Some(name.to_owned()),
                    ..ExternalEntry::default()
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let table = Table::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ExternalEntry {
                    name: table.name,
                    kind: table.kind.map(Modality::from),
                    price: ExternalPrice {
                        input: table.price_in,
                        cached: table.price_cached,
                        output: table.price_out,
                        per_image: table.price_per_image,
                        per_minute: table.price_per_minute,
                    },
                    capacity: table.capacity,
                })
            }
        }
        deserializer.deserialize_any(NameOrTable)
    }
}

impl<'de> Deserialize<'de> for ExternalModels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOrTable;
        impl<'de> Visitor<'de> for ListOrTable {
            type Value = ExternalModels;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of model names, or a table from the hub's names")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(ExternalModels::Same)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(ExternalModels::Mapped)
            }
        }
        deserializer.deserialize_any(ListOrTable)
    }
}
