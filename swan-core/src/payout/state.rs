use crate::machines::InvalidTransition;

/// Where a request for a payout stands.
///
/// ```text
/// Requested -> Paid | Failed | Cancelled
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever drives the machine handles every state"
)]
pub enum PayoutState {
    /// The amount is set apart and waits to be paid.
    Requested,
    /// The end: it was paid, and the fee was kept.
    Paid,
    /// The end: it could not be paid, and was given back.
    Failed,
    /// The end: its provider took it back.
    Cancelled,
}

/// What happens to a request for a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever drives the machine knows every event"
)]
pub enum PayoutEvent {
    /// An administrator has paid it.
    Pay,
    /// An administrator could not pay it.
    Fail,
    /// Its provider takes it back.
    Cancel,
}

impl PayoutState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Requested, Self::Paid, Self::Failed, Self::Cancelled];

    /// The state after `event`. The same end twice is one end.
    ///
    /// # Errors
    ///
    /// [`InvalidTransition`] when it has ended otherwise.
    pub const fn on(
        self,
        event: PayoutEvent,
    ) -> Result<Self, InvalidTransition<Self, PayoutEvent>> {
        use PayoutEvent as E;
        match (self, event) {
            (Self::Requested | Self::Paid, E::Pay) => Ok(Self::Paid),
            (Self::Requested | Self::Failed, E::Fail) => Ok(Self::Failed),
            (Self::Requested | Self::Cancelled, E::Cancel) => Ok(Self::Cancelled),
            (state, event) => Err(InvalidTransition { state, event }),
        }
    }

    /// Whether nothing leads out of it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Requested)
    }

    /// Its name in tables and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Paid => "paid",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PayoutEvent as E, PayoutState as S};

    #[test]
    fn every_pair_of_payout_state_and_event_is_decided() {
        let table = [
            (
                S::Requested,
                [Some(S::Paid), Some(S::Failed), Some(S::Cancelled)],
            ),
            (S::Paid, [Some(S::Paid), None, None]),
            (S::Failed, [None, Some(S::Failed), None]),
            (S::Cancelled, [None, None, Some(S::Cancelled)]),
        ];
        assert_eq!(table.map(|(state, _)| state), S::ALL);
        for (state, row) in table {
            for (event, expected) in [E::Pay, E::Fail, E::Cancel].into_iter().zip(row) {
                assert_eq!(state.on(event).ok(), expected, "{state:?} on {event:?}");
            }
            assert_eq!(state.is_final(), state != S::Requested);
        }
    }
}
