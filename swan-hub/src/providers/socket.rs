//! A WebSocket whose single owner decides when to read, when to write and when to flush.
//!
//! It drives tungstenite's context directly instead of through `WebSocketStream`, for two reasons: the largest
//! accepted message changes when a provider has registered, and one task owns both directions, so that no wakers
//! have to be kept apart.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use swan_core::protocol::Frame;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::protocol::{
    CloseFrame, Role, WebSocketConfig, WebSocketContext, frame::coding::CloseCode,
};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

/// What is read at once. Providers are many and mostly idle, and the library clears this much before each read.
const READ_BUFFER: usize = 8 << 10;

/// What is gathered before a write that nobody has asked to flush.
const WRITE_BUFFER: usize = 64 << 10;

/// Something that a socket yields.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A message for the session.
    Frame(Frame),
    /// A ping or pong: a sign of life, already answered.
    Control,
}

/// The server's end of one WebSocket.
#[derive(Debug)]
pub(super) struct Socket<S> {
    io: S,
    context: WebSocketContext,
    max_message: usize,
    /// The last write could not go out wholly: nothing more is taken before a flush.
    blocked: bool,
    /// Something was written since the last complete flush.
    unflushed: bool,
    /// Bytes that the other side's machine has taken.
    taken: u64,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// The socket after its upgrade, for messages of at most `max_message` bytes.
    pub(super) fn new(io: S, max_message: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_message_size(Some(max_message))
            .max_frame_size(Some(max_message));
        let context = WebSocketContext::new(Role::Server, Some(config));
        Self {
            io,
            context,
            max_message,
            blocked: false,
            unflushed: false,
            taken: 0,
        }
    }

    /// Changes the largest message that is accepted.
    pub(super) fn set_max_message(&mut self, max_message: usize) {
        if max_message != self.max_message {
            self.max_message = max_message;
            self.context.set_config(|config| {
                config.max_message_size = Some(max_message);
                config.max_frame_size = Some(max_message);
            });
        }
    }

    /// The next message; `None` when the other side has closed in good order.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Incoming, Error>>> {
        match self.context.read(&mut Blocking {
            io: &mut self.io,
            cx,
            taken: &mut self.taken,
        }) {
            Ok(Message::Text(text)) => ready_frame(Frame::Text(Bytes::from(text))),
            Ok(Message::Binary(bytes)) => ready_frame(Frame::Binary(bytes)),
            Ok(Message::Ping(_)) => {
                // The answer is queued; a provider waits for it and for nothing else (public-swan.md 1.6).
                self.unflushed = true;
                Poll::Ready(Some(Ok(Incoming::Control)))
            }
            Ok(_) => Poll::Ready(Some(Ok(Incoming::Control))),
            Err(error) if would_block(&error) => Poll::Pending,
            Err(Error::ConnectionClosed | Error::AlreadyClosed) => Poll::Ready(None),
            Err(error) => Poll::Ready(Some(Err(error))),
        }
    }

    /// Whether a message may be written now; [`Socket::poll_flush`] makes it so again.
    pub(super) const fn is_writable(&self) -> bool {
        !self.blocked
    }

    /// Whether something waits to be flushed.
    pub(super) const fn is_unflushed(&self) -> bool {
        self.unflushed
    }

    /// Bytes that have left so far; while [`Socket::is_unflushed`], no growth means that the other side does not read.
    pub(super) const fn taken(&self) -> u64 {
        self.taken
    }

    /// Puts a message behind those already waiting.
    pub(super) fn write(&mut self, cx: &mut Context<'_>, frame: Frame) -> Result<(), Error> {
        let message = match frame {
            Frame::Binary(bytes) => Message::Binary(bytes),
            Frame::Text(bytes) => Message::Text(
                Utf8Bytes::try_from(bytes).map_err(|error| Error::Utf8(error.to_string()))?,
            ),
        };
        self.put(cx, message)
    }

    /// Puts a close behind what is waiting; after it only reading makes sense.
    pub(super) fn write_close(
        &mut self,
        cx: &mut Context<'_>,
        code: u16,
        reason: String,
    ) -> Result<(), Error> {
        let frame = CloseFrame {
            code: CloseCode::from(code),
            reason: Utf8Bytes::from(reason),
        };
        self.put(cx, Message::Close(Some(frame)))
    }

    /// Sends everything that was written.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.context.flush(&mut Blocking {
            io: &mut self.io,
            cx,
            taken: &mut self.taken,
        }) {
            Ok(()) | Err(Error::ConnectionClosed) => {
                self.blocked = false;
                self.unflushed = false;
                Poll::Ready(Ok(()))
            }
            Err(error) if would_block(&error) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn put(&mut self, cx: &mut Context<'_>, message: Message) -> Result<(), Error> {
        self.unflushed = true;
        match self.context.write(
            &mut Blocking {
                io: &mut self.io,
                cx,
                taken: &mut self.taken,
            },
            message,
        ) {
            Ok(()) => Ok(()),
            // The library has taken the message and will go on with the next flush.
            Err(error) if would_block(&error) => {
                self.blocked = true;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

fn ready_frame(frame: Frame) -> Poll<Option<Result<Incoming, Error>>> {
    Poll::Ready(Some(Ok(Incoming::Frame(frame))))
}

fn would_block(error: &Error) -> bool {
    matches!(error, Error::Io(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// Lends an asynchronous stream to synchronous code for the length of one call; "not now" wakes the task of `cx`.
struct Blocking<'a, 'b, S> {
    io: &'a mut S,
    cx: &'a mut Context<'b>,
    taken: &'a mut u64,
}

impl<S: AsyncRead + Unpin> Read for Blocking<'_, '_, S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(into);
        match Pin::new(&mut *self.io).poll_read(self.cx, &mut buffer) {
            Poll::Ready(done) => done.map(|()| buffer.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl<S: AsyncWrite + Unpin> Write for Blocking<'_, '_, S> {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match Pin::new(&mut *self.io).poll_write(self.cx, from) {
            Poll::Ready(Ok(written)) => {
                *self.taken = self.taken.wrapping_add(written as u64);
                Ok(written)
            }
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match Pin::new(&mut *self.io).poll_flush(self.cx) {
            Poll::Ready(done) => done,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}
