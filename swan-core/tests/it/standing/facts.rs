//! What a provider is told of its standing: its conditions, the decisions and their words.

use std::time::Duration;

use swan_core::standing::{
    Change, Condition, Event, NotRouted, Rate, Refusal, RoutingClass, StandingKind as K,
};
use swan_core::{BasisPoints, ModelId, Policy, Timestamp};

use super::scene::{DAY, HOUR, Scene, at, case, failed, passed, proof, success, trailing, uptime};

fn told(scene: &Scene) -> Vec<Condition> {
    scene.standing.conditions()
}

fn after(events: &[Event]) -> Scene {
    let mut scene = Scene::active();
    for event in events {
        let _: Change = scene.on(event);
    }
    scene
}

fn context(number: u128) -> Event {
    Event::ContextMisstated {
        case: case(number),
        model: ModelId::new("qwen3:8b").unwrap(),
        measured_tokens: 4_096,
        evidence: proof(),
    }
}

fn unfunded() -> Event {
    Event::CollateralInsufficient { evidence: proof() }
}

fn rate(good: u64, of: u64) -> Rate {
    Rate::new(good, of).unwrap()
}

/// The decisions of a change, by their rules.
fn rules(change: &Change) -> Vec<&str> {
    let decisions = change.decisions.iter();
    decisions.map(|grounds| grounds.rule.as_ref()).collect()
}

#[test]
fn who_joins_is_told_what_is_still_wanted() {
    use Condition::{ApprovalWanted, BenchmarkWanted, CollateralWanted, OnProbation};
    let steps = [
        (
            None,
            vec![BenchmarkWanted, ApprovalWanted, CollateralWanted],
        ),
        (
            Some(Event::BenchmarkStarted),
            vec![BenchmarkWanted, ApprovalWanted, CollateralWanted],
        ),
        (Some(passed(1)), vec![ApprovalWanted, CollateralWanted]),
        (Some(Event::Approved), vec![CollateralWanted]),
        (
            Some(Event::CollateralSufficient),
            vec![OnProbation {
                until: at(HOUR * 24),
            }],
        ),
    ];
    let mut scene = Scene::new(Policy::swan_2_0());
    for (event, expected) in steps {
        if let Some(event) = event {
            let _: Change = scene.on(&event);
        }
        assert_eq!(told(&scene), expected);
    }
}

#[test]
fn who_serves_is_told_what_keeps_requests_away() {
    let (low, away) = (rate(79, 100), rate(1, 2));
    let until = Scene::active().now.after(HOUR * 24);
    for (events, expected) in [
        (vec![], vec![]),
        (vec![unfunded()], vec![Condition::CollateralWanted]),
        (vec![failed(1)], vec![Condition::Suspended { until }]),
        (
            vec![failed(1), failed(2), failed(3)],
            vec![Condition::Suspended { until }, Condition::RemovalHeld],
        ),
        (
            vec![Event::Stopped { evidence: proof() }],
            vec![Condition::Stopped],
        ),
        (vec![success(79, 100)], vec![Condition::LowSuccess(low)]),
        (vec![uptime(79, 100)], vec![Condition::LowUptime(low)]),
        (vec![trailing(1, 2)], vec![Condition::TooLittleUptime(away)]),
        (vec![unfunded(), Event::ExitRequested], vec![]),
        (vec![Event::ExitRequested, Event::ExitFinished], vec![]),
    ] {
        assert_eq!(told(&after(&events)), expected, "{events:?}");
    }
    let mut scene = Scene::active();
    assert_eq!(scene.kind_after(DAY * 31), K::Unqualified);
    assert_eq!(told(&scene), [Condition::ResultsExpired]);
}

/// The first mismatch brings a notice, each later one an open penalty.
#[test]
fn with_64_open_penalties_nothing_more_is_taken_against_a_provider() {
    let mut scene = Scene::active();
    for number in 0..64 {
        assert_eq!(scene.on(&context(number)).refused, None);
    }
    assert_eq!(scene.standing.open_penalties().len(), 63);
    assert_eq!(told(&scene), []);
    assert_eq!(scene.standing.kind(), K::Active);
    assert_eq!(scene.on(&context(64)).refused, None);
    assert_eq!(told(&scene), [Condition::TooManyOpenPenalties]);
    assert_eq!(scene.standing.kind(), K::Suspended);
    assert_eq!(scene.on(&context(65)).refused, Some(Refusal::TooManyOpen));
}

#[test]
fn conditions_and_rates_say_what_is_so() {
    let until = Timestamp::EPOCH;
    let low = rate(199, 250);
    for (condition, words) in [
        (
            Condition::BenchmarkWanted,
            "has yet to pass its first benchmark".into(),
        ),
        (Condition::ApprovalWanted, "waits for approval".into()),
        (Condition::CollateralWanted, "needs collateral".into()),
        (
            Condition::OnProbation { until },
            format!("on probation until {until}"),
        ),
        (
            Condition::Suspended { until },
            format!("suspended until {until}"),
        ),
        (Condition::Stopped, "stopped by an administrator".into()),
        (
            Condition::RemovalHeld,
            "to be removed unless an appeal is upheld".into(),
        ),
        (
            Condition::TooManyOpenPenalties,
            "too many penalties are open".into(),
        ),
        (
            Condition::ResultsExpired,
            "benchmark results have expired".into(),
        ),
        (
            Condition::TooLittleUptime(low),
            "away too much lately: 79.60% (199 of 250)".into(),
        ),
        (
            Condition::LowSuccess(low),
            "low success: 79.60% (199 of 250)".into(),
        ),
        (
            Condition::LowUptime(low),
            "low uptime: 79.60% (199 of 250)".into(),
        ),
    ] {
        let words: String = words;
        assert_eq!(condition.to_string(), words);
    }
    for (good, of, words) in [
        (0, 7, "0.00% (0 of 7)"),
        (7, 7, "100.00% (7 of 7)"),
        (1, 3, "33.33% (1 of 3)"),
        (2, 3, "66.66% (2 of 3)"),
        (1, 100, "1.00% (1 of 100)"),
        (101, 10_000, "1.01% (101 of 10000)"),
        (9_999, 10_000, "99.99% (9999 of 10000)"),
    ] {
        assert_eq!(rate(good, of).to_string(), words);
        assert_eq!(format!("{:?}", rate(good, of)), words);
    }
}

