//! The splitter: lines out of chunks, events out of lines.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};
use thiserror::Error;

/// One server-sent event that carries data.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The `event` field; empty when there was none, which means `message`.
    pub kind: Bytes,
    /// The `data` lines, joined by line feeds; a slice of the input when it was one line in one chunk.
    pub data: Bytes,
}

/// Why a byte stream cannot be split any further.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SseError {
    /// An event, or a line, is larger than the splitter was told to hold.
    #[error("an event is larger than {limit} bytes")]
    TooLarge {
        /// What the splitter holds.
        limit: usize,
    },
}

/// Whether this is the data of OpenAI's end marker, `[DONE]`.
#[must_use]
pub fn is_done(data: &[u8]) -> bool {
    data.trim_ascii() == b"[DONE]"
}

/// Splits a stream of server-sent events (WHATWG HTML, section 9.2), wherever its chunks are cut.
///
/// It knows LF, CR and CRLF line ends, comments, several `data` lines, and a byte order mark. It holds at most one event
/// of the given size, besides what was pushed and not yet asked for. It does not look at `id` and `retry`.
#[derive(Debug)]
pub struct EventSplitter {
    limit: usize,
    input: VecDeque<Bytes>,
    /// The beginning of a line whose end has not come.
    line: BytesMut,
    kind: Bytes,
    data: Data,
    /// The last line ended with CR: a LF that follows belongs to it.
    after_cr: bool,
    /// A byte order mark may stand here.
    at_start: bool,
    failed: bool,
}

/// The `data` lines of the event so far; one line, the usual case, is not copied.
#[derive(Debug, Default)]
enum Data {
    #[default]
    None,
    One(Bytes),
    Many(BytesMut),
}

impl Data {
    fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(line) => line.len(),
            Self::Many(lines) => lines.len(),
        }
    }

    fn add(&mut self, line: Bytes) {
        *self = match std::mem::take(self) {
            Self::None => Self::One(line),
            Self::One(first) => {
                let mut lines = BytesMut::with_capacity(first.len() + 1 + line.len());
                lines.extend_from_slice(&first);
                lines.extend_from_slice(b"\n");
                lines.extend_from_slice(&line);
                Self::Many(lines)
            }
            Self::Many(mut lines) => {
                lines.extend_from_slice(b"\n");
                lines.extend_from_slice(&line);
                Self::Many(lines)
            }
        };
    }

    fn take(&mut self) -> Option<Bytes> {
        match std::mem::take(self) {
            Self::None => None,
            Self::One(line) => Some(line),
            Self::Many(lines) => Some(lines.freeze()),
        }
    }
}

impl EventSplitter {
    /// A splitter that holds events of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            input: VecDeque::new(),
            line: BytesMut::new(),
            kind: Bytes::new(),
            data: Data::None,
            after_cr: false,
            at_start: true,
            failed: false,
        }
    }

    /// Takes the next chunk. Ask [`next_event`](Self::next_event) until it has no more before the next one comes.
    pub fn push(&mut self, chunk: Bytes) {
        if !chunk.is_empty() && !self.failed {
            self.input.push_back(chunk);
        }
    }

    /// The next event that is complete; events without data are left out, as the standard says.
    ///
    /// # Errors
    /// [`SseError::TooLarge`], once; the rest of the stream is ignored then.
    pub fn next_event(&mut self) -> Result<Option<Event>, SseError> {
        while let Some(line) = self.next_line()? {
            if let Some(event) = self.take_line(line) {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// Says that the stream has ended: gives the last event when only its blank line is missing, as some servers have it.
    ///
    /// # Errors
    /// As [`next_event`](Self::next_event).
    pub fn finish(&mut self) -> Result<Option<Event>, SseError> {
        if let Some(event) = self.next_event()? {
            return Ok(Some(event));
        }
        let line = self.line.split().freeze();
        if !line.is_empty()
            && let Some(event) = self.take_line(line)
        {
            return Ok(Some(event));
        }
        Ok(self.dispatch())
    }

    /// Bytes of an unfinished event that are held.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.line.len() + self.data.len() + self.input.iter().map(Bytes::len).sum::<usize>()
    }

    fn next_line(&mut self) -> Result<Option<Bytes>, SseError> {
        while let Some(chunk) = self.input.front_mut() {
            if chunk.is_empty() {
                self.input.pop_front();
                continue;
            }
            if std::mem::take(&mut self.after_cr) && chunk.first() == Some(&b'\n') {
                chunk.advance(1);
                continue;
            }
            let end = memchr::memchr2(b'\n', b'\r', chunk);
            // The line with its field name is longer than the data it adds, so this bounds the event as well.
            let held = self.line.len() + self.data.len();
            if held.saturating_add(end.unwrap_or(chunk.len())) > self.limit {
                return Err(self.fail());
            }
            let Some(end) = end else {
                self.line.extend_from_slice(chunk);
                self.input.pop_front();
                continue;
            };
            self.after_cr = chunk.get(end) == Some(&b'\r');
            let mut line = chunk.split_to(end);
            chunk.advance(1);
            if !self.line.is_empty() {
                self.line.extend_from_slice(&line);
                line = self.line.split().freeze();
            }
            return Ok(Some(line));
        }
        Ok(None)
    }

    /// Takes one line without its end; gives the event that it ends.
    fn take_line(&mut self, mut line: Bytes) -> Option<Event> {
        if std::mem::take(&mut self.at_start) && line.starts_with(b"\xEF\xBB\xBF") {
            line.advance(3);
        }
        if line.is_empty() {
            return self.dispatch();
        }
        let colon = memchr::memchr(b':', &line).unwrap_or(line.len());
        let name = line.split_to(colon);
        if line.first() == Some(&b':') {
            line.advance(1);
        }
        if line.first() == Some(&b' ') {
            line.advance(1);
        }
        match name.as_ref() {
            b"data" => self.data.add(line),
            // A copy, so that a short word does not keep a whole chunk alive.
            b"event" => self.kind = Bytes::copy_from_slice(&line),
            // Comments have an empty name; `id`, `retry` and unknown fields are of no use here.
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Event> {
        let kind = std::mem::take(&mut self.kind);
        self.data.take().map(|data| Event { kind, data })
    }

    fn fail(&mut self) -> SseError {
        *self = Self::new(self.limit);
        self.failed = true;
        SseError::TooLarge { limit: self.limit }
    }
}
