//! What a key, or all keys of an account together, may do.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use swan_core::protocol::Operation;
use swan_core::{Amount, Currency, Timestamp};

/// What a key may do, or all keys of an account together. Whatever is not set is not limited; of key and account each
/// holds for itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct KeyLimits {
    /// Requests per minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm: Option<u64>,
    /// Tokens per minute, of prompts and answers together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm: Option<u64>,
    /// Requests at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// The models that may be asked for; all when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelPattern>,
    /// The endpoints that may be called; all when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<EndpointScope>,
    /// The most that may be spent, in US dollars; payments in SWAN count at the rate that priced them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spend_cap: Option<Amount>,
    /// The time that the cap is for; all time when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spend_per: Option<SpendPeriod>,
    /// The addresses that requests may come from; all when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_ip: Vec<IpNet>,
    /// When it ends.
    #[serde(rename = "expires_ms", skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Of an account: what falling below is told to the operator, in US dollars. It limits nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low_balance: Option<Amount>,
    /// The same in SWAN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low_balance_swan: Option<Amount>,
    /// Whether requests are free ones only, within the policy's free tier, whatever the account has.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub free: bool,
}

/// The time that a cap on spending is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SpendPeriod {
    /// A day in UTC.
    Day,
    /// A month of the calendar in UTC.
    Month,
}

impl SpendPeriod {
    /// Its name in flags, JSON and errors.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// The endpoints of the API, as scopes name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EndpointScope {
    /// `/v1/chat/completions`
    Chat,
    /// `/v1/completions`
    Completions,
    /// `/v1/embeddings`
    Embeddings,
    /// `/v1/images/generations`
    Images,
    /// `/v1/audio/transcriptions`
    Audio,
}

impl EndpointScope {
    /// Every scope.
    pub const ALL: [Self; 5] = [
        Self::Chat,
        Self::Completions,
        Self::Embeddings,
        Self::Images,
        Self::Audio,
    ];

    /// Its name in flags, JSON and errors.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Completions => "completions",
            Self::Embeddings => "embeddings",
            Self::Images => "images",
            Self::Audio => "audio",
        }
    }

    /// The scope that an operation belongs to.
    pub(crate) const fn of(operation: &Operation) -> Option<Self> {
        match operation {
            Operation::ChatCompletions => Some(Self::Chat),
            Operation::Completions => Some(Self::Completions),
            Operation::Embeddings => Some(Self::Embeddings),
            Operation::ImagesGenerations => Some(Self::Images),
            Operation::AudioTranscriptions => Some(Self::Audio),
            _ => None,
        }
    }
}

/// A model's canonical name, or the beginning of names followed by `*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelPattern(Box<str>);

/// The text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no model pattern: expected a name such as Qwen/Qwen3-8B, or the beginning of names such as Qwen/*"
)]
#[non_exhaustive]
pub struct PatternError {
    /// The text.
    pub text: String,
}

impl ModelPattern {
    /// Whether the model with this canonical name is meant.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => *self.0 == *name,
        }
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ModelPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let beginning = text.strip_suffix('*').unwrap_or(text);
        let odd = |c: char| c == '*' || c == ',' || c.is_whitespace() || c.is_control();
        if text.is_empty() || text.len() > 200 || beginning.contains(odd) {
            let text = text.chars().take(80).collect();
            return Err(PatternError { text });
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for ModelPattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse()
    }
}

impl From<ModelPattern> for String {
    fn from(pattern: ModelPattern) -> Self {
        pattern.0.into()
    }
}

impl fmt::Display for ModelPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl KeyLimits {
    /// Whether nothing is limited.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The same limits, with these where there are none of their own.
    pub(crate) fn or(mut self, defaults: &KeyDefaults) -> Self {
        self.rpm = self.rpm.or(defaults.rpm);
        self.tpm = self.tpm.or(defaults.tpm);
        self.concurrency = self.concurrency.or(defaults.concurrency);
        self
    }

    /// Below what the funds of an account in this currency are called low.
    pub(crate) const fn low_balance_in(&self, currency: Currency) -> Option<Amount> {
        match currency {
            Currency::Usd => self.low_balance,
            Currency::Swan => self.low_balance_swan,
            _ => None,
        }
    }

