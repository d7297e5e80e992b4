use proptest::prelude::*;
use swan_core::split::{Phase, PhaseEnd, RevenueError, RevenueWindow, SplitSchedule};
use swan_core::{Amount, Day, Policy, PolicyError, RevenueSplit as _};

use super::{amount, day, steady};

/// The built-in policy with this phase in force.
fn in_phase(phase: &str) -> Policy {
    with("phase = \"bootstrap\"", &format!("phase = \"{phase}\"")).unwrap()
}

fn with(original: &str, replacement: &str) -> Result<Policy, PolicyError> {
    let text = Policy::SWAN_2_0_TOML;
    assert!(
        text.contains(original),
        "the document does not say {original}"
    );
    Policy::from_toml(&text.replacen(original, replacement, 1))
}

fn indicated(schedule: &SplitSchedule, usd_per_day: &str) -> String {
    let today = day("2026-05-31");
    let phase = schedule.indicated(&steady(usd_per_day, today), today);
    phase.unwrap().name().to_owned()
}

/// Seed 001, "Dynamic Revenue Split Schedule", on a charge of $1.
#[test]
fn the_schedule_is_the_seeds_table() {
    let policy = Policy::swan_2_0();
    let schedule = policy.split_schedule();
    assert_eq!(schedule.in_force().name(), "bootstrap");
    assert_eq!(policy.split(), schedule.in_force().shares());
    assert_eq!(schedule.window_days(), 30);
    let expected = [
        (
            "bootstrap",
            PhaseEnd::Below(amount("100")),
            ["0.95", "0.05", "0", "0"],
        ),
        (
            "growth",
            PhaseEnd::UpTo(amount("1000")),
            ["0.9", "0.05", "0.05", "0"],
        ),
        (
            "maturity",
            PhaseEnd::UpTo(amount("10000")),
            ["0.85", "0.03", "0.1", "0.02"],
        ),
        ("scale", PhaseEnd::Never, ["0.8", "0.02", "0.15", "0.03"]),
    ];
    assert_eq!(schedule.phases().len(), expected.len());
    for (phase, (name, end, parts)) in schedule.phases().iter().zip(expected) {
        assert_eq!((phase.name(), phase.end()), (name, end));
        let split = phase.shares().split(amount("1"));
        let found = [
            split.provider,
            split.growth_fund,
            split.treasury,
            split.burn,
        ];
        assert_eq!(found, parts.map(amount), "{name}");
        assert_eq!(schedule.phase(name), Some(phase));
        assert_eq!(in_phase(name).split(), phase.shares(), "{name} in force");
    }
    assert_eq!(schedule.phase("decline"), None);
    let maturity = schedule.phase("maturity").unwrap().shares().to_string();
    assert_eq!(
        maturity,
        "85% provider, 3% growth fund, 10% treasury, 2% burn"
    );
}

#[test]
fn each_average_belongs_to_one_phase_to_the_last_unit() {
    let policy = Policy::swan_2_0();
    for (usd_per_day, phase) in [
        ("-5", "bootstrap"),
        ("0", "bootstrap"),
        ("99.999999999999", "bootstrap"),
        ("100", "growth"),
        ("100.000000000001", "growth"),
        ("999.999999999999", "growth"),
        ("1000", "growth"),
        ("1000.000000000001", "maturity"),
        ("9999.999999999999", "maturity"),
        ("10000", "maturity"),
        ("10000.000000000001", "scale"),
        ("1000000000000000", "scale"),
    ] {
        assert_eq!(
            indicated(policy.split_schedule(), usd_per_day),
            phase,
            "{usd_per_day}"
        );
    }
}

/// One unit in one day of thirty is below what an average can show, and still decides.
#[test]
fn thresholds_are_compared_with_the_exact_sum() {
    let today = day("2026-05-31");
    let policy = Policy::swan_2_0();
    for (last, phase) in [("2999.999999999999", "bootstrap"), ("3000", "growth")] {
        let mut window = RevenueWindow::new(30);
        window
            .report(day("2026-05-30"), amount(last), today)
            .unwrap();
        assert_eq!(window.average(today), Ok(amount("100")));
        assert_eq!(
            policy
                .split_schedule()
                .indicated(&window, today)
                .unwrap()
                .name(),
            phase
        );
    }
}

