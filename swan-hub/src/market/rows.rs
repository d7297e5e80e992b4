//! What the market says of a model, and of a provider of one (public-swan.md 2.2).

use schemars::JsonSchema;
use serde::Serialize;
use swan_core::routing::Precision;
use swan_core::{Amount, BasisPoints, Modality, Model, ModelPrice, Tier};

use super::exact::Exact;

/// A model of the market.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct ModelRow {
    /// Its name, as requests give it.
    pub(super) id: String,
    /// The same for use in addresses: lower case, without slashes.
    pub(super) slug: String,
    /// Its name without its organisation.
    pub(super) name: String,
    /// `text-generation`, `embedding`, `image` or `audio`.
    pub(super) category: &'static str,
    /// Whether somebody serves it now.
    pub(super) active: bool,
    /// US dollars for a million tokens of input; null for models that are not paid by the token.
    pub(super) input_price: Option<Exact>,
    /// US dollars for a million tokens of output.
    pub(super) output_price: Option<Exact>,
    /// What its provider gets of that.
    pub(super) payout_input_price: Option<Exact>,
    /// What its provider gets of that.
    pub(super) payout_output_price: Option<Exact>,
    /// US dollars for one `price_unit`, of models that are not paid by the token.
    pub(super) unit_price: Option<Exact>,
    /// What its provider gets of that.
    pub(super) payout_unit_price: Option<Exact>,
    /// `million_tokens`, `minute` or `image`.
    pub(super) price_unit: &'static str,
    /// `premium` or `standard`.
    pub(super) tier: &'static str,
    /// The policy's tier, S to C.
    pub(super) policy_tier: &'static str,
    /// Machines that serve it now.
    pub(super) online_providers: usize,
    /// What the policy's catalogue knows of it.
    pub(super) specs: Specs,
    /// The longest context that anybody who is online declares.
    pub(super) max_context_length: Option<u64>,
    /// Where that is known from: `reported`, `partial`, `unknown` or `no_online_providers`.
    pub(super) max_context_basis: &'static str,
    /// The context that everybody who is online declares.
    pub(super) guaranteed_context_length: Option<u64>,
    /// As `max_context_basis`.
    pub(super) guaranteed_context_basis: &'static str,
}

/// What the policy's catalogue knows of a model.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Specs {
    /// Tokens of prompt and answer together.
    pub(super) context_length: Option<u64>,
    /// The most tokens of an answer.
    pub(super) max_output_tokens: u64,
    /// GPU memory that it needs at least.
    pub(super) min_vram_gb: u32,
}

/// What each provider declares of the context.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Contexts {
    pub(super) providers: usize,
    pub(super) declared: usize,
    pub(super) least: Option<u64>,
    pub(super) most: Option<u64>,
}

impl Contexts {
    pub(super) fn add(&mut self, declared: Option<u64>) {
        self.providers += 1;
        let Some(tokens) = declared else { return };
        self.declared += 1;
        self.least = Some(self.least.map_or(tokens, |least| least.min(tokens)));
        self.most = self.most.max(Some(tokens));
    }

    const fn basis(&self) -> &'static str {
        match (self.providers, self.declared) {
            (0, _) => "no_online_providers",
            (_, 0) => "unknown",
            (all, declared) if declared < all => "partial",
            _ => "reported",
        }
    }
}

/// The parts of a price.
#[derive(Debug, Clone, Default)]
pub(super) struct Prices {
    pub(super) input: Option<Exact>,
    pub(super) output: Option<Exact>,
    pub(super) unit: Option<Exact>,
}

impl Prices {
    pub(super) fn of(price: &ModelPrice, share: impl Fn(Amount) -> Amount) -> Self {
        let exact = |amount| Some(Exact::money(share(amount)));
        match price {
            ModelPrice::Tokens(tokens) => Self {
                input: exact(tokens.input_per_million()),
                output: exact(tokens.output_per_million()),
                unit: None,
            },
            ModelPrice::PerMinute(price) | ModelPrice::PerImage(price) => Self {
                unit: exact(price.usd()),
                ..Self::default()
            },
            _ => Self::default(),
        }
    }

    /// What a provider gets of the price of `model`, whose share is `share` where the policy names no payout.
    pub(super) fn payout(model: &Model, share: BasisPoints) -> Self {
        match &model.payout {
            Some(payout) => Self::of(payout, |amount| amount),
            None => Self::of(&model.price, |amount| amount.share(share)),
        }
    }
}