    /// Both thresholds of an account, which limit nothing, as `other` has them.
    pub(crate) const fn with_low_balances_of(mut self, other: &Self) -> Self {
        self.low_balance = other.low_balance;
        self.low_balance_swan = other.low_balance_swan;
        self
    }

    pub(crate) fn allows_address(&self, address: Option<IpAddr>) -> bool {
        // An IPv4 client of a socket that speaks both shows as ::ffff:a.b.c.d.
        let address = address.map(|address| address.to_canonical());
        self.allow_ip.is_empty()
            || address.is_some_and(|address| self.allow_ip.iter().any(|net| net.contains(&address)))
    }

    pub(crate) fn allows_endpoint(&self, operation: &Operation) -> bool {
        self.endpoints.is_empty()
            || EndpointScope::of(operation).is_some_and(|scope| self.endpoints.contains(&scope))
    }

    /// `is_called` answers whether a name is another one of the model's.
    pub(crate) fn allows_model(&self, name: &str, is_called: impl Fn(&str) -> bool) -> bool {
        self.models.is_empty()
            || self
                .models
                .iter()
                .any(|pattern| pattern.matches(name) || is_called(pattern.as_str()))
    }
}

/// What holds for each key that has no limit of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyDefaults {
    /// Requests per minute. Default: no limit.
    pub rpm: Option<u64>,
    /// Tokens per minute. Default: no limit.
    pub tpm: Option<u64>,
    /// Requests at the same time. Default: no limit.
    pub concurrency: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_a_name_or_a_beginning() {
        for (pattern, name, is_meant) in [
            ("Qwen/Qwen3-8B", "Qwen/Qwen3-8B", true),
            ("Qwen/Qwen3-8B", "Qwen/Qwen3-80B", false),
            ("Qwen/*", "Qwen/Qwen3-8B", true),
            ("Qwen/*", "qwen/Qwen3-8B", false),
            ("*", "anything", true),
        ] {
            let pattern: ModelPattern = pattern.parse().unwrap();
            assert_eq!(pattern.matches(name), is_meant, "{pattern} {name}");
        }
        for bad in ["", "a*b", "**", "a b", "a,b"] {
            assert!(bad.parse::<ModelPattern>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let text = r#"{"rpm":5,"models":["Qwen/*"],"endpoints":["chat"],"spend_cap":"5","spend_per":"day","allow_ip":["10.0.0.0/8","2001:db8::/32"],"expires_ms":7,"free":true}"#;
        let limits: KeyLimits = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&limits).unwrap(), text);
        assert_eq!(serde_json::to_string(&KeyLimits::default()).unwrap(), "{}");
        assert!(serde_json::from_str::<KeyLimits>(r#"{"rmp":5}"#).is_err());
    }

    #[test]
    fn a_threshold_of_before_is_one_of_dollars() {
        let old: KeyLimits = serde_json::from_str(r#"{"low_balance":"5"}"#).unwrap();
        let [usd, swan] = Currency::ALL.map(|currency| old.low_balance_in(currency));
        assert_eq!((usd, swan), ("5".parse().ok(), None));
        let text = r#"{"low_balance":"5","low_balance_swan":"0.5"}"#;
        let both: KeyLimits = serde_json::from_str(text).unwrap();
        assert_eq!(both.low_balance_in(Currency::Swan), "0.5".parse().ok());
        assert_eq!(serde_json::to_string(&both).unwrap(), text);
    }

    #[test]
    fn an_address_is_looked_for_in_every_network() {
        let limits = KeyLimits {
            allow_ip: vec![
                "10.0.0.0/8".parse().unwrap(),
                "2001:db8::/32".parse().unwrap(),
            ],
            ..KeyLimits::default()
        };
        for (address, is_allowed) in [
            ("10.1.2.3", true),
            ("11.1.2.3", false),
            ("::ffff:10.1.2.3", true),
            ("2001:db8::1", true),
            ("2001:db9::1", false),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(
                limits.allows_address(Some(address)),
                is_allowed,
                "{address}"
            );
        }
        assert!(!limits.allows_address(None), "unknown is not allowed");
        assert!(KeyLimits::default().allows_address(None));
    }
}