#[test]
fn a_vote_is_due_for_the_neighbour_on_the_way_to_the_indicated_phase() {
    let today = day("2026-05-31");
    for (in_force, usd_per_day, expected) in [
        ("bootstrap", "99", None),
        ("bootstrap", "100", Some(("growth", "growth"))),
        ("bootstrap", "20000", Some(("growth", "scale"))),
        ("growth", "100", None),
        ("growth", "1000.01", Some(("maturity", "maturity"))),
        ("growth", "99.99", Some(("bootstrap", "bootstrap"))),
        ("maturity", "10000.01", Some(("scale", "scale"))),
        ("scale", "10000.01", None),
        ("scale", "0", Some(("maturity", "bootstrap"))),
    ] {
        let policy = in_phase(in_force);
        let due = policy
            .split_schedule()
            .proposal_due(&steady(usd_per_day, today), today, policy.stamp())
            .unwrap();
        let found = due
            .as_ref()
            .map(|due| (due.to.as_str(), due.indicated.as_str()));
        assert_eq!(found, expected, "{in_force} at {usd_per_day}");
        if let Some(due) = due {
            assert_eq!(due.from, in_force);
            assert_eq!(due.average, amount(usd_per_day));
            assert_eq!(due.grounds.policy, *policy.stamp());
            let text = due.grounds.to_string();
            assert!(
                text.contains(&format!("average daily revenue was {usd_per_day} USD")),
                "{text}"
            );
            assert!(text.contains("30 of 30 days reported"), "{text}");
        }
    }
}

#[test]
fn a_window_of_another_length_or_a_clock_backwards_indicates_nothing() {
    let today = day("2026-05-31");
    let policy = Policy::swan_2_0();
    let schedule = policy.split_schedule();
    for found in [29, 31] {
        let window = RevenueWindow::new(found);
        let length = RevenueError::WindowLength { found, needed: 30 };
        assert_eq!(schedule.indicated(&window, today), Err(length));
        assert_eq!(schedule.average(&window, today), Err(length));
    }
    let average = schedule.average(&steady("1.5", today), today);
    assert_eq!(average, Ok(amount("1.5")));
    let yesterday = day("2026-05-30");
    assert_eq!(
        schedule
            .proposal_due(&steady("1", today), yesterday, policy.stamp())
            .unwrap_err(),
        RevenueError::ClockBackwards {
            today: yesterday,
            latest: today
        }
    );
}

/// What the document says, what it says instead, and the error.
const WRONG: [(&str, &str, &str); 11] = [
    (
        "phase = \"bootstrap\"",
        "phase = \"hype\"",
        "split.phase = hype, but the phases are bootstrap, growth, maturity, scale",
    ),
    (
        "window_days = 30",
        "window_days = 0",
        "split.window_days = 0, but it lies between 1 and 366",
    ),
    (
        "window_days = 30",
        "window_days = 367",
        "split.window_days = 367, but it lies between 1 and 366",
    ),
    (
        "up_to_usd_per_day = \"1000\"",
        "up_to_usd_per_day = \"100\"",
        "split.phases.2.up_to_usd_per_day = 100, but thresholds rise, and the phase before ends at 100",
    ),
    (
        "up_to_usd_per_day = \"10000\"",
        "below_usd_per_day = \"999\"",
        "split.phases.3.below_usd_per_day = 999, but thresholds rise, and the phase before ends at 1000",
    ),
    (
        "up_to_usd_per_day = \"1000\"",
        "up_to_usd_per_day = \"NaN\"",
        "split.phases.2.up_to_usd_per_day = \"NaN\", but an amount is a plain decimal number such as 5 or 0.000024",
    ),
    (
        "below_usd_per_day = \"100\"",
        "below_usd_per_day = \"0\"",
        "split.phases.1 = 0, but a phase ends above zero, or no revenue could belong to it",
    ),
    (
        "below_usd_per_day = \"100\"",
        "below_usd_per_day = \"100\"\nup_to_usd_per_day = \"100\"",
        "split.phases.1 = (two ends), but a phase ends below an amount or at it, not both",
    ),
    (
        "up_to_usd_per_day = \"1000\"",
        "",
        "split.phases.2 = (no end), but each phase but the last has below_usd_per_day or up_to_usd_per_day",
    ),
    (
        "name = \"scale\"",
        "name = \"scale\"\nup_to_usd_per_day = \"20000\"",
        "split.phases.4 = (an end), but the last phase has no end, or revenue above it has no phase",
    ),
    (
        "name = \"scale\"",
        "name = \"growth\"",
        "split.phases.4.name = growth, but no two phases have the same name",
    ),
];

