//! The list of models.

use super::open::open_struct;

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
