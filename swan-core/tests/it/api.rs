//! The shape of the public types: losing a trait here breaks callers, so it breaks the build first.

use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::str::FromStr;

use serde::{Serialize, de::DeserializeOwned};
use swan_core::governance::{Governance, GovernanceError, ReplayError};
use swan_core::split::RevenueError;
use swan_core::{
    AccountId, Amount, BasisPoints, Breaker, Candidate, Clock, Currency, ExchangeRate, KeyId,
    LeastConnections, Metered, Model, ModelId, ModelRefusal, Policy, PolicyError, PolicyVersion,
    Pricing, PricingError, ProviderId, Quote, ReportedUsage, RequestId, RequestState,
    RevenueShares, RevenueSplit, Rng, RoundRobin, RoutingStrategy, SeedPricing, SeededRng, Split,
    Terms, Timestamp, TransferId, TwoChoices, Usage,
};

fn shared<T: Debug + Send + Sync + 'static>() {}
fn plain<T: Debug + Send + Sync + 'static + Copy + Eq + Hash + Serialize + DeserializeOwned>() {
    shared::<T>();
}
fn id<
    T: Debug
        + Send
        + Sync
        + 'static
        + Clone
        + Ord
        + Hash
        + Display
        + FromStr
        + Serialize
        + DeserializeOwned,
>() {
    shared::<T>();
}
fn error<T: Debug + Send + Sync + 'static + std::error::Error + Clone + PartialEq>() {
    shared::<T>();
}

#[test]
fn types_have_the_traits_that_callers_rely_on() {
    id::<RequestId>();
    id::<AccountId>();
    id::<ProviderId>();
    id::<KeyId>();
    id::<TransferId>();
    id::<ModelId>();
    plain::<RequestId>();
    plain::<Timestamp>();
    plain::<Amount>();
    plain::<BasisPoints>();
    plain::<Currency>();
    plain::<ExchangeRate>();
    plain::<Usage>();
    error::<PolicyError>();
    error::<PricingError>();
    error::<ModelRefusal>();
    shared::<Policy>();
    shared::<PolicyVersion>();
    shared::<Model>();
    shared::<Terms>();
    shared::<Quote>();
    shared::<Split>();
    shared::<RevenueShares>();
    shared::<ReportedUsage>();
    shared::<Metered>();
    shared::<RequestState>();
    shared::<Breaker>();
    shared::<Candidate>();
    shared::<SeededRng>();
    shared::<Governance>();
    error::<GovernanceError>();
    error::<ReplayError>();
    error::<RevenueError>();
}

#[test]
fn every_rule_can_be_replaced_behind_a_pointer() {
    let _: [Box<dyn RoutingStrategy>; 3] = [
        Box::new(TwoChoices::new()),
        Box::new(RoundRobin::new()),
        Box::new(LeastConnections::new()),
    ];
    let _: Box<dyn Pricing> = Box::new(SeedPricing::new());
    let _: Box<dyn RevenueSplit> = Box::new(*Policy::swan_2_0().split());
    let _: Box<dyn Rng> = Box::new(SeededRng::new(0));
    let _ = |clock: &dyn Clock| clock.now();
}
