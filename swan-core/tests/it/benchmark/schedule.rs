use std::time::Duration;

use swan_core::benchmark::{ItemKind, Schedule};
use swan_core::{Policy, SeededRng, Timestamp};

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn items_come_at_any_time_of_the_window_one_by_one() {
    let policy = Policy::swan_2_0();
    let rules = policy.benchmark();
    let mut rng = SeededRng::new(11);
    let start = Timestamp::from_millis(1_000_000_000_000);
    let mut schedule = Schedule::start(start, rules, &mut rng);
    let mut now = start;
    let (mut of_hour, mut kinds, mut gaps_ms) = ([0_u32; 24], [0_u32; 2], Vec::new());
    let mut before = None;
    for _ in 0..1_000_000 {
        let next = schedule.next_due();
        assert!(next >= now);
        now = next;
        if let Some(due) = schedule.take(now, rules, &mut rng) {
            let hour = now.since(start).as_secs() / 3_600;
            if hour >= 24 {
                of_hour[usize::try_from(hour % 24).unwrap()] += 1;
                kinds[usize::from(due.kind == ItemKind::Code)] += 1;
                gaps_ms.extend(before.map(|before| now.since(before).as_millis()));
                before = Some(now);
            }
        }
        if now.since(start) > HOUR * 24 * 300 {
            break;
        }
    }
    let all: u32 = of_hour.iter().sum();
    // 32 a day over 299 days; each hour of the day gets its share, within five standard deviations.
    assert!((9_400..9_700).contains(&all), "{all}");
    assert!(
        of_hour.iter().all(|count| (300..500).contains(count)),
        "{of_hour:?}"
    );
    assert!(kinds[0].abs_diff(kinds[1]) < 40, "{kinds:?}");
    // As of independent moments: half of the gaps are shorter than 0.69 of the mean of 45 minutes.
    gaps_ms.sort_unstable();
    let median_min = gaps_ms[gaps_ms.len() / 2] / 60_000;
    assert!((27..36).contains(&median_min), "{median_min}");
}

#[test]
fn a_new_provider_is_asked_within_minutes() {
    let policy = Policy::swan_2_0();
    let rules = policy.benchmark();
    let mut rng = SeededRng::new(3);
    let schedule = Schedule::start(Timestamp::EPOCH, rules, &mut rng);
    assert!(schedule.next_due() < Timestamp::from_millis(30 * 60_000));
}

#[test]
fn any_clock_will_do() {
    let policy = Policy::swan_2_0();
    let rules = policy.benchmark();
    let mut rng = SeededRng::new(4);
    let start = Timestamp::EPOCH.after(HOUR * 1_000);
    let mut schedule = Schedule::start(start, rules, &mut rng);
    // Back before the window: drawn anew from there.
    let past = Timestamp::EPOCH.after(HOUR * 10);
    assert_eq!(schedule.take(past, rules, &mut rng), None);
    assert!(schedule.next_due() >= past && schedule.next_due() < past.after(HOUR * 24));
    // Half a window late: one item, and the others go into the rest of the window instead of following at once.
    let late = past.after(HOUR * 12);
    assert!(schedule.take(late, rules, &mut rng).is_some());
    assert!(schedule.next_due() >= late);
    let mut burst = 0;
    while schedule.take(late, rules, &mut rng).is_some() {
        burst += 1;
    }
    assert_eq!(burst, 0);
    // A leap past the end, and the end of time.
    assert_eq!(schedule.take(late.after(HOUR * 500), rules, &mut rng), None);
    for now in [Timestamp::MAX, Timestamp::EPOCH, Timestamp::MAX] {
        let _ = schedule.take(now, rules, &mut rng);
    }
}

/// SIP-003 (public record 3.5): two to four rounds a day at random times, by policy values alone.
#[test]
fn two_to_four_rounds_a_day_are_policy_values() {
    let text = Policy::SWAN_2_0_TOML
        .replace("rounds_least = 1", "rounds_least = 2")
        .replace("rounds_most = 1", "rounds_most = 4");
    let policy = Policy::from_toml(&text).unwrap();
    let rules = policy.benchmark();
    assert_eq!(rules.rounds(), (2, 4));
    let mut rng = SeededRng::new(8);
    let mut schedule = Schedule::start(Timestamp::EPOCH, rules, &mut rng);
    // Past the first minutes, whose one round is for who has just come.
    let mut now = Timestamp::EPOCH.after(HOUR);
    assert_eq!(schedule.take(now, rules, &mut rng), None);
    let mut days_of = [0; 5];
    for _ in 0..600 {
        let end = now.after(HOUR * 24);
        let (mut items, mut hours) = (0, std::collections::BTreeSet::new());
        while schedule.next_due() < end {
            let at = schedule.next_due();
            if schedule.take(at, rules, &mut rng).is_some() {
                items += 1;
                hours.insert(at.since(now).as_secs() / 3_600);
            }
        }
        assert_eq!(items % rules.items_a_round(), 0, "whole rounds");
        assert!(hours.len() > 16, "not in one burst: {hours:?}");
        days_of[usize::try_from(items / rules.items_a_round()).unwrap()] += 1;
        now = end;
        assert_eq!(schedule.take(now, rules, &mut rng), None);
    }
    // Each of two, three and four as likely: 200 of 600, within five standard deviations.
    assert_eq!(days_of[..2], [0, 0]);
    assert!(
        days_of[2..].iter().all(|days| (142..258).contains(days)),
        "{days_of:?}"
    );
}
