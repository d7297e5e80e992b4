//! Arithmetic as Python has it.

use std::cmp::Ordering;

use super::ast::Binary;
use super::halt::Halt;
use super::machine::{float, whole};
use super::value::Value;

pub(super) fn integers(a: i128, operator: Binary, b: i128) -> Result<Value, Halt> {
    let result = match operator {
        Binary::Add => a.checked_add(b),
        Binary::Subtract => a.checked_sub(b),
        Binary::Multiply => a.checked_mul(b),
        Binary::Divide if b == 0 => return Err(by_zero()),
        Binary::Divide => return quotient(a, b),
        Binary::FloorDivide | Binary::Modulo if b == 0 => return Err(by_zero()),
        Binary::FloorDivide => floor_div(a, b),
        Binary::Modulo => floor_div(a, b).and_then(|q| a.checked_sub(q.checked_mul(b)?)),
        Binary::Power if b < 0 => return floats(float(a), operator, float(b)),
        Binary::Power if a == -1 => Some(if b % 2 == 0 { 1 } else { -1 }),
        Binary::Power if a == 0 || a == 1 => Some(if b == 0 { 1 } else { a }),
        Binary::Power => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
        Binary::And => Some(a & b),
        Binary::Or => Some(a | b),
        Binary::Xor => Some(a ^ b),
        Binary::Left | Binary::Right if b < 0 => {
            return Err(Halt::value_error("negative shift count"));
        }
        Binary::Left => u32::try_from(b)
            .ok()
            .and_then(|b| 2_i128.checked_pow(b))
            .and_then(|factor| a.checked_mul(factor)),
        Binary::Right => Some(a >> b.min(127)),
    };
    result.map(Value::Int).ok_or_else(too_large)
}

/// Rounds toward minus infinity, as Python does.
fn floor_div(a: i128, b: i128) -> Option<i128> {
    let quotient = a.checked_div(b)?;
    let has_rest = quotient.checked_mul(b)? != a;
    let is_negative = (a < 0) != (b < 0);
    Some(if has_rest && is_negative {
        quotient - 1
    } else {
        quotient
    })
}

/// How a whole number and a float are ordered, exactly: not every whole number is a float.
pub(super) fn int_and_float(a: i128, b: f64) -> Option<Ordering> {
    match whole(b.trunc()) {
        Some(near) => Some(a.cmp(&near).then(0.0.partial_cmp(&b.fract())?)),
        None => 0.0.partial_cmp(&b),
    }
}

/// The float nearest to a quotient.
fn quotient(a: i128, b: i128) -> Result<Value, Halt> {
    const EXACT: u128 = 1 << 53;
    if a.unsigned_abs() <= EXACT && b.unsigned_abs() <= EXACT {
        return Ok(Value::Float(float(a) / float(b)));
    }
    match (a.checked_rem(b), a.checked_div(b)) {
        (Some(0), Some(quotient)) => Ok(Value::Float(float(quotient))),
        _ => Err(Halt::unsupported("quotients of numbers beyond 53 bits")),
    }
}

/// The floored quotient of floats and what is left, as C Python takes them: the rest is exact and has the sign of `b`.
fn floor_and_rest(a: f64, b: f64) -> (f64, f64) {
    let mut rest = a % b;
    let mut quotient = (a - rest) / b;
    if rest == 0.0 {
        rest = 0.0_f64.copysign(b);
    } else if (b < 0.0) != (rest < 0.0) {
        rest += b;
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return (0.0_f64.copysign(a / b), rest);
    }
    let floor = quotient.floor();
    let floor = if quotient - floor > 0.5 {
        floor + 1.0
    } else {
        floor
    };
    (floor, rest)
}

pub(super) fn floats(a: f64, operator: Binary, b: f64) -> Result<Value, Halt> {
    Ok(Value::Float(match operator {
        Binary::Add => a + b,
        Binary::Subtract => a - b,
        Binary::Multiply => a * b,
        Binary::Divide | Binary::FloorDivide | Binary::Modulo if b == 0.0 => return Err(by_zero()),
        Binary::Divide => a / b,
        Binary::FloorDivide => floor_and_rest(a, b).0,
        Binary::Modulo => floor_and_rest(a, b).1,
        Binary::Power if a == 0.0 && b < 0.0 => {
            let message = "0.0 cannot be raised to a negative power";
            return Err(Halt::Raised("ZeroDivisionError", message.to_owned()));
        }
        Binary::Power if a < 0.0 && a.is_finite() && b.is_finite() && b.fract() != 0.0 => {
            return Err(Halt::unsupported("complex numbers"));
        }
        Binary::Power => {
            let power = a.powf(b);
            if power.is_infinite() && a.is_finite() && b.is_finite() {
                let message = "numerical result out of range".to_owned();
                return Err(Halt::Raised("OverflowError", message));
            }
            power
        }
        _ => return Err(Halt::type_error("unsupported operand types")),
    }))
}

pub(super) fn too_large() -> Halt {
    Halt::unsupported("numbers beyond 127 bits")
}

fn by_zero() -> Halt {
    Halt::Raised("ZeroDivisionError", "division by zero".to_owned())
}
