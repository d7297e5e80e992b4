//! Whether cheating pays, by the real rules.

use std::sync::LazyLock;

use swan_core::simulation::{
    Behaviour, Cohort, Report, Scenario, Simulation, SimulationError, remedies,
};
use swan_core::{Amount, Policy, PolicyVersion};

/// A year with a tenth of the providers and the demand, so that it is played in seconds without optimisation.
fn year(seed: u64) -> Scenario {
    let cohort = |kind| Cohort::new(kind, if kind == Behaviour::Honest { 70 } else { 6 });
    Scenario {
        cohorts: Behaviour::ALL.map(cohort).to_vec(),
        requests_a_day: 600,
        ..Scenario::year(seed)
    }
}

fn play(scenario: Scenario, policy: Policy) -> Report {
    Simulation::new(scenario, policy).unwrap().run().unwrap()
}

fn paying(report: &Report) -> Vec<Behaviour> {
    let verdicts = report.verdicts().unwrap();
    verdicts
        .iter()
        .filter(|verdict| verdict.pays())
        .map(|verdict| verdict.behaviour)
        .collect()
}

static DEFAULT: LazyLock<Report> = LazyLock::new(|| play(year(11), Policy::swan_2_0()));

/// Under the seeds' numbers one kind of cheat does better than the honest: whoever serves a smaller model that still gets half of
/// the benchmark right. The remedy names the values, and with them nobody does.
#[test]
fn cheating_does_not_pay_but_for_the_lazy_and_a_remedy_closes_that() {
    assert_eq!(paying(&DEFAULT), [Behaviour::Lazy]);
    let [remedy] = remedies(&DEFAULT).unwrap().try_into().unwrap();
    assert_eq!(remedy.behaviour, Behaviour::Lazy);
    assert!(
        remedy.because.contains("benchmark.math_least_bps"),
        "{}",
        remedy.because
    );

    let version = PolicyVersion::new("swan-2.0-remedy").unwrap();
    let policy = remedy.applied(&Policy::swan_2_0(), version).unwrap();
    let report = play(year(11), policy);
    assert_eq!(paying(&report), [], "{:#?}", report.verdicts());
    let honest = |report: &Report| report.outcome(Behaviour::Honest).unwrap().clone();
    assert!(
        honest(&report).slashed
            <= honest(&DEFAULT)
                .slashed
                .checked_add("40".parse().unwrap())
                .unwrap()
    );
    assert_eq!(
        honest(&report).removals,
        0,
        "a remedy must not hit the honest"
    );
}

/// Whoever is caught loses more than it gained; the honest lose nothing to the rules.
#[test]
fn each_kind_of_cheat_meets_the_rule_that_is_made_for_it() {
    let outcome = |kind| DEFAULT.outcome(kind).unwrap();
    let zero = Amount::ZERO;
    assert_eq!(outcome(Behaviour::Honest).removals, 0);
    assert_eq!(outcome(Behaviour::Honest).overclaims, 0);
    for (kind, what) in [
        (
            Behaviour::Overclaiming,
            "claims are compared with the peers'",
        ),
        (Behaviour::BenchmarkOnly, "benchmarks look like traffic"),
        (Behaviour::Sybil, "a new name costs new collateral"),
    ] {
        assert!(
            outcome(kind).profit().unwrap() < zero,
            "{kind} made a profit though {what}"
        );
        assert!(outcome(kind).slashed > zero, "{kind}");
    }
    assert!(outcome(Behaviour::Overclaiming).overclaims > 0);
    assert!(outcome(Behaviour::Sybil).identities > outcome(Behaviour::Sybil).slots);
    let flaky = outcome(Behaviour::Flaky).profit_per_slot().unwrap();
    assert!(flaky < outcome(Behaviour::Honest).profit_per_slot().unwrap());
}

/// What consumers pay is what providers, growth fund, treasury and burn get, to the last pico-dollar; phases follow the numbers.
#[test]
fn the_market_conserves_money_and_follows_its_schedule() {
    let report = &*DEFAULT;
    let earned: Vec<Amount> = report
        .outcomes
        .iter()
        .map(|outcome| outcome.earned)
        .collect();
    let parts = earned
        .into_iter()
        .chain([report.growth_fund, report.treasury, report.burn]);
    assert_eq!(Amount::checked_sum(parts).unwrap(), report.revenue);
    let of_days = Amount::checked_sum(report.days.iter().map(|day| day.revenue)).unwrap();
    assert_eq!(of_days, report.revenue);
    let served: u64 = report.outcomes.iter().map(|outcome| outcome.served).sum();
    assert_eq!(served, report.served);
    assert_eq!(report.days.len(), 365);

    let busy = Scenario {
        weight: 50_000,
        days: 60,
        ..year(3)
    };
    let report = play(busy, Policy::swan_2_0());
    let phases: Vec<&str> = report.days.iter().map(|day| day.phase.as_str()).collect();
    assert_eq!(phases.first(), Some(&"bootstrap"));
    assert!(
        phases.contains(&"growth") && phases.contains(&"maturity"),
        "{phases:?}"
    );
    assert!(report.treasury > Amount::ZERO && report.burn > Amount::ZERO);
}

#[test]
fn the_same_seed_gives_the_same_year() {
    let play = |seed| {
        play(
            Scenario {
                days: 30,
                ..Scenario::small(seed)
            },
            Policy::swan_2_0(),
        )
    };
    assert_eq!(play(5), play(5));
    assert_ne!(play(5), play(6));
}

#[test]
fn absurd_scenarios_are_refused_by_name() {
    let small = || Scenario::small(1);
    let without = |scenario| Simulation::new(scenario, Policy::swan_2_0()).unwrap_err();
    let mut offline = small();
    offline.cohorts[0].conduct.online_bps = 0;
    for (scenario, field) in [
        (Scenario { days: 0, ..small() }, "days = 0"),
        (
            Scenario {
                weight: 0,
                ..small()
            },
            "weight = 0",
        ),
        (
            Scenario {
                requests_a_day: u64::MAX,
                ..small()
            },
            "requests_a_day = 18446744073709551615",
        ),
        (
            Scenario {
                cohorts: Vec::new(),
                ..small()
            },
            "providers = 0",
        ),
        (
            Scenario {
                serving_cost_bps: 10_001,
                ..small()
            },
            "serving_cost_bps = 10001",
        ),
        (
            Scenario {
                capacity: 0,
                ..small()
            },
            "capacity = 0",
        ),
        (offline, "conduct.online_bps = 0"),
    ] {
        let error = without(scenario).to_string();
        assert!(error.contains(field), "{error}");
    }
    let unknown = without(Scenario {
        model: "whisper-1".into(),
        ..small()
    });
    assert!(
        matches!(unknown, SimulationError::UnknownModel { .. }),
        "{unknown}"
    );
}
