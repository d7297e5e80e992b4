//! Why a limit refuses a request: which limit it is, whose, and when it is over.

use std::fmt;
use std::net::IpAddr;

use swan_core::{Amount, Timestamp, free_tier};

use super::limits::SpendPeriod;

/// The longest `Retry-After` that SDKs wait for.
pub(crate) const RETRY_MAX_SECS: u64 = 120;

/// Whose limit it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    Key,
    Account,
}

/// What a rate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rate {
    Requests,
    Tokens,
    /// Of what is known of requests that have ended.
    Reads,
}

/// A request that a limit refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Refused {
    #[error("the {holder} expired at {at}", at = Moment(*.at))]
    Expired { holder: Holder, at: Timestamp },
    #[error("the {holder} may not be used from {}", Address(*.address))]
    Address {
        holder: Holder,
        address: Option<IpAddr>,
    },
    #[error("the {holder} may not call {endpoint}; it may call {allowed}")]
    Endpoint {
        holder: Holder,
        endpoint: String,
        allowed: String,
    },
    #[error("the {holder} may not use the model {model}; it may use {allowed}")]
    Model {
        holder: Holder,
        model: String,
        allowed: String,
    },
    #[error(
        "rate limit reached: the {holder} may make {limit} {rate} per minute; try again in {retry_after_secs} s"
    )]
    Rate {
        holder: Holder,
        rate: Rate,
        limit: u64,
        retry_after_secs: u64,
    },
    #[error("rate limit reached: the {holder} may run {limit} requests at the same time")]
    Concurrency { holder: Holder, limit: u32 },
    #[error(
        "the {holder} has a spend cap of {cap} USD{}, of which {room} USD are left, and this request may cost {needed} USD",
        Per(*.per)
    )]
    SpendCap {
        holder: Holder,
        cap: Amount,
        per: Option<SpendPeriod>,
        room: Amount,
        needed: Amount,
    },
    /// In the middle of a stream.
    #[error(
        "the {holder} has a spend cap of {cap} USD{}, which was reached in the middle of the answer; what was delivered is charged",
        Per(*.per)
    )]
    CapEnded {
        holder: Holder,
        cap: Amount,
        per: Option<SpendPeriod>,
    },
    /// The free tier has no place for it; `only_free` when money would not help, since the key is for free requests.
    #[error("{refused}{}", Resets(.refused.resets()))]
    Free {
        refused: Box<free_tier::Refused>,
        only_free: bool,
    },
}

impl Refused {
    pub(super) fn rate(holder: Holder, rate: Rate, limit: u64, wait_nanos: u64) -> Self {
        let secs = wait_nanos.div_ceil(1_000_000_000);
        Self::Rate {
            holder,
            rate,
            limit,
            retry_after_secs: secs.clamp(1, RETRY_MAX_SECS),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "API key",
            Self::Account => "account",
        })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::Reads => "reads of its records",
        })
    }
}

struct Per(Option<SpendPeriod>);

impl fmt::Display for Per {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(per) => write!(f, " per {}", per.as_str()),
            None => Ok(()),
        }
    }
}

struct Resets(Option<Timestamp>);

impl fmt::Display for Resets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(at) => write!(f, "; the limit resets at {}", Moment(at)),
            None => Ok(()),
        }
    }
}

struct Address(Option<IpAddr>);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => write!(f, "{address}"),
            None => f.write_str("an address that the hub cannot see"),
        }
    }
}

/// A time as `2026-04-10 12:30:00 UTC`.
pub(crate) struct Moment(pub(crate) Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.0.as_secs() % 86_400;
        let (hours, minutes, secs) = (secs / 3_600, secs / 60 % 60, secs % 60);
        write!(f, "{} {hours:02}:{minutes:02}:{secs:02} UTC", self.0.day())
    }
}
