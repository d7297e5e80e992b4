//! Who may serve a call: the `provider` object of a request.

use serde::Serialize;
use swan_core::Amount;
use swan_core::routing::SortBy;

/// Who may serve a call, as OpenRouter's `provider` object has it; a Swan hub refuses a call whose wishes nobody meets.
///
/// ```
/// use swan_client::{ProviderPreferences, SortBy};
///
/// let wishes = ProviderPreferences::new()
///     .with_ignored(["attic"])
///     .with_sort(SortBy::Price)
///     .with_max_token_prices("0.05".parse()?, "0.10".parse()?)
///     .without_data_collection();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProviderPreferences {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    order: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    only: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignore: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_fallbacks: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    require_parameters: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_collection: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zdr: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    quantizations: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sort: Option<SortBy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_price: Option<MaxPrice>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct MaxPrice {
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Amount>,
}

impl ProviderPreferences {
    /// Anybody may serve.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These first, in this order, by id or name.
    #[must_use]
    pub fn with_order(mut self, providers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.order = texts(providers);
        self
    }

    /// Only these, by id or name.
    #[must_use]
    pub fn with_only(mut self, providers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.only = texts(providers);
        self
    }

    /// Never these, by id or name.
    #[must_use]
    pub fn with_ignored(mut self, providers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.ignore = texts(providers);
        self
    }

    /// Whether another may serve when the first one cannot.
    #[must_use]
    pub fn with_fallbacks(mut self, allow: bool) -> Self {
        self.allow_fallbacks = Some(allow);
        self
    }

    /// Only those who declare to honour every parameter of the request.
    #[must_use]
    pub fn with_required_parameters(mut self) -> Self {
        self.require_parameters = Some(true);
        self
    }

    /// Only those who declare that they keep no prompts and answers for purposes of their own.
    #[must_use]
    pub fn without_data_collection(mut self) -> Self {
        self.data_collection = Some("deny");
        self
    }

    /// Only those who declare that they keep nothing at all.
    #[must_use]
    pub fn with_zero_retention(mut self) -> Self {
        self.zdr = Some(true);
        self
    }

    /// Only models of these precisions, such as `fp8` or `bf16`.
    #[must_use]
    pub fn with_quantizations(
        mut self,
        levels: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.quantizations = texts(levels);
        self
    }

    /// What comes first.
    #[must_use]
    pub fn with_sort(mut self, sort: SortBy) -> Self {
        self.sort = Some(sort);
        self
    }

    /// The highest prices of a million tokens, in US dollars.
    #[must_use]
    pub fn with_max_token_prices(mut self, prompt: Amount, completion: Amount) -> Self {
        let most = self.max_price.get_or_insert_default();
        (most.prompt, most.completion) = (Some(prompt), Some(completion));
        self
    }

    /// The highest price of an image, in US dollars.
    #[must_use]
    pub fn with_max_image_price(mut self, image: Amount) -> Self {
        self.max_price.get_or_insert_default().image = Some(image);
        self
    }
}

fn texts(list: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
    list.into_iter().map(Into::into).collect()
}
