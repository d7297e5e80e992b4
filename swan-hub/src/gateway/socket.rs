//! A consumer's socket that does not wait for ever for a reader who has stopped reading, or reads a byte now and then.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// What a reader must take in each second in which it is waited for, lest its buffers and its place cost nothing to hold.
const BYTES_PER_SEC: u64 = 1 << 10;

/// A socket whose writes fail when its reader was waited for all of `stall` and took less than [`BYTES_PER_SEC`] meanwhile.
///
/// Only the time counts in which there is something for the reader and no room for it. The bound is here and not in the
/// body of the answer, since a body is not asked for more while the socket is full.
#[derive(Debug)]
pub(crate) struct Patient<S> {
    socket: S,
    stall: Duration,
    /// There only for readers who were waited for lately, as few are.
    slow: Option<Box<Slow>>,
}

/// A reader who was waited for.
#[derive(Debug)]
struct Slow {
    /// How long so far, and how much it has taken since then.
    waited: Duration,
    taken: u64,
    /// The wait that goes on, if one does: when it began, and when it is too much.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<S> Patient<S> {
    pub(crate) const fn new(socket: S, stall: Duration) -> Self {
        Self {
            socket,
            stall,
            slow: None,
        }
    }

    fn bounded(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match (written, &mut self.slow) {
            (Poll::Ready(written), None) => Poll::Ready(written),
            (Poll::Ready(written), Some(slow)) => {
                let enough = BYTES_PER_SEC.saturating_mul(self.stall.as_secs().max(1));
                let bytes = written.as_ref().map_or(0, |bytes| *bytes as u64);
                if slow.take(bytes) >= enough {
                    self.slow = None;
                }
                Poll::Ready(written)
            }
            (Poll::Pending, slow) => {
                let slow = slow.get_or_insert_with(|| {
                    Box::new(Slow {
                        waited: Duration::ZERO,
                        taken: 0,
                        waiting: None,
                    })
                });
                ready!(slow.wait(self.stall, cx));
                Poll::Ready(Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the peer reads too slowly",
                )))
            }
        }
    }
}

impl Slow {
    fn take(&mut self, bytes: u64) -> u64 {
        if let Some((began, _)) = self.waiting.take() {
            self.waited = self.waited.saturating_add(began.elapsed());
        }
        self.taken = self.taken.saturating_add(bytes);
        self.taken
    }

    fn wait(&mut self, stall: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let left = stall.saturating_sub(self.waited);
        let (_, timer) = self.waiting.get_or_insert_with(|| {
            let now = Instant::now();
            (now, Box::pin(sleep_until(now + left)))
        });
        timer.as_mut().poll(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.bounded(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.bounded(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::time::sleep;

    use super::*;

    const STALL: Duration = Duration::from_secs(60);

    /// A socket with room for 100 bytes, and its reader.
    fn pair() -> (Patient<DuplexStream>, DuplexStream) {
        let (socket, reader) = duplex(100);
        (Patient::new(socket, STALL), reader)
    }

    /// Reads so many bytes at a time, with this pause before each.
    async fn read(mut reader: DuplexStream, bytes: usize, pause: Duration) {
        let mut taken = vec![0; bytes];
        loop {
            sleep(pause).await;
            if reader.read(&mut taken).await.unwrap() == 0 {
                return;
            }
        }
    }

    /// How long it takes to write `bytes`, and whether that works.
    async fn write(mut socket: Patient<DuplexStream>, bytes: usize) -> (bool, u64) {
        let began = Instant::now();
        let written = socket.write_all(&vec![7; bytes]).await;
        (written.is_ok(), began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn readers_are_waited_for_as_long_as_they_take_a_thousand_bytes_a_second() {
        let second = Duration::from_secs(1);
        for (bytes, pause, done, secs) in [
            (1, second, false, 60),
            // A minute without a byte ends it at once, however much was taken before that.
            (100, 59 * second, false, 60),
            (100, second / 5, false, 60),
            (100, second / 12, true, 252),
            (100, second / 20, true, 150),
        ] {
            let (socket, reader) = pair();
            tokio::spawn(read(reader, bytes, pause));
            let (written, took) = write(socket, 300_000).await;
            assert_eq!(written, done, "{bytes} each {pause:?}");
            assert!(took.abs_diff(secs) <= 5, "{bytes} each {pause:?}: {took} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_there_is_nothing_to_read_does_not_count() {
        let (mut socket, reader) = pair();
        tokio::spawn(read(reader, 100, Duration::from_millis(100)));
        for _ in 0..20 {
            socket.write_all(&[7; 300]).await.unwrap();
            sleep(Duration::from_secs(600)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_who_stops_is_given_up_after_the_stall() {
        let (socket, _reader) = pair();
        assert_eq!(write(socket, 200).await, (false, 60));
    }
}
