//! Values as text.

use std::rc::Rc;

use super::ast::Piece;
use super::halt::Halt;
use super::machine::{Machine, float};
use super::value::{Object, Value};

/// As `str` shows it.
pub(super) fn shown(machine: &mut Machine, value: Value) -> Result<String, Halt> {
    match machine.object(value) {
        Some(Object::Text(text)) => {
            let text = Rc::clone(text);
            machine.room(text.len())?;
            Ok(text.to_string())
        }
        Some(Object::Exception(_, message)) => {
            let message = Rc::clone(message);
            machine.room(message.len())?;
            machine.doubt = Some("the words of an exception");
            Ok(message.to_string())
        }
        _ => repr(machine, value),
    }
}

/// As `repr` shows it.
pub(super) fn repr(machine: &mut Machine, value: Value) -> Result<String, Halt> {
    let text = match value {
        Value::None => "None".to_owned(),
        Value::Bool(truth) => if truth { "True" } else { "False" }.to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => decimal(number),
        Value::At(_) => machine.nested(|machine| holder(machine, value))?,
    };
    machine.room(text.len())?;
    Ok(text)
}

/// The shortest decimal that is this float, with an exponent where Python has one.
fn decimal(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    let scientific = format!("{number:e}");
    match scientific.split_once('e') {
        Some((digits, exponent)) => match exponent.parse::<i32>() {
            Ok(exponent) if !(-4..16).contains(&exponent) => {
                let sign = if exponent < 0 { '-' } else { '+' };
                format!("{digits}e{sign}{:02}", exponent.abs())
            }
            Ok(_) if number.fract() == 0.0 => format!("{number:.1}"),
            _ => format!("{number}"),
        },
        None => scientific,
    }
}

fn holder(machine: &mut Machine, value: Value) -> Result<String, Halt> {
    let (open, close) = match machine.object(value) {
        Some(Object::Text(text)) => {
            let quote = if text.contains('\'') && !text.contains('"') {
                '"'
            } else {
                '\''
            };
            let text = Rc::clone(text);
            machine.room(text.len().saturating_mul(4))?;
            let mut shown = String::from(quote);
            for c in text.chars() {
                match c {
                    '\n' => shown.push_str("\\n"),
                    '\t' => shown.push_str("\\t"),
                    '\r' => shown.push_str("\\r"),
                    '\\' => shown.push_str("\\\\"),
                    _ if c == quote => shown.extend(['\\', c]),
                    _ if c.is_control() => shown.push_str(&format!("\\x{:02x}", u32::from(c))),
                    _ => shown.push(c),
                }
            }
            shown.push(quote);
            return Ok(shown);
        }
        Some(Object::List(_)) => ("[", "]"),
        Some(Object::Tuple(items)) => ("(", if items.len() == 1 { ",)" } else { ")" }),
        Some(Object::Set(table)) if table.is_frozen => {
            return Err(Halt::unsupported("showing a frozenset"));
        }
        Some(Object::Set(table)) if table.len() == 0 => return Ok("set()".to_owned()),
        Some(Object::Set(_)) => ("{", "}"),
        Some(Object::Dict(table)) if table.is_counter || table.factory.is_some() => {
            return Err(Halt::unsupported("showing this value"));
        }
        Some(Object::Dict(table)) => {
            let size = table.len();
            machine.room_for(size)?;
            let entries: Vec<_> = machine
                .table(value)
                .map_or_else(Vec::new, |table| table.entries().collect());
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

const fn sign(number: i128) -> &'static str {
    if number < 0 { "-" } else { "" }
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
    if !matches!(machine.object(value), Some(Object::Text(_)))
        && !matches!(value, Value::Int(_) | Value::Float(_))
    {
        return Err(unknown());
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
    let is_padded_text = fill == '0' && align == Some('=') && matches!(value, Value::At(_));
    let is_grouped_padding = has_commas && align == Some('=') && width > 0;
    let is_odd = match value {
        Value::At(_) => has_plus || has_commas || !matches!(kind, None | Some('s')),
        _ => kind == Some('s'),
    };
    if is_padded_text
        || is_grouped_padding
        || is_odd
        || (has_commas && matches!(kind, Some('b' | 'x')))
    {
        return Err(unknown());
    }
    machine.room(width.saturating_mul(4))?;
    let is_number = matches!(value, Value::Int(_) | Value::Float(_) | Value::Bool(_));
    let mut text = match (kind, value) {
        (Some('f' | 'F'), Value::Float(n)) if !n.is_finite() => return Err(unknown()),
        (Some('f' | 'F'), Value::Int(n)) => format!("{:.*}", precision.unwrap_or(6), float(n)),
        (Some('f' | 'F'), Value::Float(n)) => format!("{n:.*}", precision.unwrap_or(6)),
        (Some('b'), Value::Int(n)) => format!("{}{:b}", sign(n), n.unsigned_abs()),
        (Some('x'), Value::Int(n)) => format!("{}{:x}", sign(n), n.unsigned_abs()),
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
        Some(Object::Tuple(_)) => machine.items(value)?,
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
        let letter = chars.next();
        match letter {
            Some('%') => text.push('%'),
            Some('s' | 'd') => {
                let value = values.next();
                let value = value.ok_or_else(|| Halt::type_error("not enough arguments"))?;
                if letter == Some('d') && !matches!(value, Value::Int(_)) {
                    return Err(Halt::unsupported("this format with %"));
                }
                text.push_str(&shown(machine, value)?);
            }
            _ => return Err(Halt::unsupported("this format with %")),
        }
        machine.room(text.len())?;
    }
    if values.next().is_some() && !matches!(machine.object(value), Some(Object::Dict(_))) {
        return Err(Halt::type_error("not all arguments converted"));
    }
    Ok(text)
}
