use proptest::prelude::*;
use swan_core::routing::{
    AffinityKey, Candidate, LeastConnections, NoRoute, Pool, PrefixAffinity, Ranked, Reason,
    RoundRobin, RouteRequest, RoutingRules, RoutingStrategy, SortBy, TwoChoices, Via, explain,
    route,
};
use swan_core::standing::{NotRouted, RoutingClass};
use swan_core::{ProviderId, Rng, SeededRng};

use super::{idle, many};

fn strategies() -> Vec<Box<dyn RoutingStrategy>> {
    let rules = RoutingRules::default();
    vec![
        Box::new(TwoChoices::new()),
        Box::new(RoundRobin::new()),
        Box::new(LeastConnections::new()),
        Box::new(Ranked::by_price(&rules)),
        Box::new(Ranked::new(SortBy::Latency, &rules)),
        Box::new(Ranked::new(SortBy::Throughput, &rules)),
        Box::new(PrefixAffinity::new(&rules)),
    ]
}

fn any_candidate() -> impl Strategy<Value = Candidate> {
    let loads = prop_oneof![0..3_u32, Just(u32::MAX - 1), Just(u32::MAX)];
    let capacities = prop_oneof![0..3_u32, Just(u32::MAX)];
    let health = (any::<Option<u64>>(), any::<u16>(), any::<u16>());
    let class = prop_oneof![
        Just(RoutingClass::Normal),
        Just(RoutingClass::Deprioritised),
        Just(RoutingClass::None(NotRouted::Suspended)),
    ];
    let flags = proptest::array::uniform4(proptest::bool::weighted(0.2));
    (0..9_u128, loads, capacities, health, class, flags).prop_map(
        |(number, in_flight, capacity, (ttft, success, warmth), class, flags)| Candidate {
            in_flight,
            ewma_ttft_ms: ttft,
            success_permille: success,
            warmth_permille: warmth,
            class,
            cold: flags[0],
            draining: flags[1],
            breaker_open: flags[2],
            ejected: flags[3],
            ..Candidate::new(ProviderId::from_u128(number), capacity)
        },
    )
}

proptest! {
    /// In small pools and in those that are drawn from.
    #[test]
    fn somebody_who_may_serve_is_chosen_exactly_when_there_is_one(
        candidates in prop_oneof![
            prop::collection::vec(any_candidate(), 0..12),
            prop::collection::vec(any_candidate(), 60..140),
        ],
        tried in prop::collection::vec((0..9_u128).prop_map(ProviderId::from_u128), 0..4),
        key: Option<u64>,
        seed: u64,
    ) {
        let request = RouteRequest {
            tried: &tried,
            affinity: key.map(|key| AffinityKey::of(&key.to_be_bytes())),
            ..RouteRequest::default()
        };
        let may = |c: &Candidate| c.is_usable() && !tried.contains(&c.provider);
        let mut rng = SeededRng::new(seed);
        for strategy in strategies() {
            let chosen = strategy.choose(&Pool::new(&candidates, &request), &mut rng);
            prop_assert_eq!(chosen.is_some(), candidates.iter().any(may), "{}", strategy.name());
            prop_assert!(chosen.is_none_or(|position| may(&candidates[position])));
            let routed = route(&*strategy, &candidates, &request, &RoutingRules::default(), &mut rng);
            prop_assert_eq!(routed.is_ok(), candidates.iter().any(may));
            if let Ok(route) = routed {
                prop_assert!(may(&candidates[route.position]));
                let normal = |c: &Candidate| may(c) && c.class == RoutingClass::Normal;
                let class = candidates[route.position].class;
                prop_assert!(
                    class == RoutingClass::Normal || route.via == Via::Probe || !candidates.iter().any(normal)
                );
            }
        }
    }

    #[test]
    fn a_trace_is_bounded_and_counts_everybody(
        candidates in prop::collection::vec(any_candidate(), 0..40), most in 0..6_usize, seed: u64,
    ) {
        let rules = RoutingRules::default();
        let request = RouteRequest::default();
        let decision = explain(&TwoChoices::new(), &candidates, &request, &rules, &mut SeededRng::new(seed), most);
        prop_assert_eq!(decision.trace.len(), most.min(candidates.len()));
        prop_assert_eq!(decision.omitted + decision.trace.len(), candidates.len());
        prop_assert_eq!(decision.counts.iter().map(|(_, count)| count).sum::<usize>(), candidates.len());
        prop_assert_eq!(decision.chosen.is_some(), decision.nobody.is_none());
        if let Some(position) = decision.position && most > 0 {
            let is_listed = decision.trace.iter().any(|(_, reason)| *reason == Reason::Chosen);
            prop_assert!(is_listed, "{position} is missing: {decision}");
        }
    }
}

