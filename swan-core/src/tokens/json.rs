//! The texts inside a request, counted without taking it apart.

use std::str::Chars;

use super::TokenCounter;

/// About how many tokens a request's prompt has.
///
/// What stands in strings counts, the names of members with it, which is about what a chat template puts around messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PromptTokens {
    /// Tokens of all texts.
    pub text: u64,
    /// Bytes of `data:` URLs, whose tokens only the model knows: an image has some hundreds, whatever its size.
    pub opaque_bytes: u64,
    /// Whether it holds, or may hold, parts that are no text: images, sounds, videos or files, embedded or behind a link.
    pub beyond_text: bool,
}

/// The names of members and the types of parts that are no text.
const PARTS: [&str; 12] = [
    "image_url",
    "input_image",
    "image",
    "input_audio",
    "audio_url",
    "audio",
    "video_url",
    "input_video",
    "video",
    "file",
    "input_file",
    "file_url",
];

impl PromptTokens {
    /// Counts the strings of a JSON document, and each number as one token, as which a prompt may be written. Of what is no JSON the count says nothing, but there always is one.
    #[must_use]
    pub fn of_json(body: &[u8]) -> Self {
        // A request that is not UTF-8 was refused before; what is left is counted as far as it goes.
        let text = match std::str::from_utf8(body) {
            Ok(text) => text,
            Err(error) => body
                .get(..error.valid_up_to())
                .and_then(|valid| std::str::from_utf8(valid).ok())
                .unwrap_or_default(),
        };
        let mut counter = TokenCounter::default();
        let (mut opaque_bytes, mut numbers) = (0_u64, 0_u64);
        let (mut beyond_text, mut in_number) = (false, false);
        let mut rest = text.chars();
        while let Some(character) = rest.next() {
            let follows = std::mem::replace(&mut in_number, character.is_ascii_digit());
            match character {
                '"' if rest.as_str().starts_with("data:") => {
                    let from = rest.as_str();
                    // A data URL has no escapes in it that would hide a quote.
                    let length = from.find('"').unwrap_or(from.len());
                    opaque_bytes = opaque_bytes.saturating_add(length as u64);
                    rest = from.get(length..).unwrap_or_default().chars();
                    rest.next();
                }
                '"' => {
                    beyond_text |= names_a_part(rest.as_str());
                    beyond_text |= string(&mut rest, &mut counter);
                }
                '0'..='9' if !follows => numbers += 1,
                _ => {}
            }
        }
        Self {
            text: counter.tokens().saturating_add(numbers),
            opaque_bytes,
            beyond_text: beyond_text || opaque_bytes > 0,
        }
    }
}

/// Whether the string that begins here is a name of [`PARTS`].
fn names_a_part(string: &str) -> bool {
    let is = |name: &&str| {
        let after = string.strip_prefix(*name);
        after.is_some_and(|after| after.starts_with('"'))
    };
    PARTS.iter().any(is)
}

/// Counts up to the quote that ends the string, and a space after it, so that two strings are two words.
///
/// Says whether a letter is written by its number: no encoder does so, but it would hide the name of a part.
fn string(rest: &mut Chars<'_>, counter: &mut TokenCounter) -> bool {
    let mut hides = false;
    while let Some(character) = rest.next() {
        match character {
            '"' => break,
            '\\' => {
                let by_number = rest.as_str().starts_with('u');
                if let Some(escaped) = escape(rest) {
                    hides |=
                        by_number && (escaped.is_ascii_alphanumeric() || "_:".contains(escaped));
                    counter.character(escaped);
                }
            }
            plain => counter.character(plain),
        }
    }
    counter.character(' ');
    hides
}

/// What a backslash begins.
fn escape(rest: &mut Chars<'_>) -> Option<char> {
    Some(match rest.next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' | 'f' => ' ',
        'u' => return unicode(rest),
        other => other,
    })
}

/// A character by its number; the two halves of a large one come one after the other.
fn unicode(rest: &mut Chars<'_>) -> Option<char> {
    let high = hexadecimal(rest)?;
    if !(0xd800..0xdc00).contains(&high) {
        return char::from_u32(high);
    }
    let mut ahead = rest.clone();
    if (ahead.next(), ahead.next()) != (Some('\\'), Some('u')) {
        return None;
    }
    let low = hexadecimal(&mut ahead)?;
    *rest = ahead;
    let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + low)
}

fn hexadecimal(rest: &mut Chars<'_>) -> Option<u32> {
    let text = rest.as_str().get(..4)?;
    let number = u32::from_str_radix(text, 16).ok()?;
    *rest = rest.as_str().get(4..)?.chars();
    Some(number)
}
