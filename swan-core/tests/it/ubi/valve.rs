use swan_core::ubi::{Extension, Sharing, TaperError, WhyNot, safety_valve};
use swan_core::{Amount, Policy, PolicyError};

use super::{amount, day};

fn valve(average: &str, today: &str) -> Result<Extension, WhyNot> {
    safety_valve(&Policy::swan_2_0(), amount(average), day(today))
}

/// Seed 001, "Safety Valve": below $50 a day by month 3, 25 % of 58,369, three months.
#[test]
fn too_little_revenue_by_month_3_lets_governance_extend() {
    let extension = valve("49.999999999999", "2026-06-10").unwrap();
    assert_eq!(extension.from, day("2026-06-10"));
    assert_eq!(extension.until, day("2026-09-09"));
    assert_eq!(extension.per_day, amount("14592.25"));
    assert_eq!(extension.level.get(), 2_500);
    let grounds = extension.grounds.to_string();
    assert!(grounds.contains("Seed 001, Safety Valve"), "{grounds}");
    assert!(
        grounds.contains("average daily revenue was 49.999999999999 USD, needed at least 50 USD")
    );
    assert!(valve("0", "2026-07-09").is_ok(), "the last day of month 3");
}

#[test]
fn each_condition_that_is_not_met_is_named() {
    let (opens, closed) = (day("2026-06-10"), day("2026-07-09"));
    let (early, late) = (day("2026-06-09"), day("2026-07-10"));
    assert_eq!(
        valve("0", "2026-06-09"),
        Err(WhyNot::TooEarly {
            opens,
            today: early
        })
    );
    assert_eq!(
        valve("0", "2026-07-10"),
        Err(WhyNot::TooLate {
            closed,
            today: late
        })
    );
    assert!(
        matches!(valve("50", "2026-06-10"), Err(WhyNot::Sustained(grounds))
        if grounds.evidence[0].found == "50 USD")
    );
    let average = amount("-0.01");
    assert_eq!(
        valve("-0.01", "2026-06-10"),
        Err(WhyNot::Negative { average })
    );
}

#[test]
fn a_policy_without_a_valve_says_which_key_it_lacks() {
    let mut source = Policy::swan_2_0().source().clone();
    source["ubi"].as_table_mut().unwrap().remove("safety_valve");
    let policy = Policy::from_toml(&source.to_string()).unwrap();
    let missing = WhyNot::NoRule(PolicyError::missing("ubi.safety_valve"));
    assert_eq!(
        safety_valve(&policy, Amount::ZERO, day("2026-06-10")),
        Err(missing)
    );
    source.remove("ubi");
    let policy = Policy::from_toml(&source.to_string()).unwrap();
    let error = safety_valve(&policy, Amount::ZERO, day("2026-06-10")).unwrap_err();
    let told = "the policy does not say ubi, and there is no default for it";
    assert!(error.to_string().starts_with(told), "{error}");
}

/// The vote takes its time: the extension begins when it takes effect and lasts three calendar months.
#[test]
fn an_extension_begins_when_its_vote_takes_effect() {
    for (from, until) in [
        ("2026-06-10", "2026-09-09"),
        ("2026-06-19", "2026-09-18"),
        ("2026-07-01", "2026-09-30"),
        ("2026-10-31", "2027-01-30"),
        ("2026-11-30", "2027-02-28"),
        ("2027-11-30", "2028-02-29"),
        ("2026-12-01", "2027-02-28"),
    ] {
        let extension = valve("12", "2026-06-10").unwrap().starting(day(from));
        assert_eq!((extension.from, extension.until), (day(from), day(until)));
    }
}

#[test]
fn the_extended_schedule_pays_a_quarter_and_then_ends_again() {
    let policy = Policy::swan_2_0();
    let taper = policy.ubi().unwrap().taper().unwrap();
    let extension = valve("12", "2026-06-10").unwrap();
    let at_once = taper.extended(&extension).unwrap();
    let later = taper
        .extended(&extension.clone().starting(day("2026-06-19")))
        .unwrap();
    for (date, first, second) in [
        ("2026-06-09", "11674", "11674"),
        ("2026-06-10", "14592.25", "0"),
        ("2026-06-18", "14592.25", "0"),
        ("2026-06-19", "14592.25", "14592.25"),
        ("2026-09-09", "14592.25", "14592.25"),
        ("2026-09-10", "0", "14592.25"),
        ("2026-09-18", "0", "14592.25"),
        ("2026-09-19", "0", "0"),
    ] {
        assert_eq!(at_once.amount_on(day(date)), amount(first), "{date}");
        assert_eq!(later.amount_on(day(date)), amount(second), "{date}");
    }
    let phase = at_once.phase_on(day("2026-06-10")).unwrap();
    assert_eq!(phase.sharing, Sharing::Contribution);
    assert!(!phase.legacy_hardware_earns);
    let (from, last) = (day("2026-06-09"), day("2026-06-10"));
    assert_eq!(
        taper.extended(&extension.clone().starting(from)),
        Err(TaperError::TooEarly { from, last })
    );
    let again = extension.starting(day("2026-09-10"));
    assert!(at_once.extended(&again).is_ok());
    assert!(matches!(
        later.extended(&again),
        Err(TaperError::TooEarly { .. })
    ));
}
