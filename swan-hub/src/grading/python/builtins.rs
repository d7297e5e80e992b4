//! Functions that are always there, and those of the modules.

use std::cmp::Ordering;

use super::ast::Binary;
use super::eval::Arguments;
use super::halt::Halt;
use super::machine::{Machine, float, whole};
use super::value::{Object, Table, Value};
use super::{format, itertools, modules};

const KNOWN: [&str; 34] = [
    "abs",
    "all",
    "any",
    "bin",
    "bool",
    "chr",
    "dict",
    "divmod",
    "enumerate",
    "filter",
    "float",
    "frozenset",
    "int",
    "isinstance",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "object",
    "ord",
    "pow",
    "print",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "sorted",
    "str",
    "sum",
    "tuple",
];

pub(super) fn is_known(name: &str) -> bool {
    KNOWN.contains(&name) || matches!(name, "zip" | "callable" | "hex" | "type")
}

#[expect(
    clippy::too_many_lines,
    reason = "one line for each name that Python has"
)]
pub(super) fn call(machine: &mut Machine, name: &str, given: &Arguments) -> Result<Value, Halt> {
    if let Some(kind) = modules::exception(name) {
        let message = match given.plain.first() {
            Some(message) => format::shown(machine, *message)?,
            None => String::new(),
        };
        return machine.put(Object::Exception(kind, message.into()));
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
            let mut items = machine.walk(items)?;
            let mut sum = start;
            while let Some(item) = items.next(machine)? {
                sum = machine.binary(sum, Binary::Add, item)?;
            }
            Ok(sum)
        }
        ("min" | "max", Some(_), _) => extreme(machine, name == "max", given),
        ("sorted", Some(items), _) => {
            let mut items = machine.items(items)?;
            machine.sort(&mut items, given)?;
            machine.list(items)
        }
        ("any" | "all", Some(items), _) => {
            let mut items = machine.walk(items)?;
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
            Some(Object::Iterator(_)) => Ok(items),
            _ => {
                let items = machine.items(items)?;
                machine.iterator(items)
            }
        },
        ("next", Some(iterator), otherwise) => {
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
        ("abs", Some(Value::Int(n)), _) => Ok(Value::Int(n.saturating_abs())),
        ("abs" | "math.fabs", Some(Value::Float(n)), _) => Ok(Value::Float(n.abs())),
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
            let number = text.trim().replace('_', "").parse();
            number
                .map(Value::Float)
                .map_err(|_| Halt::value_error("could not convert to float"))
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
        ("round", Some(Value::Int(n)), _) => Ok(Value::Int(n)),
        ("round", Some(Value::Float(n)), None) => whole(n.round_ties_even())
            .map(Value::Int)
            .ok_or_else(|| Halt::value_error("cannot round")),
        ("round", Some(Value::Float(n)), Some(Value::Int(digits))) => {
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
            whole(n)
                .map(Value::Int)
                .ok_or_else(|| Halt::value_error("cannot convert to integer"))
        }
        ("math.sqrt", Some(Value::Int(n)), _) if n >= 0 => Ok(Value::Float(float(n).sqrt())),
        ("math.sqrt", Some(Value::Float(n)), _) if n >= 0.0 => Ok(Value::Float(n.sqrt())),
        ("math.isqrt", Some(Value::Int(n)), _) if n >= 0 => Ok(Value::Int(n.isqrt())),
        ("math.gcd", Some(Value::Int(a)), Some(Value::Int(b))) => {
            let (mut a, mut b) = (a.saturating_abs(), b.saturating_abs());
            while b != 0 {
                (a, b) = (b, a % b);
            }
            Ok(Value::Int(a))
        }
        ("math.prod", Some(items), _) => {
            let mut items = machine.walk(items)?;
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

fn integer(machine: &Machine, value: Value, base: Option<Value>) -> Result<Value, Halt> {
    let base = match base {
        Some(Value::Int(base @ 2..=36)) => u32::try_from(base).unwrap_or(10),
        None => 10,
        Some(_) => return Err(Halt::value_error("int() base must be >= 2 and <= 36")),
    };
    match value {
        Value::Int(_) => Ok(value),
        Value::Bool(truth) => Ok(Value::Int(truth.into())),
        Value::Float(number) => whole(number.trunc())
            .map(Value::Int)
            .ok_or_else(|| Halt::value_error("cannot convert")),
        _ => {
            let text = machine
                .text_of(value)
                .ok_or_else(|| Halt::type_error("int() argument"))?;
            let digits = text.trim().replace('_', "");
            let number = i128::from_str_radix(&digits, base);
            number
                .map(Value::Int)
                .map_err(|_| Halt::value_error("invalid literal for int()"))
        }
    }
}

fn range(machine: &mut Machine, given: &[Value]) -> Result<Value, Halt> {
    let mut numbers = Vec::new();
    for value in given {
        match value {
            // Ranges beyond 64 bits are walked by nobody, and within them nothing overflows.
            Value::Int(number) => numbers.push((*number).clamp(i64::MIN.into(), i64::MAX.into())),
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

fn extreme(machine: &mut Machine, is_max: bool, given: &Arguments) -> Result<Value, Halt> {
    let items = match given.plain.as_slice() {
        [one] => machine.items(*one)?,
        several => several.to_vec(),
    };
    let key = given.named("key").filter(|key| !matches!(key, Value::None));
    let mut best: Option<(Value, Value)> = None;
    for item in items {
        let rank = match key {
            Some(key) => machine.apply(key, vec![item])?,
            None => item,
        };
        let wins = match best {
            None => true,
            Some((_, before)) => {
                let wanted = if is_max {
                    Ordering::Greater
                } else {
                    Ordering::Less
                };
                machine.order(rank, before)? == Some(wanted)
            }
        };
        if wins {
            best = Some((item, rank));
        }
    }
    best.map(|(item, _)| item)
        .or_else(|| given.named("default"))
        .ok_or_else(|| Halt::value_error("min() or max() of nothing"))
}

fn is_instance(machine: &Machine, value: Value, kind: Value) -> Result<bool, Halt> {
    let kinds = match machine.object(kind) {
        Some(Object::Tuple(kinds)) => kinds.clone(),
        _ => vec![kind],
    };
    let name = match (value, machine.object(value)) {
        (Value::Bool(_), _) => "bool",
        (Value::Int(_), _) => "int",
        (Value::Float(_), _) => "float",
        (_, Some(Object::Text(_))) => "str",
        (_, Some(Object::List(_))) => "list",
        (_, Some(Object::Tuple(_))) => "tuple",
        (_, Some(Object::Set(_))) => "set",
        (_, Some(Object::Dict(_))) => "dict",
        _ => "object",
    };
    let is = |kind: &Value| match machine.object(*kind) {
        Some(Object::Builtin(wanted)) => {
            &**wanted == name || (name == "bool" && &**wanted == "int") || &**wanted == "object"
        }
        _ => false,
    };
    Ok(kinds.iter().any(is))
}

fn holder(machine: &mut Machine, name: &str, given: &Arguments) -> Result<Value, Halt> {
    let first = given.plain.first().copied();
    if name == "collections.defaultdict" {
        let factory = first.filter(|value| !matches!(value, Value::None));
        return machine.put(Object::Dict(Table::of(factory, false)));
    }
    if matches!(name, "dict" | "collections.OrderedDict")
        && let Some(other) = first
        && machine.table(other).is_some()
    {
        let dict = machine.put(Object::Dict(Table::default()))?;
        machine.merge(dict, other)?;
        return Ok(dict);
    }
    let items = match first {
        Some(value) => machine.items(value)?,
        None => Vec::new(),
    };
    match name {
        "list" | "collections.deque" => machine.list(items),
        "tuple" => machine.tuple(items),
        "set" | "frozenset" => machine.set(items),
        _ => {
            let is_counter = name == "collections.Counter";
            let table = Table::of(None, is_counter);
            let dict = machine.put(Object::Dict(table))?;
            for item in items {
                if is_counter {
                    let before = machine.item(dict, item)?;
                    let more = machine.binary(before, Binary::Add, Value::Int(1))?;
                    machine.insert(dict, item, more)?;
                    continue;
                }
                match machine.items(item)?.as_slice() {
                    [key, value] => machine.insert(dict, *key, *value)?,
                    _ => return Err(Halt::value_error("dictionary update sequence")),
                }
            }
            for (name, value) in &given.named {
                let key = machine.text(name)?;
                machine.insert(dict, key, *value)?;
            }
            Ok(dict)
        }
    }
}
