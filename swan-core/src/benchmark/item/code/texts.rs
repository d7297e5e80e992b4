//! Functions of texts.

use super::{Parts, Task, cases, task};
use crate::benchmark::item::draw::Draw;
use crate::benchmark::item::value::Value;

fn inputs(edges: &[&str], more: Vec<String>) -> Vec<String> {
    edges
        .iter()
        .map(|edge| (*edge).to_owned())
        .chain(more)
        .collect()
}

/// Letters moved along the alphabet.
pub(super) fn shift_letters(d: &mut Draw<'_>) -> Task {
    let (by, mark) = (d.int(2, 24), d.pick(&["_", "*", "#", "+", "~", "."]));
    let shift = |text: &String| -> String {
        let moved = |c: char, first: u8| {
            let place = (i64::from(u32::from(c)) - i64::from(first) + by) % 26;
            let code = u8::try_from(place).unwrap_or(0) + first;
            char::from(code)
        };
        text.chars()
            .map(|c| match c {
                'a'..='z' => moved(c, b'a'),
                'A'..='Z' => moved(c, b'A'),
                ' ' => mark.chars().next().unwrap_or(' '),
                _ => c,
            })
            .collect()
    };
    let more = (0..8)
        .map(|_| {
            let (a, b, n) = (d.word(3), d.word(2), d.int(0, 99));
            d.one([
                format!("{a} {b}"),
                format!("{} {n}, {b}", a.to_ascii_uppercase()),
                format!("{a}{n}{}z!", b.to_ascii_uppercase()),
            ])
        })
        .collect();
    let inputs = inputs(&["", "xyz XYZ", "123 - 4", " a "], more);
    let what = d.one([
        format!("shifts every English letter of a string {by} places forward in the alphabet, wrapping around after z and keeping upper and lower case. Each space becomes '{mark}'; all other characters stay as they are. It returns the new string."),
        format!("returns the text with a Caesar shift of {by} applied to a-z and A-Z (case is preserved, the alphabet wraps), spaces replaced by '{mark}', and anything else untouched."),
        format!("encodes a string. Letters move {by} steps to the right in the alphabet (z continues at a, Z at A), a blank turns into '{mark}', digits and punctuation don't change."),
    ]);
    let body = format!(
        "    out = []\n    for c in {{P}}:\n        if 'a' <= c <= 'z':\n            out.append(chr((ord(c) - ord('a') + {by}) % 26 + ord('a')))\n        elif 'A' <= c <= 'Z':\n            out.append(chr((ord(c) - ord('A') + {by}) % 26 + ord('A')))\n        elif c == ' ':\n            out.append('{mark}')\n        else:\n            out.append(c)\n    return ''.join(out)\n"
    );
    let parts = Parts {
        names: &[
            "encode",
            "shift_text",
            "rotate_letters",
            "scramble",
            "cipher",
        ],
        parameter: d.pick(&["text", "s", "message", "line"]),
        what,
        cases: cases(&inputs, |text| Value::text(text), shift),
        body,
    };
    task(d, parts)
}

/// Runs of the same character, written shorter.
pub(super) fn runs(d: &mut Draw<'_>) -> Task {
    let (least, empty) = (d.int(2, 4), d.word(2));
    let (open, close) = d.pick(&[("(", ")"), ("[", "]"), ("<", ">"), ("{", "}"), ("x", ";")]);
    let shorten = |text: &String| -> String {
        if text.is_empty() {
            return empty.clone();
        }
        let chars: Vec<char> = text.chars().collect();
        chars
            .chunk_by(|a, b| a == b)
            .map(|run| match (run.first(), i64::try_from(run.len())) {
                (Some(c), Ok(length)) if length >= least => format!("{c}{open}{length}{close}"),
                _ => run.iter().collect(),
            })
            .collect()
    };
    let more = (0..8)
        .map(|_| {
            let length = d.int(2, 6);
            (0..length)
                .map(|_| {
                    let times = usize::try_from(d.int(1, 5)).unwrap_or(1);
                    d.pick(&["a", "b", "c", "k", "Q", " ", "7"]).repeat(times)
                })
                .collect()
        })
        .collect();
    let inputs = inputs(&["", "a", "aabbb", "zzzzzzzzzzzz"], more);
    let what = d.one([
        format!("compresses a string: a run of {least} or more equal characters in a row is written as the character, then {open}, the length of the run, and {close}; shorter runs are copied unchanged. The empty string becomes '{empty}'."),
        format!("replaces each maximal run of the same character with length >= {least} by character + '{open}' + count + '{close}' and leaves shorter runs alone. An empty input returns '{empty}'."),
        format!("returns a shortened copy of a text. Where a character repeats at least {least} times directly after each other, write it once followed by '{open}', how often it occurs there, and '{close}'. For '' return '{empty}'."),
    ]);
    let body = format!(
        "    if not {{P}}:\n        return '{empty}'\n    out = ''\n    i = 0\n    while i < len({{P}}):\n        j = i\n        while j < len({{P}}) and {{P}}[j] == {{P}}[i]:\n            j += 1\n        n = j - i\n        if n >= {least}:\n            out += {{P}}[i] + '{open}' + str(n) + '{close}'\n        else:\n            out += {{P}}[i] * n\n        i = j\n    return out\n"
    );
    let parts = Parts {
        names: &[
            "shorten_runs",
            "compress",
            "squeeze",
            "pack_text",
            "run_lengths",
        ],
        parameter: d.pick(&["text", "s", "raw", "line"]),
        what,
        cases: cases(&inputs, |text| Value::text(text), shorten),
        body,
    };
    task(d, parts)
}

