//! The beginning of a stream, held back until it shows content.

use bytes::{Bytes, BytesMut};
use swan_core::protocol::Piece;
use swan_core::sse::{EventSplitter, is_done};

use super::slices::Mark;
use super::tally::{Kind, Tally};

/// The largest event of a stream.
const EVENT_BYTES: usize = 8 << 20;
/// How many events without content are waited for before the stream counts as begun.
const PREAMBLE_EVENTS: u32 = 64;

/// The events of a stream in either form, counted and framed for the consumer.
#[derive(Debug)]
pub(crate) struct Start {
    events: Events,
    pub(crate) tally: Tally,
    /// What may go to the consumer and has not yet.
    pub(crate) out: BytesMut,
    preamble: u32,
    /// `[DONE]` was there.
    pub(crate) done: bool,
}

/// Why a stream cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StartError(pub(crate) String);

#[derive(Debug)]
struct Events {
    splitter: EventSplitter,
    /// An event that came whole.
    whole: Option<Bytes>,
}

/// What one step over the events has met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// An event was taken.
    Event(Kind),
    /// `[DONE]`.
    Done,
    /// More must come first.
    Starved,
}

impl Start {
    pub(crate) fn new(tally: Tally) -> Self {
        Self {
            events: Events {
                splitter: EventSplitter::new(EVENT_BYTES),
                whole: None,
            },
            tally,
            out: BytesMut::new(),
            preamble: 0,
            done: false,
        }
    }

    /// What there is now, before the next step.
    pub(crate) fn mark(&self) -> Mark {
        Mark::of(self.out.len(), &self.tally)
    }

    /// Takes what came; all earlier events must have been stepped over.
    pub(crate) fn push(&mut self, piece: Piece) {
        match piece {
            Piece::Raw(bytes) => self.events.splitter.push(bytes),
            Piece::Event(data) => self.events.whole = Some(data),
        }
    }

    /// Takes the next event into the tally.
    pub(crate) fn step(&mut self) -> Result<Step, StartError> {
        if self.done {
            return Ok(Step::Done);
        }
        let data = match self.events.whole.take() {
            Some(data) => Some(data),
            None => {
                let event = self.events.splitter.next_event();
                event
                    .map_err(|error| StartError(error.to_string()))?
                    .map(|event| event.data)
            }
        };
        match data {
            Some(data) => self.take(&data),
            None => Ok(Step::Starved),
        }
    }

    fn take(&mut self, data: &Bytes) -> Result<Step, StartError> {
        if is_done(data) {
            self.done = true;
            return Ok(Step::Done);
        }
        match self.tally.take(data, &mut self.out) {
            Ok(kind) => Ok(Step::Event(kind)),
            Err(error) => Err(StartError(error.to_string())),
        }
    }

    /// Steps until content shows; `false` when more must come first.
    pub(crate) fn advance(&mut self) -> Result<bool, StartError> {
        loop {
            match self.step()? {
                Step::Event(Kind::Content) => return Ok(true),
                Step::Event(Kind::Preamble | Kind::Hidden) => {
                    self.preamble += 1;
                    if self.preamble >= PREAMBLE_EVENTS {
                        return Ok(true);
                    }
                }
                Step::Done if self.tally.finished => return Ok(true),
                // Some servers answer a stream that they dropped with 200 and nothing in it.
                Step::Done => return Err(StartError("its answer was empty".into())),
                Step::Starved => return Ok(false),
            }
        }
    }

    /// The stream has ended: takes an event whose blank line never came, and says whether the answer is whole.
    pub(crate) fn end(&mut self) -> Result<(), StartError> {
        while !self.done {
            match self.events.splitter.finish() {
                Ok(Some(event)) => {
                    self.take(&event.data)?;
                }
                Ok(None) => break,
                Err(error) => return Err(StartError(error.to_string())),
            }
        }
        if self.tally.finished {
            Ok(())
        } else if self.done && self.tally.content_events > 0 {
            // `[DONE]` without a finish reason is the server's own way to end; the content is whole.
            Ok(())
        } else {
            Err(StartError("its answer ended before it was finished".into()))
        }
    }
}
