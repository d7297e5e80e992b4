//! Who has been there since this hub started, and what it earned by the hour.
//!
//! It is kept in memory, so uptime is that since the start of the hub, or since a provider was first seen by it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use swan_core::standing::{HubAway, Presence, Rate, UptimeWindow};
use swan_core::{Amount, Currency, ProviderId, Timestamp};
use tokio::time::MissedTickBehavior;

use crate::hub::Rooms;

/// How often it is looked who is there.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// After how long without being seen a provider was away (public record 1.4: three heartbeats).
const PATIENCE: Duration = Duration::from_secs(90);
/// Providers that are remembered; those not seen for longest are forgotten when more come. About 12 kB each after 30 days.
const PROVIDERS_MAX: usize = 10_000;
/// Hours of earnings that are remembered.
const HOURS: usize = 25;
const HOUR_SECS: u64 = 3_600;
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Everybody who has been there.
#[derive(Debug, Default)]
pub(super) struct Attendance(Mutex<HashMap<ProviderId, Seen>>);

#[derive(Debug)]
struct Seen {
    name: Arc<str>,
    since: Timestamp,
    last: Timestamp,
    presence: Presence,
    /// What had been earned in all when each hour was last looked at, the latest last.
    earned: VecDeque<(u64, Amount)>,
}

/// What is known of one provider's presence.
#[derive(Debug, Clone)]
pub(super) struct Attended {
    pub(super) name: Arc<str>,
    pub(super) last: Timestamp,
    pub(super) uptime: Option<Rate>,
}

impl Attendance {
    /// A provider is there, and has earned so much in all.
    fn note(&self, provider: ProviderId, name: &Arc<str>, earned: Amount, now: Timestamp) {
        let mut all = self.0.lock();
        if all.len() >= PROVIDERS_MAX && !all.contains_key(&provider) {
            let oldest = all.iter().min_by_key(|(_, seen)| seen.last);
            if let Some(oldest) = oldest.map(|(provider, _)| *provider) {
                all.remove(&oldest);
            }
        }
        let seen = all.entry(provider).or_insert_with(|| {
            let mut presence = Presence::new();
            // The first sign of life begins the time that counts.
            presence.heartbeat(now, Duration::ZERO);
            Seen {
                name: Arc::clone(name),
                since: now,
                last: now,
                presence,
                earned: VecDeque::new(),
            }
        });
        seen.name = Arc::clone(name);
        seen.last = now;
        seen.presence.heartbeat(now, PATIENCE);
        seen.earns(now.as_secs() / HOUR_SECS, earned);
    }

    /// What is known of everybody, over `days` back at most.
    pub(super) fn all(&self, now: Timestamp, days: u32) -> HashMap<ProviderId, Attended> {
        let all = self.0.lock();
        let attended = all.iter();
        attended
            .map(|(provider, seen)| (*provider, seen.attended(now, days)))
            .collect()
    }

    /// What is known of one provider, over `days` back at most.
    pub(super) fn one(&self, provider: ProviderId, now: Timestamp, days: u32) -> Option<Attended> {
        let all = self.0.lock();
        all.get(&provider).map(|seen| seen.attended(now, days))
    }

    /// What a provider earned in each of the last hours that were looked at, the oldest first: the hour since the epoch and US
    /// dollars.
    pub(super) fn hourly(&self, provider: ProviderId) -> Vec<(u64, Amount)> {
        let all = self.0.lock();
        let Some(seen) = all.get(&provider) else {
            return Vec::new();
        };
        let before = seen.earned.iter();
        before
            .zip(seen.earned.iter().skip(1))
            .filter_map(|((_, before), (hour, after))| {
                Some((*hour, after.checked_sub(*before).ok()?))
            })
            .collect()
    }
}

impl Seen {
    fn earns(&mut self, hour: u64, total: Amount) {
        match self.earned.back_mut() {
            Some((known, last)) if *known == hour => *last = total,
            _ => {
                // What was earned before the first look is no hour's earning.
                if self.earned.is_empty() {
                    self.earned.push_back((hour.saturating_sub(1), total));
                }
                self.earned.push_back((hour, total));
            }
        }
        while self.earned.len() > HOURS {
            self.earned.pop_front();
        }
    }

    fn attended(&self, now: Timestamp, days: u32) -> Attended {
        let over = UptimeWindow {
            window: DAY * days,
            since: self.since,
            least: LOOK_EVERY,
        };
        Attended {
            name: Arc::clone(&self.name),
            last: self.last,
            uptime: self.presence.uptime(now, &over, &HubAway::new()),
        }
    }
}

/// Looks who is there, now and then, as long as the hub lives.
pub(crate) fn watch(hub: &Arc<Rooms>) {
    let hub: Weak<Rooms> = Arc::downgrade(hub);
    tokio::spawn(async move {
        let mut every = tokio::time::interval(LOOK_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            let Some(hub) = hub.upgrade() else { return };
            look(&hub);
        }
    });
}

/// Notes everybody who is there now.
pub(super) fn look(hub: &Rooms) {
    let now = hub.clock.now();
    for line in hub.registry.lines() {
        let earned = hub.books.earnings(line.provider, Currency::Usd);
        let attendance = &hub.market.attendance;
        attendance.note(line.provider, &line.name, earned.credits_posted, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: ProviderId = ProviderId::from_u128(1);

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis((1_000 * HOUR_SECS + secs) * 1_000)
    }

    fn usd(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn there(attendance: &Attendance, secs: u64, earned: &str) {
        attendance.note(ONE, &Arc::from("one"), usd(earned), at(secs));
    }

    #[test]
    fn uptime_is_the_time_there_since_the_first_sign() {
        let attendance = Attendance::default();
        assert!(attendance.one(ONE, at(0), 30).is_none());
        there(&attendance, 0, "0");
        let fresh = attendance.one(ONE, at(10), 30).unwrap();
        assert_eq!(fresh.uptime, None, "too little is known");
        for secs in (30..=3_600).step_by(30) {
            there(&attendance, secs, "0");
        }
        let whole = attendance.one(ONE, at(3_600), 30).unwrap().uptime;
        assert_eq!(whole, Rate::new(3_600_000, 3_600_000));
        // Away for an hour: only what came before and after counts.
        there(&attendance, 7_200, "0");
        let half = attendance.one(ONE, at(7_200), 30).unwrap().uptime;
        assert_eq!(half, Rate::new(3_600_000, 7_200_000));
    }

    #[test]
    fn earnings_are_told_by_the_hour() {
        let attendance = Attendance::default();
        there(&attendance, 0, "5");
        there(&attendance, 60, "5.25");
        there(&attendance, 3_600, "5.25");
        there(&attendance, 7_200, "6");
        let expected = [(1_000, "0.25"), (1_001, "0"), (1_002, "0.75")];
        assert_eq!(
            attendance.hourly(ONE),
            expected.map(|(hour, earned)| (hour, usd(earned)))
        );
        for hour in 3..100 {
            there(&attendance, hour * HOUR_SECS, "6");
        }
        assert_eq!(attendance.hourly(ONE).len(), HOURS - 1);
    }

    #[test]
    fn the_number_of_providers_is_bounded() {
        let attendance = Attendance::default();
        for number in 0..=PROVIDERS_MAX {
            let provider = ProviderId::from_u128(number as u128);
            attendance.note(provider, &Arc::from("x"), Amount::ZERO, at(number as u64));
        }
        assert_eq!(attendance.0.lock().len(), PROVIDERS_MAX);
        let first = ProviderId::from_u128(0);
        assert!(attendance.one(first, at(20_000), 30).is_none());
    }
}
