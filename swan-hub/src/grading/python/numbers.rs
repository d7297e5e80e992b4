//! Numbers from text, from floats, and in ranges.

use std::cmp::Ordering;
use std::num::IntErrorKind;

use super::arithmetic::too_large;
use super::halt::Halt;
use super::machine::{Machine, whole};
use super::value::{Object, Value};

/// A whole float as a whole number.
pub(super) fn cut(number: f64) -> Result<Value, Halt> {
    if number.is_nan() {
        return Err(Halt::value_error("cannot convert float NaN to integer"));
    }
    if number.is_infinite() {
        let message = "cannot convert float infinity to integer".to_owned();
        return Err(Halt::Raised("OverflowError", message));
    }
    whole(number).map(Value::Int).ok_or_else(too_large)
}

/// Rounds to tens, hundreds and so on, half to even.
pub(super) fn round_to_tens(number: i128, digits: i128) -> Result<Value, Halt> {
    let places = u32::try_from(digits.unsigned_abs()).unwrap_or(u32::MAX);
    let Some(unit) = 10_i128.checked_pow(places.min(40)) else {
        return Ok(Value::Int(0));
    };
    let (tens, rest) = (number.div_euclid(unit), number.rem_euclid(unit));
    let is_up = match (rest.saturating_mul(2)).cmp(&unit) {
        Ordering::Less => false,
        Ordering::Equal => tens % 2 != 0,
        Ordering::Greater => true,
    };
    let rounded = (tens + i128::from(is_up)).checked_mul(unit);
    rounded.map(Value::Int).ok_or_else(too_large)
}

/// The digits of a number in text, without what Python allows around and between them; nothing where that is misplaced.
pub(super) fn digits(text: &str) -> Result<Option<String>, Halt> {
    if !text.is_ascii() {
        return Err(Halt::unsupported("digits of other scripts"));
    }
    let text = text.trim();
    let is_misplaced = text.split('_').count() > 1
        && text.split('_').any(|part| {
            !part.starts_with(|c: char| {
                c.is_ascii_alphanumeric() || part.len() > 1 && "+-.".contains(c)
            }) || !part.ends_with(|c: char| c.is_ascii_alphanumeric())
        });
    Ok((!is_misplaced).then(|| text.replace('_', "")))
}

pub(super) fn integer(
    machine: &mut Machine,
    value: Value,
    base: Option<Value>,
) -> Result<Value, Halt> {
    let base = match base {
        Some(Value::Int(base @ 2..=36)) => u32::try_from(base).unwrap_or(10),
        None => 10,
        Some(_) => return Err(Halt::value_error("int() base must be >= 2 and <= 36")),
    };
    match value {
        Value::Int(_) => Ok(value),
        Value::Bool(truth) => Ok(Value::Int(truth.into())),
        Value::Float(number) => cut(number.trunc()),
        _ => {
            let text = machine
                .text_of(value)
                .ok_or_else(|| Halt::type_error("int() argument"))?;
            machine.room(text.len().saturating_mul(2))?;
            let wrong = || Halt::value_error("invalid literal for int()");
            let digits = digits(&text)?.ok_or_else(wrong)?;
            if is_prefixed(&digits, base) {
                return Err(Halt::unsupported("numbers with a prefix"));
            }
            let bare = digits.strip_prefix(['+', '-']).unwrap_or(&digits);
            let are_digits = bare.chars().all(|c| c.is_digit(base));
            i128::from_str_radix(&digits, base)
                .map(Value::Int)
                .map_err(|error| match error.kind() {
                    IntErrorKind::PosOverflow | IntErrorKind::NegOverflow if are_digits => {
                        too_large()
                    }
                    _ => wrong(),
                })
        }
    }
}

fn is_prefixed(digits: &str, base: u32) -> bool {
    let digits = digits.trim_start_matches(['+', '-']).to_ascii_lowercase();
    match base {
        2 => digits.starts_with("0b"),
        8 => digits.starts_with("0o"),
        16 => digits.starts_with("0x"),
        _ => false,
    }
}

pub(super) fn range(machine: &mut Machine, given: &[Value]) -> Result<Value, Halt> {
    let mut numbers = Vec::new();
    for value in given {
        match value {
            // Within 64 bits nothing overflows.
            Value::Int(number) if i64::try_from(*number).is_err() => {
                return Err(Halt::unsupported("ranges beyond 64 bits"));
            }
            Value::Int(number) => numbers.push(*number),
            Value::Bool(truth) => numbers.push((*truth).into()),
            _ => return Err(Halt::type_error("range() needs integers")),
        }
    }
    let (start, end, step) = match *numbers.as_slice() {
        [end] => (0, end, 1),
        [start, end] => (start, end, 1),
        [start, end, step] if step != 0 => (start, end, step),
        _ => return Err(Halt::value_error("range() arg 3 must not be zero")),
    };
    machine.put(Object::Range(start, end, step))
}
