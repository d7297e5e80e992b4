//! What the rules on record cost, and what a policy may not say.

use swan_core::hardware::Role;
use swan_core::standing::{Destination, Millionths, Offence, Slash, SlashingPolicy as _};
use swan_core::{Amount, Currency, Policy};

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn shares(policy: &Policy, offences: &[Offence]) -> Vec<Option<u32>> {
    offences
        .iter()
        .map(
            |offence| match policy.standing().slashing().measure(offence)?.slash {
                Slash::Share(share) => Some(share.get()),
                Slash::Nothing => Some(0),
                Slash::Multiple { .. } => None,
            },
        )
        .collect()
}

const FAILURES: [Offence; 5] = [
    Offence::BenchmarkFailed { in_a_row: 0 },
    Offence::BenchmarkFailed { in_a_row: 1 },
    Offence::BenchmarkFailed { in_a_row: 2 },
    Offence::BenchmarkFailed { in_a_row: 3 },
    Offence::BenchmarkFailed { in_a_row: 4 },
];
const TASKS: [Offence; 2] = [
    Offence::TaskFailed { role: Role::Edge },
    Offence::TaskFailed { role: Role::Fog },
];

#[test]
fn each_rule_on_record_costs_what_it_says() {
    let ladder = Policy::swan_2_0();
    assert_eq!(
        shares(&ladder, &FAILURES),
        [None, Some(0), Some(100_000), Some(300_000), Some(300_000)]
    );
    assert_eq!(shares(&ladder, &TASKS), [None, None]);

    let per_task = Policy::swan_1_0();
    assert_eq!(shares(&per_task, &FAILURES), [None; 5]);
    assert_eq!(shares(&per_task, &TASKS), [Some(250), Some(1_000)]);

    let text = Policy::SWAN_2_0_TOML;
    let (before, ladder) = text.split_once("rule = \"ladder\"").unwrap();
    let (_, after) = ladder.split_once("[standing.fraud]").unwrap();
    let flat = "rule = \"flat\"\ndestination = \"treasury\"\nslash_bps = 1_000\n\n[standing.fraud]";
    let flat = Policy::from_toml(&format!("{before}{flat}{after}")).unwrap();
    assert_eq!(shares(&flat, &FAILURES[1..]), [Some(100_000); 4]);
}

/// A day of an ECP that fails every task (about 48, public record 3.4) costs 1.2 % of the full collateral.
#[test]
fn a_day_of_failed_tasks_costs_an_ecp_twelve_thousandths() {
    let collateral = amount("3533");
    let slash = Slash::Share(Millionths::new(250).unwrap());
    let one = slash.of(collateral).unwrap();
    assert_eq!(one, amount("0.88325"));
    let day = Amount::checked_sum([one; 48]).unwrap();
    assert_eq!(day, amount("42.396"));
}

#[test]
fn slashes_are_exact_and_never_more_than_there_is() {
    let share = |ppm| Slash::Share(Millionths::new(ppm).unwrap());
    let twice = |stake: &str| Slash::Multiple {
        stake: amount(stake),
        currency: Currency::Usd,
        multiple_bps: 20_000,
    };
    for (slash, collateral, expected) in [
        (Slash::Nothing, "20", "0"),
        (share(100_000), "20", "2"),
        (share(300_000), "20", "6"),
        (share(1_000_000), "20", "20"),
        // Half a pico-unit goes to the even side.
        (share(500_000), "0.000000000001", "0"),
        (share(500_000), "0.000000000003", "0.000000000002"),
        (twice("3"), "20", "6"),
        (twice("10"), "20", "20"),
        (twice("10.000000000001"), "20", "20"),
        (twice("1000000"), "20", "20"),
    ] {
        assert_eq!(
            slash.of(amount(collateral)).unwrap(),
            amount(expected),
            "{slash} of {collateral}"
        );
    }
    assert!(share(1).of(amount("-1")).is_err());
    assert_eq!(Millionths::new(1_000_001), None);
    assert_eq!(Millionths::new(250).unwrap().to_string(), "0.025%");
    assert_eq!(share(100_000).to_string(), "10% of the collateral");
    assert_eq!(twice("3").to_string(), "2.00 times 3 USD");
}

#[test]
fn context_honesty_notices_first_and_slashes_when_repeated() {
    let policy = Policy::swan_2_0();
    let slashing = policy.standing().slashing();
    assert_eq!(
        slashing.measure(&Offence::ContextMisstated { times: 1 }),
        None
    );
    let measure = slashing
        .measure(&Offence::ContextMisstated { times: 2 })
        .unwrap();
    assert_eq!(
        measure.slash,
        Slash::Share(Millionths::new(100_000).unwrap())
    );
    assert_eq!(measure.destination, Destination::Treasury);
}

