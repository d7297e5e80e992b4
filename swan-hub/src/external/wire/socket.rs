//! A connection to an endpoint, with or without TLS.

use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

use bytes::BytesMut;
use hyper_rustls::MaybeHttpsStream;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// With less room than this in a buffer it is not worth a read.
const LEAST_ROOM: usize = 512;

/// A connection.
pub(super) enum Socket {
    Plain(TcpStream),
    Tls(Box<dyn Encrypted>),
}

/// A connection with TLS.
pub(super) trait Encrypted: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Encrypted for S {}

impl From<MaybeHttpsStream<TokioIo<TcpStream>>> for Socket {
    fn from(stream: MaybeHttpsStream<TokioIo<TcpStream>>) -> Self {
        match stream {
            MaybeHttpsStream::Http(socket) => Self::Plain(socket.into_inner()),
            MaybeHttpsStream::Https(stream) => Self::Tls(Box::new(stream.into_inner())),
        }
    }
}

impl Socket {
    /// Reads more into `into`, in which there is room for `room` bytes then. Who waits for a server without TLS has no buffer yet.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut BytesMut,
        room: usize,
    ) -> Poll<io::Result<usize>> {
        if let Self::Plain(socket) = self {
            ready!(socket.poll_read_ready(cx))?;
        }
        if into.capacity() - into.len() < LEAST_ROOM {
            into.reserve(room);
        }
        match self {
            Self::Plain(socket) => pin!(socket.read_buf(into)).poll(cx),
            Self::Tls(stream) => pin!(stream.read_buf(into)).poll(cx),
        }
    }

    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            // What is written to a socket is on its way.
            Self::Plain(_) => Poll::Ready(Ok(())),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    /// Whether it is open and its server has said nothing that nobody asked for. Nobody is woken by it afterwards.
    pub(super) fn is_quiet(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let mut byte = [0];
        let mut byte = ReadBuf::new(&mut byte);
        let read = match self {
            Self::Plain(socket) => Pin::new(socket).poll_read(&mut cx, &mut byte),
            Self::Tls(stream) => Pin::new(stream).poll_read(&mut cx, &mut byte),
        };
        read.is_pending()
    }
}
