//! Bodies of answers, read within bounds: a server can send too much, too slowly, or nothing.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use crate::error::Error;
use crate::transport::{Body, TransportError};

/// The largest whole answer.
const ANSWER_BYTES: usize = 64 << 20;
/// What is read of an error; more says nothing more.
const ERROR_BYTES: usize = 64 << 10;
/// How long the rest of an error is waited for.
const ERROR_WAIT: Duration = Duration::from_secs(5);
/// The largest event of a stream.
const EVENT_BYTES: usize = 4 << 20;
/// The event parser copies what it has not parsed yet with every line, so it gets large pieces in slices.
const SLICE_BYTES: usize = 16 << 10;

pub(crate) async fn read_whole(mut body: Body, request_id: Option<&str>) -> Result<Bytes, Error> {
    let mut whole = BytesMut::new();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| Error::from_transport(error, request_id))?;
        if whole.len() + piece.len() > ANSWER_BYTES {
            let reason = format!("the answer is larger than {ANSWER_BYTES} bytes");
            return Err(Error::Decode {
                reason,
                request_id: request_id.map(str::to_owned),
            });
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// The beginning of an error body, whatever happens to the rest of it.
pub(crate) async fn read_error(mut body: Body) -> Bytes {
    let mut start = BytesMut::new();
    let reading = async {
        while let Some(Ok(mut piece)) = body.next().await {
            piece.truncate(ERROR_BYTES.saturating_sub(start.len()));
            start.extend_from_slice(&piece);
            if start.len() >= ERROR_BYTES {
                break;
            }
        }
    };
    let _ = timeout(ERROR_WAIT, reading).await;
    start.freeze()
}

/// Why a stream cannot go on.
#[derive(Debug)]
pub(crate) enum Fault {
    Transport(TransportError),
    Idle,
    TooLong,
    EventTooLarge,
}

/// The bytes of a stream of events, under watch.
pub(crate) struct Watched {
    body: Body,
    slice: Bytes,
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
        let century = Duration::from_secs(100 * 365 * 24 * 3600);
        Self {
            body,
            slice: Bytes::new(),
            idle_timeout: idle_timeout.min(century),
            silence: Box::pin(sleep_until(now)),
            waiting: false,
            end: Box::pin(sleep_until(now + stream_timeout.min(century))),
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
}

impl Stream for Watched {
    type Item = Result<Bytes, Fault>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.end.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(Fault::TooLong)));
        }
        while this.slice.is_empty() {
            match Pin::new(&mut this.body).poll_next(cx) {
                Poll::Ready(Some(Ok(piece))) => {
                    this.waiting = false;
                    this.slice = piece;
                }
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Some(Err(Fault::Transport(error))));
                }
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => {
                    return this.poll_silence(cx).map(|()| Some(Err(Fault::Idle)));
                }
            }
        }
        let slice = this.slice.split_to(SLICE_BYTES.min(this.slice.len()));
        if this.event.grow(&slice) > EVENT_BYTES {
            return Poll::Ready(Some(Err(Fault::EventTooLarge)));
        }
        Poll::Ready(Some(Ok(slice)))
    }
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
