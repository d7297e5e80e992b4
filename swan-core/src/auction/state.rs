use crate::InvalidTransition;

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
    /// [`InvalidTransition`] when the event has no place here.
    pub const fn on(
        self,
        event: AuctionEvent,
    ) -> Result<Self, InvalidTransition<Self, AuctionEvent>> {
        use AuctionEvent as E;
        use AuctionState as S;
        match (self, event) {
            (S::Open, E::Close) => Ok(S::Closed),
            (S::Closed, E::EndReveals) => Ok(S::Revealed),
            (S::Revealed, E::Award) => Ok(S::Awarded),
            (S::Revealed, E::FindNone) => Ok(S::Unsold),
            (S::Awarded, E::Deliver) => Ok(S::Delivered),
            (S::Awarded, E::Fail) => Ok(S::Failed),
            (S::Delivered, E::Pay) => Ok(S::Paid),
            (S::Failed, E::Forfeit) => Ok(S::Forfeited),
            (S::Open | S::Closed | S::Revealed, E::Cancel) => Ok(S::Cancelled),
            (S::Open | S::Closed | S::Awarded, E::Award | E::FindNone)
            | (S::Open | S::Revealed | S::Awarded, E::EndReveals)
            | (S::Closed | S::Revealed | S::Awarded, E::Close)
            | (S::Awarded, E::Cancel)
            | (S::Open | S::Closed | S::Revealed, E::Deliver | E::Fail)
            | (S::Open | S::Closed | S::Revealed | S::Awarded | S::Failed, E::Pay)
            | (S::Open | S::Closed | S::Revealed | S::Awarded | S::Delivered, E::Forfeit)
            | (
                S::Delivered | S::Failed | S::Paid | S::Forfeited | S::Unsold | S::Cancelled,
                E::Close
                | E::EndReveals
                | E::Award
                | E::FindNone
                | E::Deliver
                | E::Fail
                | E::Cancel,
            )
            | (S::Paid | S::Forfeited | S::Unsold | S::Cancelled, E::Pay | E::Forfeit) => {
                Err(InvalidTransition { state: self, event })
            }
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
