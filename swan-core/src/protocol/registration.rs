//! What a provider says about itself when it comes: its models and its machine.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::wire::lenient;
use crate::receipt::PublicKey;

/// A provider's introduction, sent first on each connection and again whenever its models change.
///
/// It replaces what was registered before (public-swan.md 1.4). A hub gets it with at most 512 models,
/// duplicates and unusable names (empty, over 200 bytes) already left out.
#[expect(
    clippy::exhaustive_structs,
    reason = "providers build it, with `..Registration::default()`"
)]
#[derive(Clone, Default, PartialEq)]
pub struct Registration {
    /// The provider key, `sk-prov-…`; what the hub authenticates by. Not printed by `Debug`.
    pub token: String,
    /// The node's own routing id; not an account, and not to be trusted.
    pub node_id: String,
    /// What the operator calls the node; may be empty.
    pub node_name: String,
    /// Models served, by the provider's own names, in its order; may be empty while backends start.
    pub models: Vec<String>,
    /// Fingerprints of model files.
    pub model_hashes: Vec<ModelHash>,
    /// What each model can do and how much of it at a time; preferred to `model_hashes` where both are present.
    pub model_declarations: Vec<ModelDeclaration>,
    /// Free words; `inference` is expected.
    pub capabilities: Vec<String>,
    /// The machine, where the provider told. Memory of 0 means "unknown".
    pub hardware: Option<Hardware>,
    /// Version of the provider program; `None` for legacy agents, which take chat only and frames up to 1 MiB.
    pub cp_version: Option<String>,
    /// Source revision of the provider program.
    pub commit: Option<String>,
    /// The key with which this node signs what it has served; only v2 carries it.
    pub signing_key: Option<PublicKey>,
    /// Whether this connection had been accepted before. Set by the hub's session; not on the wire.
    pub resumed: bool,
}

impl Registration {
    /// How many requests the provider takes at once for this model, where it has declared that.
    #[must_use]
    pub fn capacity(&self, model: &str) -> Option<u32> {
        self.model_declarations
            .iter()
            .find(|declaration| declaration.model_id == model)
            .and_then(ModelDeclaration::concurrency)
    }

    /// The longest context that the provider declared for this model, in tokens.
    #[must_use]
    pub fn context_length(&self, model: &str) -> Option<u64> {
        let declared = self
            .model_declarations
            .iter()
            .filter(|declaration| declaration.model_id == model)
            .find_map(ModelDeclaration::context_length);
        declared.or_else(|| {
            self.model_hashes
                .iter()
                .find(|hash| hash.model_id == model)
                .map(|hash| hash.context_length)
                .filter(|length| *length > 0)
        })
    }

    /// What the provider declares that this model does. Text says nothing, since programs declare it that do not know.
    #[must_use]
    pub fn modality(&self, model: &str) -> Option<crate::Modality> {
        self.model_declarations
            .iter()
            .filter(|declaration| declaration.model_id == model)
            .flat_map(|declaration| &declaration.output_modalities)
            .find_map(|modality| match modality.kind.as_str() {
                "embeddings" => Some(crate::Modality::Embedding),
                "image" => Some(crate::Modality::Image),
                "transcription" => Some(crate::Modality::Audio),
                _ => None,
            })
    }

    /// How the provider says that this model's weights are stored; empty where it does not.
    #[must_use]
    pub fn quantization(&self, model: &str) -> &str {
        let declarations = self.model_declarations.iter();
        let declared = declarations
            .filter(|declaration| declaration.model_id == model)
            .map(|declaration| declaration.quantization.as_str());
        let hashes = self.model_hashes.iter();
        let hashed = hashes
            .filter(|hash| hash.model_id == model)
            .map(|hash| hash.quantization.as_str());
        let mut both = declared.chain(hashed);
        both.find(|name| !name.is_empty()).unwrap_or_default()
    }

    /// What the provider says that becomes of this model's prompts and answers (`allow`, `deny`, `zero_retention`); empty where
    /// it does not say.
    #[must_use]
    pub fn data_collection(&self, model: &str) -> &str {
        let declarations = self.model_declarations.iter();
        let mut declared = declarations
            .filter(|declaration| declaration.model_id == model)
            .map(|declaration| declaration.data_collection.as_str());
        declared.find(|word| !word.is_empty()).unwrap_or_default()
    }

