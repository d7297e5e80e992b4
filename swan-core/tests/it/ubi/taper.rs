use proptest::prelude::*;
use swan_core::ubi::{Sharing, Taper, TaperError, TaperPhase};
use swan_core::{Amount, BasisPoints, Day, Policy};

use super::{amount, day};

/// Seed 001, "UBI Sunset (SIP-003)", at both ends of each stretch.
#[test]
fn the_income_tapers_by_its_dates() {
    let policy = Policy::swan_2_0();
    let taper = policy.ubi().unwrap().taper().unwrap();
    for (date, swan, sharing, legacy) in [
        ("2026-03-16", "58369", Sharing::Workload, true),
        ("2026-04-09", "58369", Sharing::Workload, true),
        ("2026-04-10", "29185", Sharing::Contribution, false),
        ("2026-05-09", "29185", Sharing::Contribution, false),
        ("2026-05-10", "11674", Sharing::Contribution, false),
        ("2026-06-09", "11674", Sharing::Contribution, false),
        ("2026-06-10", "0", Sharing::Contribution, false),
        ("9999-12-31", "0", Sharing::Contribution, false),
    ] {
        let phase = taper.phase_on(day(date)).unwrap();
        assert_eq!(phase.sharing, sharing, "{date}");
        assert_eq!(phase.legacy_hardware_earns, legacy, "{date}");
        assert_eq!(taper.amount_on(day(date)), amount(swan), "{date}");
    }
    assert_eq!(taper.phase_on(day("2026-03-15")), None);
    assert_eq!(taper.amount_on(day("2026-03-15")), Amount::ZERO);
    assert_eq!(taper.amount_on(Day::from_days(u32::MAX)), Amount::ZERO);
    assert_eq!(taper.full(), amount("58369"));
}

fn phase(from: &str, until: Option<&str>, level: u16, per_day: &str) -> TaperPhase {
    TaperPhase {
        from: day(from),
        until: until.map(day),
        level: BasisPoints::new(level).unwrap(),
        per_day: amount(per_day),
        sharing: Sharing::Contribution,
        legacy_hardware_earns: false,
    }
}

fn taper(phases: &[TaperPhase]) -> Result<Taper, TaperError> {
    Taper::new(amount("101"), phases.to_vec())
}

#[test]
fn phases_that_overlap_leave_gaps_or_do_not_end_are_named() {
    let first = phase("2026-01-01", Some("2026-01-31"), 10_000, "101");
    let last = |from| phase(from, None, 0, "0");
    assert!(taper(&[first, last("2026-02-01")]).is_ok());
    assert!(taper(&[last("2026-02-01")]).is_ok());
    let until = day("2026-01-31");
    let (overlap, gap) = (day("2026-01-31"), day("2026-02-02"));
    for (phases, error) in [
        (vec![], TaperError::Count { count: 0 }),
        (vec![first; 101], TaperError::Count { count: 101 }),
        (
            vec![first, last("2026-01-31")],
            TaperError::Overlap {
                until,
                from: overlap,
            },
        ),
        (
            vec![first, last("2026-02-02")],
            TaperError::Gap { until, from: gap },
        ),
        (vec![first], TaperError::OpenEnd { from: first.from }),
        (
            vec![last("2026-01-01"), last("2026-02-01")],
            TaperError::OpenEnd { from: first.from },
        ),
        (
            vec![
                phase("2026-01-02", Some("2026-01-01"), 0, "0"),
                last("2026-02-01"),
            ],
            TaperError::Backwards {
                from: day("2026-01-02"),
                until: day("2026-01-01"),
            },
        ),
    ] {
        assert_eq!(taper(&phases), Err(error));
    }
}

/// Seed 001 rounds 50 % of 58,369 (29,184.5) up and 20 % (11,673.8) up: half a SWAN either way is its rounding.
#[test]
fn an_amount_is_its_level_to_the_nearest_whole_swan() {
    for (per_day, fits) in [
        ("50", true),
        ("50.5", true),
        ("51", true),
        ("49.999999999999", false),
        ("51.000000000001", false),
    ] {
        let phases = [phase("2026-01-01", None, 5_000, per_day)];
        assert_eq!(taper(&phases).is_ok(), fits, "{per_day}");
    }
    let error = taper(&[phase("2026-01-01", None, 5_000, "20")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the phase from 2026-01-01 pays 20 SWAN a day, which is not 50% of the full amount to the nearest whole SWAN"
    );
}

proptest! {
    /// Whatever lengths the phases have: every day from the first on belongs to exactly the phase that spans it.
    #[test]
    fn every_day_belongs_to_one_phase(lengths in prop::collection::vec(1..40_u32, 0..12), probe in 0..600_u32) {
        let mut from = day("2026-01-01");
        let mut phases = Vec::new();
        for (length, level) in lengths.iter().zip(1..) {
            let until = Some(from.plus(length - 1));
            let level = BasisPoints::new(level).unwrap();
            phases.push(TaperPhase { from, until, level, per_day: Amount::ZERO, ..phase("2026-01-01", None, 0, "0") });
            from = from.plus(*length);
        }
        phases.push(TaperPhase { from, ..phase("2026-01-01", None, 0, "0") });
        let taper = Taper::new(Amount::ZERO, phases).unwrap();
        let probe = day("2026-01-01").plus(probe);
        let spanning: Vec<&TaperPhase> = taper.phases().iter()
            .filter(|phase| phase.from <= probe && phase.until.is_none_or(|until| probe <= until)).collect();
        prop_assert_eq!(spanning, vec![taper.phase_on(probe).unwrap()]);
    }
}