/// Parts of a line, put in order.
pub(super) fn tidy(d: &mut Draw<'_>) -> Task {
    let (from, to) = (
        d.pick(&[",", ";", "|", "/", ":"]),
        d.pick(&[" - ", "+", " & ", "_", ">"]),
    );
    let (most, none) = (d.int(2, 5), d.word(2));
    let limit = usize::try_from(most).unwrap_or(2);
    let tidy = |text: &String| -> String {
        let parts: Vec<String> = text
            .split(from)
            .map(|part| part.trim().to_lowercase())
            .filter(|part| !part.is_empty())
            .take(limit)
            .collect();
        if parts.is_empty() {
            none.clone()
        } else {
            parts.join(to)
        }
    };
    let blank = format!(" {from}  {from}");
    let more = (0..8)
        .map(|_| {
            let count = d.int(1, 7);
            (0..count)
                .map(|_| {
                    let word = d.word(2);
                    d.one([
                        format!(" {word}"),
                        word.to_uppercase(),
                        "  ".to_owned(),
                        format!("{word} x "),
                    ])
                })
                .collect::<Vec<_>>()
                .join(from)
        })
        .collect();
    let inputs = inputs(&["", &blank, "one", " A B "], more);
    let what = d.one([
        format!("splits a string at every '{from}', strips spaces around each piece, drops pieces that are empty then, lower-cases the rest, keeps only the first {most} and joins them with '{to}'. If nothing remains it returns '{none}'."),
        format!("cleans up a '{from}'-separated line: trim each field, remove empty fields, convert to lower case, use at most the first {most} fields, and return them joined by '{to}' (or '{none}' if there is no field left)."),
        format!("returns the first {most} non-blank fields of a line, trimmed and in lower case, glued together with '{to}'. Fields are separated by '{from}'. A line without any such field gives '{none}'."),
    ]);
    let body = format!(
        "    parts = [p.strip().lower() for p in {{P}}.split('{from}')]\n    parts = [p for p in parts if p][:{most}]\n    return '{to}'.join(parts) if parts else '{none}'\n"
    );
    let parts = Parts {
        names: &["tidy", "clean_line", "normalize", "join_fields", "reformat"],
        parameter: d.pick(&["text", "line", "row", "s"]),
        what,
        cases: cases(&inputs, |text| Value::text(text), tidy),
        body,
    };
    task(d, parts)
}

/// How often words occur.
pub(super) fn word_counts(d: &mut Draw<'_>) -> Task {
    let (least, weight) = (d.int(2, 4), d.int(2, 90));
    let shortest = usize::try_from(least).unwrap_or(2);
    let count = |text: &String| -> Value {
        let mut counts: Vec<(Value, Value)> = Vec::new();
        let words = text.split_whitespace().map(str::to_lowercase);
        for word in words.filter(|word| word.chars().count() >= shortest) {
            let key = Value::Text(word);
            match counts.iter_mut().find(|(known, _)| *known == key) {
                Some((_, Value::Int(number))) => *number += weight,
                _ => counts.push((key, Value::Int(weight))),
            }
        }
        Value::Map(counts)
    };
    let more = (0..8)
        .map(|_| {
            let pool = [d.word(1), d.word(2), d.word(1), d.word(2)];
            let count = d.int(2, 9);
            (0..count)
                .map(|_| {
                    let word = d.one(pool.clone());
                    if d.chance(30) {
                        word.to_uppercase()
                    } else {
                        word
                    }
                })
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    let inputs = inputs(&["", "a b c", "Tree tree TREE", "  two   spaces "], more);
    let what = d.one([
        format!("counts words. It splits the text at whitespace, ignores case (keys are lower case), skips words with fewer than {least} characters, and returns a dict from word to its number of occurrences multiplied by {weight}."),
        format!("returns a dictionary that says for each word of a string (words are separated by whitespace, compared in lower case) how often it occurs, times {weight}. Words shorter than {least} characters don't appear in it."),
        format!("builds a dict: key = lower-cased word, value = {weight} * (how many times the word occurs in the text). Only words of length {least} or more. Split on whitespace."),
    ]);
    let body = format!(
        "    counts = {{}}\n    for w in {{P}}.lower().split():\n        if len(w) >= {least}:\n            counts[w] = counts.get(w, 0) + {weight}\n    return counts\n"
    );
    let parts = Parts {
        names: &[
            "word_counts",
            "tally",
            "frequencies",
            "count_words",
            "histogram",
        ],
        parameter: d.pick(&["text", "s", "document", "body"]),
        what,
        cases: cases(&inputs, |text| Value::text(text), count),
        body,
    };
    task(d, parts)
}
