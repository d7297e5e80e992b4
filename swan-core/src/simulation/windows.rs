//! What a hub would have counted of one provider, in the windows that standing goes by.

use std::num::NonZeroU64;
use std::time::Duration;

use crate::Timestamp;
use crate::health::Ending;
use crate::standing::{Attempts, HubAway, Measured, Presence, Standing, StandingRules};

/// How far back routing looks for success.
const LATELY: Duration = Duration::from_secs(2 * 86_400);

/// Presence and attempts of a provider. Each played request counts once, however many it stands for.
#[derive(Debug)]
pub(super) struct Windows {
    presence: Presence,
    attempts: Attempts,
}

impl Windows {
    pub(super) fn new() -> Self {
        Self {
            presence: Presence::new(),
            attempts: Attempts::new(),
        }
    }

    /// It was there from `from` to `to`.
    pub(super) fn present(&mut self, from: Timestamp, to: Timestamp) {
        self.presence.note(from, to);
    }

    pub(super) fn attempt(&mut self, at: Timestamp, served: bool) {
        let ending = if served {
            Ending::Served
        } else {
            Ending::NoFirstByte
        };
        self.attempts.record(at, ending);
    }

    /// Requests out of a thousand that went well lately, as routing weighs them.
    pub(super) fn success_permille(&self, now: Timestamp) -> u16 {
        let lately = self.attempts.success(now, LATELY, NonZeroU64::MIN);
        let permille = lately.map_or(1_000, |rate| rate.millionths() / 1_000);
        u16::try_from(permille).unwrap_or(1_000)
    }

    /// What the rules of the policy are shown of it; the simulated hub is never away.
    pub(super) fn measured(
        &self,
        standing: &Standing,
        rules: &StandingRules,
        now: Timestamp,
    ) -> Measured {
        let presence = (&self.presence, &HubAway::new());
        rules.measure(now, presence, &self.attempts, standing)
    }
}
