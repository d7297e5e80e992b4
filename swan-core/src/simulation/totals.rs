//! The sums of the market as it goes, from which the report is made.

use super::participant::Participant;
use super::{Behaviour, Cohort, DaySample, Outcome, Report};
use crate::{Amount, Day, MoneyError, PolicyStamp, Split};

#[derive(Debug)]
pub(super) struct Totals {
    behaviours: Vec<Behaviour>,
    days: Vec<DaySample>,
    revenue: Amount,
    revenue_today: Amount,
    growth_fund: Amount,
    treasury: Amount,
    burn: Amount,
    served: u64,
    unserved: u64,
    unserved_today: u64,
}

impl Totals {
    pub(super) fn new(cohorts: &[Cohort]) -> Self {
        let mut behaviours = Vec::new();
        for cohort in cohorts {
            if !behaviours.contains(&cohort.behaviour) {
                behaviours.push(cohort.behaviour);
            }
        }
        Self {
            behaviours,
            days: Vec::new(),
            revenue: Amount::ZERO,
            revenue_today: Amount::ZERO,
            growth_fund: Amount::ZERO,
            treasury: Amount::ZERO,
            burn: Amount::ZERO,
            served: 0,
            unserved: 0,
            unserved_today: 0,
        }
    }

    pub(super) fn charged(
        &mut self,
        gross: Amount,
        split: &Split,
        weight: u64,
    ) -> Result<(), MoneyError> {
        self.revenue_today = self.revenue_today.checked_add(gross)?;
        self.growth_fund = self.growth_fund.checked_add(split.growth_fund)?;
        self.treasury = self.treasury.checked_add(split.treasury)?;
        self.burn = self.burn.checked_add(split.burn)?;
        self.served = self.served.saturating_add(weight);
        Ok(())
    }

    pub(super) fn unserved(&mut self, weight: u64) {
        self.unserved_today = self.unserved_today.saturating_add(weight);
    }

    /// The revenue of the day that is over.
    pub(super) fn take_day(&mut self) -> Amount {
        std::mem::take(&mut self.revenue_today)
    }

    pub(super) fn close_day(
        &mut self,
        day: Day,
        revenue: Amount,
        phase: String,
        people: &[Participant],
    ) -> Result<(), MoneyError> {
        self.revenue = self.revenue.checked_add(revenue)?;
        self.unserved = self.unserved.saturating_add(self.unserved_today);
        let profits = self.outcomes(people)?;
        let profits = profits
            .iter()
            .map(Outcome::profit_per_slot)
            .collect::<Result<_, _>>()?;
        self.days.push(DaySample {
            day,
            revenue,
            phase,
            unserved: std::mem::take(&mut self.unserved_today),
            profits,
        });
        Ok(())
    }

    fn outcomes(&self, people: &[Participant]) -> Result<Vec<Outcome>, MoneyError> {
        let of = |behaviour: &Behaviour| {
            let mut sum = Outcome::new(*behaviour);
            for one in people.iter().filter(|one| one.behaviour == *behaviour) {
                one.add_to(&mut sum)?;
            }
            Ok(sum)
        };
        self.behaviours.iter().map(of).collect()
    }

    pub(super) fn report(
        self,
        policy: PolicyStamp,
        people: &[Participant],
    ) -> Result<Report, MoneyError> {
        Ok(Report {
            policy,
            outcomes: self.outcomes(people)?,
            days: self.days,
            revenue: self.revenue,
            growth_fund: self.growth_fund,
            treasury: self.treasury,
            burn: self.burn,
            served: self.served,
            unserved: self.unserved,
        })
    }
}
