use proptest::prelude::*;
use swan_core::ubi::{Contribution, share_by_contribution};
use swan_core::{Amount, Policy, PolicyError, ProviderId, ubi::UbiError};

use super::{amount, day, points};

fn served(number: u128, input_tokens: u64, output_tokens: u64) -> Contribution {
    Contribution {
        provider: ProviderId::from_u128(number),
        input_tokens,
        output_tokens,
        uptime: points(9_500),
        success: points(10_000),
        benchmark: points(10_000),
        week_uptime: points(8_000),
        week_requests: 100,
        week_hours: 120,
        legacy_hardware: false,
    }
}

fn shares(on: &str, list: &[Contribution]) -> Vec<Amount> {
    let found = share_by_contribution(&Policy::swan_2_0(), day(on), list).unwrap();
    found.shares.iter().map(|(_, share)| *share).collect()
}

/// Public record 3.6: the share of usage is compressed by its square root, output tokens count three times.
#[test]
fn four_times_the_tokens_weigh_twice() {
    let list = [served(1, 100, 0), served(2, 100, 100)];
    assert_eq!(
        shares("2026-04-10", &list),
        [amount("9728.333333333333"), amount("19456.666666666667")]
    );
    assert_eq!(shares("2026-06-10", &list), [Amount::ZERO; 2], "off is off");
}

/// SIP-002 (public record 3.5): availability is min(1, uptime / 95 %), so more than 95 % earns nothing more.
#[test]
fn uptime_counts_up_to_95_percent() {
    let full = served(1, 100, 0);
    let more = Contribution {
        uptime: points(10_000),
        ..served(2, 100, 0)
    };
    let half = Contribution {
        uptime: points(4_750),
        ..served(3, 100, 0)
    };
    let found = shares("2026-05-10", &[full, more, half]);
    assert_eq!(
        found,
        [amount("4669.6"), amount("4669.6"), amount("2334.8")]
    );
    for worse in [
        Contribution {
            success: points(9_000),
            ..full
        },
        Contribution {
            benchmark: points(9_000),
            ..full
        },
    ] {
        let found = shares(
            "2026-05-10",
            &[
                Contribution {
                    provider: more.provider,
                    ..full
                },
                worse,
            ],
        );
        assert!(found[0].pico() * 9 - found[1].pico() * 10 <= 10 && found[0] > found[1]);
    }
}

/// The thresholds of a week (public record 3.5), each just met and just missed, and legacy hardware (Seed 001).
#[test]
fn each_threshold_that_is_missed_is_named() {
    let policy = Policy::swan_2_0();
    let met = Contribution {
        success: points(9_000),
        ..served(1, 10, 10)
    };
    for (missed, reason) in [
        (
            Contribution {
                week_uptime: points(7_999),
                ..met
            },
            "uptime over 7 days was 79.99%, needed at least 80%",
        ),
        (
            Contribution {
                week_requests: 99,
                ..met
            },
            "requests over 7 days was 99, needed at least 100",
        ),
        (
            Contribution {
                success: points(8_999),
                ..met
            },
            "success was 89.99%, needed at least 90%",
        ),
        (
            Contribution {
                week_hours: 119,
                ..met
            },
            "hours over 7 days was 119, needed at least 120",
        ),
        (
            Contribution {
                legacy_hardware: true,
                ..met
            },
            "hardware was legacy, needed eligible",
        ),
    ] {
        let missed = Contribution {
            provider: ProviderId::from_u128(2),
            ..missed
        };
        let found = share_by_contribution(&policy, day("2026-04-10"), &[met, missed]).unwrap();
        assert_eq!(found.shares, [(met.provider, amount("29185"))]);
        assert_eq!(found.refused.len(), 1);
        assert_eq!(
            found.refused[0]
                .1
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
            [reason]
        );
        assert_eq!(found.unclaimed, Amount::ZERO);
    }
    let legacy = Contribution {
        legacy_hardware: true,
        ..met
    };
    let launch = share_by_contribution(&policy, day("2026-04-09"), &[legacy]).unwrap();
    assert_eq!(
        launch.shares,
        [(met.provider, amount("58369"))],
        "before month 1 it still earned"
    );
}

#[test]
fn what_nobody_earned_is_unclaimed_and_what_cannot_be_is_named() {
    let policy = Policy::swan_2_0();
    let nobody = share_by_contribution(&policy, day("2026-04-10"), &[]).unwrap();
    assert_eq!(nobody.unclaimed, amount("29185"));
    let idle = share_by_contribution(&policy, day("2026-04-10"), &[served(1, 0, 0)]).unwrap();
    assert_eq!(
        (idle.shares[0].1, idle.unclaimed),
        (Amount::ZERO, amount("29185"))
    );
    let one = served(1, 1, 1);
    let twice = share_by_contribution(&policy, day("2026-04-10"), &[one, one]);
    assert_eq!(
        twice,
        Err(UbiError::Twice {
            provider: one.provider
        })
    );
    let older = share_by_contribution(&Policy::swan_1_0(), day("2026-04-10"), &[one]);
    assert_eq!(
        older,
        Err(UbiError::Policy(PolicyError::missing("ubi.contribution")))
    );
    let most = served(1, u64::MAX, u64::MAX);
    assert_eq!(shares("2026-04-10", &[most]), [amount("29185")]);
}

/// SIP-002 (public record 3.5): 80 % liquid, 20 % locked for 3 months.
#[test]
fn a_fifth_of_a_share_is_locked_for_three_months() {
    let policy = Policy::swan_2_0();
    let rules = policy.ubi().unwrap().contribution().unwrap();
    let paid = rules.payout(amount("100"), day("2026-04-10")).unwrap();
    assert_eq!(
        (paid.liquid, paid.locked, paid.unlocks),
        (amount("80"), amount("20"), day("2026-07-10"))
    );
    let odd = rules
        .payout(amount("0.000000000003"), day("2026-04-10"))
        .unwrap();
    assert_eq!((odd.liquid.pico(), odd.locked.pico()), (2, 1));
    let negative = UbiError::Negative { what: "a share" };
    assert_eq!(rules.payout(amount("-1"), day("2026-04-10")), Err(negative));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_days_income_is_shared_out_whole(list in prop::collection::vec((any::<u64>(), any::<u64>(), 0..=10_000_u16), 1..20)) {
        static POLICY: std::sync::OnceLock<Policy> = std::sync::OnceLock::new();
        let policy = POLICY.get_or_init(Policy::swan_2_0);
        let list: Vec<Contribution> = list.iter().zip(1..).map(|(&(input, output, uptime), number)| {
            Contribution { uptime: points(uptime), ..served(number, input, output) }
        }).collect();
        let found = share_by_contribution(policy, day("2026-04-10"), &list).unwrap();
        let all = found.shares.iter().map(|(_, share)| *share).chain([found.unclaimed]);
        prop_assert_eq!(Amount::checked_sum(all), Ok(amount("29185")));
    }
}
