//! What the name of an unknown model tells: its modality and its size.

use super::Modality;

/// Words that mark models which do something else than chat. Vision and "vl" models chat, so they are not here.
const EMBEDDING: [&str; 12] = [
    "embed",
    "embedding",
    "embeddings",
    "bge",
    "e5",
    "gte",
    "minilm",
    "rerank",
    "reranker",
    "colbert",
    "mxbai",
    "sentence",
];
const AUDIO: [&str; 10] = [
    "whisper", "asr", "stt", "tts", "speech", "kokoro", "parakeet", "canary", "bark", "musicgen",
];
const IMAGE: [&str; 13] = [
    "flux",
    "sdxl",
    "sd3",
    "sd15",
    "diffusion",
    "diffusers",
    "dall",
    "imagen",
    "image",
    "kandinsky",
    "pixart",
    "siglip",
    "clip",
];

/// The words of a name: its lower-case runs of letters, digits and dots.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_alphanumeric() && c != '.')
        .filter(|word| !word.is_empty())
}

/// What a model of this lower-case name does, as far as the name shows; chat otherwise.
pub(super) fn modality(name: &str) -> Modality {
    for word in words(name) {
        // "flux.1" and "bge.q8" begin with the word that counts; "nomic-embed-text" holds it.
        let word = word.split('.').next().unwrap_or(word);
        if EMBEDDING.contains(&word) {
            return Modality::Embedding;
        }
        if AUDIO.contains(&word) {
            return Modality::Audio;
        }
        if IMAGE.contains(&word) {
            return Modality::Image;
        }
    }
    Modality::Chat
}

/// The parameters, in millions, that this lower-case name shows: the largest of `8b`, `0.5b`, `135m`, `8x7b`, `1t`.
///
/// Active parameters of a mixture (`a3b`) and bit widths (`4bit`) do not have that shape, so they do not count.
pub(super) fn million_parameters(name: &str) -> Option<u64> {
    words(name).filter_map(size).max()
}

fn size(word: &str) -> Option<u64> {
    let (first, rest) = number(word)?;
    let (experts, thousandths, rest) = match rest.strip_prefix('x') {
        Some(rest) => {
            let (each, rest) = number(rest)?;
            (first / 1_000, each, rest)
        }
        None => (1, first, rest),
    };
    let mut rest = rest.chars();
    let millions = match rest.next()? {
        'm' => thousandths / 1_000,
        'b' => thousandths,
        't' => thousandths * 1_000,
        _ => return None,
    };
    // "llama-2-7b.q4" goes on after the size; "7bit" is no size.
    let ends = matches!(rest.next(), None | Some('.'));
    let total = millions * experts;
    (ends && total > 0).then_some(total)
}

/// A number of at most six digits before and three after the point, in thousandths, and what follows it.
fn number(text: &str) -> Option<(u64, &str)> {
    let (whole, rest) = digits(text);
    let whole_value = (1..=6)
        .contains(&whole.len())
        .then(|| whole.parse::<u64>().ok())??;
    let (fraction, after) = match rest.strip_prefix('.').map(digits) {
        Some((fraction, after)) if !fraction.is_empty() => (fraction, after),
        _ => return Some((whole_value * 1_000, rest)),
    };
    let thousandths = fraction
        .bytes()
        .chain(*b"000")
        .take(3)
        .fold(0, |n, b| n * 10 + u64::from(b - b'0'));
    Some((whole_value * 1_000 + thousandths, after))
}

/// The decimal digits that `text` begins with, and the rest.
fn digits(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at_checked(end).unwrap_or((text, ""))
}
