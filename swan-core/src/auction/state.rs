/// Where an auction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuctionState {
    /// Sealed bids come in.
    Open,
    /// No more bids; those that came in are being revealed.
    Closed,
    /// No more reveals; the job can be awarded.
    Revealed,
    /// A provider has the job.
    Awarded,
    /// The provider delivered.
    Delivered,
    /// The provider did not deliver.
    Failed,
    /// The provider was paid: an end.
    Paid,
    /// The provider lost what it had at stake: an end.
    Forfeited,
    /// Nobody made a valid bid: an end.
    Unsold,
    /// The consumer took the job back before it was awarded: an end.
    Cancelled,
}

/// What happens to an auction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuctionEvent {
    /// The time for bids is over.
    Close,
    /// The time for reveals is over.
    EndReveals,
    /// The best bid wins.
    Award,
    /// There is no bid to win.
    FindNone,
    /// The job is delivered.
    Deliver,
    /// It is not, in time or at all.
    Fail,
    /// The winner is paid.
    Pay,
    /// The winner's stake is taken.
    Forfeit,
    /// The consumer takes the job back.
    Cancel,
}

/// An event that has no place in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an auction that is {state:?} cannot {event:?}")]
#[non_exhaustive]
pub struct InvalidStep {
    /// The state, which stays.
    pub state: AuctionState,
    /// The event.
    pub event: AuctionEvent,
}

impl AuctionState {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::Open,
        Self::Closed,
        Self::Revealed,
        Self::Awarded,
        Self::Delivered,
        Self::Failed,
        Self::Paid,
        Self::Forfeited,
        Self::Unsold,
        Self::Cancelled,
    ];

    /// The state after `event`.
    ///
    /// # Errors
    ///
    /// [`InvalidStep`] when the event has no place here.
    pub const fn after(self, event: AuctionEvent) -> Result<Self, InvalidStep> {
        use AuctionEvent as E;
        match (self, event) {
            (Self::Open, E::Close) => Ok(Self::Closed),
            (Self::Closed, E::EndReveals) => Ok(Self::Revealed),
            (Self::Revealed, E::Award) => Ok(Self::Awarded),
            (Self::Revealed, E::FindNone) => Ok(Self::Unsold),
            (Self::Awarded, E::Deliver) => Ok(Self::Delivered),
            (Self::Awarded, E::Fail) => Ok(Self::Failed),
            (Self::Delivered, E::Pay) => Ok(Self::Paid),
            (Self::Failed, E::Forfeit) => Ok(Self::Forfeited),
            (Self::Open | Self::Closed | Self::Revealed, E::Cancel) => Ok(Self::Cancelled),
            (state, event) => Err(InvalidStep { state, event }),
        }
    }
}

impl AuctionEvent {
    /// Every event.
    pub const ALL: [Self; 9] = [
        Self::Close,
        Self::EndReveals,
        Self::Award,
        Self::FindNone,
        Self::Deliver,
        Self::Fail,
        Self::Pay,
        Self::Forfeit,
        Self::Cancel,
    ];
}