    /// The request parameters that the provider declares to honour for this model.
    pub fn parameters(&self, model: &str) -> impl Iterator<Item = &str> {
        self.model_declarations
            .iter()
            .filter(move |declaration| declaration.model_id == model)
            .flat_map(|declaration| &declaration.input_modalities)
            .flat_map(|modality| &modality.supported_parameters)
            .map(String::as_str)
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("token", &"(secret)")
            .field("node_id", &self.node_id)
            .field("node_name", &self.node_name)
            .field("models", &self.models)
            .field("hardware", &self.hardware)
            .field("cp_version", &self.cp_version)
            .field("resumed", &self.resumed)
            .finish_non_exhaustive()
    }
}

/// Fingerprint of one model's files (public-swan.md 1.4, `model_hashes`).
#[expect(clippy::exhaustive_structs, reason = "providers build it")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelHash {
    /// The provider's own name of the model.
    #[serde(deserialize_with = "lenient::string")]
    pub model_id: String,
    /// Hash of the weight files, in hex; empty when unknown.
    #[serde(
        deserialize_with = "lenient::string",
        skip_serializing_if = "String::is_empty"
    )]
    pub weight_hash: String,
    /// Algorithm of `weight_hash`, for example `sha256`.
    #[serde(
        deserialize_with = "lenient::string",
        skip_serializing_if = "String::is_empty"
    )]
    pub hash_algo: String,
    /// File format, for example `gguf`.
    #[serde(
        deserialize_with = "lenient::string",
        skip_serializing_if = "String::is_empty"
    )]
    pub format: String,
    /// Quantization, for example `int4`.
    #[serde(
        deserialize_with = "lenient::string",
        skip_serializing_if = "String::is_empty"
    )]
    pub quantization: String,
    /// Context length in tokens; 0 when unknown.
    #[serde(
        deserialize_with = "lenient::unsigned",
        skip_serializing_if = "lenient::is_zero"
    )]
    pub context_length: u64,
    /// `detected` or `override`; empty when unknown.
    #[serde(
        deserialize_with = "lenient::string",
        skip_serializing_if = "String::is_empty"
    )]
    pub context_source: String,
}

/// What one model can do (public-swan.md 1.5, schema version 1).
#[expect(clippy::exhaustive_structs, reason = "providers build it")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelDeclaration {
    /// `1`.
    #[serde(deserialize_with = "lenient::string")]
    pub schema_version: String,
    /// The provider's own name of the model.
    #[serde(deserialize_with = "lenient::string")]
    pub model_id: String,
    /// `detected` or `override`; empty when unknown.
    #[serde(
        deserialize_with = "lenient::string",
        skip_serializing_if = "String::is_empty"
    )]
    pub context_source: String,
    /// Hash of the weight files, in hex; empty when unknown.
    #[serde(
        deserialize_with = "lenient::string",
        skip_serializing_if = "String::is_empty"
    )]
    pub weight_hash: String,
    /// Algorithm of `weight_hash`.
    #[serde(
        deserialize_with = "lenient::string",
        skip_serializing_if = "String::is_empty"
    )]
    pub hash_algo: String,
    /// One of int4, int8, fp4, mxfp4, nvfp4, fp6, fp8, mxfp8, fp16, bf16, fp32; empty when unknown.
    #[serde(
        deserialize_with = "lenient::string",
        skip_serializing_if = "String::is_empty"
    )]
    pub quantization: String,
    /// One of vllm, sglang, llama.cpp, ollama, tgi; empty when unknown.
    #[serde(
        deserialize_with = "lenient::string",
        skip_serializing_if = "String::is_empty"
    )]
    pub engine: String,
    /// What becomes of prompts and answers: `allow` (they may be kept, or learned from), `deny` (they are not collected) or
    /// `zero_retention` (nothing is kept beyond the request); empty when the provider does not say. Not known to the public
    /// agent, and left out unless it is said.
    #[serde(
        deserialize_with = "lenient::string",
        skip_serializing_if = "String::is_empty"
    )]
    pub data_collection: String,
    /// What goes in.
    #[serde(deserialize_with = "lenient::list")]
    pub input_modalities: Vec<Modality>,
    /// What comes out.
    #[serde(deserialize_with = "lenient::list")]
    pub output_modalities: Vec<Modality>,
    /// How much of it at a time.
    #[serde(deserialize_with = "lenient::list")]
    pub capacity: Vec<Capacity>,
}

