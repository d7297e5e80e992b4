//! The insides of f-strings.

use super::ast::Piece;
use super::halt::Halt;
use super::parse::embedded;

/// The pieces of an f-string.
pub(super) fn joined(text: &str, depth: usize) -> Result<Vec<Piece>, Halt> {
    let (mut pieces, mut plain) = (Vec::new(), String::new());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        if (c == '{' || c == '}') && after.starts_with(c) {
            plain.push(c);
            rest = after.get(1..).unwrap_or_default();
        } else if c == '{' {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            let end = closing(after).ok_or_else(|| Halt::syntax("a brace without an end"))?;
            pieces.push(field(after.get(..end).unwrap_or_default(), depth)?);
            rest = after.get(end + 1..).unwrap_or_default();
        } else {
            plain.push(c);
            rest = after;
        }
    }
    pieces.push(Piece::Text(plain));
    Ok(pieces)
}

/// Where the brace that was opened before `text` closes.
fn closing(text: &str) -> Option<usize> {
    outside(text, |c, depth| c == '}' && depth == 0)
}

/// The first place outside of quotes for which `wanted` holds of the character and of how many brackets are open.
fn outside(text: &str, wanted: impl Fn(char, usize) -> bool) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, c) in text.char_indices() {
        if quote.is_some() {
            if quote == Some(c) {
                quote = None;
            }
            continue;
        }
        if wanted(c, depth) {
            return Some(at);
        }
        match c {
            '\'' | '"' => quote = Some(c),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn field(text: &str, depth: usize) -> Result<Piece, Halt> {
    let colon = outside(text, |c, depth| c == ':' && depth == 0);
    let (value, spec) = match colon.and_then(|at| text.split_at_checked(at)) {
        Some((value, spec)) => (value, spec.get(1..).unwrap_or_default()),
        None => (text, ""),
    };
    let (value, conversion) = match value.rsplit_once('!') {
        Some((value, mark)) if matches!(mark, "r" | "s" | "a") => (value, mark.chars().next()),
        _ => (value, None),
    };
    if value.trim_end().ends_with('=') {
        return Err(Halt::unsupported("f-strings that name their values"));
    }
    if depth > 60 {
        return Err(Halt::unsupported("nesting as deep as this"));
    }
    Ok(Piece::Value {
        value: embedded(value, depth + 10)?,
        conversion,
        spec: joined(spec, depth + 10)?,
    })
}