#[test]
fn a_schedule_with_a_gap_an_overlap_or_an_unknown_phase_is_refused() {
    for (original, replacement, message) in WRONG {
        let error = with(original, replacement).unwrap_err().to_string();
        assert_eq!(error, format!("the policy says {message}"));
    }
    let error = with("burn_bps = 200", "burn_bps = 201")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("split.phases.3 = 10001 basis points"),
        "{error}"
    );
    let error = with("name = \"growth\"", "name = \"Growth!\"")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("split.phases.2.name = \"Growth!\""),
        "{error}"
    );
}

/// A schedule of so many phases that end a dollar apart.
fn with_phases(count: usize) -> Result<Policy, PolicyError> {
    let text = Policy::SWAN_2_0_TOML;
    let head = text.split("[[split.phases]]").next().unwrap();
    let (_, rest) = text.split_once("[governance]").unwrap();
    let phase = |number: usize| {
        let name = if number == 1 {
            "bootstrap".into()
        } else {
            format!("phase{number}")
        };
        let end = format!("up_to_usd_per_day = \"{number}\"\n");
        let end = if number == count { "" } else { end.as_str() };
        let shares = "provider_bps = 10000\ngrowth_fund_bps = 0\ntreasury_bps = 0\nburn_bps = 0\n";
        format!("[[split.phases]]\nname = \"{name}\"\n{end}{shares}\n")
    };
    let phases: String = (1..=count).map(phase).collect();
    let phases = if count == 0 {
        "phases = []\n".into()
    } else {
        phases
    };
    Policy::from_toml(&format!("{head}{phases}[governance]{rest}"))
}

#[test]
fn a_schedule_has_one_to_sixteen_phases() {
    for count in [1, 2, 15, 16] {
        let policy = with_phases(count).unwrap();
        assert_eq!(policy.split_schedule().phases().len(), count);
    }
    for count in [0, 17, 18] {
        assert_eq!(
            with_phases(count).unwrap_err().to_string(),
            format!("the policy says split.phases = {count}, but a schedule has 1 to 16 phases")
        );
    }
}

proptest! {
    #[test]
    fn more_revenue_never_indicates_an_earlier_phase(a in 0..20_000_000_000_000_000_i128, b in 0..20_000_000_000_000_000_i128) {
        let today = Day::from_days(20_000);
        let policy = Policy::swan_2_0();
        let schedule = policy.split_schedule();
        let place = |pico: i128| {
            let window = steady(&Amount::from_pico(pico).unwrap().to_string(), today);
            let indicated = schedule.indicated(&window, today).unwrap().clone();
            schedule.phases().iter().position(|phase: &Phase| *phase == indicated).unwrap()
        };
        prop_assert!(place(a.min(b)) <= place(a.max(b)));
    }
}

/// Seed 003: 5 % commission, of which 75 % go to the treasury and 25 % to buy-back, whatever the revenue.
#[test]
fn swan_1_0_has_one_phase() {
    let policy = Policy::swan_1_0();
    let split = policy.split().split(amount("1000"));
    assert_eq!(
        [
            split.provider,
            split.growth_fund,
            split.treasury,
            split.burn
        ],
        ["950", "0", "37.5", "12.5"].map(amount)
    );
    let today = day("2026-05-31");
    let due = policy
        .split_schedule()
        .proposal_due(&steady("99999", today), today, policy.stamp());
    assert_eq!(due, Ok(None));
}
