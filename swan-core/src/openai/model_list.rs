//! The list of models.

use super::open::open_struct;
use crate::{Amount, Currency};

open_struct! {
    /// A model that a server offers.
    pub struct ModelInfo {
        /// The name to ask for.
        id as "id": String,
        /// `model`.
        object as "object": Option<String>,
        /// Unix seconds; some servers leave it out.
        created as "created": Option<u64>,
        /// Who made or hosts it.
        owned_by as "owned_by": Option<String>,
        /// The names besides `id` by which a Swan hub knows it.
        aliases as "aliases": Option<Vec<String>>,
        /// A Swan hub's tier, such as `A`.
        tier as "tier": Option<String>,
        /// What it does: `chat`, `embedding`, `image` or `audio`.
        modality as "modality": Option<String>,
        /// The paths at which it is asked.
        operations as "operations": Option<Vec<String>>,
        /// The most tokens of prompt and answer together.
        context_length as "context_length": Option<u64>,
        /// The most tokens of an answer.
        max_output_tokens as "max_output_tokens": Option<u64>,
        /// What it costs.
        pricing as "pricing": Option<ModelPrices>,
        /// The request parameters that those who serve it declare to honour.
        supported_parameters as "supported_parameters": Option<Vec<String>>,
        /// How many providers serve it now.
        providers_online as "providers_online": Option<u64>,
        /// Whether somebody serves it now.
        available as "available": Option<bool>,
    }
}

open_struct! {
    /// The list prices of a model on a Swan hub, in the unit by which it is paid; what other servers write stays in `extra`.
    pub struct ModelPrices {
        /// The currency, `USD`.
        currency as "currency": Option<Currency>,
        /// A million tokens of prompt.
        input_per_million_tokens as "input_per_million_tokens": Option<Amount>,
        /// A million tokens of prompt that a cache held.
        cached_input_per_million_tokens as "cached_input_per_million_tokens": Option<Amount>,
        /// A million tokens of answer.
        output_per_million_tokens as "output_per_million_tokens": Option<Amount>,
        /// One image.
        per_image as "per_image": Option<Amount>,
        /// A minute of audio.
        per_minute as "per_minute": Option<Amount>,
    }
}

open_struct! {
    /// The models that a server offers.
    pub struct ModelList {
        /// `list`.
        object as "object": Option<String>,
        /// The models.
        data as "data": Vec<ModelInfo>,
    }
}

impl ModelInfo {
    /// A model in the form that every client takes: strict ones need all four members.
    #[must_use]
    pub fn new(id: impl Into<String>, created: u64, owned_by: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            object: Some("model".to_owned()),
            created: Some(created),
            owned_by: Some(owned_by.into()),
            ..Self::default()
        }
    }
}

impl ModelList {
    /// A list of these models.
    #[must_use]
    pub fn new(data: Vec<ModelInfo>) -> Self {
        Self {
            object: Some("list".to_owned()),
            data,
            ..Self::default()
        }
    }
}
