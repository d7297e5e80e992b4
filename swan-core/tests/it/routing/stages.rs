//! Candidates that are asked one set after the other: a hub's own endpoints before or after its providers.

use proptest::prelude::*;
use swan_core::routing::{
    Candidate, NoRoute, Offer, Reason, Route, RoutePreferences, RouteRequest, RoutingRules, Stage,
    TwoChoices, Via, explain_stages, route_in_stages,
};
use swan_core::{ProviderId, SeededRng};

use super::{Market, idle};

/// Candidates by number and name, with so many places each.
fn named(candidates: &[(u128, &'static str, u32)]) -> Market<'static> {
    let named = |&(number, name, places): &(u128, &'static str, u32)| {
        let offer = Offer {
            name,
            ..Offer::UNDECLARED
        };
        (idle(number, places), offer)
    };
    Market(candidates.iter().map(named).collect())
}

fn stages<'a>(strategy: &'a TwoChoices, markets: &[&'a Market<'a>]) -> Vec<Stage<'a>> {
    let stage = |candidates: &&'a Market<'a>| Stage {
        strategy,
        candidates: *candidates,
    };
    markets.iter().map(stage).collect()
}

fn choose(markets: &[&Market<'_>], request: &RouteRequest<'_>) -> Result<Route, NoRoute> {
    let (strategy, rules) = (TwoChoices::new(), RoutingRules::default());
    route_in_stages(
        &stages(&strategy, markets),
        request,
        &rules,
        &mut SeededRng::new(7),
    )
}

fn place(route: Result<Route, NoRoute>) -> Result<(usize, usize, Via), NoRoute> {
    route.map(|route| (route.stage, route.position, route.via))
}

#[test]
fn a_later_stage_is_asked_when_none_before_it_can() {
    let nobody = named(&[]);
    let full = named(&[(1, "a", 0), (2, "b", 0)]);
    let free = named(&[(3, "c", 4)]);
    let plain = RouteRequest::default();
    for (markets, stage) in [
        (vec![&free, &full], Some(0)),
        (vec![&full, &free], Some(1)),
        (vec![&nobody, &full, &nobody, &free], Some(3)),
        (vec![&free, &free], Some(0)),
        (vec![&nobody, &nobody], None),
        (vec![], None),
    ] {
        let expected = stage.map(|stage| (stage, 0, Via::Strategy));
        let chosen = place(choose(&markets, &plain));
        assert_eq!(chosen, expected.ok_or(NoRoute::Nobody), "{markets:?}");
    }
    let busy = choose(&[&full, &nobody], &plain);
    assert!(matches!(busy, Err(NoRoute::Saturated { .. })), "{busy:?}");
}

#[test]
fn who_has_tried_leaves_his_stage_to_the_next() {
    let (first, second) = (named(&[(1, "a", 4)]), named(&[(2, "b", 4)]));
    let number = ProviderId::from_u128;
    for (tried, stage) in [
        (vec![], Some(0)),
        (vec![number(1)], Some(1)),
        (vec![number(2)], Some(0)),
        (vec![number(1), number(2)], None),
    ] {
        let request = RouteRequest {
            tried: &tried,
            ..RouteRequest::default()
        };
        let chosen = choose(&[&first, &second], &request).map(|route| route.stage);
        assert_eq!(chosen, stage.ok_or(NoRoute::AllTried));
    }
}

#[test]
fn a_wish_is_heard_over_all_stages() {
    let (own, market) = (
        named(&[(1, "own", 4)]),
        named(&[(2, "ann", 4), (3, "bob", 0)]),
    );
    for (wishes, expected) in [
        (r#"{"order":["ann"]}"#, Some((1, 0, Via::Order))),
        (r#"{"order":["bob","ann"]}"#, Some((1, 0, Via::Order))),
        // Nobody who is named can: the stages have their turns.
        (r#"{"order":["bob"]}"#, Some((0, 0, Via::Strategy))),
        (r#"{"only":["ann"]}"#, Some((1, 0, Via::Strategy))),
        (r#"{"ignore":["own"]}"#, Some((1, 0, Via::Strategy))),
        (r#"{"order":["bob"],"allow_fallbacks":false}"#, None),
        (r#"{"only":["bob"]}"#, None),
    ] {
        let preferences = RoutePreferences::parse(wishes).unwrap();
        let request = RouteRequest {
            preferences: Some(&preferences),
            ..RouteRequest::default()
        };
        let chosen = place(choose(&[&own, &market], &request));
        assert_eq!(chosen.ok(), expected, "{wishes}");
    }
}

#[test]
fn the_trace_goes_through_the_stages_in_their_order() {
    let (own, market) = (
        named(&[(1, "own", 0)]),
        named(&[(2, "ann", 4), (3, "bob", 0)]),
    );
    let strategy = TwoChoices::new();
    let decision = explain_stages(
        &stages(&strategy, &[&own, &market]),
        &RouteRequest::default(),
        &RoutingRules::default(),
        &mut SeededRng::new(7),
        8,
    );
    let traced: Vec<_> = decision.trace.iter().map(|(id, _)| id.as_u128()).collect();
    assert_eq!(traced, [1, 2, 3]);
    assert_eq!(decision.trace[1].1, Reason::Chosen);
    assert_eq!((decision.stage, decision.position), (1, Some(0)));
    assert_eq!((decision.candidates, decision.omitted), (3, 0));
}

fn market() -> impl Strategy<Value = Market<'static>> {
    let candidates = prop::collection::vec((0..9_u128, 0..3_u32), 0..5);
    candidates.prop_map(|them| {
        let them = them
            .into_iter()
            .map(|(number, places)| (number, "x", places));
        named(&them.collect::<Vec<_>>())
    })
}

proptest! {
    /// However the candidates are parted, somebody gets the request exactly when one of them can, and he stands in the first stage
    /// that has such a one.
    #[test]
    fn the_first_stage_that_can_serve_does(
        markets in prop::collection::vec(market(), 0..5),
        tried in prop::collection::vec((0..9_u128).prop_map(ProviderId::from_u128), 0..4),
    ) {
        let request = RouteRequest { tried: &tried, ..RouteRequest::default() };
        let may = |(it, _): &(Candidate, Offer<'_>)| it.is_usable() && !tried.contains(&it.provider);
        let first = markets.iter().position(|market| market.0.iter().any(may));
        let chosen = choose(&markets.iter().collect::<Vec<_>>(), &request);
        prop_assert_eq!(chosen.map(|route| route.stage).ok(), first);
        if let Ok(route) = chosen {
            prop_assert!(may(&markets[route.stage].0[route.position]));
        }
    }
}
