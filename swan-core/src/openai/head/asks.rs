//! What differs between the operations: what is asked for, and how much of it.

use serde_json::value::RawValue;

use super::error::wrong;
use super::fields::Found;
use super::members::Member;
use super::texts::{Texts, texts};
use super::values::{boolean, integer, present, string, text_of};
use super::{HeadError, Transcription};
use crate::protocol::Operation;

/// More tokens than any model's context; a higher number is a mistake or an attack.
const MAX_TOKENS: u64 = 1_000_000_000;
/// OpenAI's own bound on `n` of texts.
const MAX_CHOICES: u64 = 128;
/// OpenAI's own bound on `best_of`.
const MAX_BEST_OF: u64 = 128;
/// OpenAI's own bound on `n` of images.
const MAX_IMAGES: u64 = 10;
/// Longer vectors than any model makes.
const MAX_DIMENSIONS: u64 = 65_536;
/// OpenAI's `max_tokens` of a completion that names none; model servers differ in theirs, or have none.
const COMPLETION_TOKENS: u64 = 16;

/// What a request asks for, by its operation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Asks {
    /// The next message of a conversation.
    Chat(Generation),
    /// The continuation of one or more texts.
    Completion(Generation),
    /// Vectors.
    Embedding(Vectors),
    /// Images.
    Images(Images),
    /// The text of a recording.
    Transcription(Transcription),
}

/// How much text may be generated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Generation {
    /// `max_tokens`.
    pub max_tokens: Option<u64>,
    /// `max_completion_tokens`; of chat only.
    pub max_completion_tokens: Option<u64>,
    /// llama.cpp's own name for the limit, which overrides the other two there.
    pub n_predict: Option<u64>,
    /// The limit of a request that names none, where the API has one.
    pub implied: Option<u64>,
    /// How many prompts there are; 1 of a chat.
    pub prompts: u64,
    /// How many choices the consumer gets: `n`, for each prompt.
    pub choices: u64,
    /// How many are generated for that: `best_of` where it is more than `n`, for each prompt.
    pub generated: u64,
    /// Bytes of the prompts that the answer repeats (`echo`), over all choices.
    pub echoed_bytes: u64,
}

impl Generation {
    /// The most tokens that one choice may have: the highest of the limits given, since model servers differ in
    /// which of them they obey.
    #[must_use]
    pub fn max_output_tokens(&self) -> Option<u64> {
        let given = self.max_tokens.max(self.max_completion_tokens);
        given.max(self.n_predict).or(self.implied)
    }

    /// Whether the request names a limit itself.
    #[must_use]
    pub const fn is_limited(&self) -> bool {
        self.max_tokens.is_some()
            || self.max_completion_tokens.is_some()
            || self.n_predict.is_some()
    }
}

/// How vectors are to be made and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vectors {
    /// How many texts, 1 to 2,048.
    pub inputs: u64,
    /// How the vectors are written.
    pub encoding: Encoding,
}

/// How a vector is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "OpenAI's two; an answer is in one of them"
)]
pub enum Encoding {
    /// An array of numbers.
    #[default]
    Float,
    /// Base64 of 32-bit floats, the least significant byte first.
    Base64,
}

/// How many images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Images {
    /// `n`, 1 to 10.
    pub n: u64,
}

impl Asks {
    /// Reads what `operation` asks for.
    pub(super) fn read(operation: &Operation, found: &Found<'_>) -> Result<Self, HeadError> {
        match operation {
            Operation::Completions => completion(found).map(Self::Completion),
            Operation::Embeddings => embedding(found).map(Self::Embedding),
            Operation::ImagesGenerations => images(found).map(Self::Images),
            _ => chat(found).map(Self::Chat),
        }
    }

    /// How many texts are asked about, each of which must fit the model's context by itself; at least 1.
    #[must_use]
    pub fn texts(&self) -> u64 {
        let texts = match self {
            Self::Chat(generation) | Self::Completion(generation) => generation.prompts,
            Self::Embedding(vectors) => vectors.inputs,
            Self::Images(_) | Self::Transcription(_) => 1,
        };
        texts.max(1)
    }

    /// What text is generated, if any.
    #[must_use]
    pub const fn generation(&self) -> Option<&Generation> {
        match self {
            Self::Chat(generation) | Self::Completion(generation) => Some(generation),
            Self::Embedding(_) | Self::Images(_) | Self::Transcription(_) => None,
        }
    }
}

fn chat(found: &Found<'_>) -> Result<Generation, HeadError> {
    let messages = found.required(Member::Messages)?;
    if !messages.get().starts_with('[') {
        return Err(wrong("messages", "an array of messages", messages));
    }
    let n = choices(found)?;
    Ok(Generation {
        max_tokens: limit(found, Member::MaxTokens)?,
        max_completion_tokens: limit(found, Member::MaxCompletionTokens)?,
        n_predict: limit(found, Member::NPredict)?,
        prompts: 1,
        choices: n,
        generated: n,
        ..Generation::default()
    })
}

