//! Uptime and success over their windows.

use std::num::NonZeroU64;
use std::time::Duration;

use proptest::prelude::*;
use swan_core::health::Ending;
use swan_core::standing::{Attempts, HubAway, Presence, Rate, UptimeWindow};
use swan_core::{Policy, Timestamp};

use super::scene::{DAY, HOUR, Scene};

/// The start of an hour, so that windows begin exactly.
const START: Timestamp = Timestamp::from_millis(1_780_002_000_000);
const MS: Duration = Duration::from_millis(1);

fn at(span: Duration) -> Timestamp {
    START.after(span)
}

fn over(window: Duration) -> UptimeWindow {
    UptimeWindow {
        window,
        since: START,
        least: HOUR,
    }
}

fn rate(good: Duration, of: Duration) -> Option<Rate> {
    let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap();
    Rate::new(millis(good), millis(of))
}

#[test]
fn uptime_is_exact_to_the_millisecond() {
    let mut presence = Presence::new();
    presence.note(at(HOUR), at(HOUR * 3 + MS));
    let never = HubAway::new();
    assert_eq!(
        presence.uptime(at(HOUR * 4), &over(DAY * 30), &never),
        rate(HOUR * 2 + MS, HOUR * 4)
    );
    assert_eq!(
        presence.uptime(at(HOUR * 40), &over(DAY * 30), &never),
        rate(HOUR * 2 + MS, HOUR * 40)
    );
    // Seven days after, only the last millisecond is left in the trailing window.
    let late = at(HOUR * 3 + DAY * 7);
    assert_eq!(
        presence.uptime(late, &over(DAY * 7), &never),
        rate(MS, DAY * 7)
    );
}

#[test]
fn time_before_registration_and_the_hubs_own_absence_do_not_count() {
    let mut presence = Presence::new();
    presence.note(at(HOUR * 5), at(HOUR * 10));
    let mut away = HubAway::new();
    let since = UptimeWindow {
        since: at(HOUR * 5),
        ..over(DAY * 30)
    };
    assert_eq!(
        presence.uptime(at(HOUR * 20), &since, &away),
        rate(HOUR * 5, HOUR * 15)
    );
    away.note(at(HOUR * 10), at(HOUR * 18));
    away.note(at(HOUR * 11), at(HOUR * 15));
    assert_eq!(
        presence.uptime(at(HOUR * 20), &since, &away),
        rate(HOUR * 5, HOUR * 7)
    );
    away.note(at(HOUR * 18), at(HOUR * 20));
    assert_eq!(
        presence.uptime(at(HOUR * 20), &since, &away),
        rate(HOUR * 5, HOUR * 5)
    );
}

#[test]
fn too_little_time_is_not_judged() {
    let presence = Presence::new();
    let never = HubAway::new();
    assert_eq!(
        presence.uptime(at(HOUR - MS), &over(DAY * 30), &never),
        None
    );
    assert_eq!(
        presence.uptime(at(HOUR), &over(DAY * 30), &never),
        Rate::new(0, 3_600_000)
    );
}

#[test]
fn heartbeats_count_the_time_between_them_and_silence_does_not() {
    let secs = Duration::from_secs;
    let mut presence = Presence::new();
    for beat in [0, 30, 60, 30, 60, 150, 241, 271] {
        presence.heartbeat(at(secs(beat)), secs(90));
    }
    // 0 to 150 and 241 to 271: the silence of 91 seconds is too long, and beats of a second connection add nothing.
    assert_eq!(
        presence.uptime(at(HOUR), &over(DAY * 30), &HubAway::new()),
        rate(secs(180), HOUR)
    );
}

#[test]
fn only_the_providers_own_faults_count_and_few_are_not_judged() {
    let least = NonZeroU64::new(20).unwrap();
    let mut attempts = Attempts::new();
    for _ in 0..100 {
        attempts.record(START, Ending::Cancelled);
        attempts.record(START, Ending::HubFailed);
    }
    attempts.record(START, Ending::Malformed);
    for _ in 0..18 {
        attempts.record(START, Ending::Served);
    }
    assert_eq!(attempts.success(at(HOUR), DAY * 30, least), None);
    attempts.record(START, Ending::Served);
    assert_eq!(
        attempts.success(at(HOUR), DAY * 30, least),
        Rate::new(19, 20)
    );
    assert_eq!(
        attempts.success(at(DAY * 30), DAY * 30, least),
        Rate::new(19, 20)
    );
    assert_eq!(
        attempts.success(at(DAY * 30 + MS), DAY * 30, least),
        None,
        "its hour has left the window"
    );
}

#[test]
fn the_policy_measures_what_the_standing_takes() {
    let mut scene = Scene::active();
    let rules = Policy::swan_2_0().standing().clone();
    let mut presence = Presence::new();
    presence.note(scene.standing.registered_at(), scene.now);
    let measured = rules.measure(
        scene.now,
        (&presence, &HubAway::new()),
        &Attempts::new(),
        &scene.standing,
    );
    assert_eq!(measured.success, None);
    assert_eq!(measured.uptime.map(Rate::millionths), Some(1_000_000));
    assert_eq!(
        measured.trailing_uptime.map(Rate::millionths),
        Some(1_000_000)
    );
    scene.later(DAY * 8);
    let measured = rules.measure(
        scene.now,
        (&presence, &HubAway::new()),
        &Attempts::new(),
        &scene.standing,
    );
    assert_eq!(measured.uptime.map(Rate::millionths), Some(500_000));
    assert_eq!(measured.trailing_uptime.map(Rate::millionths), Some(0));
}

