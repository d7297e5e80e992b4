use crate::disk::Faults;

/// A kind of bad weather, from which each seed draws its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Profile {
    pub(super) name: &'static str,
    pub(super) faults: Faults,
    /// In so many of a thousand lives the process is killed; in others it ends in good order.
    pub(super) crashes: u64,
    /// A client sets the clock forwards or back, so often in a thousand requests.
    pub(super) jumps: u64,
    /// The most entries between two snapshots, if there are any.
    pub(super) snapshots: Option<u64>,
    /// A crash damages a snapshot, so often in a thousand.
    pub(super) rots: u64,
    /// Charges are confirmed before they are durable.
    pub(super) relaxed: bool,
    /// A crash takes the last records along, so often in a thousand: the power failed under relaxed books.
    pub(super) power_fails: u64,
    /// Planted, to see that it is found.
    pub(super) bug: Option<Bug>,
}

/// A bug that the auditor must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bug {
    /// Books that should be strict confirm what is not durable.
    TellsEarly,
    /// Now and then one unit too much is charged.
    ChargesMore,
    /// Now and then a request is charged twice.
    ChargesTwice,
}

const CALM: Faults = Faults {
    fails: 0,
    lies: 0,
    hangs: 0,
    outages: 0,
    breaks: 0,
    forgets: 0,
    slow_ms: 3,
};

const NOTHING: Profile = Profile {
    name: "calm",
    faults: CALM,
    crashes: 0,
    jumps: 0,
    snapshots: None,
    rots: 0,
    relaxed: false,
    power_fails: 0,
    bug: None,
};

/// Nothing goes wrong, so the books must say exactly what is predicted, refusals included.
pub(super) const CALM_SEA: Profile = NOTHING;
pub(super) const KILLS: Profile = Profile {
    name: "kills",
    crashes: 900,
    ..NOTHING
};
pub(super) const FAILURES: Profile = Profile {
    name: "failures",
    faults: Faults {
        fails: 60,
        lies: 60,
        outages: 10,
        ..CALM
    },
    crashes: 700,
    ..NOTHING
};
pub(super) const SILENCE: Profile = Profile {
    name: "silence",
    faults: Faults {
        hangs: 10,
        slow_ms: 9_000,
        ..CALM
    },
    crashes: 800,
    ..NOTHING
};
pub(super) const CLOCKS: Profile = Profile {
    name: "clocks",
    crashes: 700,
    jumps: 60,
    ..NOTHING
};
pub(super) const SNAPSHOTS: Profile = Profile {
    name: "snapshots",
    faults: Faults {
        fails: 20,
        lies: 20,
        ..CALM
    },
    crashes: 900,
    snapshots: Some(400),
    rots: 400,
    ..NOTHING
};
pub(super) const RELAXED: Profile = Profile {
    name: "relaxed",
    crashes: 900,
    relaxed: true,
    power_fails: 200,
    ..NOTHING
};
pub(super) const EVERYTHING: Profile = Profile {
    name: "everything",
    faults: Faults {
        fails: 20,
        lies: 20,
        hangs: 5,
        outages: 5,
        breaks: 5,
        slow_ms: 3_000,
        ..CALM
    },
    crashes: 800,
    jumps: 20,
    snapshots: Some(1_000),
    rots: 200,
    ..NOTHING
};

pub(super) const ALL: [Profile; 8] = [
    CALM_SEA, KILLS, FAILURES, SILENCE, CLOCKS, SNAPSHOTS, RELAXED, EVERYTHING,
];

/// Worlds with a bug in them: of the store, or between it and the consumer.
pub(super) const PLANTED: [Profile; 5] = [
    Profile {
        name: "a store that acknowledges and forgets",
        faults: Faults {
            forgets: 20,
            ..CALM
        },
        ..KILLS
    },
    Profile {
        name: "a store that loses its last writes",
        power_fails: 500,
        ..KILLS
    },
    Profile {
        name: "books that promise too early",
        relaxed: true,
        bug: Some(Bug::TellsEarly),
        ..KILLS
    },
    Profile {
        name: "one unit too much",
        bug: Some(Bug::ChargesMore),
        ..NOTHING
    },
    Profile {
        name: "charged twice",
        bug: Some(Bug::ChargesTwice),
        ..NOTHING
    },
];
