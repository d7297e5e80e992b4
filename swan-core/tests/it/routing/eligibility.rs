use swan_core::routing::{
    DataPolicy, NoRoute, Offer, Precision, Reason, RoutePreferences, RouteRequest, RoutingRules,
    SortBy, TwoChoices, Via, route,
};
use swan_core::{Modality, ModelPrice, ProviderId, SeededRng, TokenPrice};

use super::{Market, idle};

fn price(input: &str, output: &str) -> Option<ModelPrice> {
    let [input, output] = [input, output].map(|text| text.parse().unwrap());
    Some(ModelPrice::Tokens(
        TokenPrice::per_million(input, output).unwrap(),
    ))
}

fn alice() -> Offer<'static> {
    Offer {
        name: "alice",
        modality: Some(Modality::Chat),
        context_tokens: Some(8_192),
        max_output_tokens: Some(4_096),
        price: price("0.08", "0.12"),
        data: DataPolicy::NoCollection,
        quantization: Precision::Fp8,
        parameters: Some(&["temperature", "tools"]),
        tokens_per_second: Some(60),
        ..Offer::UNDECLARED
    }
}

/// Why alice may not serve, by the preferences and the request.
fn refused(preferences: &str, request: RouteRequest<'_>, offer: Offer<'_>) -> Option<Reason> {
    let preferences = RoutePreferences::parse(preferences).unwrap();
    let request = RouteRequest {
        preferences: Some(&preferences),
        ..request
    };
    request.ineligible(&idle(1, 4), &offer)
}

