use std::time::Duration;

use swan_hub::store::StoreError;
use tokio::time::Instant;

use crate::dice::Dice;

/// How often what goes wrong, in a thousand calls.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    /// A write does not happen, and says so.
    pub(crate) fails: u64,
    /// A write happens, and says that it did not.
    pub(crate) lies: u64,
    /// There is no answer; whether it happened, nobody knows.
    pub(crate) hangs: u64,
    /// The disk is full, or read-only, or the server is away, for a while.
    pub(crate) outages: u64,
    /// The store says that no repeat will ever help.
    pub(crate) breaks: u64,
    /// The store acknowledges and forgets: a bug, planted to see that it is found.
    pub(crate) forgets: u64,
    /// The longest that a call takes, in milliseconds.
    pub(crate) slow_ms: u64,
}

/// When a process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrashAt {
    /// In this write, before or after it took effect.
    Write(u64, Moment),
    /// After so many milliseconds.
    Time(u64),
    /// After so many polls of its tasks.
    Poll(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Before,
    After,
}

/// What a call meets.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) pause: [Duration; 2],
    pub(crate) dies: Option<Moment>,
    pub(crate) trouble: Option<Trouble>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    Fails(&'static str),
    Lies,
    Hangs(Moment),
    Breaks,
    Forgets,
}

/// The weather of one life: what each call to the store meets.
#[derive(Debug)]
pub(crate) struct Weather {
    dice: Dice,
    faults: Faults,
    crash: Option<(u64, Moment)>,
    writes: u64,
    outage: Option<(Instant, &'static str)>,
    /// While a process starts, nothing hangs: a store answers within bounded time, and recovery relies on that.
    pub(crate) is_starting: bool,
    /// Something has gone wrong in this life.
    pub(crate) was_bad: bool,
}

const OUTAGES: [&str; 3] = [
    "the disk is full",
    "the database is read-only",
    "nobody answers",
];
const OUTAGE_MS_MAX: u64 = 4_000;

impl Weather {
    pub(crate) fn new(dice: Dice, faults: Faults, crash: Option<CrashAt>) -> Self {
        let crash = match crash {
            Some(CrashAt::Write(number, moment)) => Some((number, moment)),
            _ => None,
        };
        Self {
            dice,
            faults,
            crash,
            writes: 0,
            outage: None,
            is_starting: true,
            was_bad: false,
        }
    }

    /// From now on it is like this.
    pub(crate) fn turns(&mut self, faults: Faults) {
        self.faults = faults;
        self.is_starting = false;
    }

    /// The process dies in this write from now on.
    pub(crate) fn dies_in(&mut self, write: u64, moment: Moment) {
        self.crash = Some((self.writes + write, moment));
    }

    pub(crate) fn write(&mut self, now: Instant) -> Plan {
        self.writes += 1;
        let dies = self.crash.filter(|(number, _)| *number == self.writes);
        let plan = Plan {
            pause: [self.pause(), self.pause()],
            dies: dies.map(|(_, moment)| moment),
            trouble: self.trouble(now),
        };
        self.was_bad |= plan.trouble.is_some();
        plan
    }

    /// Reads go on while the disk is full; otherwise they fail as writes do.
    pub(crate) fn read(&mut self, now: Instant) -> Plan {
        let is_away = self.outage_now(now) == Some(OUTAGES[2]);
        let fails = is_away || self.dice.chance(self.faults.fails);
        self.was_bad |= fails;
        Plan {
            pause: [self.pause(), Duration::ZERO],
            dies: None,
            trouble: fails.then_some(Trouble::Fails("nobody answers")),
        }
    }

    fn pause(&mut self) -> Duration {
        // Most calls are quick: otherwise all that is waited for happens between two calls.
        let most = if self.dice.chance(800) {
            1
        } else {
            self.faults.slow_ms
        };
        Duration::from_millis(self.dice.below(most.min(self.faults.slow_ms) + 1))
    }

    fn outage_now(&self, now: Instant) -> Option<&'static str> {
        self.outage
            .filter(|(until, _)| now < *until)
            .map(|(_, what)| what)
    }

    fn trouble(&mut self, now: Instant) -> Option<Trouble> {
        if let Some(what) = self.outage_now(now) {
            return Some(Trouble::Fails(what));
        }
        let Faults {
            fails,
            lies,
            hangs,
            outages,
            breaks,
            forgets,
            ..
        } = self.faults;
        let moment = self.dice.pick(&[Moment::Before, Moment::After]);
        let mut drawn = self.dice.below(1_000);
        let mut falls_on = |share: u64| {
            let hit = drawn < share;
            drawn = drawn.wrapping_sub(share);
            hit
        };
        if falls_on(fails) {
            Some(Trouble::Fails("the disk is away"))
        } else if falls_on(lies) {
            Some(Trouble::Lies)
        } else if falls_on(hangs) {
            (!self.is_starting).then_some(Trouble::Hangs(moment))
        } else if falls_on(outages) {
            let lasts = Duration::from_millis(self.dice.below(OUTAGE_MS_MAX));
            let what = self.dice.pick(&OUTAGES);
            self.outage = Some((now + lasts, what));
            Some(Trouble::Fails(what))
        } else if falls_on(breaks) {
            (!self.is_starting).then_some(Trouble::Breaks)
        } else {
            falls_on(forgets).then_some(Trouble::Forgets)
        }
    }
}

impl Trouble {
    /// What the caller is told.
    pub(crate) fn error(self) -> StoreError {
        match self {
            Self::Breaks => StoreError::Corrupt {
                what: "the disk is gone".into(),
            },
            Self::Fails(what) => StoreError::Unavailable {
                what: what.into(),
                source: None,
            },
            Self::Lies | Self::Hangs(_) | Self::Forgets => StoreError::Unavailable {
                what: "the answer was lost".into(),
                source: None,
            },
        }
    }
}
