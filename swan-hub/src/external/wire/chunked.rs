//! Bodies in chunks, as servers send them whose end they do not know at the beginning.

use bytes::{Buf as _, Bytes, BytesMut};
use memchr::memchr;

use super::Malformed;

/// The longest line that gives a chunk's size, with its extensions.
const SIZE_LINE: usize = 1 << 10;
/// The most of trailers that is passed over.
const TRAILERS: usize = 16 << 10;
/// The most of extensions in one body, which are of no use to anybody.
const EXTENSIONS: usize = 16 << 10;

/// How far a body has come.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    at: At,
    /// Bytes of extensions or trailers so far.
    ignored: usize,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    /// The line with the size of the next chunk.
    #[default]
    Size,
    /// A chunk, of which so much is left.
    Data(u64),
    /// The line break after a chunk.
    Break,
    /// The lines after the last chunk.
    Trailers,
    End,
}

/// What there is to take of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Data(Bytes),
    /// More must come first.
    Starved,
    /// That was all.
    End,
}

impl Chunked {
    /// Takes what is next out of what has come.
    pub(super) fn take(&mut self, from: &mut BytesMut) -> Result<Taken, Malformed> {
        loop {
            match self.at {
                At::Size => {
                    let Some((size, length)) = size_line(from)? else {
                        return Ok(Taken::Starved);
                    };
                    self.ignore(length, EXTENSIONS)?;
                    self.at = match size {
                        0 => At::Trailers,
                        size => At::Data(size),
                    };
                }
                At::Data(left) => {
                    if from.is_empty() {
                        return Ok(Taken::Starved);
                    }
                    let here =
                        usize::try_from(left).map_or(from.len(), |left| left.min(from.len()));
                    let left = left - here as u64;
                    self.at = if left == 0 { At::Break } else { At::Data(left) };
                    return Ok(Taken::Data(from.split_to(here).freeze()));
                }
                At::Break => match from.get(..2) {
                    Some(b"\r\n") => {
                        from.advance(2);
                        self.at = At::Size;
                    }
                    None if from.is_empty() || from.as_ref() == b"\r" => return Ok(Taken::Starved),
                    _ => return Err(Malformed("a chunk is longer than its size")),
                },
                At::Trailers => {
                    let Some(line) = line_of(from, TRAILERS)? else {
                        return Ok(Taken::Starved);
                    };
                    let (is_last, length) = (line.is_empty(), line.len() + 2);
                    from.advance(length);
                    self.ignore(length, TRAILERS)?;
                    if is_last {
                        self.at = At::End;
                    }
                }
                At::End => return Ok(Taken::End),
            }
        }
    }

    fn ignore(&mut self, bytes: usize, most: usize) -> Result<(), Malformed> {
        self.ignored += bytes;
        if self.ignored > most {
            return Err(Malformed("there is too much around its chunks"));
        }
        Ok(())
    }
}

/// The next line without its end, if it is there.
fn line_of(from: &[u8], longest: usize) -> Result<Option<&[u8]>, Malformed> {
    let Some(end) = memchr(b'\n', from) else {
        return match from.len() > longest {
            true => Err(Malformed("a line between its chunks is too long")),
            false => Ok(None),
        };
    };
    let line = from.get(..end).unwrap_or_default();
    match line.strip_suffix(b"\r") {
        Some(line) if memchr(b'\r', line).is_none() => Ok(Some(line)),
        _ => Err(Malformed("a line between its chunks is not one")),
    }
}

