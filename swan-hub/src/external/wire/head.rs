//! The head of an answer: what of it is passed on, how its body is framed, and whether the connection can be used again.

use std::mem::MaybeUninit;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use httparse::{Header, ParserConfig, Status};
use memchr::memmem;

use super::chunked::{Chunked, Taken};
use super::{Malformed, READ_AHEAD};

/// The most lines of a head.
const MAX_HEADERS: usize = 100;

const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// What the hub reads of an answer's head.
#[derive(Debug)]
pub(in super::super) struct AnswerHead {
    pub(in super::super) status: StatusCode,
    pub(in super::super) content_type: Option<HeaderValue>,
    /// How its body is encoded, and how long its server wants to be left alone, where it says so.
    pub(in super::super) headers: HeaderMap,
}

/// How the end of a body is known.
#[derive(Debug)]
pub(super) enum Framing {
    /// By its length, of which so much is left.
    Length(u64),
    Chunked(Chunked),
    /// By the end of the connection.
    UntilClose,
}

/// What the beginning of an answer is.
#[derive(Debug)]
pub(super) enum Beginning {
    /// Not enough to say.
    Partial,
    /// An answer of so many bytes that another one follows.
    Interim(usize),
    /// A head of so many bytes.
    Head(usize, Box<Parsed>),
}

#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) head: AnswerHead,
    pub(super) framing: Framing,
    /// Whether another request may follow on the connection.
    pub(super) keeps: bool,
}

impl Framing {
    /// Takes what is next out of what has come.
    pub(super) fn take(&mut self, from: &mut BytesMut) -> Result<Taken, Malformed> {
        let here = match self {
            Self::Chunked(chunked) => return chunked.take(from),
            Self::Length(0) => return Ok(Taken::End),
            Self::Length(left) => {
                let here = usize::try_from(*left).map_or(from.len(), |left| left.min(from.len()));
                *left -= here as u64;
                here
            }
            Self::UntilClose => from.len(),
        };
        match here {
            0 => Ok(Taken::Starved),
            here if here == from.len() => Ok(Taken::Data(std::mem::take(from).freeze())),
            here => Ok(Taken::Data(from.split_to(here).freeze())),
        }
    }
}

