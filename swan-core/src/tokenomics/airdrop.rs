use std::collections::VecDeque;

use super::TokenError;
use crate::{Amount, BasisPoints, Day};

/// The days that a year has here.
const YEAR: u32 = 365;

/// Keeps airdrops within their cap: over any 365 days in a row, at most `cap` of the circulation of that moment.
///
/// Source: Seed 003, "Airdrops": "the annual airdrop rate cannot exceed 10% of the current circulation supply". The seed
/// does not say which year; a calendar year would let twice the cap pass around its end, so the year here is rolling.
/// It remembers at most one entry a day of the last year.
///
/// ```
/// use swan_core::{Amount, BasisPoints};
/// use swan_core::tokenomics::AirdropCap;
///
/// let mut cap = AirdropCap::new(BasisPoints::new(1_000)?);
/// let (day, circulation) = ("2026-01-01".parse()?, Amount::from_units(50_000_000)?);
/// cap.drop(day, Amount::from_units(5_000_000)?, circulation)?;
/// assert!(cap.drop(day, Amount::from_pico(1)?, circulation).is_err());
/// assert_eq!(cap.left(day.plus(365), circulation)?, Amount::from_units(5_000_000)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AirdropCap {
    cap: BasisPoints,
    dropped: VecDeque<(Day, Amount)>,
}

impl AirdropCap {
    /// A year without airdrops so far, under this cap.
    #[must_use]
    pub const fn new(cap: BasisPoints) -> Self {
        Self {
            cap,
            dropped: VecDeque::new(),
        }
    }

    /// What may still be dropped on `day` with `circulation` SWAN in circulation; rounded down to a pico-SWAN.
    ///
    /// # Errors
    ///
    /// [`TokenError::Negative`] for a circulation below zero, [`TokenError::Backwards`] for a day before the last
    /// recorded one.
    pub fn left(&self, day: Day, circulation: Amount) -> Result<Amount, TokenError> {
        if circulation.is_negative() {
            return Err(TokenError::Negative {
                what: "the circulation",
            });
        }
        if let Some(&(last, _)) = self.dropped.back().filter(|(last, _)| *last > day) {
            return Err(TokenError::Backwards { day, last });
        }
        let whole = i128::from(BasisPoints::WHOLE.get());
        let most = circulation.pico() * i128::from(self.cap.get()) / whole;
        let recent = self.dropped.iter().filter(|(on, _)| day.since(*on) < YEAR);
        let spent = Amount::checked_sum(recent.map(|(_, amount)| *amount))?;
        Ok(Amount::from_pico((most - spent.pico()).max(0))?)
    }

    /// Records an airdrop of `amount` SWAN on `day`, if the cap allows it; a refusal changes nothing.
    ///
    /// # Errors
    ///
    /// [`TokenError::OverCap`] with what the cap leaves, [`TokenError::Negative`] for amounts below zero,
    /// [`TokenError::Backwards`] for a day before the last recorded one.
    pub fn drop(
        &mut self,
        day: Day,
        amount: Amount,
        circulation: Amount,
    ) -> Result<(), TokenError> {
        if amount.is_negative() {
            return Err(TokenError::Negative { what: "an airdrop" });
        }
        let left = self.left(day, circulation)?;
        if amount > left {
            return Err(TokenError::OverCap {
                asked: amount,
                left,
                day,
            });
        }
        while self
            .dropped
            .front()
            .is_some_and(|(on, _)| day.since(*on) >= YEAR)
        {
            self.dropped.pop_front();
        }
        match self.dropped.back_mut().filter(|(on, _)| *on == day) {
            Some((_, sum)) => *sum = sum.checked_add(amount)?,
            None => self.dropped.push_back((day, amount)),
        }
        Ok(())
    }
}
