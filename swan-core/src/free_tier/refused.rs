use std::fmt;

use crate::{Fact, Grounds, Policy, Timestamp};

/// What stands in the way of a free request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// The policy has no free tier.
    NoFreeTier,
    /// The model is not free.
    Model,
    /// The request alone may use more than a day's tokens.
    RequestTokens,
    /// The day's tokens are used up.
    TokensPerDay,
    /// Too many requests have begun in the last 60 seconds.
    RequestsPerMinute,
    /// Too many requests run already.
    Concurrency,
    /// What is left of the day's tokens is set aside for requests that run.
    TokensReserved,
    /// The book has no room for another account now.
    Accounts,
}

impl Limit {
    const fn rule(self) -> &'static str {
        match self {
            Self::NoFreeTier => "no free tier in this policy",
            Self::Model => "Seed 001, Free Tier: available models",
            Self::RequestTokens | Self::TokensPerDay | Self::TokensReserved => {
                "Seed 001, Free Tier: daily token limit"
            }
            Self::RequestsPerMinute => "Seed 001, Free Tier: rate limit",
            Self::Concurrency => "Seed 001, Free Tier: concurrency",
            Self::Accounts => "the accounts that this hub keeps in mind",
        }
    }
}

/// Why a request is not free now: which limit, when it ends, and how to go on without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    limit: Limit,
    resets: Option<Timestamp>,
    retry_after_secs: Option<u64>,
    upgrade: Box<str>,
    grounds: Box<Grounds>,
}

/// Nobody knows when a running request ends; asking again a second later costs nobody much.
const SOON_SECS: u64 = 1;

impl Refused {
    /// A refusal for good: waiting does not help.
    pub(super) fn for_good(limit: Limit, policy: &Policy, fact: Fact) -> Self {
        let upgrade = policy.free_tier().map_or("", |rules| rules.upgrade());
        Self {
            limit,
            resets: None,
            retry_after_secs: None,
            upgrade: upgrade.into(),
            grounds: Box::new(Grounds::new(limit.rule(), policy.stamp().clone()).with(fact)),
        }
    }

    /// A refusal until something ends whose time nobody knows.
    pub(super) fn for_now(limit: Limit, policy: &Policy, fact: Fact) -> Self {
        Self {
            retry_after_secs: Some(SOON_SECS),
            ..Self::for_good(limit, policy, fact)
        }
    }

    /// A refusal until a moment.
    pub(super) fn until(
        limit: Limit,
        policy: &Policy,
        fact: Fact,
        resets: Timestamp,
        now: Timestamp,
    ) -> Self {
        let wait_ms = u64::try_from(resets.since(now).as_millis()).unwrap_or(u64::MAX);
        Self {
            resets: Some(resets),
            retry_after_secs: Some(wait_ms.div_ceil(1_000).max(SOON_SECS)),
            ..Self::for_good(limit, policy, fact)
        }
    }

    /// Which limit it is.
    #[must_use]
    pub const fn limit(&self) -> Limit {
        self.limit
    }

    /// When there is room again, if that is known.
    #[must_use]
    pub const fn resets(&self) -> Option<Timestamp> {
        self.resets
    }

    /// Whole seconds to wait, for `Retry-After`; `None` when waiting does not help.
    #[must_use]
    pub const fn retry_after_secs(&self) -> Option<u64> {
        self.retry_after_secs
    }

    /// How to go on at once.
    #[must_use]
    pub fn upgrade(&self) -> &str {
        &self.upgrade
    }

    /// The rule, the policy and the counts.
    #[must_use]
    pub fn grounds(&self) -> &Grounds {
        &self.grounds
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not free: {}", self.grounds)?;
        if let Some(secs) = self.retry_after_secs {
            write!(f, "; try again in {secs} s")?;
        }
        if self.upgrade.is_empty() {
            Ok(())
        } else {
            write!(f, "; to go on now, {}", self.upgrade)
        }
    }
}

impl std::error::Error for Refused {}