#[test]
fn each_wish_is_met_or_named() {
    for (preferences, reason) in [
        ("{}", None),
        (r#"{"only":["Alice"]}"#, None),
        (
            r#"{"only":["prov_00000000000000000000000000000002"]}"#,
            Some(Reason::NotInOnly),
        ),
        (r#"{"ignore":["alice"]}"#, Some(Reason::Ignored)),
        (r#"{"order":["bob"]}"#, None),
        (
            r#"{"order":["bob"],"allow_fallbacks":false}"#,
            Some(Reason::NotInOrder),
        ),
        (r#"{"data_collection":"deny"}"#, None),
        (r#"{"zdr":true}"#, Some(Reason::DataPolicy)),
        (r#"{"max_price":{"prompt":0.08,"completion":"0.12"}}"#, None),
        (
            r#"{"max_price":{"prompt":0.079999999999}}"#,
            Some(Reason::PriceAboveCap),
        ),
        (
            r#"{"max_price":{"completion":0.11}}"#,
            Some(Reason::PriceAboveCap),
        ),
        (r#"{"quantizations":["fp8","bf16"]}"#, None),
        (r#"{"quantizations":["bf16"]}"#, Some(Reason::Precision)),
        (r#"{"require_parameters":true}"#, None),
    ] {
        let request = RouteRequest {
            parameters: &["tools"],
            ..RouteRequest::default()
        };
        assert_eq!(
            refused(preferences, request, alice()),
            reason,
            "{preferences}"
        );
    }
    let seeded = RouteRequest {
        parameters: &["tools", "seed"],
        ..RouteRequest::default()
    };
    assert_eq!(
        refused(r#"{"require_parameters":true}"#, seeded, alice()),
        Some(Reason::Parameters)
    );
}

#[test]
fn silence_meets_no_demand_of_the_consumers() {
    for (preferences, reason) in [
        ("{}", None),
        (r#"{"data_collection":"deny"}"#, Some(Reason::DataPolicy)),
        (r#"{"max_price":{"prompt":5}}"#, Some(Reason::PriceAboveCap)),
        (r#"{"quantizations":["fp8"]}"#, Some(Reason::Precision)),
        (r#"{"quantizations":["unknown"]}"#, None),
    ] {
        let request = RouteRequest {
            prompt_tokens: u64::MAX,
            ..RouteRequest::default()
        };
        assert_eq!(
            refused(preferences, request, Offer::UNDECLARED),
            reason,
            "{preferences}"
        );
    }
}

#[test]
fn what_the_request_needs_is_compared_at_its_bounds() {
    let needs = |prompt_tokens, answer_tokens| RouteRequest {
        prompt_tokens,
        answer_tokens,
        ..RouteRequest::default()
    };
    let short = |needed| {
        Some(Reason::ContextTooShort {
            needed,
            window: 8_192,
        })
    };
    for (request, reason) in [
        (needs(4_096, 4_096), None),
        (needs(4_097, 4_096), short(8_193)),
        (
            needs(1, 4_097),
            Some(Reason::AnswerTooLong {
                needed: 4_097,
                most: 4_096,
            }),
        ),
        (needs(u64::MAX, u64::MAX), short(u64::MAX)),
        (
            RouteRequest {
                modality: Some(Modality::Image),
                ..RouteRequest::default()
            },
            Some(Reason::Modality),
        ),
        (
            RouteRequest {
                pin: Some(ProviderId::from_u128(2)),
                ..RouteRequest::default()
            },
            Some(Reason::NotPinned),
        ),
        (
            RouteRequest {
                tried: &[ProviderId::from_u128(1)],
                ..RouteRequest::default()
            },
            Some(Reason::Tried),
        ),
    ] {
        assert_eq!(request.ineligible(&idle(1, 4), &alice()), reason);
    }
}

#[test]
fn order_goes_before_the_strategy_and_sort_takes_its_place() {
    let bob = Offer {
        name: "bob",
        price: price("0.05", "0.2"),
        tokens_per_second: Some(90),
        ..alice()
    };
    let slow = swan_core::Candidate {
        ewma_ttft_ms: Some(900),
        ..idle(2, 4)
    };
    let full = swan_core::Candidate {
        in_flight: 4,
        ..idle(3, 4)
    };
    let carol = Offer {
        name: "carol",
        ..alice()
    };
    let market = Market(vec![(idle(1, 4), alice()), (slow, bob), (full, carol)]);
    let rules = RoutingRules::default();
    for (preferences, needs, expected) in [
        (r#"{"order":["carol","bob"]}"#, (0, 0), Ok((1, Via::Order))),
        (r#"{"order":["carol"]}"#, (0, 0), Ok((0, Via::Strategy))),
        (r#"{"sort":"price"}"#, (1_000, 100), Ok((1, Via::Strategy))),
        (r#"{"sort":"price"}"#, (100, 1_000), Ok((0, Via::Strategy))),
        (
            r#"{"sort":{"by":"latency","partition":"none"}}"#,
            (0, 0),
            Ok((0, Via::Strategy)),
        ),
        (r#"{"sort":"throughput"}"#, (0, 0), Ok((1, Via::Strategy))),
        (
            r#"{"order":["carol"],"allow_fallbacks":false}"#,
            (0, 0),
            Err(NoRoute::Saturated {
                most: Reason::Full {
                    in_flight: 4,
                    capacity: 4,
                },
            }),
        ),
        (
            r#"{"only":["dave"]}"#,
            (0, 0),
            Err(NoRoute::NoneEligible {
                candidates: 3,
                most: Reason::NotInOnly,
            }),
        ),
    ] {
        let wishes = RoutePreferences::parse(preferences).unwrap();
        let request = RouteRequest {
            preferences: Some(&wishes),
            prompt_tokens: needs.0,
            answer_tokens: needs.1,
            ..RouteRequest::default()
        };
        let routed = route(
            &TwoChoices::new(),
            &market,
            &request,
            &rules,
            &mut SeededRng::new(2),
        );
        assert_eq!(
            routed.map(|route| (route.position, route.via)),
            expected,
            "{preferences}"
        );
    }
}

#[test]
fn a_wrong_provider_object_is_named_with_its_field() {
    for (json, message) in [
        (
            r#"{"regions":["eu"]}"#,
            "provider.regions: no such field here; known are order, only, ignore",
        ),
        (r#"{"zdr":true,"zdr":false}"#, "provider.zdr: given twice"),
        (
            r#"{"order":"alice"}"#,
            "provider.order: expected at most 32 ids or names of providers, found \"alice\"",
        ),
        (
            r#"{"only":[""]}"#,
            "provider.only: expected at most 32 ids or names of providers, found [\"\"]",
        ),
        (
            r#"{"allow_fallbacks":1}"#,
            "provider.allow_fallbacks: expected true or false, found 1",
        ),
        (
            r#"{"data_collection":"no"}"#,
            "provider.data_collection: expected \"allow\" or \"deny\", found \"no\"",
        ),
        (
            r#"{"quantizations":["q4"]}"#,
            "provider.quantizations: expected a list of int4",
        ),
        (
            r#"{"max_price":{"prompt":-1}}"#,
            "provider.max_price: expected an object with prices",
        ),
        (
            r#"{"max_price":{"prompt":"NaN"}}"#,
            "provider.max_price: expected an object with prices",
        ),
        (
            r#"{"max_price":{"audio":1}}"#,
            "provider.max_price: expected an object with prices",
        ),
        (
            r#"{"sort":{"by":"price","partition":"all"}}"#,
            "provider.sort: expected",
        ),
        (
            r#"{"preferred_max_latency":0}"#,
            "provider.preferred_max_latency: expected a number above 0",
        ),
        (
            r#"{"enforce_distillable_text":true}"#,
            "provider.enforce_distillable_text: expected false",
        ),
        (
            r#"{"only":["a"],"ignore":["a"]}"#,
            "provider.only names a, which provider.ignore excludes",
        ),
        ("[]", "provider: expected a JSON object"),
    ] {
        let error = RoutePreferences::parse(json).unwrap_err().to_string();
        assert!(error.starts_with(message), "{json}: {error}");
    }
    let soft = r#"{"preferred_min_throughput":{"p90":50},"preferred_max_latency":2.5,"sort":null,"order":null}"#;
    assert_eq!(
        RoutePreferences::parse(soft).unwrap(),
        RoutePreferences::default()
    );
    assert_eq!(
        RoutePreferences::parse(r#"{"sort":"latency"}"#)
            .unwrap()
            .sort(),
        Some(SortBy::Latency)
    );
}
