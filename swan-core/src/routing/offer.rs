use serde::{Deserialize, Serialize};

use crate::protocol::Operation;
use crate::{Modality, ModelId, ModelPrice};

/// What a provider does with prompts and answers (OpenRouter's `data_collection` and `zdr`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "what may be asked for is compared with each"
)]
pub enum DataPolicy {
    /// It says nothing, which counts as keeping them.
    #[default]
    Undeclared,
    /// It may keep them, or learn from them.
    Collects,
    /// It does not collect them, but may keep them for a while.
    NoCollection,
    /// It keeps nothing beyond the request.
    ZeroRetention,
}

impl DataPolicy {
    /// The policy that a provider's declaration names; words that are not known promise nothing.
    ///
    /// ```
    /// use swan_core::routing::DataPolicy;
    ///
    /// assert_eq!(DataPolicy::declared("deny"), DataPolicy::NoCollection);
    /// assert_eq!(DataPolicy::declared("maybe"), DataPolicy::Undeclared);
    /// ```
    #[must_use]
    pub fn declared(name: &str) -> Self {
        let all = [Self::Collects, Self::NoCollection, Self::ZeroRetention];
        let named = all.into_iter().find(|policy| policy.word() == name);
        named.unwrap_or_default()
    }

    /// The word of a declaration; empty where nothing is declared.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Undeclared => "",
            Self::Collects => "allow",
            Self::NoCollection => "deny",
            Self::ZeroRetention => "zero_retention",
        }
    }

    /// Whether it meets `data_collection: "deny"`.
    #[must_use]
    pub const fn denies_collection(self) -> bool {
        matches!(self, Self::NoCollection | Self::ZeroRetention)
    }
}

/// How a model's weights are stored, by the names of OpenRouter's `quantizations`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each name is the format's own")]
#[non_exhaustive]
pub enum Precision {
    Int4,
    Int8,
    Fp4,
    Fp6,
    Fp8,
    Fp16,
    Bf16,
    Fp32,
    /// The provider does not say.
    #[default]
    Unknown,
}

impl Precision {
    /// Every level, by name.
    pub(super) const ALL: [(&'static str, Self); 9] = [
        ("int4", Self::Int4),
        ("int8", Self::Int8),
        ("fp4", Self::Fp4),
        ("fp6", Self::Fp6),
        ("fp8", Self::Fp8),
        ("fp16", Self::Fp16),
        ("bf16", Self::Bf16),
        ("fp32", Self::Fp32),
        ("unknown", Self::Unknown),
    ];

    /// The level that a provider's declaration names (public record 1.5); formats of shared scales count by their width.
    ///
    /// ```
    /// use swan_core::routing::Precision;
    ///
    /// assert_eq!(Precision::declared("MXFP4"), Precision::Fp4);
    /// assert_eq!(Precision::declared("q4_k_m"), Precision::Unknown);
    /// ```
    #[must_use]
    pub fn declared(name: &str) -> Self {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        let known = Self::ALL.iter().find(|(text, _)| is(text));
        match known {
            Some((_, level)) => *level,
            None if is("mxfp4") || is("nvfp4") => Self::Fp4,
            None if is("mxfp8") => Self::Fp8,
            None => Self::Unknown,
        }
    }
}

/// What a provider declares of one model, as far as requests choose by it. What it does not declare is `None`: that is no
/// obstacle in itself, but meets no demand that a consumer makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "shells build it from what they know"
)]
pub struct Offer<'a> {
    /// The provider's display name, by which requests may ask for it as well as by its id.
    pub name: &'a str,
    /// The model.
    pub model: Option<&'a ModelId>,
    /// What the model does.
    pub modality: Option<Modality>,
    /// What it takes of such a model; everything where it does not say.
    pub operations: Option<&'a [Operation]>,
    /// Tokens of prompt and answer that fit together.
    pub context_tokens: Option<u64>,
    /// The most tokens of one answer.
    pub max_output_tokens: Option<u64>,
    /// What it costs the consumer.
    pub price: Option<ModelPrice>,
    /// What becomes of the data.
    pub data: DataPolicy,
    /// How the weights are stored.
    pub quantization: Precision,
    /// The request parameters that it honours.
    pub parameters: Option<&'a [&'a str]>,
    /// Tokens a second that it generates for one request.
    pub tokens_per_second: Option<u32>,
}

impl Offer<'_> {
    /// Nothing is known.
    pub const UNDECLARED: Self = Self {
        name: "",
        model: None,
        modality: None,
        operations: None,
        context_tokens: None,
        max_output_tokens: None,
        price: None,
        data: DataPolicy::Undeclared,
        quantization: Precision::Unknown,
        parameters: None,
        tokens_per_second: None,
    };
}