pub(super) const fn price_unit(price: &ModelPrice) -> &'static str {
    match price {
        ModelPrice::PerMinute(_) => "minute",
        ModelPrice::PerImage(_) => "image",
        _ => "million_tokens",
    }
}

pub(super) const fn category(modality: Modality) -> &'static str {
    match modality {
        Modality::Embedding => "embedding",
        Modality::Image => "image",
        Modality::Audio => "audio",
        _ => "text-generation",
    }
}

pub(super) const fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::S => "premium",
        _ => "standard",
    }
}

/// How the weights are stored, where that was declared.
pub(super) const fn quantization(precision: Precision) -> Option<&'static str> {
    match precision {
        Precision::Int4 => Some("int4"),
        Precision::Int8 => Some("int8"),
        Precision::Fp4 => Some("fp4"),
        Precision::Fp6 => Some("fp6"),
        Precision::Fp8 => Some("fp8"),
        Precision::Fp16 => Some("fp16"),
        Precision::Bf16 => Some("bf16"),
        Precision::Fp32 => Some("fp32"),
        _ => None,
    }
}

impl ModelRow {
    pub(super) fn of(model: &Model, share: BasisPoints, active: bool, contexts: &Contexts) -> Self {
        let id = model.id.to_string();
        let price = Prices::of(&model.price, |amount| amount);
        let payout = Prices::payout(model, share);
        let guaranteed = match contexts.basis() {
            "reported" => contexts.least,
            _ => None,
        };
        Self {
            slug: id.to_lowercase().replace('/', "-"),
            name: id.rsplit('/').next().unwrap_or(&id).to_owned(),
            id,
            category: category(model.modality),
            active,
            input_price: price.input,
            output_price: price.output,
            payout_input_price: payout.input,
            payout_output_price: payout.output,
            unit_price: price.unit,
            payout_unit_price: payout.unit,
            price_unit: price_unit(&model.price),
            tier: tier(model.tier),
            policy_tier: model.tier.letter(),
            online_providers: contexts.providers,
            specs: Specs {
                context_length: model.context_length,
                max_output_tokens: model.max_output_tokens,
                min_vram_gb: model.min_vram_gb,
            },
            max_context_length: contexts.most,
            max_context_basis: contexts.basis(),
            guaranteed_context_length: guaranteed,
            guaranteed_context_basis: contexts.basis(),
        }
    }
}

/// One provider of a model: of several machines the sums, and of what they declare the least.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct ProviderRow {
    /// Who serves.
    pub(super) provider_id: String,
    /// What it is called.
    pub(super) provider_name: String,
    /// The model.
    pub(super) model_id: String,
    /// US dollars for a million tokens of input.
    pub(super) input_price: Option<Exact>,
    /// US dollars for a million tokens of output.
    pub(super) output_price: Option<Exact>,
    /// US dollars for one unit, of models that are not paid by the token.
    pub(super) unit_price: Option<Exact>,
    /// `policy`: providers do not set prices.
    pub(super) price_source: &'static str,
    /// How the weights are stored, where it says so.
    pub(super) quantization: Option<&'static str>,
    /// The format of the weights; null, since nobody declares it to this hub in a way that it keeps.
    pub(super) format: Option<&'static str>,
    /// Percent of the last 30 days, or of the time since this hub first saw it, that it was there.
    pub(super) uptime_30d: Option<Exact>,
    /// Milliseconds to the first content of a stream, on average over the last 24 hours.
    pub(super) ttft_avg_ms: Option<u64>,
    /// Tokens a second of one stream, on average over the last 24 hours.
    pub(super) throughput: Option<Exact>,
    /// Percent of requests of the last 24 hours that did not fail by its fault.
    pub(super) success_rate: Option<Exact>,
    /// Tokens of prompt and answer together.
    pub(super) context_length: Option<u64>,
    /// `reported` by the provider, or `assumed` from the policy's catalogue.
    pub(super) context_source: &'static str,
    /// What the provider declared.
    pub(super) reported_context_length: Option<u64>,
    /// Machines that serve it.
    pub(super) nodes: usize,
    /// Requests that they take at once.
    pub(super) capacity: u64,
    /// Requests under way.
    pub(super) in_flight: u64,
}
