use super::HealthRules;
use crate::Timestamp;

/// Whether a provider has the model loaded and its caches filled, as far as the hub can tell.
///
/// A model that nobody has used for a while may have been unloaded (as Ollama does after some minutes), so its next answer may be
/// slow; and whoever has just begun should not get a full share at once (slow start). Seed 001, "Health Monitoring": "Model
/// warmup to pre-load models and reduce cold-start latency".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a model has these three states")]
pub enum Warmth {
    /// Probably not loaded.
    #[default]
    Cold,
    /// Being loaded, or just loaded.
    Warming {
        /// Since when.
        since: Timestamp,
        /// Requests that it has served since then.
        served: u32,
        /// When it last was asked or served.
        used: Timestamp,
    },
    /// Loaded and in use.
    Warm {
        /// When it last served.
        used: Timestamp,
    },
}

/// What bears on the warmth of a model at a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the machine decides about each")]
pub enum WarmthEvent {
    /// The hub asked the provider to load the model (public record 1.4, `warmup`).
    Asked,
    /// It served a request.
    Served,
    /// It unloaded the model, or came back after it was gone.
    Unloaded,
}

impl Warmth {
    /// The state after an event. First the time that has passed takes effect, as [`settled`](Self::settled) says.
    #[must_use]
    pub fn on(self, event: WarmthEvent, now: Timestamp, rules: &HealthRules) -> Self {
        match (self.settled(now, rules), event) {
            (_, WarmthEvent::Unloaded) => Self::Cold,
            (Self::Cold, WarmthEvent::Asked) => Self::Warming {
                since: now,
                served: 0,
                used: now,
            },
            (Self::Cold, WarmthEvent::Served) => Self::Warming {
                since: now,
                served: 1,
                used: now,
            }
            .settled(now, rules),
            (Self::Warming { since, served, .. }, WarmthEvent::Asked) => Self::Warming {
                since,
                served,
                used: now,
            },
            (Self::Warming { since, served, .. }, WarmthEvent::Served) => Self::Warming {
                since,
                served: served.saturating_add(1),
                used: now,
            }
            .settled(now, rules),
            // Asking for what is there uses nothing.
            (Self::Warm { used }, WarmthEvent::Asked) => Self::Warm { used },
            (Self::Warm { .. }, WarmthEvent::Served) => Self::Warm { used: now },
        }
    }

    /// The state when nothing has happened but time: cold again when unused for the policy's span, warm once both the time and
    /// the requests of the warm-up are through.
    #[must_use]
    pub fn settled(self, now: Timestamp, rules: &HealthRules) -> Self {
        let is_idle = |used: Timestamp| now.since(used) >= rules.cold_after();
        match self {
            Self::Cold => Self::Cold,
            Self::Warming { used, .. } | Self::Warm { used } if is_idle(used) => Self::Cold,
            Self::Warming {
                since,
                served,
                used,
            } if served >= rules.warm_requests() && now.since(since) >= rules.warm_after() => {
                Self::Warm { used }
            }
            other => other,
        }
    }

    /// The part of its capacity that counts in routing, out of a thousand: it rises with time and with requests served, whichever
    /// is behind, from the policy's share of a cold one to the whole.
    #[must_use]
    pub fn weight_permille(self, now: Timestamp, rules: &HealthRules) -> u16 {
        let cold = u64::from(rules.cold_weight_permille());
        let weight = match self.settled(now, rules) {
            Self::Cold => cold,
            Self::Warm { .. } => 1_000,
            Self::Warming { since, served, .. } => {
                let part = |done: u128, all: u128| {
                    let permille = done.saturating_mul(1_000).checked_div(all).unwrap_or(1_000);
                    u64::try_from(permille.min(1_000)).unwrap_or(1_000)
                };
                let time = part(now.since(since).as_millis(), rules.warm_after().as_millis());
                let requests = part(u128::from(served), u128::from(rules.warm_requests()));
                cold + (1_000 - cold) * time.min(requests) / 1_000
            }
        };
        u16::try_from(weight).unwrap_or(1_000)
    }

    /// Whether it is cold now.
    #[must_use]
    pub fn is_cold(self, now: Timestamp, rules: &HealthRules) -> bool {
        self.settled(now, rules) == Self::Cold
    }
}