/// Reads the beginning of `bytes`, of which the first `known` were looked at before and were no whole head.
pub(super) fn read(bytes: &[u8], known: usize) -> Result<Beginning, Malformed> {
    if !may_be_whole(bytes, known) {
        return match bytes.len() > READ_AHEAD {
            true => Err(Malformed("its head is too large")),
            false => Ok(Beginning::Partial),
        };
    }
    let mut space = [const { MaybeUninit::<Header<'_>>::uninit() }; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut []);
    let parsed = ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        bytes,
        &mut space,
    );
    let length = match parsed {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(Beginning::Partial),
        Err(httparse::Error::TooManyHeaders) => {
            return Err(Malformed("its head has too many lines"));
        }
        Err(_) => return Err(Malformed("it does not speak HTTP/1.1")),
    };
    if length > READ_AHEAD {
        return Err(Malformed("its head is too large"));
    }
    let (Some(version), Some(code)) = (response.version, response.code) else {
        return Ok(Beginning::Partial);
    };
    let status = StatusCode::from_u16(code).map_err(|_| Malformed("its status is none"))?;
    match status {
        StatusCode::SWITCHING_PROTOCOLS => {
            return Err(Malformed("it wants to speak something else than HTTP/1.1"));
        }
        status if status.is_informational() => return Ok(Beginning::Interim(length)),
        _ => {}
    }
    let mut lines = Lines::default();
    for Header { name, value } in response.headers.iter() {
        lines.take(name, value)?;
    }
    Ok(Beginning::Head(
        length,
        Box::new(lines.parsed(status, version)?),
    ))
}

/// Whether a head may be there that was not before: a server that sends byte after byte must not have all of them read each time.
fn may_be_whole(bytes: &[u8], known: usize) -> bool {
    if known == 0 {
        return true;
    }
    let new = bytes.get(known.saturating_sub(3)..).unwrap_or_default();
    memmem::find(new, b"\n\r\n").is_some() || memmem::find(new, b"\n\n").is_some()
}

/// What the lines of a head say, one after the other.
#[derive(Debug, Default)]
struct Lines {
    content_type: Option<HeaderValue>,
    kept: HeaderMap,
    length: Option<u64>,
    is_chunked: Option<bool>,
    closes: bool,
    stays: bool,
}

impl Lines {
    fn take(&mut self, name: &str, value: &[u8]) -> Result<(), Malformed> {
        // Most lines are none of those: their lengths tell.
        match name.len() {
            10 if name.eq_ignore_ascii_case("connection") => {
                let words = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
                words.for_each(|word| {
                    self.closes |= word.eq_ignore_ascii_case(b"close");
                    self.stays |= word.eq_ignore_ascii_case(b"keep-alive");
                });
            }
            12 if name.eq_ignore_ascii_case("content-type") && self.content_type.is_none() => {
                self.content_type = value_of(value);
            }
            14 if name.eq_ignore_ascii_case("content-length") => {
                for length in value.split(|byte| *byte == b',') {
                    let length = length_of(length.trim_ascii())?;
                    if *self.length.get_or_insert(length) != length {
                        return Err(Malformed("its length is given twice, and not as the same"));
                    }
                }
            }
            17 if name.eq_ignore_ascii_case("transfer-encoding") => {
                let is_chunked = value.trim_ascii().eq_ignore_ascii_case(b"chunked");
                // Twice is as wrong as anything else that was not asked for.
                self.is_chunked = Some(is_chunked && self.is_chunked.is_none());
            }
            11 if name.eq_ignore_ascii_case("retry-after") => self.keep(RETRY_AFTER, value),
            14 if name.eq_ignore_ascii_case("retry-after-ms") => self.keep(RETRY_AFTER_MS, value),
            16 if name.eq_ignore_ascii_case("content-encoding") => {
                self.keep(CONTENT_ENCODING, value);
            }
            _ => {}
        }
        Ok(())
    }

    fn keep(&mut self, name: HeaderName, value: &[u8]) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            self.kept.append(name, value);
        }
    }

    fn parsed(self, status: StatusCode, version: u8) -> Result<Parsed, Malformed> {
        let is_old = version == 0;
        let has_no_body = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let framing = match (self.is_chunked, self.length) {
            _ if has_no_body => Framing::Length(0),
            (Some(true), _) if !is_old => Framing::Chunked(Chunked::default()),
            (Some(_), _) => {
                return Err(Malformed(
                    "its body is encoded in a way that was not asked for",
                ));
            }
            (None, Some(length)) => Framing::Length(length),
            (None, None) => Framing::UntilClose,
        };
        // With both, somebody between may have taken the other one for the end.
        let is_clear = self.is_chunked.is_none() || self.length.is_none();
        let ends_by_itself = !matches!(framing, Framing::UntilClose);
        let stays = if is_old { self.stays } else { true };
        Ok(Parsed {
            head: AnswerHead {
                status,
                content_type: self.content_type,
                headers: self.kept,
            },
            framing,
            keeps: stays && !self.closes && is_clear && ends_by_itself,
        })
    }
}

fn length_of(digits: &[u8]) -> Result<u64, Malformed> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(digits).ok().filter(|_| is_number);
    text.and_then(|text| text.parse().ok())
        .ok_or(Malformed("its length is no number"))
}

/// A content type; what most servers say needs no memory.
fn value_of(value: &[u8]) -> Option<HeaderValue> {
    match value {
        b"application/json" => Some(HeaderValue::from_static("application/json")),
        b"text/event-stream" => Some(HeaderValue::from_static("text/event-stream")),
        b"text/event-stream; charset=utf-8" => {
            Some(HeaderValue::from_static("text/event-stream; charset=utf-8"))
        }
        other => HeaderValue::from_maybe_shared(Bytes::copy_from_slice(other)).ok(),
    }
}
