//! What admission keeps for the whole hub: its rules, the free tier, and counts for those who watch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ipnet::IpNet;

use super::free::FreeDesk;
use super::limits::KeyDefaults;
use super::refused::{Rate, Refused};

/// How keys are treated by this hub.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyRules {
    /// What holds for keys without a limit of their own. Default: no limits.
    pub defaults: KeyDefaults,
    /// The proxies whose `X-Forwarded-For` is believed. Default: none.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether accounts without funds may use the policy's free tier. Default: yes.
    pub free_tier: bool,
}

impl Default for KeyRules {
    fn default() -> Self {
        Self {
            defaults: KeyDefaults::default(),
            trusted_proxies: Vec::new(),
            free_tier: true,
        }
    }
}

/// The state of admission.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) free: Arc<FreeDesk>,
    counts: [AtomicU64; KINDS],
}

const KINDS: usize = 8;

/// How many requests were refused since the hub was started, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedCounts {
    /// Too many requests in a minute.
    pub requests: u64,
    /// Too many tokens in a minute.
    pub tokens: u64,
    /// Too many requests at the same time.
    pub concurrency: u64,
    /// A spend cap.
    pub spend_cap: u64,
    /// An endpoint or model that the key may not use.
    pub scope: u64,
    /// An address that the key may not be used from.
    pub address: u64,
    /// A key or account that has expired.
    pub expired: u64,
    /// The free tier.
    pub free_tier: u64,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self {
            free: FreeDesk::new(),
            counts: Default::default(),
        }
    }

    /// Counts a refusal, and hands it on.
    pub(crate) fn counted(&self, refused: Refused) -> Refused {
        let kind = match refused {
            Refused::Rate {
                rate: Rate::Requests | Rate::Reads,
                ..
            } => 0,
            Refused::Rate {
                rate: Rate::Tokens, ..
            } => 1,
            Refused::Concurrency { .. } => 2,
            Refused::SpendCap { .. } | Refused::CapEnded { .. } => 3,
            Refused::Endpoint { .. } | Refused::Model { .. } => 4,
            Refused::Address { .. } => 5,
            Refused::Expired { .. } => 6,
            Refused::Free { .. } => 7,
        };
        if let Some(count) = self.counts.get(kind) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        refused
    }

    pub(crate) fn refused(&self) -> RefusedCounts {
        let count = |kind: usize| {
            let count = self.counts.get(kind);
            count.map_or(0, |count| count.load(Ordering::Relaxed))
        };
        RefusedCounts {
            requests: count(0),
            tokens: count(1),
            concurrency: count(2),
            spend_cap: count(3),
            scope: count(4),
            address: count(5),
            expired: count(6),
            free_tier: count(7),
        }
    }
}