#[test]
fn only_what_changes_something_is_a_decision() {
    let mut scene = Scene::active();
    assert_eq!(rules(&scene.on(&passed(1))), [""; 0]);
    let _: Change = scene.on(&failed(2));
    let reset = scene.on(&passed(3));
    assert_eq!(
        rules(&reset),
        ["public record 3.6: passing resets the counter"]
    );
    assert_eq!(reset.decisions[0].evidence[0].found, "1");
    assert_eq!(rules(&scene.on(&passed(4))), [""; 0]);

    let collateral = "Seed 001, Collateral: required to be active";
    let mut scene = Scene::active();
    assert_eq!(rules(&scene.on(&unfunded())), [collateral]);
    assert_eq!(rules(&scene.on(&unfunded())), [""; 0]);
    // Who has left may still have collateral, and loses nothing by taking it.
    let mut gone = after(&[
        Event::ExitRequested,
        Event::ExitFinished,
        Event::CollateralSufficient,
    ]);
    assert_eq!(rules(&gone.on(&unfunded())), [""; 0]);

    let low = "Seed 001, Slashing Conditions: inference success rate";
    let well = "Seed 001, Slashing Conditions: no longer de-prioritised";
    let mut scene = Scene::active();
    for (measured, expected) in [
        (success(80, 100), vec![]),
        (success(79, 100), vec![low]),
        (success(78, 100), vec![]),
        (success(80, 100), vec![well]),
        (success(80, 100), vec![]),
    ] {
        assert_eq!(rules(&scene.on(&measured)), expected, "{measured:?}");
    }
}

#[test]
fn the_rules_are_the_sources_numbers() {
    let policy = Policy::swan_2_0();
    let rules = policy.standing();
    let points = |points| BasisPoints::new(points).unwrap();
    for (what, found, expected) in [
        ("grace", rules.grace(), DAY * 7),
        ("probation", rules.probation(), HOUR * 24),
        ("results expire", rules.results_expire(), DAY * 30),
        ("success window", rules.success_window(), DAY * 30),
        ("uptime window", rules.uptime_window(), DAY * 30),
        ("required window", rules.uptime_required_window(), DAY * 7),
        ("least time seen", rules.uptime_least_time(), HOUR * 24),
        ("appeal", rules.appeal(), HOUR * 48),
        ("decision", rules.appeal_decision(), DAY * 14),
    ] {
        let expected: Duration = expected;
        assert_eq!(found, expected, "{what}");
    }
    assert_eq!(rules.success_least(), points(8_000));
    assert_eq!(rules.uptime_least(), points(9_000));
    assert_eq!(rules.uptime_required_above(), points(5_000));
    assert_eq!(rules.success_least_attempts().get(), 20);
}

#[test]
fn who_gets_no_requests_is_told_why() {
    let RoutingClass::None(why) = after(&[failed(1)]).standing.routing() else {
        panic!("a suspended provider is routed to");
    };
    assert_eq!(why, NotRouted::Suspended);
    for (why, words) in [
        (NotRouted::NotAdmitted, "not admitted yet"),
        (NotRouted::Suspended, "suspended"),
        (
            NotRouted::Unqualified,
            "unqualified until it passes a benchmark again",
        ),
        (NotRouted::Exiting, "exiting"),
        (NotRouted::Left, "left"),
        (NotRouted::Removed, "removed"),
    ] {
        assert_eq!(why.to_string(), words);
    }
}

#[test]
fn results_expire_after_30_days_to_the_millisecond() {
    let mut scene = Scene::active();
    assert_eq!(scene.kind_after(DAY * 30), K::Active);
    let change = scene.later(Duration::from_millis(1)).on(&Event::Tick);
    assert_eq!(change.to, K::Unqualified);
    let fact = &change.decisions[0].evidence[0];
    assert_eq!(fact.found, "30 days or more");
    assert_eq!(fact.needed.as_deref(), Some("at most 30 days"));
}

#[test]
fn a_policy_without_probation_has_nobody_on_it() {
    let text = Policy::SWAN_2_0_TOML;
    let (with, without) = ("probation_hours = 24", "probation_hours = 0");
    assert!(text.contains(with));
    let mut scene = Scene::new(Policy::from_toml(&text.replace(with, without)).unwrap());
    for event in [passed(1), Event::Approved] {
        let _: Change = scene.on(&event);
    }
    assert_eq!(scene.on(&Event::CollateralSufficient).to, K::Active);
    assert_eq!(told(&scene), []);
}

#[test]
fn each_standing_has_its_word() {
    for (kind, word) in [
        (K::Registered, "registered"),
        (K::Benchmarking, "benchmarking"),
        (K::Approved, "approved"),
        (K::Probation, "probation"),
        (K::Active, "active"),
        (K::Deprioritised, "deprioritised"),
        (K::Suspended, "suspended"),
        (K::Unqualified, "unqualified"),
        (K::Exiting, "exiting"),
        (K::Left, "left"),
        (K::Removed, "removed"),
    ] {
        assert_eq!(kind.to_string(), word);
    }
}
