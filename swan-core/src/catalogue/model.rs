use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Comparison, ModelPrice, Parameters, TokenPrice};
use crate::ModelId;

/// A hardware tier (Seed 001, "Tiered Model Catalog").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Tier {
    /// Premium models of about 70B parameters.
    S,
    /// Agent and advanced models, 24B to 32B.
    A,
    /// Free and growth models, 8B to 17B.
    B,
    /// Utility models: embedding, audio, images.
    C,
}

impl Tier {
    /// Its letter.
    #[must_use]
    pub const fn letter(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.letter())
    }
}

/// What a model does, which decides its operation and the unit of its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Modality {
    /// Answers conversations; paid per token.
    Chat,
    /// Turns text into vectors; paid per token of input.
    Embedding,
    /// Turns speech into text; paid per minute.
    Audio,
    /// Makes images; paid per image.
    Image,
}

impl Modality {
    /// What a model does, as far as its name shows; chat where that shows nothing else.
    ///
    /// ```
    /// use swan_core::Modality;
    ///
    /// assert_eq!(Modality::of_name("nomic-embed-text:latest"), Modality::Embedding);
    /// assert_eq!(Modality::of_name("qwen3:8b"), Modality::Chat);
    /// ```
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        // Longer than any name of a model, and so not worth a copy.
        match name.len() {
            0..=800 => super::name::modality(&name.to_lowercase()),
            _ => Self::Chat,
        }
    }
}

impl fmt::Display for Modality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chat => "chat",
            Self::Embedding => "embedding",
            Self::Audio => "audio",
            Self::Image => "image",
        })
    }
}

/// One model of the market: what it is called, what it needs and what it costs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Model {
    /// The canonical name, as on Hugging Face.
    pub id: ModelId,
    /// Other names that mean this model, such as Ollama's.
    pub aliases: Vec<ModelId>,
    /// Its hardware tier.
    pub tier: Tier,
    /// What it does.
    pub modality: Modality,
    /// How large it is, where known.
    pub parameters: Option<Parameters>,
    /// What it costs, in US dollars.
    pub price: ModelPrice,
    /// What its provider is paid, in US dollars, where the policy names that instead of a share of the charge; in the same
    /// unit as the price and never above it (public record 3.9).
    pub payout: Option<ModelPrice>,
    /// What others charge for it, where the policy names that.
    pub comparisons: Vec<Comparison>,
    /// The GPU memory it needs at least.
    pub min_vram_gb: u32,
    /// Tokens of prompt and answer that it can hold together, where known.
    pub context_length: Option<u64>,
    /// The most tokens that one answer may have.
    pub max_output_tokens: u64,
}

impl Model {
    /// The price per token; `None` for models that are paid by the minute or the image.
    #[must_use]
    pub const fn token_price(&self) -> Option<&TokenPrice> {
        match &self.price {
            ModelPrice::Tokens(price) => Some(price),
            ModelPrice::PerMinute(_) | ModelPrice::PerImage(_) => None,
        }
    }
}
