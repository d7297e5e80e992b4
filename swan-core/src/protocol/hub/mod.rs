//! The hub's end of the conversation with one provider.

use std::collections::VecDeque;

use super::{
    Accepted, CancelReason, Dialect, Dispatch, DispatchError, Frame, HubEvent, HubSessionConfig,
    LostReason, Notice, StreamId, Transmit,
};
use crate::Timestamp;

/// The hub's end of one provider connection.
///
/// Poll as the [module](super) says. Everything that a provider sends is taken as hostile: what breaks one stream fails that
/// stream, what belongs to none is counted, and a peer that goes on is closed on.
#[derive(Debug)]
pub struct HubSession {
    dialect: Dialect,
    config: HubSessionConfig,
    events: VecDeque<HubEvent>,
    transmits: VecDeque<Transmit>,
}

impl HubSession {
    /// A session for a connection that was upgraded at `now`.
    #[must_use]
    pub fn new(dialect: Dialect, config: HubSessionConfig, now: Timestamp) -> Self {
        let _ = now;
        Self {
            dialect,
            config,
            events: VecDeque::new(),
            transmits: VecDeque::new(),
        }
    }

    /// Takes one message of the provider.
    pub fn handle_frame(&mut self, now: Timestamp, frame: Frame) {
        let _ = (now, frame);
    }

    /// Does what is due at `now`; calling early is harmless.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let _ = now;
    }

    /// Tells the session that its transport ended: open streams fail, `Lost` follows.
    pub fn handle_disconnect(&mut self, now: Timestamp, why: &str) {
        let _ = now;
        self.events.push_back(HubEvent::Lost {
            reason: LostReason::Transport(why.to_owned()),
        });
    }

    /// The next thing to do to the socket.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<HubEvent> {
        self.events.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) at the latest; ask again after every other call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        None
    }

    /// Accepts the oldest unanswered registration.
    pub fn accept(&mut self, now: Timestamp, accepted: &Accepted) {
        let _ = (now, accepted);
    }

    /// Refuses the provider: it is told why, its streams fail, and the connection is closed after
    /// [`HubSessionConfig::reject_delay`], during which it is ignored.
    pub fn reject(&mut self, now: Timestamp, reason: &str) {
        let _ = (now, reason);
    }

    /// Hands a request to the provider.
    ///
    /// # Errors
    /// [`DispatchError`]; nothing was sent then.
    pub fn dispatch(
        &mut self,
        now: Timestamp,
        dispatch: Dispatch,
    ) -> Result<StreamId, DispatchError> {
        let _ = (now, dispatch);
        Err(DispatchError::NotRegistered)
    }

    /// Gives a request up: the provider is told, and no event for it follows. Unknown and ended streams are ignored.
    pub fn cancel(&mut self, now: Timestamp, stream: StreamId, reason: &CancelReason) {
        let _ = (now, stream, reason);
    }

    /// Gives back the bytes of [`Piece`](super::Piece)s that were passed on, so that the provider may send as many again.
    pub fn credit(&mut self, now: Timestamp, stream: StreamId, bytes: usize) {
        let _ = (now, stream, bytes);
    }

    /// Says something to the provider's operator.
    pub fn notice(&mut self, now: Timestamp, notice: &Notice) {
        let _ = (now, notice);
    }

    /// Stops dispatching on this connection and tells the provider; what runs goes on.
    pub fn drain(&mut self, now: Timestamp) {
        let _ = now;
    }

    /// Ends the conversation from this side: open streams fail, a close is sent, `Lost` follows.
    pub fn close(&mut self, now: Timestamp, reason: LostReason) {
        let _ = now;
        self.events.push_back(HubEvent::Lost { reason });
    }

    /// Requests that have not ended.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        0
    }

    /// The dialect spoken.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The largest message that this session takes now, for the WebSocket library's own limit.
    #[must_use]
    pub const fn max_inbound(&self) -> usize {
        self.config.max_frame
    }
}
