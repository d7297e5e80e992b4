use crate::{Currency, MoneyError, PolicyError, Timestamp};

/// Why no collateral can be named, or why an event does not happen to an account. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CollateralError {
    /// The position lacks what the rule needs.
    #[error("the collateral cannot be computed without {what}")]
    Missing {
        /// What is missing.
        what: &'static str,
    },
    /// The rule knows no amount for this card.
    #[error("the policy names no collateral for the card {card}")]
    UnknownCard {
        /// The card.
        card: String,
    },
    /// The policy names no factor for jobs of this complexity; none is public.
    #[error("the policy names no collateral.job.complexity_swan.{complexity}")]
    UnknownComplexity {
        /// The complexity, its first 40 characters.
        complexity: String,
    },
    /// The rule knows no amount in this currency.
    #[error("the policy names no collateral in {currency} here")]
    Currency {
        /// The currency.
        currency: Currency,
    },
    /// The policy lacks a value.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A sum is no amount.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// Time went backwards.
    #[error("the time {now} is before {last}, when this account last changed")]
    ClockBackwards {
        /// The time given.
        now: Timestamp,
        /// When the account last changed.
        last: Timestamp,
    },
    /// An amount of zero or less.
    #[error("the amount {amount} is not above zero")]
    NotPositive {
        /// The amount.
        amount: crate::Amount,
    },
    /// The identifier is known with other content.
    #[error("{id} is known with another {field}")]
    Conflict {
        /// The identifier.
        id: String,
        /// What differs.
        field: &'static str,
    },
    /// The identifier is not known, or is long forgotten.
    #[error("{id} is not known")]
    Unknown {
        /// The identifier.
        id: String,
    },
    /// What the identifier stands for has ended another way.
    #[error("{id} is over: {how}")]
    Over {
        /// The identifier.
        id: String,
        /// How it ended.
        how: &'static str,
    },
    /// The account is in a state in which this does not happen.
    #[error("{event} does not happen to collateral that is {state}")]
    WrongState {
        /// What was to happen.
        event: &'static str,
        /// The state.
        state: &'static str,
    },
    /// Not enough is free.
    #[error("{needed} is needed, but only {free} is free")]
    NotEnough {
        /// What was asked for.
        needed: crate::Amount,
        /// What is there.
        free: crate::Amount,
    },
    /// More of a payment is taken back than is still out there to take: the rest went back already, or is on its way.
    #[error(
        "{amount} of {deposit} are taken back, more than the {left} that did not go back before"
    )]
    Beyond {
        /// The payment.
        deposit: crate::TransferId,
        /// What is taken back.
        amount: crate::Amount,
        /// What of it did not go back.
        left: crate::Amount,
    },
    /// The conduct came after the provider's exit, for which nothing is deducted (Seed 002, Exit Mechanism).
    #[error("the provider left at {since}: nothing is deducted for what came after")]
    Exited {
        /// When it left.
        since: Timestamp,
    },
    /// The wait is not over.
    #[error("the collateral is paid out from {ready} on")]
    TooEarly {
        /// When it is.
        ready: Timestamp,
    },
    /// Earnings are being paid out (public record 3.7).
    #[error("collateral is not paid out while a payout of earnings is pending")]
    PayoutPending,
    /// Too many of something at once.
    #[error("an account has at most {most} {what}")]
    Full {
        /// Of what.
        what: &'static str,
        /// How many.
        most: usize,
    },
}
