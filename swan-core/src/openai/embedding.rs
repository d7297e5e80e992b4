//! Embeddings: texts as vectors.

use std::ops::Deref;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::input::Input;
use super::json::Json;
use super::open::{Member, open_struct};
use super::response::Usage;

open_struct! {
    /// A request for the vectors of one or more texts.
    ///
    /// ```
    /// use swan_core::openai::EmbeddingRequest;
    ///
    /// let request = EmbeddingRequest::new("bge", ["one", "two"]);
    /// assert_eq!(serde_json::to_string(&request)?, r#"{"model":"bge","input":["one","two"]}"#);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct EmbeddingRequest {
        /// The model's name.
        model as "model": String,
        /// The texts.
        input as "input": Input,
        /// `float` or `base64`; both read as the same [`Vector`], and base64 is a third of the bytes.
        encoding_format as "encoding_format": Option<String>,
        /// How long the vectors should be, where the model can choose.
        dimensions as "dimensions": Option<u64>,
        /// An opaque name of the end user.
        user as "user": Option<String>,
    }
}

open_struct! {
    /// The vectors, in the order of the texts.
    pub struct EmbeddingResponse {
        /// `list`.
        object as "object": Option<String>,
        /// One for each text.
        data as "data": Vec<Embedding>,
        /// The model that made them.
        model as "model": String,
        /// The tokens used.
        usage as "usage": Option<Usage>,
    }
}

open_struct! {
    /// The vector of one text.
    pub struct Embedding {
        /// Which text it is, from 0.
        index as "index": u64,
        /// `embedding`.
        object as "object": Option<String>,
        /// The vector; empty when what came is none, which then stands in `extra`.
        embedding as "embedding": Vector,
    }
}

/// A vector, from either of the two spellings: an array of numbers, or base64 of 32-bit floats with the least significant
/// byte first.
///
/// ```
/// use swan_core::openai::Vector;
///
/// let array: Vector = serde_json::from_str("[0.5, -2]")?;
/// let packed: Vector = serde_json::from_str(r#""AAAAPwAAAMA=""#)?;
/// assert_eq!(array, packed);
/// assert_eq!(&array[..], [0.5, -2.0]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Vector(Vec<f32>);

impl Vector {
    /// The numbers.
    #[must_use]
    pub fn into_inner(self) -> Vec<f32> {
        self.0
    }
}

impl From<Vec<f32>> for Vector {
    fn from(numbers: Vec<f32>) -> Self {
        Self(numbers)
    }
}

impl Deref for Vector {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl Member for Vector {}

impl Serialize for Vector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        let numbers = match json.as_str().starts_with('"') {
            true => json.read::<String>().ok().and_then(|text| unpack(&text)),
            false => numbers(json.as_str()),
        };
        numbers
            .map(Self)
            .ok_or_else(|| D::Error::custom("expected finite 32-bit floats, as an array or base64"))
    }
}

fn numbers(array: &str) -> Option<Vec<f32>> {
    let inner = array.strip_prefix('[')?.strip_suffix(']')?;
    // Read straight as 32 bits: by way of 64 a number could be rounded twice.
    let number = |text: &str| {
        text.trim()
            .parse()
            .ok()
            .filter(|float: &f32| float.is_finite())
    };
    inner.split(',').map(number).collect()
}

fn unpack(text: &str) -> Option<Vec<f32>> {
    let bytes = STANDARD.decode(text).ok()?;
    let (numbers, rest) = bytes.as_chunks();
    let number =
        |bytes: &[u8; 4]| Some(f32::from_le_bytes(*bytes)).filter(|float| float.is_finite());
    let numbers: Vec<f32> = numbers.iter().map(number).collect::<Option<_>>()?;
    (rest.is_empty() && !numbers.is_empty()).then_some(numbers)
}

impl EmbeddingRequest {
    /// A request with these two and nothing else.
    #[must_use]
    pub fn new(model: impl Into<String>, input: impl Into<Input>) -> Self {
        Self {
            model: model.into(),
            input: input.into(),
            ..Self::default()
        }
    }

    /// Asks for vectors of this length.
    #[must_use]
    pub fn with_dimensions(self, dimensions: u64) -> Self {
        Self {
            dimensions: Some(dimensions),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{EmbeddingResponse, Vector};

    #[test]
    fn what_is_no_vector_is_kept_and_not_guessed() {
        for wrong in [
            "[]",
            "[1,\"a\"]",
            "[1e99]",
            "[[1]]",
            "\"AAAA\"",
            "\"\"",
            "\"AACAfw==\"",
            "7",
            "null",
            "{}",
        ] {
            assert!(serde_json::from_str::<Vector>(wrong).is_err(), "{wrong}");
        }
        let answer = r#"{"data":[{"index":0,"embedding":[1,"a"]}]}"#;
        let answer: EmbeddingResponse = serde_json::from_str(answer).unwrap();
        let vector = &answer.data[0];
        assert!(vector.embedding.is_empty());
        assert_eq!(
            vector.extra.get("embedding").unwrap().as_str(),
            r#"[1,"a"]"#
        );
    }
}
