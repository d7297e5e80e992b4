//! Is a model served? A machine over the outcomes of real completions.

use swan_core::protocol;

/// When a standing changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thresholds {
    /// Failures in a row that make a model unhealthy.
    pub(crate) failures: u32,
    /// Successes in a row that make an unhealthy one healthy again.
    pub(crate) successes: u32,
}

impl Default for Thresholds {
    /// As the public agent has them (public-swan.md 1.6).
    fn default() -> Self {
        Self {
            failures: 3,
            successes: 2,
        }
    }
}

/// What is known of a model on one backend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Health {
    /// Never answered yet, and failed this often.
    #[default]
    Unknown,
    /// Answers.
    Healthy,
    /// Answered before, then failed this many times in a row, fewer than make it unhealthy.
    Degraded(u32),
    /// Does not answer; so many successes in a row since.
    Unhealthy(u32),
}

impl Health {
    /// Whether requests may go there.
    pub(crate) const fn is_serving(self) -> bool {
        matches!(self, Self::Healthy | Self::Degraded(_))
    }

    /// The word that the hub is told.
    pub(crate) const fn on_the_wire(self) -> protocol::Health {
        match self {
            Self::Unknown => protocol::Health::Unknown,
            Self::Healthy => protocol::Health::Healthy,
            Self::Degraded(_) => protocol::Health::Degraded,
            Self::Unhealthy(_) => protocol::Health::Unhealthy,
        }
    }

    /// A model that has never failed needs one success; one that went down needs several, so that it does not flap.
    pub(crate) const fn on_success(self, thresholds: Thresholds) -> Self {
        match self {
            Self::Unknown | Self::Healthy | Self::Degraded(_) => Self::Healthy,
            Self::Unhealthy(so_far) if so_far + 1 >= thresholds.successes => Self::Healthy,
            Self::Unhealthy(so_far) => Self::Unhealthy(so_far + 1),
        }
    }

    /// A model that has never answered stays unknown: its server may still be loading it.
    pub(crate) const fn on_failure(self, thresholds: Thresholds) -> Self {
        match self {
            Self::Unknown => Self::Unknown,
            Self::Unhealthy(_) => Self::Unhealthy(0),
            Self::Healthy if thresholds.failures <= 1 => Self::Unhealthy(0),
            Self::Healthy => Self::Degraded(1),
            Self::Degraded(so_far) if so_far + 1 >= thresholds.failures => Self::Unhealthy(0),
            Self::Degraded(so_far) => Self::Degraded(so_far + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(outcomes: &str, expected: Health) {
        let standing = outcomes
            .chars()
            .fold(Health::Unknown, |health, outcome| match outcome {
                '+' => health.on_success(Thresholds::default()),
                _ => health.on_failure(Thresholds::default()),
            });
        assert_eq!(standing, expected, "{outcomes}");
    }

    #[test]
    fn three_failures_take_it_down_and_two_successes_bring_it_back() {
        check("", Health::Unknown);
        check("----", Health::Unknown);
        check("--+", Health::Healthy);
        check("+-", Health::Degraded(1));
        check("+--", Health::Degraded(2));
        check("+--+", Health::Healthy);
        check("+---", Health::Unhealthy(0));
        check("+---+", Health::Unhealthy(1));
        check("+---+-+", Health::Unhealthy(1));
        check("+---++", Health::Healthy);
        check("+---++-", Health::Degraded(1));
    }

    #[test]
    fn requests_go_only_where_an_answer_is_likely() {
        assert!(Health::Healthy.is_serving() && Health::Degraded(2).is_serving());
        assert!(!Health::Unknown.is_serving() && !Health::Unhealthy(1).is_serving());
    }
}