fn completion(found: &Found<'_>) -> Result<Generation, HeadError> {
    let Texts { count, bytes, .. } = texts("prompt", found.required(Member::Prompt)?)?;
    let n = choices(found)?;
    let best_of = found.get(Member::BestOf);
    let expected = "an integer from 1 to 128";
    let generated = integer("best_of", expected, (1, MAX_BEST_OF), best_of)?.unwrap_or(n);
    if generated < n
        && let Some(value) = best_of
    {
        return Err(wrong("best_of", "at least as much as n", value));
    }
    let is_streamed = boolean("stream", found.get(Member::Stream))?.unwrap_or(false);
    if generated > n
        && is_streamed
        && let Some(value) = best_of
    {
        // The best one is known only when all are there.
        return Err(wrong("best_of", "no more than n in a stream", value));
    }
    let echo = boolean("echo", found.get(Member::Echo))?.unwrap_or(false);
    // With `echo`, no token at all may be asked for: the prompt's log probabilities are the answer.
    let expected = "an integer from 0 to 1000000000";
    let most = found.get(Member::MaxTokens);
    Ok(Generation {
        max_tokens: integer("max_tokens", expected, (0, MAX_TOKENS), most)?,
        max_completion_tokens: None,
        n_predict: limit(found, Member::NPredict)?,
        implied: Some(COMPLETION_TOKENS),
        prompts: count,
        choices: n.saturating_mul(count),
        generated: generated.saturating_mul(count),
        echoed_bytes: if echo { bytes.saturating_mul(n) } else { 0 },
    })
}

fn embedding(found: &Found<'_>) -> Result<Vectors, HeadError> {
    const ENCODINGS: &str = "\"float\" or \"base64\"";
    let input = found.required(Member::Input)?;
    let Texts {
        count, any_empty, ..
    } = texts("input", input)?;
    if any_empty {
        return Err(wrong("input", "texts that are not empty", input));
    }
    let encoding = present(found.get(Member::EncodingFormat));
    let encoding = match encoding.map(|value| (value, value.get())) {
        None | Some((_, "\"float\"")) => Encoding::Float,
        Some((_, "\"base64\"")) => Encoding::Base64,
        Some((value, _)) => return Err(wrong("encoding_format", ENCODINGS, value)),
    };
    let expected = "an integer from 1 to 65536";
    let dimensions = found.get(Member::Dimensions);
    integer("dimensions", expected, (1, MAX_DIMENSIONS), dimensions)?;
    never_streams(found)?;
    Ok(Vectors {
        inputs: count,
        encoding,
    })
}

fn images(found: &Found<'_>) -> Result<Images, HeadError> {
    let prompt = found.required(Member::Prompt)?;
    if text_of(prompt).is_none_or(<[u8]>::is_empty) {
        return Err(wrong("prompt", "a text", prompt));
    }
    let expected = "an integer from 1 to 10";
    let n = integer("n", expected, (1, MAX_IMAGES), found.get(Member::N))?.unwrap_or(1);
    string(
        "size",
        "a text such as \"1024x1024\"",
        found.get(Member::Size),
    )?;
    if let Some(format) = present(found.get(Member::ResponseFormat))
        && !matches!(format.get(), "\"url\"" | "\"b64_json\"")
    {
        return Err(wrong("response_format", "\"url\" or \"b64_json\"", format));
    }
    never_streams(found)?;
    Ok(Images { n })
}

fn never_streams(found: &Found<'_>) -> Result<(), HeadError> {
    let stream = found.get(Member::Stream);
    match (boolean("stream", stream)?, stream) {
        (Some(true), Some(value)) => Err(wrong("stream", "false, since this never streams", value)),
        _ => Ok(()),
    }
}

fn choices(found: &Found<'_>) -> Result<u64, HeadError> {
    let expected = "an integer from 1 to 128";
    let n = integer("n", expected, (1, MAX_CHOICES), found.get(Member::N))?;
    Ok(n.unwrap_or(1))
}

fn limit(found: &Found<'_>, member: Member) -> Result<Option<u64>, HeadError> {
    let expected = "an integer from 1 to 1000000000";
    integer(member.name(), expected, (1, MAX_TOKENS), found.get(member))
}

/// The limits of the answer, as they stand in the body.
pub(super) fn limits<'a>(found: &Found<'a>) -> impl Iterator<Item = &'a RawValue> {
    let members = [
        Member::MaxTokens,
        Member::MaxCompletionTokens,
        Member::NPredict,
    ];
    members
        .map(|member| found.get(member))
        .into_iter()
        .flatten()
}
