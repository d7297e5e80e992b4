//! `[free_tier]` of a policy.

use serde::Deserialize;

use crate::ModelId;
use crate::catalogue::{Catalogue, Modality, Tier};
use crate::policy::PolicyError;
use crate::policy::check::within;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    tier: Tier,
    models: Vec<String>,
    tokens_per_day: u64,
    requests_per_minute: u64,
    concurrent_requests: u64,
    registration: Registration,
    upgrade: String,
}

/// What somebody shows who uses the free tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Registration {
    /// An API key and nothing else (Seed 001: "API key only (free, no KYC)").
    ApiKey,
}

/// What is free, and how much of it (Seed 001, "Free Tier").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeTierRules {
    models: Vec<ModelId>,
    tokens_per_day: u64,
    requests_per_minute: u64,
    concurrent_requests: u64,
    registration: Registration,
    upgrade: Box<str>,
}

impl FreeTierRules {
    /// The models that are free, by their canonical names.
    #[must_use]
    pub fn models(&self) -> &[ModelId] {
        &self.models
    }

    /// Tokens of prompts and answers together, from midnight to midnight in UTC.
    #[must_use]
    pub const fn tokens_per_day(&self) -> u64 {
        self.tokens_per_day
    }

    /// Requests that may begin in any 60 seconds.
    #[must_use]
    pub const fn requests_per_minute(&self) -> u64 {
        self.requests_per_minute
    }

    /// Requests that may run at the same time.
    #[must_use]
    pub const fn concurrent_requests(&self) -> u64 {
        self.concurrent_requests
    }

    /// What somebody shows who uses it.
    #[must_use]
    pub const fn registration(&self) -> Registration {
        self.registration
    }

    /// How to go on beyond it, in words.
    #[must_use]
    pub fn upgrade(&self) -> &str {
        &self.upgrade
    }
}

impl Section {
    pub(crate) fn check(&self, catalogue: &Catalogue) -> Result<FreeTierRules, PolicyError> {
        let mut models: Vec<ModelId> = Vec::with_capacity(self.models.len());
        for (name, number) in self.models.iter().zip(1_usize..) {
            let key = format!("free_tier.models.{number}");
            let wrong = |rule: &str| PolicyError::invalid(key.clone(), name, rule);
            let model = catalogue
                .find(name)
                .ok_or_else(|| wrong("a free model stands in the catalogue"))?;
            if model.tier != self.tier {
                let rule = format!("free models are of tier {}", self.tier);
                return Err(wrong(&rule));
            }
            if model.modality != Modality::Chat {
                return Err(wrong(
                    "free models chat, since the limit counts their tokens",
                ));
            }
            if models.contains(&model.id) {
                return Err(wrong("each free model stands here once"));
            }
            models.push(model.id.clone());
        }
        if models.is_empty() {
            let rule = "a free tier has at least one model";
            return Err(PolicyError::invalid("free_tier.models", "[]", rule));
        }
        let upgrade = self.upgrade.trim();
        if upgrade.is_empty() || upgrade.chars().count() > 200 {
            let rule = "it says in 1 to 200 characters how to go on";
            return Err(PolicyError::invalid("free_tier.upgrade", upgrade, rule));
        }
        let at = |name: &str| format!("free_tier.{name}");
        let (tokens, rate, running) = (
            within(
                &at("tokens_per_day"),
                self.tokens_per_day,
                1,
                1_000_000_000_000,
            )?,
            within(
                &at("requests_per_minute"),
                self.requests_per_minute,
                1,
                10_000,
            )?,
            within(
                &at("concurrent_requests"),
                self.concurrent_requests,
                1,
                1_000,
            )?,
        );
        Ok(FreeTierRules {
            models,
            tokens_per_day: tokens,
            requests_per_minute: rate,
            concurrent_requests: running,
            registration: self.registration,
            upgrade: upgrade.into(),
        })
    }
}
