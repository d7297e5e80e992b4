//! A request as it is written, and how far it has gone out.

use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::socket::Socket;

/// How many segments go out in one write.
const SEGMENTS_PER_WRITE: usize = 16;

/// A request: its head, and its body in segments, none of which is copied.
pub(in super::super) struct Request {
    head: Bytes,
    body: Vec<Bytes>,
    length: usize,
    written: usize,
    /// Whether nothing of it is left in buffers, either.
    is_sent: bool,
}

impl Request {
    /// A request with this head, the empty line included, and this body.
    pub(in super::super) fn new(head: Bytes, body: Vec<Bytes>) -> Self {
        let length = body.iter().map(Bytes::len).sum::<usize>() + head.len();
        Self {
            head,
            body,
            length,
            written: 0,
            is_sent: false,
        }
    }

    /// Whether all of it has gone out.
    pub(super) const fn is_sent(&self) -> bool {
        self.is_sent
    }

    /// Nothing of it has gone out: the connection is another one.
    pub(super) const fn rewind(&mut self) {
        self.written = 0;
        self.is_sent = false;
    }

    /// Writes what is left of it.
    pub(super) fn poll_send(
        &mut self,
        socket: &mut Socket,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_sent {
            return Poll::Ready(Ok(()));
        }
        while self.written < self.length {
            let mut slices = [IoSlice::new(&[]); SEGMENTS_PER_WRITE];
            let count = self.fill(&mut slices);
            let slices = slices.get(..count).unwrap_or_default();
            let written = ready!(socket.poll_write(cx, slices))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
        }
        ready!(socket.poll_flush(cx))?;
        self.is_sent = true;
        Poll::Ready(Ok(()))
    }

    /// Points `slices` at what is left, and says how many of them are used.
    fn fill<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut before = self.written;
        let segments = std::iter::once(&self.head).chain(&self.body);
        let left = segments.filter_map(|segment| {
            let left = segment.get(before..);
            before = before.saturating_sub(segment.len());
            left.filter(|left| !left.is_empty())
        });
        let mut count = 0;
        for (slice, left) in slices.iter_mut().zip(left) {
            *slice = IoSlice::new(left);
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt as _, BufWriter, duplex};

    use super::*;

    #[tokio::test]
    async fn what_a_connection_has_taken_and_not_sent_is_not_forgotten() {
        let body: Vec<Bytes> = (0..40_u8).map(|at| Bytes::from(vec![at; 99])).collect();
        let expected = [&b"head"[..], &body.concat()].concat();
        // Takes everything at once, as TLS may, and sends a little at a time.
        let (socket, mut server) = duplex(10);
        let mut socket = Socket::Tls(Box::new(BufWriter::with_capacity(1 << 20, socket)));
        let mut request = Request::new(Bytes::from_static(b"head"), body);
        let mut sent = vec![0; expected.len()];
        let (out, read) = tokio::join!(
            poll_fn(|cx| request.poll_send(&mut socket, cx)),
            server.read_exact(&mut sent),
        );
        out.expect("sent");
        read.expect("all of it");
        assert!(request.is_sent() && sent == expected);
        request.rewind();
        assert!(!request.is_sent());
    }
}
