//! Coming, being approved and funded, leaving, being stopped and brought back.

use super::court::Court;
use super::state::{Before, Joining, State};
use super::{Refusal, Standing};
use crate::{Fact, Grounds};

impl Standing {
    pub(super) fn registered(&mut self, court: &mut Court<'_>) -> Result<(), Refusal> {
        match self.state {
            State::Left => {
                self.state = State::Joining(Joining::new(false));
                let _: Grounds = court.decide("Seed 001, Registration Flow: registered again", &[]);
                Ok(())
            }
            State::Removed => Err(Refusal::Removed),
            State::Joining(_) | State::Serving(_) | State::Exiting(_) => Err(Refusal::AlreadyThere),
        }
    }

    pub(super) fn approved(&mut self, court: &mut Court<'_>) -> Result<(), Refusal> {
        self.present()?;
        if let Some(joining) = self.joining_mut()
            && !joining.approved
        {
            joining.approved = true;
            let _: Grounds = court.decide("Seed 001, Registration Flow: admin approval", &[]);
        }
        Ok(())
    }

    /// Collateral is a fact, whatever the standing; who is gone may have some left.
    pub(super) const fn funded(&mut self) -> Result<(), Refusal> {
        self.funded = true;
        Ok(())
    }

    pub(super) fn unfunded(
        &mut self,
        evidence: &[Fact],
        court: &mut Court<'_>,
    ) -> Result<(), Refusal> {
        if evidence.is_empty() {
            return Err(Refusal::NoEvidence);
        }
        if std::mem::replace(&mut self.funded, false) && !self.is_gone() {
            let rule = "Seed 001, Collateral: required to be active";
            let _: Grounds = court.decide(rule, evidence);
        }
        Ok(())
    }

    pub(super) fn exit_requested(&mut self) -> Result<(), Refusal> {
        self.present()?;
        let before = match &self.state {
            State::Joining(joining) => Before::Joining(*joining),
            State::Serving(serving) => Before::Serving(serving.clone()),
            State::Exiting(_) | State::Left | State::Removed => return Err(Refusal::Exiting),
        };
        self.state = State::Exiting(before);
        Ok(())
    }

    pub(super) fn exit_cancelled(&mut self) -> Result<(), Refusal> {
        self.present()?;
        self.state = match &self.state {
            State::Exiting(Before::Joining(joining)) => State::Joining(*joining),
            State::Exiting(Before::Serving(serving)) => State::Serving(serving.clone()),
            State::Joining(_) | State::Serving(_) | State::Left | State::Removed => {
                return Err(Refusal::NotExiting);
            }
        };
        Ok(())
    }

    pub(super) fn exit_finished(&mut self) -> Result<(), Refusal> {
        self.present()?;
        if !matches!(self.state, State::Exiting(_)) {
            return Err(Refusal::NotExiting);
        }
        if !self.open.is_empty() {
            return Err(Refusal::PenaltiesOpen);
        }
        self.state = State::Left;
        self.funded = false;
        Ok(())
    }

    pub(super) fn stopped(
        &mut self,
        evidence: &[Fact],
        court: &mut Court<'_>,
    ) -> Result<(), Refusal> {
        self.present()?;
        if evidence.is_empty() {
            return Err(Refusal::NoEvidence);
        }
        let Some(serving) = self.serving_mut() else {
            return Err(Refusal::NotAdmitted);
        };
        let grounds = court.decide("public record 2.3: suspended by an administrator", evidence);
        serving.stopped = Some(grounds.evidence);
        Ok(())
    }

    pub(super) fn reinstated(&mut self, court: &mut Court<'_>) -> Result<(), Refusal> {
        let rule = "reinstated by an administrator";
        if matches!(self.state, State::Removed) {
            self.state = State::Joining(Joining::new(true));
            let _: Grounds = court.decide(rule, &[]);
            return Ok(());
        }
        self.present()?;
        let Some(serving) = self.serving_mut() else {
            return Err(Refusal::NothingToReinstate);
        };
        if serving.suspended.is_none() && serving.stopped.is_none() {
            return Err(Refusal::NothingToReinstate);
        }
        serving.suspended = None;
        serving.stopped = None;
        // Or the next appeal would bring the suspension back.
        for penalty in &mut self.open {
            if penalty.suspended_until.take().is_some() {
                court.tell(penalty);
            }
        }
        let _: Grounds = court.decide(rule, &[]);
        Ok(())
    }
}
