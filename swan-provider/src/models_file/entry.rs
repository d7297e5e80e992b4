//! One model of `models.json`.

use crate::{BackendModel, HttpBackend, ProviderError};
use serde_json::{Map, Value};
use swan_core::Modality;
use swan_core::routing::DataPolicy;

/// Where and how one model is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModelEntry {
    pub(crate) endpoint: String,
    pub(crate) category: Category,
    /// The name by which the model server knows it, if that is not the key.
    pub(crate) local_model: Option<String>,
    pub(crate) api_key: Option<String>,
    pub(crate) format: Option<String>,
    pub(crate) quantization: Option<String>,
    pub(crate) data: Option<DataPolicy>,
    pub(crate) context_length: Option<u64>,
}

/// What a model is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Category {
    #[default]
    TextGeneration,
    Embedding,
    Image,
    Audio,
}

impl Category {
    /// What a model that its backend lists does: what the backend says, or what its name shows.
    pub(crate) fn of(model: &BackendModel) -> Self {
        let named = || Modality::of_name(&model.id);
        match model.modality.unwrap_or_else(named) {
            Modality::Embedding => Self::Embedding,
            Modality::Image => Self::Image,
            Modality::Audio => Self::Audio,
            _ => Self::TextGeneration,
        }
    }
}

impl ModelEntry {
    /// Reads the fields that this program uses; others, known to the agent or not, are none of its business.
    pub(super) fn parse(id: &str, value: &Value) -> Result<Self, String> {
        if id.is_empty() || id.len() > 200 || id.chars().any(|c| c.is_control() || c == ' ') {
            return Err("expected a model id of 1 to 200 characters without spaces".to_owned());
        }
        let Value::Object(fields) = value else {
            return Err(format!("expected an object, found {value}"));
        };
        let endpoint = text(fields, "endpoint")?
            .ok_or("endpoint: expected an address such as http://127.0.0.1:8000")?;
        HttpBackend::new(&endpoint).map_err(|e| format!("endpoint: {e}"))?;
        Ok(Self {
            endpoint,
            category: category(text(fields, "category")?.as_deref())?,
            local_model: text(fields, "local_model")?,
            api_key: text(fields, "api_key")?,
            format: text(fields, "format")?,
            quantization: text(fields, "quantization")?,
            data: data_policy(text(fields, "data_collection")?)?,
            context_length: number(fields, "context_length")?,
        })
    }
}

impl ModelEntry {
    /// The server that it names.
    pub(crate) fn backend(&self) -> Result<HttpBackend, ProviderError> {
        let builder = HttpBackend::builder(&self.endpoint);
        match &self.api_key {
            Some(key) => builder.with_api_key(key).build(),
            None => builder.build(),
        }
    }
}

/// Go programs write an absent text as an empty one.
fn text(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned())),
        Some(other) => Err(format!("{name}: expected a text, found {other}")),
    }
}

fn number(fields: &Map<String, Value>, name: &str) -> Result<Option<u64>, String> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(0) => Ok(None),
            Some(number) => Ok(Some(number)),
            None => Err(format!("{name}: expected a whole number, found {value}")),
        },
    }
}

fn data_policy(word: Option<String>) -> Result<Option<DataPolicy>, String> {
    word.map(|word| match DataPolicy::declared(&word) {
        DataPolicy::Undeclared => Err(format!(
            "data_collection: expected allow, deny or zero_retention, found {word:?}"
        )),
        known => Ok(known),
    })
    .transpose()
}

fn category(name: Option<&str>) -> Result<Category, String> {
    match name {
        None | Some("text-generation") => Ok(Category::TextGeneration),
        Some("embedding") => Ok(Category::Embedding),
        Some("image") => Ok(Category::Image),
        Some("audio") => Ok(Category::Audio),
        Some(other) => Err(format!(
            "category: expected text-generation, embedding, image or audio, found {other:?}"
        )),
    }
}