impl ModelDeclaration {
    /// Requests at once, where declared and at least 1.
    #[must_use]
    pub fn concurrency(&self) -> Option<u32> {
        self.capacity
            .iter()
            .find(|capacity| capacity.kind == "concurrency" && capacity.value > 0)
            .map(|capacity| u32::try_from(capacity.value).unwrap_or(u32::MAX))
    }

    /// The longest declared input context in tokens.
    #[must_use]
    pub fn context_length(&self) -> Option<u64> {
        self.input_modalities
            .iter()
            .filter_map(|modality| modality.max_context_length.as_ref())
            .map(|length| length.value)
            .filter(|value| *value > 0)
            .max()
    }
}

/// One kind of input or output of a model.
#[expect(clippy::exhaustive_structs, reason = "providers build it")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Modality {
    /// One of text, image, audio, embeddings, rerank, transcription.
    #[serde(rename = "type", deserialize_with = "lenient::string")]
    pub kind: String,
    /// Longest context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_context_length: Option<Length>,
    /// Longest single input or output, in the unit of the modality; 0 when unknown.
    #[serde(
        deserialize_with = "lenient::unsigned",
        skip_serializing_if = "lenient::is_zero"
    )]
    pub max_length: u64,
    /// Request fields that the model honours.
    #[serde(
        deserialize_with = "lenient::list",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub supported_parameters: Vec<String>,
    /// Whether it can be streamed.
    #[serde(deserialize_with = "lenient::boolean")]
    pub streaming: bool,
}

/// A length with its unit.
#[expect(clippy::exhaustive_structs, reason = "providers build it")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Length {
    /// How many.
    #[serde(deserialize_with = "lenient::unsigned")]
    pub value: u64,
    /// Of what; `token`.
    #[serde(deserialize_with = "lenient::string")]
    pub unit: String,
}

/// How much of a model there is, for example six requests at once.
#[expect(clippy::exhaustive_structs, reason = "providers build it")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capacity {
    /// `concurrency`.
    #[serde(rename = "type", deserialize_with = "lenient::string")]
    pub kind: String,
    /// `request`.
    #[serde(deserialize_with = "lenient::string")]
    pub unit: String,
    /// Per what; empty for concurrency.
    #[serde(
        deserialize_with = "lenient::string",
        skip_serializing_if = "String::is_empty"
    )]
    pub per: String,
    /// How many.
    #[serde(deserialize_with = "lenient::unsigned")]
    pub value: u64,
}

impl Capacity {
    /// The declaration of `requests` requests at once.
    #[must_use]
    pub fn concurrency(requests: u32) -> Self {
        Self {
            kind: "concurrency".to_owned(),
            unit: "request".to_owned(),
            per: String::new(),
            value: u64::from(requests),
        }
    }
}

/// The provider's machine, as it describes itself.
#[expect(clippy::exhaustive_structs, reason = "providers build it")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hardware {
    /// Vendor or family, for example `nvidia` or `apple`.
    #[serde(deserialize_with = "lenient::string")]
    pub gpu_type: String,
    /// Marketing name of the card.
    #[serde(deserialize_with = "lenient::string")]
    pub gpu_model: String,
    /// Memory of one card in GB; 0 means unknown.
    #[serde(deserialize_with = "lenient::unsigned")]
    pub vram_gb: u64,
    /// Number of cards.
    #[serde(deserialize_with = "lenient::unsigned")]
    pub gpu_count: u64,
    /// CUDA compute capability, for example `8.9`.
    #[serde(
        deserialize_with = "lenient::string",
        skip_serializing_if = "String::is_empty"
    )]
    pub compute_capability: String,
    /// Driver version.
    #[serde(
        deserialize_with = "lenient::string",
        skip_serializing_if = "String::is_empty"
    )]
    pub driver_version: String,
    /// CUDA version.
    #[serde(
        deserialize_with = "lenient::string",
        skip_serializing_if = "String::is_empty"
    )]
    pub cuda_version: String,
    /// One of sglang, vllm, ollama, llamacpp, tgi, unknown.
    #[serde(
        deserialize_with = "lenient::string",
        skip_serializing_if = "String::is_empty"
    )]
    pub serving_engine: String,
}
