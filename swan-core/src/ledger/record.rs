use serde::{Deserialize, Serialize};

use crate::{Amount, Basis, KeyId, Metered, ModelId, ProviderId, Split};

/// What a request delivered, what it cost and who got which part.
///
/// The journal has its own flat form, so that a change of [`Usage`](crate::Usage) or [`Split`] can never
/// change the meaning of old entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "the journal fixes its shape")]
pub struct ChargeRecord {
    /// The model that answered, by its canonical name.
    pub model: ModelId,
    /// Who served it; `None` for an endpoint of the hub itself, whose share goes to the treasury.
    pub provider: Option<ProviderId>,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// How many of them came from a cache.
    pub cached_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// Images delivered.
    pub images: u64,
    /// Milliseconds of audio.
    pub audio_ms: u64,
    /// How the counts were come by.
    pub basis: UsageBasis,
    /// What the consumer paid.
    pub gross: Amount,
    /// The provider's part of it.
    pub provider_share: Amount,
    /// The growth fund's part.
    pub growth_fund: Amount,
    /// The treasury's part, before the share of an endpoint of the hub.
    pub treasury: Amount,
    /// The part taken out of circulation.
    pub burn: Amount,
    /// The key that was used, so that what a key has spent is known from the journal alone. `None` also in old entries.
    pub key: Option<KeyId>,
    /// What the gross is worth in US dollars, at the rate that priced it. `None` in old entries.
    pub usd: Option<Amount>,
}

impl ChargeRecord {
    /// The record of what was metered and how its price was split.
    #[must_use]
    pub const fn new(
        model: ModelId,
        provider: Option<ProviderId>,
        metered: &Metered,
        gross: Amount,
        split: &Split,
    ) -> Self {
        Self {
            model,
            provider,
            prompt_tokens: metered.usage.prompt_tokens,
            cached_tokens: metered.usage.cached_tokens,
            completion_tokens: metered.usage.completion_tokens,
            images: metered.usage.images,
            audio_ms: metered.usage.audio_ms,
            basis: match metered.basis {
                Basis::Reported => UsageBasis::Reported,
                Basis::Bounded => UsageBasis::Bounded,
                Basis::Estimated => UsageBasis::Estimated,
                Basis::Measured => UsageBasis::Measured,
            },
            gross,
            provider_share: split.provider,
            growth_fund: split.growth_fund,
            treasury: split.treasury,
            burn: split.burn,
            key: None,
            usd: None,
        }
    }

    /// The same record of a request that was made with `key`, whose gross is worth `usd`.
    #[must_use]
    pub const fn with_spending(mut self, key: Option<KeyId>, usd: Amount) -> Self {
        self.key = key;
        self.usd = Some(usd);
        self
    }

    /// The sum of the parts, which is the gross unless the record is wrong.
    #[must_use]
    pub fn parts(&self) -> Option<Amount> {
        Amount::checked_sum([
            self.provider_share,
            self.growth_fund,
            self.treasury,
            self.burn,
        ])
        .ok()
    }
}

/// How the counts of a charge were come by. The order of the variants is part of the journal format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UsageBasis {
    /// The model server said so and it fits what the hub saw.
    Reported,
    /// The model server said more than the hub saw; the hub's bound was charged.
    Bounded,
    /// The model server said nothing; counted from what the hub saw.
    Estimated,
    /// The hub counted the images or measured the audio itself.
    Measured,
}

impl UsageBasis {
    /// The name as tables and JSON show it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Bounded => "bounded",
            Self::Estimated => "estimated",
            Self::Measured => "measured",
        }
    }
}
