//! A whole form.

use memchr::memmem;

use super::part::{HEADER_BYTES, headers};
use super::{Boundary, FormError, Part};

/// The most parts that a form may have.
const PARTS: usize = 64;
const BLANK: &[u8] = b"\r\n\r\n";

/// The parts of a form, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    parts: Vec<Part>,
}

impl Form {
    /// Reads a whole body.
    ///
    /// # Errors
    /// [`FormError`] says what is wrong and where.
    pub fn parse(body: &[u8], boundary: &Boundary) -> Result<Self, FormError> {
        let delimiter = &boundary.delimiter;
        if !body.starts_with(delimiter) {
            return Err(FormError::Start);
        }
        let mut line = Vec::with_capacity(delimiter.len() + 2);
        line.extend_from_slice(b"\r\n");
        line.extend_from_slice(delimiter);
        let finder = memmem::Finder::new(&line);
        let mut parts = Vec::new();
        let mut start = 0;
        loop {
            let after = start + delimiter.len();
            let rest = body.get(after..).unwrap_or_default();
            if rest.starts_with(b"--") {
                return end(body, after + 2).map(|()| Self { parts });
            }
            if parts.len() == PARTS {
                return Err(FormError::Parts { most: PARTS });
            }
            let padding = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
            let padding = padding.count();
            let rest = rest.get(padding..).unwrap_or_default();
            if !rest.starts_with(b"\r\n") {
                return Err(match rest.len() {
                    0 | 1 => FormError::Unfinished,
                    _ => FormError::BoundaryLine { at: start },
                });
            }
            let next = part(body, (start, after + padding + 2), &finder, &mut parts)?;
            start = next;
        }
    }

    /// The parts, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The part of this name, if there is one.
    ///
    /// # Errors
    /// [`FormError::Duplicate`] when there are several.
    pub fn only(&self, name: &str) -> Result<Option<&Part>, FormError> {
        let mut found = self.parts.iter().filter(|part| part.name == name);
        let first = found.next();
        match found.next() {
            Some(_) => Err(FormError::Duplicate { name: name.into() }),
            None => Ok(first),
        }
    }
}

/// Takes one part, whose boundary line begins at `start` and whose headers at `from`; answers where the next boundary begins.
fn part(
    body: &[u8],
    (start, from): (usize, usize),
    finder: &memmem::Finder<'_>,
    parts: &mut Vec<Part>,
) -> Result<usize, FormError> {
    let number = parts.len() + 1;
    let wrong = |problem| FormError::Header { number, problem };
    let rest = body.get(from..).unwrap_or_default();
    let window = rest.get(..rest.len().min(HEADER_BYTES)).unwrap_or_default();
    let Some(length) = memmem::find(window, BLANK) else {
        return Err(match rest.len() > HEADER_BYTES {
            true => wrong("its headers are longer than 8 KiB"),
            false => FormError::Unfinished,
        });
    };
    let found = headers(window.get(..length).unwrap_or_default()).map_err(wrong)?;
    let name = found
        .name
        .ok_or_else(|| wrong("it has no Content-Disposition"))?;
    let content = from + length + BLANK.len();
    let rest = body.get(content..).unwrap_or_default();
    let length = finder.find(rest).ok_or(FormError::Unfinished)?;
    let end = content + length;
    parts.push(Part {
        name,
        filename: found.filename,
        content_type: found.content_type,
        content: content..end,
        whole: start..end + 2,
    });
    Ok(end + 2)
}

/// What may follow the last boundary: padding and one line end, as senders differ in whether they write it.
fn end(body: &[u8], at: usize) -> Result<(), FormError> {
    let rest = body.get(at..).unwrap_or_default();
    match rest
        .iter()
        .all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
    {
        true => Ok(()),
        false => Err(FormError::Trailing { at }),
    }
}
