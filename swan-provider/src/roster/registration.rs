//! How a provider introduces what it serves.

use super::{Offer, Roster};
use crate::{backend::Engine, models_file::Category, signing::SigningKey};
use std::sync::Arc;
use swan_core::protocol::{
    Capacity, Hardware, Length, Modality, ModelDeclaration, ModelHash, Registration,
};
use swan_core::routing::DataPolicy;

/// The closed list of public-swan.md 1.5; another word would make a hub refuse the declaration.
const QUANTIZATIONS: [&str; 11] = [
    "int4", "int8", "fp4", "mxfp4", "nvfp4", "fp6", "fp8", "mxfp8", "fp16", "bf16", "fp32",
];

/// Hubs judge by this what a provider takes (public-swan.md 1.6), so it names the public agent whose abilities this
/// program has, and behind the plus sign the program itself.
const CP_VERSION: &str = concat!("0.5.5+swan-provider-", env!("CARGO_PKG_VERSION"));

/// Who introduces itself.
#[derive(Clone)]
pub(crate) struct Introduction {
    pub(crate) key: String,
    pub(crate) node_id: String,
    pub(crate) node_name: String,
    /// Requests at once over all models: no model takes more, whatever its backends could.
    pub(crate) max_in_flight: u32,
    /// What becomes of prompts and answers, where the models file does not say.
    pub(crate) data: DataPolicy,
    /// What signs the answers of which consumers want receipts.
    pub(crate) signing: Option<Arc<SigningKey>>,
}

impl Introduction {
    /// The introduction with the models that answer now.
    pub(crate) fn registration(
        &self,
        roster: &Roster,
        hardware: Option<&Hardware>,
    ) -> Registration {
        let serving: Vec<_> = roster.serving().collect();
        let engine = serving
            .iter()
            .flat_map(|(_, offer)| &offer.replicas)
            .map(|r| r.engine())
            .next();
        Registration {
            token: self.key.clone(),
            node_id: self.node_id.clone(),
            node_name: self.node_name.clone(),
            models: serving.iter().map(|(id, _)| (*id).to_owned()).collect(),
            model_hashes: serving.iter().map(|(id, offer)| hash(id, offer)).collect(),
            model_declarations: serving
                .iter()
                .map(|(id, offer)| declaration(id, offer, self))
                .collect(),
            capabilities: vec!["inference".to_owned()],
            hardware: hardware.map(|hardware| Hardware {
                serving_engine: engine.unwrap_or_default().as_str().to_owned(),
                ..hardware.clone()
            }),
            cp_version: Some(CP_VERSION.to_owned()),
            signing_key: self.signing.as_ref().map(|key| key.public()),
            ..Registration::default()
        }
    }
}

fn hash(id: &str, offer: &Offer) -> ModelHash {
    let (context_length, source) = offer.context_length().unwrap_or_default();
    ModelHash {
        model_id: id.to_owned(),
        format: offer.format.clone().unwrap_or_default(),
        quantization: offer.quantization.clone().unwrap_or_default(),
        context_length,
        context_source: source.to_owned(),
        ..ModelHash::default()
    }
}

fn declaration(id: &str, offer: &Offer, own: &Introduction) -> ModelDeclaration {
    let window = offer.context_length();
    let (input, output) = modalities(offer.category);
    let quantization = offer
        .quantization
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let known = QUANTIZATIONS.contains(&quantization.as_str());
    ModelDeclaration {
        schema_version: "1".to_owned(),
        model_id: id.to_owned(),
        context_source: window.map_or("", |(_, source)| source).to_owned(),
        quantization: if known { quantization } else { String::new() },
        data_collection: offer.data.unwrap_or(own.data).word().to_owned(),
        engine: offer
            .replicas
            .first()
            .map_or("", |r| engine_word(r.engine()))
            .to_owned(),
        input_modalities: vec![Modality {
            kind: input.to_owned(),
            max_context_length: window.map(|(value, _)| Length {
                value,
                unit: "token".to_owned(),
            }),
            ..Modality::default()
        }],
        output_modalities: vec![Modality {
            kind: output.to_owned(),
            streaming: offer.category == Category::TextGeneration,
            ..Modality::default()
        }],
        capacity: vec![Capacity::concurrency(
            offer.capacity().min(own.max_in_flight),
        )],
        ..ModelDeclaration::default()
    }
}

const fn modalities(category: Category) -> (&'static str, &'static str) {
    match category {
        Category::TextGeneration => ("text", "text"),
        Category::Embedding => ("text", "embeddings"),
        Category::Image => ("text", "image"),
        Category::Audio => ("audio", "transcription"),
    }
}

/// Declarations spell llama.cpp with a dot, the hardware report without (public-swan.md 1.4, 1.5).
const fn engine_word(engine: Engine) -> &'static str {
    match engine {
        Engine::LlamaCpp => "llama.cpp",
        Engine::Echo | Engine::Unknown => "",
        known => known.as_str(),
    }
}

impl std::fmt::Debug for Introduction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Introduction")
            .field("node_id", &self.node_id)
            .field("node_name", &self.node_name)
            .finish_non_exhaustive()
    }
}
