//! An answer that is no stream, read once. What it must hold, and what of it counts, follows from what was asked.

use bytes::Bytes;
use serde_json::value::RawValue;
use swan_core::openai::{
    Asks, ChunkFacts, DataFacts, Encoding, TranscriptFacts, TranscriptFormat, Vectors,
    with_vectors_as,
};

use super::tally::{GAVE_UP, said};

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) body: Bytes,
    /// What the consumer is told that it is.
    pub(crate) content_type: &'static str,
    /// Bytes of generated text.
    pub(crate) content_bytes: u64,
    /// Vectors or images.
    pub(crate) items: u64,
    /// The usage object, a slice of the body.
    pub(crate) usage: Option<Bytes>,
}

impl Whole {
    /// Reads what answers `asks`.
    ///
    /// # Errors
    ///
    /// In words, why this is no answer: the next provider may have one.
    pub(super) fn read(asks: &Asks, body: Bytes) -> Result<Self, String> {
        match asks {
            Asks::Embedding(vectors) => Self::vectors(vectors, body),
            Asks::Images(_) => Ok(Self::data(body)?.0),
            Asks::Transcription(wanted) => Self::transcript(wanted.format, body),
            _ => Self::text(body),
        }
    }

    fn text(body: Bytes) -> Result<Self, String> {
        let facts = ChunkFacts::read(&body).ok_or(NOT_JSON)?;
        if let Some(error) = facts.error {
            return Err(said(error));
        }
        if facts.failed {
            return Err(GAVE_UP.to_owned());
        }
        // SDKs reach for the first choice; an object without one is nobody's answer and earns nothing.
        if facts.choices == 0 {
            return Err(EMPTY.to_owned());
        }
        let (content_bytes, usage) = (facts.content_bytes, within(&body, facts.usage));
        Ok(Self {
            body,
            content_type: JSON,
            content_bytes,
            items: 0,
            usage,
        })
    }

    fn vectors(asked: &Vectors, body: Bytes) -> Result<Self, String> {
        let (whole, spelled) = Self::data(body)?;
        if whole.items != asked.inputs {
            return Err(format!(
                "it answered {} vectors to {} texts",
                whole.items, asked.inputs
            ));
        }
        if spelled.is_none_or(|spelled| spelled == asked.encoding) {
            return Ok(whole);
        }
        let body = with_vectors_as(&whole.body, asked.encoding);
        let (whole, _) = Self::data(body.map_err(|error| error.to_string())?)?;
        Ok(whole)
    }

    /// An answer that is a list, and how its vectors are written: those of an answer are all alike.
    fn data(body: Bytes) -> Result<(Self, Option<Encoding>), String> {
        let facts = DataFacts::read(&body).ok_or(NOT_JSON)?;
        if let Some(error) = facts.error {
            return Err(said(error));
        }
        let spelled = match (facts.items, facts.arrays, facts.texts) {
            (0, ..) => return Err(EMPTY.to_owned()),
            (_, 0, 0) => None,
            (_, _, 0) => Some(Encoding::Float),
            (_, 0, _) => Some(Encoding::Base64),
            _ => return Err("its vectors are written in two ways".to_owned()),
        };
        let (items, usage) = (facts.items, within(&body, facts.usage));
        let whole = Self {
            body,
            content_type: JSON,
            content_bytes: 0,
            items,
            usage,
        };
        Ok((whole, spelled))
    }
}

impl Whole {
    /// What a recording says. Its format was asked for, and so what the provider calls it does not count.
    fn transcript(format: TranscriptFormat, body: Bytes) -> Result<Self, String> {
        let (content_bytes, usage) = match format.is_json() {
            true => {
                let facts = TranscriptFacts::read(&body).ok_or(NOT_JSON)?;
                if let Some(error) = facts.error {
                    return Err(said(error));
                }
                let text = facts.text_bytes.ok_or(EMPTY)?;
                (text, within(&body, facts.usage))
            }
            false => (subtitles(format, &body)?, None),
        };
        Ok(Self {
            body,
            content_type: format.content_type(),
            content_bytes,
            items: 0,
            usage,
        })
    }
}

/// The bytes of text in an answer that is text.
fn subtitles(format: TranscriptFormat, body: &[u8]) -> Result<u64, String> {
    let text = str::from_utf8(body).map_err(|_| "its answer is not text".to_owned())?;
    let text = text.trim_start_matches('\u{feff}').trim();
    // Some servers answer errors, or everything, as JSON.
    if text.starts_with('{') {
        return Err("it answered with JSON where text was asked for".to_owned());
    }
    let content = match format {
        TranscriptFormat::Vtt => text
            .strip_prefix("WEBVTT")
            .ok_or("its answer is not WebVTT")?,
        _ => text,
    };
    Ok(content.trim().len() as u64)
}

/// The content type of most answers.
pub(super) const JSON: &str = "application/json";
const NOT_JSON: &str = "its answer is not a JSON object";
const EMPTY: &str = "its answer was empty";

fn within(body: &Bytes, part: Option<&RawValue>) -> Option<Bytes> {
    part.map(|part| body.slice_ref(part.get().as_bytes()))
}
