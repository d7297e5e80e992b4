//! The small seams: time, randomness and the price of SWAN.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use swan_core::{Clock, ExchangeRate, RateError, StampedRate, Timestamp};

/// The clock of the system.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl SystemClock {
    /// The clock.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// Randomness for request ids and routing; never for secrets.
pub trait Entropy: fmt::Debug + Send + Sync + 'static {
    /// 64 random bits.
    fn next_u64(&self) -> u64;
}

const _: fn(&dyn Entropy) = |_| {}; // Object safety is part of the contract.

/// Randomness that starts from the system's and costs no system call afterwards.
#[derive(Debug)]
pub struct SystemEntropy {
    state: AtomicU64,
}

impl SystemEntropy {
    /// Draws the start from the system.
    ///
    /// # Errors
    ///
    /// When the system has no randomness to give.
    pub fn new() -> std::io::Result<Self> {
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).map_err(std::io::Error::other)?;
        Ok(Self::seeded(u64::from_le_bytes(seed)))
    }

    /// Starts from `seed`, for simulations: the same seed gives the same numbers.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self {
            state: AtomicU64::new(seed),
        }
    }
}

impl Entropy for SystemEntropy {
    fn next_u64(&self) -> u64 {
        // One atomic step of SplitMix64 and no lock: threads never wait for each other here.
        const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;
        let state = self
            .state
            .fetch_add(GAMMA, Ordering::Relaxed)
            .wrapping_add(GAMMA);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// What a SWAN is worth.
///
/// # Contract
///
/// Answers from memory: it is asked for each request. An implementation that follows a feed refreshes itself elsewhere,
/// and answers `None` once what it knows is too old.
pub trait PriceOracle: fmt::Debug + Send + Sync + 'static {
    /// The last US dollars for one SWAN, with their time; `None` when nobody can pay in SWAN. The policy says how old a rate
    /// may be.
    fn usd_per_swan(&self, now: Timestamp) -> Option<StampedRate>;

    /// Why there is none at the moment, of an oracle that has one at other times; `None`, the default, says that nobody can ever
    /// pay in SWAN here.
    fn why_not(&self, now: Timestamp) -> Option<RateError> {
        let _ = now;
        None
    }

    /// How long one of its rates is used at most; as long as the policy allows, by default.
    fn max_age(&self) -> Option<Duration> {
        None
    }
}

const _: fn(&dyn PriceOracle) = |_| {}; // Object safety is part of the contract.

/// A price from the configuration.
#[derive(Debug, Clone, Copy, Default)]
pub struct FixedPrice(Option<ExchangeRate>);

impl FixedPrice {
    /// Always this price.
    #[must_use]
    pub const fn new(rate: ExchangeRate) -> Self {
        Self(Some(rate))
    }

    /// No price, so that payment in SWAN is refused.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }
}

impl PriceOracle for FixedPrice {
    fn usd_per_swan(&self, now: Timestamp) -> Option<StampedRate> {
        let rate = self.0?;
        Some(StampedRate::new(rate, "configuration", now))
    }
}
