//! Functions that are always there, and those of the modules.

use super::arithmetic::too_large;
use super::ast::Binary;
use super::eval::Arguments;
use super::halt::Halt;
use super::holders::{extreme, holder, is_instance};
use super::machine::{Machine, float};
use super::names::{KNOWN, keywords};
use super::numbers::{cut, digits, integer, range, round_to_tens};
use super::value::{Object, Value};
use super::{format, itertools, modules};

#[expect(
    clippy::too_many_lines,
    reason = "one line for each name that Python has"
)]
pub(super) fn call(machine: &mut Machine, name: &str, given: &Arguments) -> Result<Value, Halt> {
    if let Some(kind) = modules::exception(name) {
        if given.plain.len() > 1 {
            return Err(Halt::unsupported("exceptions that say several things"));
        }
        let message = match given.plain.first() {
            Some(message) => format::shown(machine, *message)?,
            None => String::new(),
        };
        machine.room(message.len())?;
        return machine.put(Object::Exception(kind, message.into()));
    }
    let known = keywords(name);
    if !given
        .named
        .iter()
        .all(|(name, _)| known.contains(&"") || known.contains(&&**name))
    {
        return Err(Halt::Unsupported(format!("{name} with these keywords")));
    }
    let first = given.plain.first().copied();
    let second = given.plain.get(1).copied();
    match (name, first, second) {
        ("print", ..) => Ok(Value::None),
        ("len", Some(value), _) => {
            let length = machine
                .length(value)
                .ok_or_else(|| Halt::type_error("object has no len()"))?;
            machine.steps(length / 64)?;
            Ok(Value::Int(i128::try_from(length).unwrap_or(i128::MAX)))
        }
        ("range", Some(_), _) => range(machine, &given.plain),
        ("sum", Some(items), start) => {
            let start = start.or(given.named("start")).unwrap_or(Value::Int(0));
            if matches!(machine.object(start), Some(Object::Text(_))) {
                return Err(Halt::type_error("sum() can't sum strings"));
            }
            let mut items = machine.walk_in_any_order(items)?;
            let mut sum = start;
            while let Some(item) = items.next(machine)? {
                sum = machine.binary(sum, Binary::Add, item)?;
            }
            Ok(sum)
        }
        ("min" | "max", Some(_), _) => extreme(machine, name == "max", given),
        ("sorted", Some(items), _) => {
            let mut items = match given.named("key") {
                None | Some(Value::None) => machine.items_in_any_order(items)?,
                Some(_) => machine.items(items)?,
            };
            machine.sort(&mut items, given)?;
            machine.list(items)
        }
        ("any" | "all", Some(items), _) => {
            let mut items = machine.walk_in_any_order(items)?;
            while let Some(item) = items.next(machine)? {
                if machine.truth(item) == (name == "any") {
                    return Ok(Value::Bool(name == "any"));
                }
            }
            Ok(Value::Bool(name == "all"))
        }
        ("isinstance", Some(value), Some(kind)) => {
            is_instance(machine, value, kind).map(Value::Bool)
        }
        ("iter", Some(items), _) => match machine.object(items) {
            Some(Object::Iterator(..)) => Ok(items),
            _ => {
                let items = machine.items(items)?;
                machine.iterator(items)
            }
        },
        ("next", Some(iterator), otherwise) => {
            if !matches!(machine.object(iterator), Some(Object::Iterator(..))) {
                return Err(Halt::type_error("object is not an iterator"));
            }
            let mut walk = machine.walk(iterator)?;
            match (walk.next(machine)?, otherwise) {
                (Some(value), _) | (None, Some(value)) => Ok(value),
                (None, None) => Err(Halt::Raised("StopIteration", String::new())),
            }
        }
        ("callable", Some(value), _) => Ok(Value::Bool(matches!(
            machine.object(value),
            Some(Object::Function { .. } | Object::Builtin(_) | Object::Method(..))
        ))),
        (
            "list"
            | "tuple"
            | "set"
            | "frozenset"
            | "dict"
            | "collections.Counter"
            | "collections.defaultdict"
            | "collections.OrderedDict"
            | "collections.deque",
            ..,
        ) => holder(machine, name, given),
        ("enumerate" | "zip" | "map" | "filter" | "reversed" | "functools.reduce", ..) => {
            itertools::builtin(machine, name, given)
        }
        _ if name.starts_with("itertools.") => itertools::call(machine, name, given),
        _ => scalar(machine, name, given),
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one line for each name that Python has"
)]
fn scalar(machine: &mut Machine, name: &str, given: &Arguments) -> Result<Value, Halt> {
    let first = given.plain.first().copied();
    let second = given.plain.get(1).copied();
    let first_number = match first {
        Some(Value::Bool(truth)) => Some(Value::Int(truth.into())),
        first => first,
    };
    match (name, first_number, second) {
        ("abs", Some(Value::Int(n)), _) => n.checked_abs().map(Value::Int).ok_or_else(too_large),
        ("abs" | "math.fabs", Some(Value::Float(n)), _) => Ok(Value::Float(n.abs())),
        ("math.fabs", Some(Value::Int(n)), _) => Ok(Value::Float(float(n).abs())),
        ("divmod", Some(a), Some(b)) => {
            let quotient = machine.binary(a, Binary::FloorDivide, b)?;
            let rest = machine.binary(a, Binary::Modulo, b)?;
            machine.tuple(vec![quotient, rest])
        }
        ("pow", Some(a), Some(b)) if given.plain.len() == 2 => machine.binary(a, Binary::Power, b),
        ("int", Some(value), _) => integer(machine, value, second.or(given.named("base"))),
        ("int", None, _) => Ok(Value::Int(0)),
        ("float", Some(Value::Int(n)), _) => Ok(Value::Float(float(n))),
        ("float", Some(Value::Float(n)), _) => Ok(Value::Float(n)),
        ("float", Some(value), _) => {
            let text = machine
                .text_of(value)
                .ok_or_else(|| Halt::type_error("not a number"))?;
            machine.room(text.len().saturating_mul(2))?;
            let digits = digits(&text)?;
            let wrong = || Halt::value_error("could not convert to float");
            let number = digits.and_then(|digits| digits.parse().ok());
            number.map(Value::Float).ok_or_else(wrong)
        }
        ("bool", value, _) => Ok(Value::Bool(value.is_some_and(|value| machine.truth(value)))),
        ("str" | "repr", Some(_), _) => {
            let value = first.unwrap_or(Value::None);
            let text = if name == "str" {
                format::shown(machine, value)?
            } else {
                format::repr(machine, value)?
            };
            machine.text(&text)
        }
        ("str", None, _) => machine.text(""),
        ("chr", Some(Value::Int(code)), _) => {
            let c = u32::try_from(code).ok().and_then(char::from_u32);
            let c = c.ok_or_else(|| Halt::value_error("chr() arg not in range"))?;
            machine.text(c.encode_utf8(&mut [0; 4]))
        }
        ("ord", Some(value), _) => {
            let text = machine.text_of(value);
            let mut chars = text.iter().flat_map(|text| text.chars());
            match (chars.next(), chars.next()) {
                (Some(c), None) => Ok(Value::Int(u32::from(c).into())),
                _ => Err(Halt::type_error("ord() expected a character")),
            }
        }
        ("bin", Some(Value::Int(n)), _) if n >= 0 => machine.text(&format!("0b{n:b}")),
        ("hex", Some(Value::Int(n)), _) if n >= 0 => machine.text(&format!("0x{n:x}")),
        ("round", Some(Value::Int(n)), None | Some(Value::None | Value::Int(0..))) => {
            Ok(Value::Int(n))
        }
        ("round", Some(Value::Int(n)), Some(Value::Int(digits))) => round_to_tens(n, digits),
        ("round", Some(Value::Float(n)), None | Some(Value::None)) => cut(n.round_ties_even()),
        ("round", Some(Value::Float(n)), Some(Value::Int(digits @ 0..))) => {
            let digits = usize::try_from(digits.clamp(0, 30)).unwrap_or(0);
            Ok(Value::Float(format!("{n:.digits$}").parse().unwrap_or(n)))
        }
        ("math.floor" | "math.ceil" | "math.trunc", Some(Value::Int(n)), _) => Ok(Value::Int(n)),
        ("math.floor" | "math.ceil" | "math.trunc", Some(Value::Float(n)), _) => {
            let n = match name {
                "math.floor" => n.floor(),
                "math.ceil" => n.ceil(),
                _ => n.trunc(),
            };
            cut(n)
        }
        ("math.sqrt", Some(Value::Int(n)), _) if n >= 0 => Ok(Value::Float(float(n).sqrt())),
        ("math.sqrt", Some(Value::Float(n)), _) if n >= 0.0 => Ok(Value::Float(n.sqrt())),
        ("math.isqrt", Some(Value::Int(n)), _) if n >= 0 => Ok(Value::Int(n.isqrt())),
        ("math.gcd", Some(Value::Int(a)), Some(Value::Int(b))) if given.plain.len() == 2 => {
            let (mut a, mut b) = (a.saturating_abs(), b.saturating_abs());
            while b != 0 {
                (a, b) = (b, a % b);
            }
            Ok(Value::Int(a))
        }
        ("math.prod", Some(items), _) => {
            let mut items = machine.walk_in_any_order(items)?;
            let mut product = Value::Int(1);
            while let Some(item) = items.next(machine)? {
                product = machine.binary(product, Binary::Multiply, item)?;
            }
            Ok(product)
        }
        _ if KNOWN.contains(&name) && given.plain.is_empty() => {
            Err(Halt::type_error(format!("{name} expected an argument")))
        }
        _ => Err(Halt::Unsupported(format!("{name} with these arguments"))),
    }
}