/// Takes the line with the size of a chunk; gives that, and the length of the line's extensions.
fn size_line(from: &mut BytesMut) -> Result<Option<(u64, usize)>, Malformed> {
    let Some(line) = line_of(from, SIZE_LINE)? else {
        return Ok(None);
    };
    let mut size = 0_u64;
    let mut digits = 0;
    for digit in line.iter().map_while(|byte| char::from(*byte).to_digit(16)) {
        size = size
            .checked_mul(16)
            .map(|size| size | u64::from(digit))
            .ok_or(Malformed("the size of a chunk is beyond all bounds"))?;
        digits += 1;
    }
    let extension = line.get(digits..).unwrap_or_default();
    let is_well_formed = matches!(extension.trim_ascii_start().first(), None | Some(b';'));
    if digits == 0 || !is_well_formed {
        return Err(Malformed("the size of a chunk is no number"));
    }
    let (ignored, length) = (extension.len(), line.len() + 2);
    from.advance(length);
    Ok(Some((size, ignored)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes of a body that arrives in these parts, and what is left behind it.
    fn read(parts: &[&[u8]]) -> Result<(Vec<u8>, bool, usize), Malformed> {
        let (mut chunked, mut buffer, mut body) = (Chunked::default(), BytesMut::new(), Vec::new());
        let mut over = false;
        for part in parts {
            buffer.extend_from_slice(part);
            loop {
                match chunked.take(&mut buffer)? {
                    Taken::Data(data) => body.extend_from_slice(&data),
                    Taken::Starved => break,
                    Taken::End => {
                        over = true;
                        break;
                    }
                }
            }
        }
        Ok((body, over, buffer.len()))
    }

    #[test]
    fn bodies_are_what_their_chunks_say() {
        for (wire, body, over, left) in [
            (&b"0\r\n\r\n"[..], &b""[..], true, 0),
            (b"5\r\nhello\r\n0\r\n\r\n", b"hello", true, 0),
            (
                b"5;a=b\r\nhello\r\n0 \r\nx: 1\r\ny: 2\r\n\r\n",
                b"hello",
                true,
                0,
            ),
            (
                b"0a\r\n0123456789\r\n00\r\n\r\nHTTP",
                b"0123456789",
                true,
                4,
            ),
            (b"5\r\nhel", b"hel", false, 0),
            (b"5\r\nhello\r", b"hello", false, 1),
            (b"ffffffffffffffff\r\nmuch", b"much", false, 0),
        ] {
            let shown = String::from_utf8_lossy(wire);
            let bytes: Vec<&[u8]> = wire.chunks(1).collect();
            for parts in [vec![wire], bytes] {
                assert_eq!(read(&parts), Ok((body.to_vec(), over, left)), "{shown}");
            }
        }
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let long = [&b"1"[..], &b";".repeat(2_000)].concat();
        let padded = b"1;xxxxxxxxxxxxxxx\r\na\r\n".repeat(2_000);
        let trailed = [&b"0\r\n"[..], &b"x: y\r\n".repeat(4_000)].concat();
        for wire in [
            &b"\r\n"[..],
            b"x\r\n",
            b"-1\r\n",
            b"5\nhello",
            b"5\r\nhello!\r\n",
            b"5\r\nhelloX",
            b"5\r\nhello\rX",
            b"5 6\r\n",
            b"5;\r a\r\n",
            b"10000000000000000\r\n",
            b"0\r\nx: y\n\r\n",
            &long,
            &padded,
            &trailed,
        ] {
            let shown = String::from_utf8_lossy(wire.get(..wire.len().min(40)).unwrap_or(wire));
            assert!(read(&[wire]).is_err(), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn however_it_arrives_a_body_is_the_same(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..8),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        ) {
            let mut wire = Vec::new();
            for chunk in &chunks {
                wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                wire.extend_from_slice(chunk);
                wire.extend_from_slice(b"\r\n");
            }
            wire.extend_from_slice(b"0\r\n\r\n");
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(wire.len())).collect();
            cuts.sort_unstable();
            let mut parts = Vec::new();
            let mut from = 0;
            for cut in cuts.into_iter().chain([wire.len()]) {
                parts.push(&wire[from..cut]);
                from = cut;
            }
            prop_assert_eq!(read(&parts), Ok((chunks.concat(), true, 0)));
        }

        #[test]
        fn no_bytes_make_it_lose_its_way(wire in prop::collection::vec(prop::sample::select(&b"0159af;\r\n x:"[..]), 0..60)) {
            let whole = read(&[&wire]);
            let bytes: Vec<&[u8]> = wire.chunks(1).collect();
            prop_assert_eq!(whole, read(&bytes));
        }
    }
}