#[test]
fn nobody_is_named_by_what_keeps_them() {
    let full = Candidate {
        in_flight: 2,
        ..idle(1, 2)
    };
    let open = Candidate {
        breaker_open: true,
        ..idle(2, 2)
    };
    let suspended = Candidate {
        class: RoutingClass::None(NotRouted::Suspended),
        ..idle(3, 2)
    };
    let is_full = Reason::Full {
        in_flight: 2,
        capacity: 2,
    };
    let none = Reason::Full {
        in_flight: 0,
        capacity: 0,
    };
    let why = NotRouted::Suspended;
    for (candidates, tried, expected) in [
        (vec![], vec![], NoRoute::Nobody),
        (
            vec![full, full, open],
            vec![],
            NoRoute::Saturated { most: is_full },
        ),
        (
            vec![open],
            vec![],
            NoRoute::Saturated {
                most: Reason::BreakerOpen,
            },
        ),
        (vec![idle(1, 0)], vec![], NoRoute::Saturated { most: none }),
        (
            vec![suspended],
            vec![],
            NoRoute::NoneEligible {
                candidates: 1,
                most: Reason::Excluded { why },
            },
        ),
        (
            vec![idle(1, 2), suspended],
            vec![ProviderId::from_u128(1)],
            NoRoute::AllTried,
        ),
    ] {
        let request = RouteRequest {
            tried: &tried,
            ..RouteRequest::default()
        };
        let rules = RoutingRules::default();
        for strategy in strategies() {
            let routed = route(
                &*strategy,
                &candidates,
                &request,
                &rules,
                &mut SeededRng::new(1),
            );
            assert_eq!(routed, Err(expected));
        }
    }
}

/// It always wants the first, whoever that is.
#[derive(Debug)]
struct Stubborn;

impl RoutingStrategy for Stubborn {
    fn choose(&self, _pool: &Pool<'_>, _rng: &mut dyn Rng) -> Option<usize> {
        Some(0)
    }
}

#[test]
fn a_strategy_that_errs_is_not_obeyed() {
    let draining = Candidate {
        draining: true,
        ..idle(1, 2)
    };
    let rules = RoutingRules::default();
    let candidates = [draining, idle(2, 2)];
    let request = RouteRequest::default();
    let routed = route(
        &Stubborn,
        &candidates,
        &request,
        &rules,
        &mut SeededRng::new(1),
    )
    .unwrap();
    assert_eq!(routed.position, 1);
}

#[test]
fn the_default_rules_are_those_of_the_default_policy() {
    assert_eq!(
        swan_core::Policy::swan_2_0().routing(),
        &RoutingRules::default()
    );
}

#[test]
fn a_trace_reads_well_for_people_and_programs() {
    let candidates = [
        Candidate {
            in_flight: 4,
            ..idle(1, 4)
        },
        idle(2, 4),
        Candidate {
            breaker_open: true,
            ..idle(3, 4)
        },
    ];
    let rules = RoutingRules::default();
    let request = RouteRequest::default();
    let decision = explain(
        &TwoChoices::new(),
        &candidates,
        &request,
        &rules,
        &mut SeededRng::new(1),
        2,
    );
    let [first, second, _] = candidates.map(|candidate| candidate.provider);
    assert_eq!(
        decision.to_string(),
        format!(
            "health-aware among 3 providers: {second}\n  {first}: full: 4 of 4 under way\n  {second}: chosen\n  and 1 more"
        )
    );
    let json = serde_json::to_value(&decision).unwrap();
    assert_eq!(json["trace"][0][1]["reason"], "full");
    assert_eq!(json["via"], "strategy");
    assert_eq!(json["omitted"], 1);
}

#[test]
fn probes_go_to_the_deprioritised_and_the_cold_in_the_policys_share() {
    let mut candidates = many(20, 10);
    candidates[7].class = RoutingClass::Deprioritised;
    let rules = RoutingRules::default();
    let mut rng = SeededRng::new(3);
    let request = RouteRequest::default();
    let strategy = TwoChoices::new();
    let to_it = (0..50_000)
        .filter(|_| {
            route(&strategy, &candidates, &request, &rules, &mut rng)
                .unwrap()
                .position
                == 7
        })
        .count();
    assert!(
        (900..1_100).contains(&to_it),
        "{to_it} of 50,000, where 2 % are 1,000"
    );
}
