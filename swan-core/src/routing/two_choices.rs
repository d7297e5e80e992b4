use std::cmp::Ordering;

use super::cost::Cost;
use super::{Pool, RoutingRules, RoutingStrategy};
use crate::Rng;

/// The health-aware strategy and the default (Seed 001, "Health Monitoring"): draws two usable candidates at random and takes
/// the better one.
///
/// Two draws keep every provider in use and spread load almost as evenly as looking at all of them, while a hub whose view
/// of a provider is a moment old does not send everybody to the same one. Better means less load for its capacity and warmth,
/// weighed by the time to the first content and by how often requests go well; a provider that does badly still gets a little
/// traffic, so that it is seen to recover.
#[derive(Clone, Copy, Debug)]
pub struct TwoChoices {
    cost: Cost,
}

impl TwoChoices {
    /// The strategy with the default rules, which are those of Swan 2.0.
    #[must_use]
    pub fn new() -> Self {
        Self::with_rules(&RoutingRules::default())
    }

    /// The strategy with a policy's bounds on time and success.
    #[must_use]
    pub fn with_rules(rules: &RoutingRules) -> Self {
        Self {
            cost: Cost::new(rules),
        }
    }
}

impl Default for TwoChoices {
    fn default() -> Self {
        Self::new()
    }
}

impl RoutingStrategy for TwoChoices {
    fn choose(&self, pool: &Pool<'_>, rng: &mut dyn Rng) -> Option<usize> {
        let ((first_position, first), second) = pool.draw_two(rng)?;
        match second {
            Some((position, second)) if self.cost.compare(&first, &second) == Ordering::Greater => {
                Some(position)
            }
            _ => Some(first_position),
        }
    }

    fn name(&self) -> &'static str {
        "health-aware"
    }
}
