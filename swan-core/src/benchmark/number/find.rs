//! Which of an answer's numbers is the answer.

use super::Rational;
use super::scan::{self, Found};
use super::words;

/// The most of an answer that is looked at: its end, where the answer stands.
const LONGEST: usize = 64 * 1024;

/// The number that `text` ends in saying: what is boxed, else what follows "answer", else the last bold one, else the last.
pub(super) fn answer(text: &str) -> Option<Found> {
    let text = tail(after_thinking(text)?);
    let text = scan::normalise(text);
    boxed(&text)
        .and_then(one)
        .or_else(|| marked(&text))
        .or_else(|| bold(&text))
        .or_else(|| scan::numbers(&text).pop())
        .or_else(|| written_out(&text))
}

/// What comes after the thoughts that some models show; nothing when it never comes.
fn after_thinking(text: &str) -> Option<&str> {
    match text.rsplit_once("</think>") {
        Some((_, after)) => Some(after),
        None if text.trim_start().starts_with("<think>") => None,
        None => Some(text),
    }
}

fn tail(text: &str) -> &str {
    let mut start = text.len().saturating_sub(LONGEST);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.get(start..).unwrap_or_default()
}

/// What stands between the braces of the last `\boxed{...}`.
fn boxed(text: &str) -> Option<&str> {
    let (_, after) = text.rsplit_once("\\boxed{")?;
    let mut depth = 1_usize;
    let end = after.char_indices().find_map(|(at, c)| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        (depth == 0).then_some(at)
    })?;
    after.get(..end)
}

/// What is said after the last "answer", up to the end of its sentence or of the next line that says something.
fn marked(text: &str) -> Option<Found> {
    const MARKS: [&str; 6] = [
        "final answer",
        "answer is",
        "answer:",
        "answer**",
        "result is",
        "answer =",
    ];
    let lower = text.to_ascii_lowercase();
    let start = MARKS
        .iter()
        .filter_map(|mark| lower.rfind(mark).map(|at| at + mark.len()))
        .max()?;
    let after = text.get(start..)?;
    let line = after
        .lines()
        .find(|line| line.chars().any(char::is_alphanumeric))?;
    one(sentence(line)).or_else(|| one(line))
}

/// A text up to a full stop that ends a sentence and is no decimal point.
fn sentence(line: &str) -> &str {
    let end = line.find(". ").unwrap_or(line.len());
    line.get(..end).unwrap_or(line)
}

/// The number that a short text comes to: the first one after its last equals sign.
fn one(text: &str) -> Option<Found> {
    let after = text.rsplit_once('=').map_or(text, |(_, after)| after);
    first(after)
        .or_else(|| first(text))
        .or_else(|| written_out(text))
}

fn first(text: &str) -> Option<Found> {
    scan::numbers(text).into_iter().next()
}

/// The last number that is printed bold, headings such as `**Step 3:**` left out.
fn bold(text: &str) -> Option<Found> {
    let mut pieces = text.split("**");
    pieces.next();
    let mut last = None;
    // Every second piece stands between two marks; the last one has no end.
    while let (Some(inside), Some(outside)) = (pieces.next(), pieces.next()) {
        let is_heading = inside.trim_end().ends_with(':')
            || outside.starts_with(':')
            || inside.trim_start().to_ascii_lowercase().starts_with("step");
        if !is_heading {
            last = one(inside).or(last);
        }
    }
    last
}

fn written_out(text: &str) -> Option<Found> {
    words::last(text).map(|number| Found {
        value: Rational::whole(number),
        is_percent: false,
    })
}
