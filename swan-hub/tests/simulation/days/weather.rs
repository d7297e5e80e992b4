//! What befalls the days.

use crate::disk::Faults;
use crate::gateway::provider::Manners;

/// A kind of day, of which each seed plays one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weather {
    pub(super) name: &'static str,
    /// Of the store.
    pub(super) faults: Faults,
    /// Of the connections of providers.
    pub(super) manners: Manners,
    /// Of a thousand requests so many are not served as they should be.
    pub(super) misdeeds: u64,
    /// Of a thousand consumers so many leave before the end.
    pub(super) leaves: u64,
    /// Before so many of a thousand requests the clock jumps.
    pub(super) jumps: u64,
    /// Of a thousand lives so many end in the middle.
    pub(super) crashes: u64,
    /// A crash takes the last records along, so often in a thousand: planted, since strict books lose nothing.
    pub(super) power_fails: u64,
    /// Planted, to see that it is found.
    pub(super) bug: Option<Bug>,
}

/// A bug that the auditor must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bug {
    /// Charges are confirmed before they are durable.
    TellsEarly,
    /// Now and then a price is twice what it should be.
    ChargesDouble,
    /// Providers get a hundredth more of each charge.
    SharesMore,
    /// Frames of providers count twice.
    CountsTwice,
    /// What was done for a key is forgotten.
    ForgetsKeys,
    /// Money is counted as spent by another.
    ChargesAnother,
}

const GOOD: Faults = Faults {
    fails: 0,
    lies: 0,
    hangs: 0,
    outages: 0,
    breaks: 0,
    forgets: 0,
    slow_ms: 3,
};
const STILL: Manners = Manners {
    repeats: 0,
    swaps: 0,
    dies: 0,
};

/// Nobody fails but model servers, and nobody leaves: what is charged is known to the last unit.
pub(super) const CALM: Weather = Weather {
    name: "calm-days",
    faults: GOOD,
    manners: STILL,
    misdeeds: 60,
    leaves: 0,
    jumps: 0,
    crashes: 0,
    power_fails: 0,
    bug: None,
};
/// The hub is killed with requests under way.
pub(super) const DEADLY: Weather = Weather {
    name: "deadly-days",
    leaves: 100,
    crashes: 900,
    ..CALM
};
/// Connections repeat, swap and lose frames and end, consumers leave, clocks jump.
pub(super) const WILD: Weather = Weather {
    name: "wild-days",
    manners: Manners {
        repeats: 10,
        swaps: 10,
        dies: 3,
    },
    misdeeds: 100,
    leaves: 200,
    jumps: 10,
    ..CALM
};
/// All of that, over a store that fails, lies, is slow and hangs.
pub(super) const BAD: Weather = Weather {
    name: "bad-days",
    faults: Faults {
        fails: 20,
        lies: 20,
        hangs: 1,
        outages: 3,
        slow_ms: 300,
        ..GOOD
    },
    leaves: 150,
    jumps: 5,
    crashes: 600,
    manners: Manners {
        repeats: 5,
        swaps: 5,
        dies: 1,
    },
    ..CALM
};

pub(super) const ALL: [Weather; 4] = [CALM, DEADLY, WILD, BAD];

/// Days with a bug in them: of the store, the hub, or between it and the providers.
pub(super) const PLANTED: [Weather; 8] = [
    Weather {
        name: "a store that acknowledges and forgets",
        faults: Faults {
            forgets: 20,
            ..GOOD
        },
        ..DEADLY
    },
    Weather {
        name: "a store that loses its last writes",
        power_fails: 500,
        ..DEADLY
    },
    Weather {
        name: "books that promise too early",
        bug: Some(Bug::TellsEarly),
        ..DEADLY
    },
    Weather {
        name: "a charge doubled",
        bug: Some(Bug::ChargesDouble),
        ..BAD
    },
    Weather {
        name: "a share too large",
        bug: Some(Bug::SharesMore),
        ..BAD
    },
    Weather {
        name: "a frame counted twice",
        bug: Some(Bug::CountsTwice),
        ..WILD
    },
    Weather {
        name: "keys forgotten",
        bug: Some(Bug::ForgetsKeys),
        ..BAD
    },
    Weather {
        name: "another's money",
        bug: Some(Bug::ChargesAnother),
        ..BAD
    },
];
