//! Values as text.

use super::ast::Piece;
use super::halt::Halt;
use super::machine::{Machine, float};
use super::value::{Object, Value};

/// As `str` shows it.
pub(super) fn shown(machine: &mut Machine, value: Value) -> Result<String, Halt> {
    match machine.object(value) {
        Some(Object::Text(text)) => Ok(text.to_string()),
        Some(Object::Exception(_, message)) => Ok(message.to_string()),
        _ => repr(machine, value),
    }
}

/// As `repr` shows it.
pub(super) fn repr(machine: &mut Machine, value: Value) -> Result<String, Halt> {
    let text = match value {
        Value::None => "None".to_owned(),
        Value::Bool(truth) => if truth { "True" } else { "False" }.to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::At(_) => machine.nested(|machine| holder(machine, value))?,
    };
    machine.room(text.len())?;
    Ok(text)
}

fn holder(machine: &mut Machine, value: Value) -> Result<String, Halt> {
    let (open, close) = match machine.object(value) {
        Some(Object::Text(text)) => {
            let quote = if text.contains('\'') && !text.contains('"') {
                '"'
            } else {
                '\''
            };
            let mut shown = String::from(quote);
            for c in text.chars() {
                match c {
                    '\n' => shown.push_str("\\n"),
                    '\t' => shown.push_str("\\t"),
                    '\r' => shown.push_str("\\r"),
                    '\\' => shown.push_str("\\\\"),
                    _ if c == quote => shown.extend(['\\', c]),
                    _ => shown.push(c),
                }
            }
            shown.push(quote);
            return Ok(shown);
        }
        Some(Object::List(_)) => ("[", "]"),
        Some(Object::Tuple(items)) => ("(", if items.len() == 1 { ",)" } else { ")" }),
        Some(Object::Set(table)) if table.len() == 0 => return Ok("set()".to_owned()),
        Some(Object::Set(_)) => ("{", "}"),
        Some(Object::Dict(table)) => {
            let entries: Vec<_> = table.entries().collect();
            let mut parts = Vec::new();
            for (key, value) in entries {
                let (key, value) = (repr(machine, key)?, repr(machine, value)?);
                parts.push(format!("{key}: {value}"));
            }
            return Ok(format!("{{{}}}", parts.join(", ")));
        }
        _ => return Err(Halt::unsupported("showing this value")),
    };
    let mut parts = Vec::new();
    for item in machine.items(value)? {
        parts.push(repr(machine, item)?);
    }
    Ok(format!("{open}{}{close}", parts.join(", ")))
}

/// What an f-string comes to.
pub(super) fn joined(
    machine: &mut Machine,
    pieces: &[Piece],
    scope: usize,
) -> Result<String, Halt> {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Value {
                value,
                conversion,
                spec,
            } => {
                let value = machine.eval(value, scope)?;
                let spec = joined(machine, spec, scope)?;
                let value = match conversion {
                    Some('r' | 'a') => {
                        let shown = repr(machine, value)?;
                        machine.text(&shown)?
                    }
                    _ => value,
                };
                text.push_str(&formatted(machine, value, &spec)?);
            }
        }
        machine.room(text.len())?;
    }
    Ok(text)
}

#[expect(
    clippy::too_many_lines,
    reason = "a format is read from left to right, in one go"
)]
/// A value by a format such as `>8`, `05d`, `,` or `.2f`.
pub(super) fn formatted(machine: &mut Machine, value: Value, spec: &str) -> Result<String, Halt> {
    if spec.is_empty() {
        return shown(machine, value);
    }
    let unknown = || Halt::Unsupported(format!("the format {spec}"));
    let mut chars = spec.chars().peekable();
    let (mut fill, mut align) = (' ', None);
    let marks = |c: char| matches!(c, '<' | '>' | '^');
    let mut ahead = spec.chars();
    let (first, second) = (ahead.next(), ahead.next());
    if second.is_some_and(marks) {
        (fill, align) = (first.unwrap_or(' '), second);
        chars.nth(1);
    } else if first.is_some_and(marks) {
        align = first;
        chars.next();
    }
    let has_plus = chars.next_if_eq(&'+').is_some();
    if chars.next_if_eq(&'0').is_some() {
        fill = '0';
        align = align.or(Some('='));
    }
    let number = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| {
        let mut digits = String::new();
        while let Some(c) = chars.next_if(char::is_ascii_digit) {
            digits.push(c);
        }
        digits.parse::<usize>().ok()
    };
    let width = number(&mut chars).unwrap_or(0);
    let has_commas = chars.next_if_eq(&',').is_some();
    let precision = if chars.next_if_eq(&'.').is_some() {
        number(&mut chars)
    } else {
        None
    };
    let kind = chars.next();
    if chars.next().is_some() || precision.is_some_and(|digits| digits > 100) {
        return Err(unknown());
    }
    machine.room(width)?;
    let is_number = matches!(value, Value::Int(_) | Value::Float(_) | Value::Bool(_));
    let mut text = match (kind, value) {
        (Some('f' | 'F'), Value::Int(n)) => format!("{:.*}", precision.unwrap_or(6), float(n)),
        (Some('f' | 'F'), Value::Float(n)) => format!("{n:.*}", precision.unwrap_or(6)),
        (Some('b'), Value::Int(n)) => format!("{n:b}"),
        (Some('x'), Value::Int(n)) => format!("{n:x}"),
        (None | Some('d'), Value::Int(n)) if precision.is_none() => n.to_string(),
        (None | Some('s'), _) if precision.is_none() => shown(machine, value)?,
        _ => return Err(unknown()),
    };
    if has_commas {
        let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
        let (sign, digits) = whole
            .strip_prefix('-')
            .map_or(("", whole), |digits| ("-", digits));
        let mut grouped = String::new();
        for (c, left) in digits.chars().zip((0..digits.len()).rev()) {
            grouped.push(c);
            if left > 0 && left % 3 == 0 {
                grouped.push(',');
            }
        }
        text = format!("{sign}{grouped}{rest}");
    }
    if has_plus && !text.starts_with('-') {
        text.insert(0, '+');
    }
    Ok(padded(
        &text,
        fill,
        align.unwrap_or(if is_number { '>' } else { '<' }),
        width,
    ))
}

/// Fills up to a width, whose room has been asked for.
pub(super) fn padded(text: &str, fill: char, align: char, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    let some = |count: usize| fill.to_string().repeat(count);
    match align {
        '<' => format!("{text}{}", some(missing)),
        '^' => format!("{}{text}{}", some(missing / 2), some(missing - missing / 2)),
        '=' if text.starts_with(['-', '+']) => {
            let (sign, digits) = text.split_at_checked(1).unwrap_or(("", text));
            format!("{sign}{}{digits}", some(missing))
        }
        _ => format!("{}{text}", some(missing)),
    }
}

/// `template % value` with `%s`, `%d` and `%%`.
pub(super) fn percent(machine: &mut Machine, template: &str, value: Value) -> Result<String, Halt> {
    let values = match machine.object(value) {
        Some(Object::Tuple(items)) => items.clone(),
        _ => vec![value],
    };
    let mut values = values.into_iter();
    let mut text = String::new();
    let mut chars = template.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('%') => text.push('%'),
            Some('s' | 'd') => {
                let value = values.next();
                let value = value.ok_or_else(|| Halt::type_error("not enough arguments"))?;
                text.push_str(&shown(machine, value)?);
            }
            _ => return Err(Halt::unsupported("this format with %")),
        }
        machine.room(text.len())?;
    }
    Ok(text)
}