#[test]
fn a_policy_that_breaks_a_rule_of_standing_is_refused_by_name() {
    for (from, to, expected) in [
        (
            "grace_days = 7",
            "grace_days = 366",
            "standing.grace_days = 366",
        ),
        (
            "uptime_required_above_bps = 5_000",
            "uptime_required_above_bps = 9_001",
            "standing.uptime_required_above_bps = 9001",
        ),
        (
            "uptime_required_window_days = 7",
            "uptime_required_window_days = 31",
            "standing.uptime_required_window_days = 31",
        ),
        (
            "success_least_attempts = 20",
            "success_least_attempts = 0",
            "standing.success_least_attempts = 0",
        ),
        (
            "success_least_bps = 8_000",
            "success_least_bps = 10_001",
            "standing.success_least_bps = 10001",
        ),
        (
            "slash_bps = 3_000",
            "slash_bps = 999",
            "standing.slashing.step.3.slash_bps = 999",
        ),
        (
            "slash_bps = 0\nsuspend_hours = 24\nremove = false",
            "slash_bps = 0\nsuspend_hours = 24\nremove = true",
            "standing.slashing.step = 2",
        ),
        (
            "multiple_bps = 20_000",
            "multiple_bps = 1_000_001",
            "standing.fraud.multiple_bps = 1000001",
        ),
        (
            "appeal_hours = 48",
            "appeal_hours = 8_761",
            "standing.appeal_hours = 8761",
        ),
        ("appeal_hours = 48\n", "", "appeal_hours"),
        (
            "appeal_hours = 48",
            "appeal_hours = 48\nappeal_minutes = 1",
            "appeal_minutes",
        ),
        ("rule = \"ladder\"", "rule = \"lenient\"", "lenient"),
    ] {
        let text = Policy::SWAN_2_0_TOML.replacen(from, to, 1);
        assert_ne!(text, Policy::SWAN_2_0_TOML, "{from}");
        let error = Policy::from_toml(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn a_slash_of_nothing_is_known_and_each_says_what_it_takes() {
    let share = |millionths| Slash::Share(Millionths::new(millionths).unwrap());
    let multiple = |stake, multiple_bps| Slash::Multiple {
        stake: amount(stake),
        currency: Currency::Usd,
        multiple_bps,
    };
    for (slash, nothing, words) in [
        (Slash::Nothing, true, "a warning"),
        (share(0), true, "0% of the collateral"),
        (share(1), false, "0.0001% of the collateral"),
        (share(300_000), false, "30% of the collateral"),
        (multiple("0", 20_000), true, "2.00 times 0 USD"),
        (multiple("3", 0), true, "0.00 times 3 USD"),
        (multiple("3", 1), false, "0.00 times 3 USD"),
        (multiple("0.5", 20_000), false, "2.00 times 0.5 USD"),
        (multiple("3", 12_345), false, "1.23 times 3 USD"),
        (multiple("3", 9_900), false, "0.99 times 3 USD"),
    ] {
        assert_eq!(slash.is_nothing(), nothing, "{slash:?}");
        assert_eq!(slash.to_string(), words);
    }
}

/// The document with a ladder of these steps, in basis points.
fn ladder(steps: &[u32]) -> Result<Policy, String> {
    let text = Policy::SWAN_2_0_TOML;
    let (before, old) = text.split_once("[[standing.slashing.step]]").unwrap();
    let (_, after) = old.split_once("[standing.fraud]").unwrap();
    let step = |bps| {
        format!(
            "[[standing.slashing.step]]\nslash_bps = {bps}\nsuspend_hours = 0\nremove = false\n\n"
        )
    };
    let steps: String = match steps {
        [] => "step = []\n".into(),
        steps => steps.iter().map(step).collect(),
    };
    let text = format!("{before}{steps}[standing.fraud]{after}");
    Policy::from_toml(&text).map_err(|error| error.to_string())
}

#[test]
fn a_ladder_has_one_to_ten_steps_that_never_fall() {
    let rising = [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000];
    for good in [&rising[..1], &rising[..10], &[500, 500], &[10_000]] {
        assert_eq!(ladder(good).err(), None, "{good:?}");
    }
    for (bad, word) in [
        (
            &rising[..0],
            "standing.slashing.step = 0, but it lies between 1 and 10",
        ),
        (
            &rising[..],
            "standing.slashing.step = 11, but it lies between 1 and 10",
        ),
        (
            &[500, 499],
            "standing.slashing.step.2.slash_bps = 499, but a later failure costs no less than the one before",
        ),
    ] {
        let error = ladder(bad).unwrap_err();
        assert_eq!(error, format!("the policy says {word}"), "{bad:?}");
    }
}
