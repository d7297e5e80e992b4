//! Vectors from one of OpenAI's two spellings to the other, since many model servers answer in the one that was not asked for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::value::RawValue;

use super::data::{At, walk};
use super::head::Encoding;
use super::read::span_of;

/// The bytes of one number in base64.
const NUMBER: usize = size_of::<f32>();

/// Why an answer's vectors cannot be written in another way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VectorError {
    /// The answer is not a JSON object.
    #[error("the answer is not a JSON object")]
    NotJson,
    /// A vector holds something else than finite 32-bit floats.
    #[error("vector {number} holds something else than finite 32-bit floats")]
    Broken {
        /// Which vector, from 0.
        number: usize,
    },
}

/// The answer with every vector written as `encoding`; those that are already stay as they came, as does everything else.
///
/// Exact: a number becomes the 32-bit float nearest to it, and a float the shortest number that is it.
///
/// ```
/// use bytes::Bytes;
/// use swan_core::openai::{Encoding, with_vectors_as};
///
/// let body = Bytes::from_static(br#"{"data":[{"index":0,"embedding":[0.5, -2]}]}"#);
/// let packed = with_vectors_as(&body, Encoding::Base64)?;
/// assert_eq!(packed, br#"{"data":[{"index":0,"embedding":"AAAAPwAAAMA="}]}"#[..]);
/// assert_eq!(with_vectors_as(&packed, Encoding::Float)?, br#"{"data":[{"index":0,"embedding":[0.5,-2.0]}]}"#[..]);
/// # Ok::<(), swan_core::openai::VectorError>(())
/// ```
///
/// # Errors
/// [`VectorError`] when the answer is no JSON object, or a vector cannot be read as 32-bit floats.
pub fn with_vectors_as(body: &Bytes, encoding: Encoding) -> Result<Bytes, VectorError> {
    let text = std::str::from_utf8(body).map_err(|_| VectorError::NotJson)?;
    let mut others: Vec<&RawValue> = Vec::new();
    let mut number = 0_usize;
    let mut numbers = Vec::new();
    walk(text, &mut |at, value| {
        if at == At::Vector {
            let is_text = value.get().starts_with('"');
            if is_text != matches!(encoding, Encoding::Base64) {
                others.push(value);
                numbers.push(number);
            }
            number += 1;
        }
    })
    .ok_or(VectorError::NotJson)?;
    if others.is_empty() {
        return Ok(body.clone());
    }
    let mut out = Vec::with_capacity(body.len());
    let mut from = 0;
    for (value, number) in others.into_iter().zip(numbers) {
        let at = span_of(text, value);
        out.extend_from_slice(body.get(from..at.start).unwrap_or_default());
        let written = match encoding {
            Encoding::Base64 => pack(value.get(), &mut out),
            Encoding::Float => unpack(value.get(), &mut out),
        };
        written.ok_or(VectorError::Broken { number })?;
        from = at.end;
    }
    out.extend_from_slice(body.get(from..).unwrap_or_default());
    Ok(out.into())
}

/// Writes an array of numbers as base64.
fn pack(array: &str, out: &mut Vec<u8>) -> Option<()> {
    let inner = array.strip_prefix('[')?.strip_suffix(']')?;
    let mut floats = Vec::with_capacity(inner.len() / 2);
    for number in inner.split(',') {
        // Read straight as 32 bits: by way of 64 it could be rounded twice.
        let float: f32 = number.trim().parse().ok()?;
        if !float.is_finite() {
            return None;
        }
        floats.extend_from_slice(&float.to_le_bytes());
    }
    out.push(b'"');
    let start = out.len();
    out.resize(start + base64::encoded_len(floats.len(), true)?, 0);
    STANDARD.encode_slice(&floats, out.get_mut(start..)?).ok()?;
    out.push(b'"');
    Some(())
}

/// Writes base64 as an array of numbers.
fn unpack(text: &str, out: &mut Vec<u8>) -> Option<()> {
    // Slashes may be escaped in JSON.
    let text: std::borrow::Cow<'_, str> = match text.contains('\\') {
        true => serde_json::from_str::<String>(text).ok()?.into(),
        false => text.strip_prefix('"')?.strip_suffix('"')?.into(),
    };
    let floats = STANDARD.decode(text.as_bytes()).ok()?;
    let (numbers, rest) = floats.as_chunks::<NUMBER>();
    if numbers.is_empty() || !rest.is_empty() {
        return None;
    }
    for (number, at) in numbers.iter().zip(0_usize..) {
        let float = f32::from_le_bytes(*number);
        if !float.is_finite() {
            return None;
        }
        out.push(if at == 0 { b'[' } else { b',' });
        serde_json::to_writer(&mut *out, &float).ok()?;
    }
    out.push(b']');
    Some(())
}
