//! The bytes of a stream, watched: a server can send too much, too slowly, or nothing at all.
//!
//! What passes on to the event parser is whole lines of UTF-8. The parser relies on it: fed with single pieces of a
//! long line it reads the line anew with each, text that is not UTF-8 it would keep for ever, and a byte order mark
//! makes it panic.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::transport::{Body, TransportError};

/// The largest event of a stream.
const EVENT_BYTES: usize = 4 << 20;
/// With each line the parser copies what it has not parsed yet, so it gets many lines in several slices.
const SLICE_BYTES: usize = 16 << 10;
/// A timeout beyond what the clock can count is as good as a century.
pub(crate) const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Why a stream cannot go on.
#[derive(Debug)]
pub(crate) enum Fault {
    Transport(TransportError),
    Idle,
    TooLong,
    EventTooLarge,
    NotUtf8,
}

/// The lines of a stream of events, under watch.
pub(crate) struct Watched {
    body: Body,
    /// Whole lines that have not been passed on.
    lines: Bytes,
    /// The beginning of a line.
    partial: BytesMut,
    started: bool,
    idle_timeout: Duration,
    silence: Pin<Box<Sleep>>,
    /// The silence counts from the first time that the consumer waits: hyper reads only when asked, so time in which
    /// the consumer was busy says nothing about the server.
    waiting: bool,
    end: Pin<Box<Sleep>>,
    event: EventSize,
}

impl Watched {
    pub(crate) fn new(body: Body, idle_timeout: Duration, stream_timeout: Duration) -> Self {
        let now = Instant::now();
        Self {
            body,
            lines: Bytes::new(),
            partial: BytesMut::new(),
            started: false,
            idle_timeout: idle_timeout.min(CENTURY),
            silence: Box::pin(sleep_until(now)),
            waiting: false,
            end: Box::pin(sleep_until(now + stream_timeout.min(CENTURY))),
            event: EventSize::default(),
        }
    }

    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.waiting {
            self.waiting = true;
            self.silence
                .as_mut()
                .reset(Instant::now() + self.idle_timeout);
        }
        self.silence.as_mut().poll(cx)
    }

    /// Takes a piece of the body; `lines` is empty.
    fn take(&mut self, mut piece: Bytes) -> Result<(), Fault> {
        self.waiting = false;
        if let Some(last) = piece.iter().rposition(|byte| is_line_end(*byte)) {
            self.lines = piece.split_to(last + 1);
            if !self.partial.is_empty() {
                self.partial.extend_from_slice(&self.lines);
                self.lines = self.partial.split().freeze();
            }
        }
        self.partial.extend_from_slice(&piece);
        if self.event.bytes + self.partial.len() > EVENT_BYTES {
            return Err(Fault::EventTooLarge);
        }
        Ok(())
    }

    /// The next lines, up to the size of a slice; a single line may be longer.
    fn slice(&mut self) -> Result<Bytes, Fault> {
        let near = self.lines.get(..SLICE_BYTES).unwrap_or(&self.lines);
        let end = near.iter().rposition(|byte| is_line_end(*byte));
        let end = end.or_else(|| self.lines.iter().position(|byte| is_line_end(*byte)));
        let mut slice = self
            .lines
            .split_to(end.map_or(self.lines.len(), |at| at + 1));
        while !self.started && slice.starts_with(BYTE_ORDER_MARK) {
            slice = slice.split_off(BYTE_ORDER_MARK.len());
        }
        self.started = true;
        if self.event.grow(&slice) > EVENT_BYTES {
            return Err(Fault::EventTooLarge);
        }
        match std::str::from_utf8(&slice) {
            Ok(_) => Ok(slice),
            Err(_) => Err(Fault::NotUtf8),
        }
    }
}

impl Stream for Watched {
    type Item = Result<Bytes, Fault>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.end.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(Fault::TooLong)));
        }
        while this.lines.is_empty() {
            match Pin::new(&mut this.body).poll_next(cx) {
                Poll::Ready(Some(Ok(piece))) => {
                    if let Err(fault) = this.take(piece) {
                        return Poll::Ready(Some(Err(fault)));
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Some(Err(Fault::Transport(error))));
                }
                // A line without an end is no line, and an event without its empty line no event.
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => {
                    return this.poll_silence(cx).map(|()| Some(Err(Fault::Idle)));
                }
            }
        }
        Poll::Ready(Some(this.slice()))
    }
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Counts the bytes since the last empty line, which is what the event parser has to keep.
#[derive(Default)]
struct EventSize {
    bytes: usize,
    in_line: bool,
    after_cr: bool,
}

impl EventSize {
    fn grow(&mut self, slice: &[u8]) -> usize {
        for byte in slice {
            self.bytes += 1;
            match byte {
                b'\n' if self.after_cr => self.after_cr = false,
                b'\n' | b'\r' => {
                    if !self.in_line {
                        self.bytes = 0;
                    }
                    self.in_line = false;
                    self.after_cr = *byte == b'\r';
                }
                _ => {
                    self.in_line = true;
                    self.after_cr = false;
                }
            }
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::EventSize;

    #[test]
    fn an_empty_line_ends_an_event_in_every_line_ending() {
        for end in ["\n", "\r", "\r\n"] {
            let mut size = EventSize::default();
            assert_eq!(size.grow(format!("data: a{end}").as_bytes()), 7 + end.len());
            assert_eq!(
                size.grow(format!("data: b{end}{end}").as_bytes()),
                end.len() - 1
            );
            assert!(size.grow(b"data: c") <= 8);
        }
    }
}
