//! What a consumer says about who may serve a request: the `provider` object of OpenRouter's API.

mod parse;

pub use parse::PreferenceError;

use std::fmt;
use std::str::FromStr;

use super::{DataPolicy, Precision};
use crate::{Amount, ModelPrice, ProviderId};

/// A provider as a request names it: by id, or by display name in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    text: String,
    id: Option<ProviderId>,
}

impl Name {
    fn new(text: String) -> Self {
        let id = ProviderId::from_str(&text).ok();
        Self { text, id }
    }

    /// Whether it means this provider.
    #[must_use]
    pub fn means(&self, provider: ProviderId, name: &str) -> bool {
        self.id == Some(provider) || (!name.is_empty() && name.eq_ignore_ascii_case(&self.text))
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What `provider.sort` puts first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "OpenRouter sorts by these three")]
pub enum SortBy {
    /// The lowest price.
    Price,
    /// The shortest time to the first content.
    Latency,
    /// The most tokens a second.
    Throughput,
}

/// The highest prices that a request accepts, in US dollars; each binds models that are priced in its unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MaxPrice {
    /// Of a million tokens of prompt.
    pub prompt: Option<Amount>,
    /// Of a million tokens of answer.
    pub completion: Option<Amount>,
    /// Of an image.
    pub image: Option<Amount>,
}

/// The consumer's wishes about who serves a request, read once and checked: [`RoutePreferences::parse`].
///
/// The fields are those of OpenRouter's `provider` object and mean the same. **A field that is not known is refused**, since it
/// may be a demand (where data may go, say) that must not be dropped in silence; so is `enforce_distillable_text: true`, which
/// no provider here can promise. `preferred_min_throughput` and `preferred_max_latency` are checked and otherwise not used:
/// by their own definition they never keep a request from being served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutePreferences {
    pub(super) order: Vec<Name>,
    pub(super) only: Vec<Name>,
    pub(super) ignore: Vec<Name>,
    pub(super) allow_fallbacks: bool,
    pub(super) require_parameters: bool,
    pub(super) deny_collection: bool,
    pub(super) zero_retention: bool,
    pub(super) quantizations: Vec<Precision>,
    pub(super) sort: Option<SortBy>,
    pub(super) max_price: MaxPrice,
}

impl Default for RoutePreferences {
    /// What an absent object means: anybody, with fallbacks.
    fn default() -> Self {
        Self {
            order: Vec::new(),
            only: Vec::new(),
            ignore: Vec::new(),
            allow_fallbacks: true,
            require_parameters: false,
            deny_collection: false,
            zero_retention: false,
            quantizations: Vec::new(),
            sort: None,
            max_price: MaxPrice::default(),
        }
    }
}

impl RoutePreferences {
    /// Providers to try first, in this order.
    #[must_use]
    pub fn order(&self) -> &[Name] {
        &self.order
    }

    /// The only providers that may serve; empty when all may.
    #[must_use]
    pub fn only(&self) -> &[Name] {
        &self.only
    }

    /// Providers that may not serve.
    #[must_use]
    pub fn ignore(&self) -> &[Name] {
        &self.ignore
    }

    /// Whether others than those in `order` may serve, and whether another may be tried after a failure.
    #[must_use]
    pub const fn allows_fallbacks(&self) -> bool {
        self.allow_fallbacks
    }

    /// The same wishes with this word on fallbacks, where something else than the object decides about them.
    #[must_use]
    pub fn with_fallbacks(self, allow_fallbacks: bool) -> Self {
        Self {
            allow_fallbacks,
            ..self
        }
    }

    /// Whether every parameter of the request must be one that the provider honours.
    #[must_use]
    pub const fn requires_parameters(&self) -> bool {
        self.require_parameters
    }

    /// The ways of storing weights that are accepted; empty when all are.
    #[must_use]
    pub fn quantizations(&self) -> &[Precision] {
        &self.quantizations
    }

    /// What to put first instead of balancing load.
    #[must_use]
    pub const fn sort(&self) -> Option<SortBy> {
        self.sort
    }

    /// The highest prices.
    #[must_use]
    pub const fn max_price(&self) -> &MaxPrice {
        &self.max_price
    }

    /// Whether a provider with this data policy will do.
    #[must_use]
    pub const fn accepts_data(&self, data: DataPolicy) -> bool {
        (!self.deny_collection || data.denies_collection())
            && (!self.zero_retention || matches!(data, DataPolicy::ZeroRetention))
    }

    /// Whether this price will do; one that is not known only where there is no cap.
    #[must_use]
    pub fn accepts_price(&self, price: Option<&ModelPrice>) -> bool {
        let most = &self.max_price;
        let within = |price: Amount, most: Option<Amount>| most.is_none_or(|most| price <= most);
        match price {
            None => *most == MaxPrice::default(),
            Some(ModelPrice::Tokens(price)) => {
                within(price.input_per_million(), most.prompt)
                    && within(price.output_per_million(), most.completion)
            }
            Some(ModelPrice::PerImage(price)) => within(price.usd(), most.image),
            Some(ModelPrice::PerMinute(_)) => true,
        }
    }
}
