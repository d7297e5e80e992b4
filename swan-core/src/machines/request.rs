use super::InvalidTransition;

/// Where a request stands, from admission to its last entry in the ledger.
///
/// ```text
/// Admitted -> Held -> Attempting -> Relaying -> Settling -> Settled
///    |         |  ^------'  |
///    v         v            v
/// Refused   Released <------'
/// ```
///
/// A request comes to its end in exactly one of `Refused` (no money was held), `Released` (the hold was voided) and
/// `Settled` (the hold was posted), and nothing leads out of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever drives the machine handles every state"
)]
pub enum RequestState {
    /// Authenticated, parsed and within the limits; no money is held yet.
    Admitted,
    /// The quote is held, and no provider works on it now.
    Held {
        /// Attempts that failed so far.
        failed: u32,
    },
    /// A provider works on it, and no content has reached the consumer.
    Attempting {
        /// Attempts that failed before this one.
        failed: u32,
    },
    /// Content has reached the consumer, so no other provider may take over.
    Relaying,
    /// Nothing more will be delivered; what was is being charged.
    Settling,
    /// The end: charged.
    Settled,
    /// The end: the hold was voided.
    Released,
    /// The end: turned away before any money was held.
    Refused,
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever drives the machine knows every event"
)]
pub enum RequestEvent {
    /// The quote was held.
    Hold,
    /// The request went to a provider or an external endpoint.
    Dispatch,
    /// The first content, or any after it, goes to the consumer.
    Content,
    /// The provider's answer is complete.
    Complete,
    /// The provider failed.
    AttemptFailed,
    /// The consumer went away, a deadline passed, the hub drains, or no provider is left.
    GiveUp,
    /// The ledger has posted the charge.
    Posted,
}

impl RequestState {
    /// The state after `event`.
    ///
    /// What a provider or a timer does late (content, an end, a failure, giving up) changes nothing once the request is
    /// being settled or has ended.
    ///
    /// # Errors
    ///
    /// [`InvalidTransition`] when only a fault of the hub itself could cause this event in this state.
    pub const fn on(
        self,
        event: RequestEvent,
    ) -> Result<Self, InvalidTransition<Self, RequestEvent>> {
        use RequestEvent as E;
        use RequestState as S;
        match (self, event) {
            (S::Admitted, E::Hold) => Ok(S::Held { failed: 0 }),
            (S::Admitted, E::GiveUp) => Ok(S::Refused),
            (S::Held { failed }, E::Dispatch) => Ok(S::Attempting { failed }),
            (S::Held { .. } | S::Attempting { .. }, E::GiveUp) => Ok(S::Released),
            // The attempt before this one was given up, and its last words arrive now.
            (S::Held { .. }, E::Content | E::Complete | E::AttemptFailed) => Ok(self),
            (S::Attempting { .. } | S::Relaying, E::Content) => Ok(S::Relaying),
            (S::Attempting { failed }, E::AttemptFailed) => Ok(S::Held {
                failed: failed.saturating_add(1),
            }),
            (S::Attempting { .. }, E::Complete)
            | (S::Relaying, E::Complete | E::AttemptFailed | E::GiveUp) => Ok(S::Settling),
            (S::Settling, E::Posted) => Ok(S::Settled),
            (
                S::Settling | S::Settled | S::Released | S::Refused,
                E::Content | E::Complete | E::AttemptFailed | E::GiveUp,
            ) => Ok(self),
            (
                S::Admitted,
                E::Dispatch | E::Content | E::Complete | E::AttemptFailed | E::Posted,
            )
            | (S::Held { .. }, E::Hold | E::Posted)
            | (S::Attempting { .. } | S::Relaying, E::Hold | E::Dispatch | E::Posted)
            | (S::Settling, E::Hold | E::Dispatch)
            | (S::Settled | S::Released | S::Refused, E::Hold | E::Dispatch | E::Posted) => {
                Err(InvalidTransition { state: self, event })
            }
        }
    }

    /// Whether nothing more can happen.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Settled | Self::Released | Self::Refused => true,
            Self::Admitted
            | Self::Held { .. }
            | Self::Attempting { .. }
            | Self::Relaying
            | Self::Settling => false,
        }
    }

    /// Whether money is held for it, which must be posted or voided.
    #[must_use]
    pub const fn holds_money(self) -> bool {
        match self {
            Self::Held { .. } | Self::Attempting { .. } | Self::Relaying | Self::Settling => true,
            Self::Admitted | Self::Settled | Self::Released | Self::Refused => false,
        }
    }

    /// Whether another provider may be tried, when `further_attempts` are allowed beyond the first.
    #[must_use]
    pub const fn may_dispatch(self, further_attempts: u32) -> bool {
        match self {
            Self::Held { failed } => failed <= further_attempts,
            Self::Admitted
            | Self::Attempting { .. }
            | Self::Relaying
            | Self::Settling
            | Self::Settled
            | Self::Released
            | Self::Refused => false,
        }
    }
}
