//! Uptime and success over rolling windows, exact and in bounded memory.

mod attempts;
mod hours;
mod presence;

pub use attempts::Attempts;
pub use presence::{HubAway, Presence, UptimeWindow};

use super::{Measured, StandingRules};
use crate::Timestamp;

impl StandingRules {
    /// What the windows of a provider say at `now`, for [`Event::Measured`](super::Event::Measured).
    ///
    /// `registered_at` and `required_since` are the standing's; without the latter (the provider is not admitted) the trailing
    /// uptime is not judged.
    #[must_use]
    pub fn measure(
        &self,
        now: Timestamp,
        (presence, away): (&Presence, &HubAway),
        attempts: &Attempts,
        standing: &super::Standing,
    ) -> Measured {
        let uptime = |window, since| {
            let over = UptimeWindow {
                window,
                since,
                least: self.uptime_least_time,
            };
            presence.uptime(now, &over, away)
        };
        Measured {
            success: attempts.success(now, self.success_window, self.success_least_attempts),
            uptime: uptime(self.uptime_window, standing.registered_at()),
            trailing_uptime: standing
                .required_since()
                .and_then(|since| uptime(self.uptime_required_window, since)),
        }
    }
}
