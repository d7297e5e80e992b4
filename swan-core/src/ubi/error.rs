use crate::{Day, MoneyError, ProviderId};

/// Why an income cannot be computed. Each names what is wrong with what was passed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UbiError {
    /// The curve counts its days from 1 and ends after a century.
    #[error("day {day} is not on the curve: its days count from 1 to 36525")]
    OffTheCurve {
        /// The day asked for.
        day: u32,
    },
    /// A sum over days needs its last day not to come before its first.
    #[error("the days {from} to {until} run backwards")]
    Backwards {
        /// The first day.
        from: u32,
        /// The last day.
        until: u32,
    },
    /// A network without any capacity has no usage rate.
    #[error("no capacity is installed, so it has no usage rate")]
    NoCapacity,
    /// More work than the network could do in a day.
    #[error("{used} of {there} units were used, which is more than there are")]
    Overused {
        /// Units used.
        used: u128,
        /// Units there are.
        there: u128,
    },
    /// More tasks done than there were.
    #[error("{done} of {assigned} tasks were done, which is more than there were")]
    OverComplete {
        /// Tasks done.
        done: u64,
        /// Tasks assigned.
        assigned: u64,
    },
    /// An amount that must not be negative is.
    #[error("{what} is below zero")]
    Negative {
        /// What it is.
        what: &'static str,
    },
    /// A provider stands in the list twice.
    #[error("provider {provider} stands in the list twice")]
    Twice {
        /// Who.
        provider: ProviderId,
    },
    /// Numbers so large that they cannot belong to a real network.
    #[error("{what} is too large to count with")]
    TooLarge {
        /// What it is.
        what: &'static str,
    },
    /// The policy lacks the section or key.
    #[error(transparent)]
    Policy(#[from] crate::PolicyError),
    /// A sum of money leaves the range of amounts.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Why phases make no taper. Each names the days, so that the schedule can be mended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaperError {
    /// No phase at all, or absurdly many.
    #[error("a taper has 1 to 100 phases, not {count}")]
    Count {
        /// How many.
        count: usize,
    },
    /// A phase ends before it begins.
    #[error("the phase from {from} ends on {until}, before it begins")]
    Backwards {
        /// Its first day.
        from: Day,
        /// Its last day.
        until: Day,
    },
    /// Two phases claim a day.
    #[error("the phase from {from} overlaps the one before it, which ends on {until}")]
    Overlap {
        /// Last day of the earlier phase.
        until: Day,
        /// First day of the later one.
        from: Day,
    },
    /// Days between two phases belong to none.
    #[error("the days between {until} and {from} belong to no phase")]
    Gap {
        /// Last day of the earlier phase.
        until: Day,
        /// First day of the later one.
        from: Day,
    },
    /// A phase without an end is followed by another, or the last one has an end.
    #[error("the phase from {from} is open-ended if and only if it is the last")]
    OpenEnd {
        /// Its first day.
        from: Day,
    },
    /// The amount is not the level of the full amount, to the nearest whole SWAN.
    #[error(
        "the phase from {from} pays {amount} SWAN a day, which is not {level} of the full amount to the nearest whole SWAN"
    )]
    Level {
        /// Its first day.
        from: Day,
        /// What it pays.
        amount: crate::Amount,
        /// What share of the full amount it says to be.
        level: crate::BasisPoints,
    },
    /// An extension can only begin once the schedule has reached its last phase.
    #[error("an extension from {from} begins before the last phase, which begins on {last}")]
    TooEarly {
        /// First day of the extension.
        from: Day,
        /// First day of the last phase.
        last: Day,
    },
    /// A sum of money leaves the range of amounts.
    #[error(transparent)]
    Money(#[from] MoneyError),
}
