//! The models that a consumer takes, one after the other: the next one is asked for when nobody can serve the one before, or
//! whoever tried has failed before his first content. Each has attempts of its own; the time is that of the whole request.

use swan_core::{AccountId, ModelId};
use tokio::time::Instant;

use super::RequestError;
use super::ask::Answered;
use super::attempt;
use super::parse::Asked;
use super::quoted::Quoted;
use super::route::FallbackReason;
use super::settle::Bill;
use crate::hub::Shared;

/// Tries until an answer has begun, in whichever of the models. Without an answer the last model's failure is told.
pub(super) async fn attempt(
    hub: &Shared,
    asked: &Asked,
    bill: &mut Bill,
    deadline: Instant,
) -> Result<(Answered, Option<FallbackReason>), RequestError> {
    loop {
        let attempted = match bill.model().cloned() {
            Some(model) => attempt::attempt(hub, asked, &model, bill, deadline).await,
            None => return Err(RequestError::Unsettled),
        };
        match attempted {
            Err(_) if Instant::now() < deadline && bill.turn_to_next_model() => {}
            attempted => return attempted,
        }
    }
}

impl Bill {
    /// The model that is asked for now.
    pub(super) const fn model(&self) -> Option<&ModelId> {
        self.recorder.record.model.as_ref()
    }

    /// Asks for the next model that the consumer takes, if there is one.
    pub(super) fn turn_to_next_model(&mut self) -> bool {
        let turned = self.quoted.as_mut().is_some_and(Quoted::turn_to_next);
        self.asks_for_model();
        turned
    }

    /// Whose turn it is to wait for a place at the model; nobody's, where another model is taken as well.
    pub(super) fn waits_as(&self) -> Option<AccountId> {
        let is_last = self.quoted.as_ref()?.others.is_empty();
        self.recorder.record.account.filter(|_| is_last)
    }

    /// Says so, and bounds the answer by what that model may give.
    pub(super) fn asks_for_model(&mut self) {
        if let Some(quoted) = &self.quoted {
            self.seen.max_output_tokens = quoted.work.max_output_tokens();
            self.recorder.record.model = Some(quoted.model.clone());
        }
    }

    /// How often it has been attempted, in any model.
    pub(super) fn attempts(&self) -> u32 {
        u32::try_from(self.recorder.record.attempts.len()).unwrap_or(u32::MAX)
    }
}
