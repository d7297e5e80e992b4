use crate::{Amount, Day, MoneyError, PolicyError};

/// Why a number about the token cannot be given, or a release is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The policy lacks the section or key.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The supply has no such part.
    #[error("the supply has no part called {name:?}")]
    NoSuchBucket {
        /// What was asked for.
        name: String,
    },
    /// The part has no vesting schedule, and the seeds give none.
    #[error("no vesting schedule of {bucket:?} is public, and the policy gives none for it")]
    NoSchedule {
        /// The part.
        bucket: String,
    },
    /// A vesting schedule that cannot be.
    #[error(
        "a vesting of {span} months with a cliff of {cliff} months is none: it takes 1 to 1200 months, its cliff no more"
    )]
    Schedule {
        /// All months.
        span: u32,
        /// Those before the first release.
        cliff: u32,
    },
    /// An amount that must not be negative is.
    #[error("{what} is below zero")]
    Negative {
        /// What it is.
        what: &'static str,
    },
    /// More tokens than there are.
    #[error("a circulation of {circulation} SWAN is more than the supply of {supply} SWAN")]
    BeyondSupply {
        /// The circulation.
        circulation: Amount,
        /// The supply.
        supply: Amount,
    },
    /// An airdrop beyond the cap of a year.
    #[error(
        "an airdrop of {asked} SWAN is more than the {left} SWAN that the cap leaves for the year up to {day}"
    )]
    OverCap {
        /// What was asked for.
        asked: Amount,
        /// What the cap leaves.
        left: Amount,
        /// The day.
        day: Day,
    },
    /// The days run backwards.
    #[error("an airdrop on {day} comes before one that is recorded already, on {last}")]
    Backwards {
        /// The day asked for.
        day: Day,
        /// The last one recorded.
        last: Day,
    },
    /// A sum of money leaves the range of amounts.
    #[error(transparent)]
    Money(#[from] MoneyError),
}
