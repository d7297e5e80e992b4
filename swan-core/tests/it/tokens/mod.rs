//! The count of tokens against five tokenizers.

use proptest::prelude::*;
use swan_core::tokens::{PromptTokens, TokenCounter, count};

/// A text and its tokens by cl100k, o200k, Qwen, Tekken and DeepSeek V3.
macro_rules! measured {
    ($($name:literal: $counts:expr),* $(,)?) => {
        &[$(($name, include_str!(concat!("texts/", $name, ".txt")), $counts)),*]
    };
}

/// Counted with the tokenizers themselves (tiktoken and tokenizers, from their published vocabularies); nothing here was guessed.
const MEASURED: &[(&str, &str, [u64; 5])] = measured! {
    "arabic": [185, 85, 98, 82, 101],
    "chinese": [184, 118, 89, 127, 79],
    "csv": [119, 121, 151, 157, 125],
    "emoji": [84, 69, 68, 102, 75],
    "english": [112, 112, 112, 112, 111],
    "french": [144, 125, 144, 122, 141],
    "german": [131, 104, 131, 110, 124],
    "greek": [256, 114, 249, 110, 136],
    "hebrew": [209, 83, 85, 95, 98],
    "hindi": [248, 83, 229, 88, 146],
    "html": [203, 204, 217, 219, 205],
    "identifiers": [176, 176, 214, 220, 180],
    "japanese": [139, 110, 84, 94, 93],
    "javascript": [133, 137, 135, 146, 143],
    "json": [128, 128, 150, 156, 135],
    "korean": [184, 114, 131, 94, 132],
    "markdown": [140, 140, 140, 142, 141],
    "math": [151, 151, 153, 148, 141],
    "numbers": [141, 141, 258, 258, 141],
    "polish": [135, 116, 129, 117, 122],
    "python": [174, 174, 174, 180, 180],
    "reasoning": [130, 129, 142, 141, 130],
    "russian": [181, 105, 132, 115, 122],
    "rust": [163, 163, 163, 173, 177],
    "spanish": [143, 113, 141, 120, 139],
    "technical": [93, 93, 101, 102, 94],
    "thai": [200, 93, 127, 128, 96],
    "turkish": [124, 95, 107, 99, 130],
    "vietnamese": [147, 90, 86, 98, 138],
    "whitespace": [44, 44, 47, 47, 40],
};

#[test]
fn no_text_is_far_from_what_tokenizers_say() {
    for (name, text, counts) in MEASURED {
        let mut sorted = *counts;
        sorted.sort_unstable();
        let [least, _, median, _, most] = sorted;
        let found = count(text);
        let percent = found * 100 / median;
        assert!(
            (70..=130).contains(&percent),
            "{name}: {found} of {counts:?}"
        );
        assert!(found * 10 <= least * 17, "{name}: {found} of {counts:?}");
        assert!(found * 100 >= most * 54, "{name}: {found} of {counts:?}");
    }
}

#[test]
fn on_all_texts_together_it_is_a_few_percent_off() {
    let (found, median) = MEASURED
        .iter()
        .fold((0, 0), |(found, median), (_, text, counts)| {
            let mut sorted = *counts;
            sorted.sort_unstable();
            (found + count(text), median + sorted[2])
        });
    let permille = found * 1_000 / median;
    assert!((960..=1_060).contains(&permille), "{permille} of 1000");
}

#[test]
fn four_bytes_to_a_token_would_be_further_off_on_most_texts() {
    let off = |found: u64, median: u64| found.abs_diff(median) * 1_000 / median;
    let (mut ours, mut bytes) = (0, 0);
    for (_, text, counts) in MEASURED {
        let mut sorted = *counts;
        sorted.sort_unstable();
        ours += off(count(text), sorted[2]);
        bytes += off(text.len() as u64 / 4, sorted[2]);
    }
    assert!(ours * 2 < bytes, "{ours} against {bytes}");
}

#[test]
fn what_no_tokenizer_has_learnt_stays_within_the_bounds_of_a_claim() {
    // Each digit a token (Qwen), and letters at random two to a token.
    for (text, real) in [("7".repeat(600), 600), ("qzxvkjwp".repeat(60), 250)] {
        let found = count(&text);
        assert!(found * 2 >= real && found <= real * 2, "{found} of {real}");
    }
}

#[test]
fn there_is_no_text_without_a_token() {
    assert_eq!(count(""), 0);
    for text in [" ", "a", "7", ".", "\n", "\u{301}", "文"] {
        assert!(count(text) >= 1, "{text:?}");
    }
}

#[test]
fn the_texts_of_a_request_count_wherever_they_stand_and_however_they_are_written() {
    let plain = r#"{"messages":[{"role":"user","content":"Grüße aus 東京 🎂\nbye"}]}"#;
    let escaped = r#"{"messages":[{"role":"user","content":"Gr\u00fc\u00dfe aus \u6771\u4eac \ud83c\udf82\nbye"}]}"#;
    let (plain, escaped) = (of(plain), of(escaped));
    assert_eq!(plain, escaped);
    assert!((14..=22).contains(&plain.text), "{plain:?}");
    let picture = format!(
        r#"{{"content":[{{"type":"image_url","url":"data:image/png;base64,{}"}}]}}"#,
        "A".repeat(5_000)
    );
    let picture = of(&picture);
    assert_eq!(picture.opaque_bytes, 5_022);
    assert!(picture.text < 20, "{picture:?}");
}

#[test]
fn parts_that_are_no_text_are_seen_however_they_are_written() {
    for (json, beyond_text) in [
        (r#"{"content":"an image_url and \"input_audio\""}"#, false),
        (r#"{"content":"Gr\u00fc\u00dfe \u003cb\u003e"}"#, false),
        (r#"{"content":[{"type":"text","text":"a"}]}"#, false),
        (
            r#"{"content":[{"image_url":{"url":"https://a.example/b.png"}}]}"#,
            true,
        ),
        (r#"{"content":[{"input_audio":{"data":"AAAA"}}]}"#, true),
        (
            r#"{"content":[{"image\u005furl":{"url":"https://a.example/b.png"}}]}"#,
            true,
        ),
        (
            r#"{"content":[{"url":"data:image/png;base64,AAAA"}]}"#,
            true,
        ),
    ] {
        assert_eq!(of(json).beyond_text, beyond_text, "{json}");
    }
}

#[test]
fn a_prompt_in_token_ids_has_as_many_tokens_as_ids() {
    let ids = of("[15496,11,995,0,50256]").text;
    assert_eq!(ids, 5);
}

fn of(json: &str) -> PromptTokens {
    PromptTokens::of_json(json.as_bytes())
}

proptest! {
    #[test]
    fn where_a_text_is_cut_does_not_matter(text in ".{0,80}", cut in 0_usize..80) {
        let at = text.char_indices().nth(cut).map_or(text.len(), |(at, _)| at);
        let mut counter = TokenCounter::default();
        let (before, after) = text.split_at(at);
        counter.push(before);
        counter.push(after);
        prop_assert_eq!(counter.tokens(), count(&text));
    }

    #[test]
    fn a_text_has_no_more_tokens_than_about_twice_its_bytes(text in ".{1,80}") {
        prop_assert!(count(&text) <= text.len() as u64 * 2 + 1);
    }

    #[test]
    fn whatever_comes_is_counted(noise in proptest::collection::vec(any::<u8>(), 0..200)) {
        let tokens = PromptTokens::of_json(&noise);
        prop_assert!(tokens.text <= noise.len() as u64 * 2 + 1);
    }
}