#[test]
fn how_time_is_cut_into_spans_makes_no_difference() {
    let mut whole = Presence::new();
    whole.note(at(HOUR / 2), at(HOUR * 5));
    let mut cut = Presence::new();
    for quarter in 2..20 {
        cut.note(at(HOUR / 4 * quarter), at(HOUR / 4 * (quarter + 1)));
    }
    assert_eq!(cut, whole);
    let mut once = Attempts::new();
    let mut again = Attempts::new();
    for (hour, ending) in [
        (2, Ending::Served),
        (0, Ending::Malformed),
        (2, Ending::Served),
    ] {
        once.record(at(HOUR * hour), ending);
    }
    for (hour, ending) in [
        (0, Ending::Malformed),
        (2, Ending::Served),
        (2, Ending::Served),
    ] {
        again.record(at(HOUR * hour + MS), ending);
    }
    assert_eq!(
        once, again,
        "attempts are counted by the hour, in any order"
    );
}

#[test]
fn in_an_hour_that_the_hub_missed_a_part_of_only_the_rest_counts() {
    let mut presence = Presence::new();
    presence.note(START, at(HOUR));
    let mut away = HubAway::new();
    away.note(START, at(HOUR / 2));
    assert_eq!(
        presence.uptime(at(HOUR * 2), &over(DAY * 30), &away),
        rate(HOUR / 2, HOUR * 3 / 2)
    );
}

#[test]
fn what_lies_after_now_does_not_count_yet() {
    let mut attempts = Attempts::new();
    attempts.record(at(HOUR * 5), Ending::Served);
    let success = |now| attempts.success(at(now), DAY * 30, NonZeroU64::MIN);
    assert_eq!(success(HOUR * 5 - MS), None);
    assert_eq!(success(HOUR * 5), Rate::new(1, 1));
}

/// An ending may be told late; it counts in its own hour, and not at all when that has left the window.
#[test]
fn attempts_count_in_their_own_hour() {
    let one = NonZeroU64::MIN;
    let mut attempts = Attempts::new();
    attempts.record(at(DAY * 30), Ending::Served);
    attempts.record(at(HOUR), Ending::Malformed);
    let before = attempts.clone();
    attempts.record(START, Ending::Malformed);
    assert_ne!(attempts, before, "the 721st hour is kept");
    attempts.record(at(HOUR * 721), Ending::Served);
    assert_eq!(
        attempts.success(at(HOUR * 721), DAY * 30, one),
        Rate::new(2, 3)
    );
    let before = attempts.clone();
    attempts.record(START, Ending::Malformed);
    assert_eq!(attempts, before, "the 722nd is not");
    assert_eq!(attempts.success(at(HOUR * 721), HOUR, one), Rate::new(2, 2));
}

#[test]
fn a_span_of_all_time_costs_no_more_than_thirty_days() {
    let end = Timestamp::from_millis(u64::MAX);
    let mut presence = Presence::new();
    presence.note(Timestamp::EPOCH, end);
    let window = DAY * 30;
    let uptime = presence
        .uptime(end, &over(window), &HubAway::new())
        .unwrap();
    assert_eq!(uptime.good(), uptime.of());
    assert!(uptime.of() > 719 * 3_600_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However spans overlap and clocks jump, uptime is a share, and never more than an exact sum over the same time.
    #[test]
    fn uptime_is_bounded(spans in prop::collection::vec((0..2_000_u64, 0..2_000_u64), 0..40), now in 0..2_500_u64) {
        let (mut presence, mut away) = (Presence::new(), HubAway::new());
        let mut covered = std::collections::BTreeSet::new();
        for (number, (from, to)) in spans.into_iter().enumerate() {
            let (start, end) = (at(HOUR * u32::try_from(from).unwrap()), at(HOUR * u32::try_from(to).unwrap()));
            if number % 4 == 3 {
                away.note(start, end);
            } else {
                presence.note(start, end);
                covered.extend(from..to);
            }
        }
        let now_at = at(HOUR * u32::try_from(now).unwrap());
        if let Some(rate) = presence.uptime(now_at, &over(DAY * 30), &away) {
            prop_assert!(rate.good() <= rate.of());
            prop_assert!(rate.of() <= 30 * 86_400_000);
            let most = u64::try_from(covered.range(now.saturating_sub(720)..now).count()).unwrap();
            prop_assert!(rate.good() <= most * 3_600_000);
        }
        let size = postcard::to_stdvec(&presence).unwrap().len();
        prop_assert!(size < 16 * 721, "{size} bytes");
    }

    /// Spans in order and without overlap are counted to the millisecond.
    #[test]
    fn uptime_in_order_is_exact(lengths in prop::collection::vec((1..9_000_000_u64, 1..9_000_000_u64), 1..60)) {
        let mut presence = Presence::new();
        let (mut time, mut there) = (0, 0);
        for (on, off) in lengths {
            presence.note(at(Duration::from_millis(time)), at(Duration::from_millis(time + on)));
            time += on + off;
            there += on;
        }
        let found = presence.uptime(at(Duration::from_millis(time)), &UptimeWindow { least: MS, ..over(DAY * 30) }, &HubAway::new());
        prop_assert_eq!(found, Rate::new(there, time));
    }
}
