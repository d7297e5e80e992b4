use swan_core::routing::RoutingRules;
use swan_core::{BreakerConfig, Policy};

/// What code without a policy at hand goes by is what the default policy says, so that no second set of numbers grows.
#[test]
fn defaults_in_code_are_those_of_the_default_policy() {
    let policy = Policy::swan_2_0();
    assert_eq!(RoutingRules::default(), *policy.routing());
    assert_eq!(BreakerConfig::default(), policy.health().breaker());
}
