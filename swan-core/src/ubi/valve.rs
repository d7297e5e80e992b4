use super::{Taper, TaperError, UbiRules};
use crate::tokenomics::calendar::months_after;
use crate::{Amount, BasisPoints, Currency, Day, Fact, Grounds, Policy, PolicyError};

const RULE: &str = "Seed 001, Safety Valve";

/// When and how governance may extend the basic income (Seed 001, "Safety Valve").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SafetyValve {
    pub(super) least_per_day: Amount,
    pub(super) opens: Day,
    pub(super) open_days: u32,
    pub(super) level: BasisPoints,
    pub(super) months: u32,
    pub(super) extended_from: Option<Day>,
}

impl SafetyValve {
    /// The average daily revenue in USD from which on the network sustains its providers.
    #[must_use]
    pub const fn least_per_day(&self) -> Amount {
        self.least_per_day
    }

    /// The first day on which the valve may be used: the first of month 3.
    #[must_use]
    pub const fn opens(&self) -> Day {
        self.opens
    }

    /// The last day on which it may be used.
    #[must_use]
    pub const fn closes(&self) -> Day {
        self.opens.plus(self.open_days.saturating_sub(1))
    }

    /// What share of the full income an extension pays.
    #[must_use]
    pub const fn level(&self) -> BasisPoints {
        self.level
    }

    /// For how many calendar months.
    #[must_use]
    pub const fn months(&self) -> u32 {
        self.months
    }

    /// The first day of the extension that a vote has made, if one has; the policy's taper has it in it.
    #[must_use]
    pub const fn extended_from(&self) -> Option<Day> {
        self.extended_from
    }

    /// The taper with the extension that a vote has made, if one has.
    pub(super) fn applied(&self, taper: Taper) -> Result<Taper, TaperError> {
        let Some(from) = self.extended_from else {
            return Ok(taper);
        };
        let per_day = taper.full().share(self.level);
        taper.with_extension(from, last_day(from, self.months), self.level, per_day)
    }
}

/// What governance may vote on: some months more of the basic income, by contribution only.
///
/// It is a proposal's content; nothing is extended before the vote has passed ([`Taper::extended`] makes the schedule).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extension {
    /// Its first day.
    pub from: Day,
    /// Its last day.
    pub until: Day,
    /// What share of the full income it pays.
    pub level: BasisPoints,
    /// What all providers together get, in SWAN a day.
    pub per_day: Amount,
    /// Why it may be voted on.
    pub grounds: Grounds,
    months: u32,
}

impl Extension {
    /// The same beginning on `day`, such as the day on which the vote takes effect; it lasts as many months.
    #[must_use]
    pub fn starting(mut self, day: Day) -> Self {
        self.from = day;
        self.until = last_day(day, self.months);
        self
    }
}

/// Why the basic income may not be extended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WhyNot {
    /// The policy has no taper or no safety valve.
    #[error(transparent)]
    NoRule(#[from] PolicyError),
    /// Month 3 has not begun.
    #[error("the safety valve opens on {opens}, and it is {today}")]
    TooEarly {
        /// The first day on which it may be used.
        opens: Day,
        /// The day it is.
        today: Day,
    },
    /// A vote has extended it already.
    #[error("a vote has extended the basic income already, from {from}")]
    Extended {
        /// The first day of the extension.
        from: Day,
    },
    /// Month 3 is over.
    #[error("the safety valve closed after {closed}, and it is {today}")]
    TooLate {
        /// The last day on which it could be used.
        closed: Day,
        /// The day it is.
        today: Day,
    },
    /// The network earns enough.
    #[error("the network sustains its providers: {0}")]
    Sustained(Grounds),
    /// An average revenue below zero is none.
    #[error("an average revenue of {average} USD a day is no revenue")]
    Negative {
        /// The average.
        average: Amount,
    },
}

/// Whether governance may vote on extending the basic income: month 3 has come, and the network's average revenue in USD
/// a day is below what sustains its providers. `today` counts in UTC.
///
/// Source: Seed 001, "Safety Valve": below $50 a day by month 3, 25 %, contribution-weighted only, 3 months. The seed
/// names no averaging window (the caller's; 30 days as for the split's phases) and no last day; here the valve stays open
/// for month 3, which lasts `open_days`.
///
/// # Errors
///
/// [`WhyNot`] says which condition is not met.
pub fn safety_valve(policy: &Policy, average: Amount, today: Day) -> Result<Extension, WhyNot> {
    let rules: &UbiRules = policy.ubi()?;
    let (taper, valve): (&Taper, &SafetyValve) = (rules.taper()?, rules.safety_valve()?);
    if average.is_negative() {
        return Err(WhyNot::Negative { average });
    }
    if let Some(from) = valve.extended_from() {
        return Err(WhyNot::Extended { from });
    }
    if today < valve.opens() {
        let opens = valve.opens();
        return Err(WhyNot::TooEarly { opens, today });
    }
    if today > valve.closes() {
        let closed = valve.closes();
        return Err(WhyNot::TooLate { closed, today });
    }
    let needed = valve.least_per_day();
    let unit = Currency::Usd;
    let grounds = Grounds::new(RULE, policy.stamp().clone())
        .with(
            Fact::new("average daily revenue", format!("{average} {unit}"))
                .needed(format!("at least {needed} {unit}")),
        )
        .with(Fact::new("day", today).needed(format!("{} to {}", valve.opens(), valve.closes())));
    if average >= needed {
        return Err(WhyNot::Sustained(grounds));
    }
    // A level of at most the whole of an amount is an amount, so this cannot fail.
    let per_day = taper.full().share(valve.level());
    Ok(Extension {
        from: today,
        until: last_day(today, valve.months()),
        level: valve.level(),
        per_day,
        grounds,
        months: valve.months(),
    })
}

/// The last of `months` calendar months that begin on `from`: three from 10 June end on 9 September.
fn last_day(from: Day, months: u32) -> Day {
    Day::from_days(months_after(from, months).as_days().saturating_sub(1))
}
