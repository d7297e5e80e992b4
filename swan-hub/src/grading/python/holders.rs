//! What makes and looks into lists, sets and dicts.

use std::cmp::Ordering;

use super::ast::Binary;
use super::eval::Arguments;
use super::halt::Halt;
use super::machine::Machine;
use super::value::{Object, Table, Value};

pub(super) fn is_instance(machine: &mut Machine, value: Value, kind: Value) -> Result<bool, Halt> {
    let kinds = match machine.object(kind) {
        Some(Object::Tuple(_)) => machine.items(kind)?,
        _ => vec![kind],
    };
    for kind in &kinds {
        match machine.object(*kind) {
            Some(Object::Builtin(name))
                if matches!(
                    &**name,
                    "bool" | "int" | "float" | "str" | "list" | "tuple" | "set" | "dict" | "object"
                ) => {}
            _ => return Err(Halt::unsupported("isinstance of this")),
        }
    }
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

pub(super) fn holder(machine: &mut Machine, name: &str, given: &Arguments) -> Result<Value, Halt> {
    let first = given.plain.first().copied();
    if name == "collections.defaultdict" {
        let factory = first.filter(|value| !matches!(value, Value::None));
        let dict = machine.put(Object::Dict(Table::of(factory, false)))?;
        if let Some(given) = given.plain.get(1) {
            machine.merge(dict, *given)?;
        }
        return Ok(dict);
    }
    if given.plain.len() > 1 {
        return Err(Halt::Unsupported(format!("{name} of several")));
    }
    if matches!(name, "dict" | "collections.OrderedDict")
        && let Some(other) = first
        && machine.table(other).is_some()
    {
        let dict = machine.put(Object::Dict(Table::default()))?;
        machine.merge(dict, other)?;
        for (name, value) in &given.named {
            let key = machine.text(name)?;
            machine.insert(dict, key, *value)?;
        }
        return Ok(dict);
    }
    let items = match first {
        Some(_)
            if name == "collections.Counter"
                && first.is_some_and(|value| machine.table(value).is_some()) =>
        {
            return Err(Halt::unsupported("a counter of a dict"));
        }
        Some(value) if matches!(name, "set" | "frozenset") => machine.items_in_any_order(value)?,
        Some(value) => machine.items(value)?,
        None => Vec::new(),
    };
    match name {
        "list" | "collections.deque" => machine.list(items),
        "tuple" => machine.tuple(items),
        "set" => machine.set(items),
        "frozenset" => {
            let set = machine.set(items)?;
            machine.table_mut(set)?.is_frozen = true;
            Ok(set)
        }
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

pub(super) fn extreme(
    machine: &mut Machine,
    is_max: bool,
    given: &Arguments,
) -> Result<Value, Halt> {
    let items = match given.plain.as_slice() {
        [one] if given.named("key").is_none() => machine.items_in_any_order(*one)?,
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
