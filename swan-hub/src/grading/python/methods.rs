//! Methods of texts, lists, sets and dicts.

use std::rc::Rc;

use super::ast::Binary;
use super::eval::Arguments;
use super::halt::Halt;
use super::machine::Machine;
use super::value::{Object, Part, Table, Value};
use super::{modules, texts};

pub(super) fn call(
    machine: &mut Machine,
    base: Value,
    name: &str,
    given: &Arguments,
) -> Result<Value, Halt> {
    machine.step()?;
    let takes = match name {
        "sort" => &["key", "reverse"][..],
        "split" | "rsplit" => &["sep", "maxsplit"],
        "format" | "update" => &[""],
        _ => &[],
    };
    let is_known = |name: &str| takes.contains(&"") || takes.contains(&name);
    let is_module = matches!(machine.object(base), Some(Object::Builtin(_)));
    if !is_module && !given.named.iter().all(|(name, _)| is_known(name)) {
        return Err(Halt::Unsupported(format!("{name} with these keywords")));
    }
    match machine.object(base) {
        Some(Object::Text(text)) => {
            let text = Rc::clone(text);
            // Each of them reads the text, and most write one as long.
            machine.room(text.len().saturating_mul(2))?;
            texts::call(machine, &text, name, given)
        }
        Some(Object::List(_)) => of_list(machine, base, name, given),
        Some(Object::Dict(_)) if name == "update" => update(machine, base, given),
        Some(Object::Dict(_)) => of_dict(machine, base, name, given),
        Some(Object::Set(_)) => of_set(machine, base, name, given),
        Some(Object::Tuple(_)) if matches!(name, "index" | "count") => {
            let items = machine.items(base)?;
            search(machine, &items, name, given)
        }
        Some(Object::Builtin(kind)) if &**kind == "str" => match given.plain.split_first() {
            Some((text, rest)) => {
                let rest = Arguments {
                    plain: rest.to_vec(),
                    named: given.named.clone(),
                };
                call(machine, *text, name, &rest)
            }
            None => Err(Halt::type_error("unbound method needs an argument")),
        },
        Some(Object::Builtin(_)) => {
            let member = modules::attribute(machine, base, name)?;
            machine.call(member, given.clone())
        }
        _ => Err(unknown(name)),
    }
}

pub(super) fn unknown(name: &str) -> Halt {
    Halt::Unsupported(format!("the method {name}"))
}

fn search(
    machine: &mut Machine,
    items: &[Value],
    name: &str,
    given: &Arguments,
) -> Result<Value, Halt> {
    let wanted = *given
        .plain
        .first()
        .ok_or_else(|| Halt::type_error("a value is needed"))?;
    let mut count = 0;
    for (item, at) in items.iter().zip(0_i128..) {
        if machine.equal(*item, wanted)? {
            if name == "index" {
                return Ok(Value::Int(at));
            }
            count += 1;
        }
    }
    if name == "index" {
        Err(Halt::value_error("not in list"))
    } else {
        Ok(Value::Int(count))
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one line for each name that Python has"
)]
fn of_list(
    machine: &mut Machine,
    list: Value,
    name: &str,
    given: &Arguments,
) -> Result<Value, Halt> {
    let first = given.plain.first().copied();
    let replace = |machine: &mut Machine, new: Vec<Value>| {
        if let Some(Object::List(items)) = machine.object_mut(list) {
            *items = new;
        }
        Ok(Value::None)
    };
    match (name, first) {
        ("append", Some(value)) => {
            machine.room(32)?;
            if let Some(Object::List(items)) = machine.object_mut(list) {
                items.push(value);
            }
            Ok(Value::None)
        }
        ("pop", None) => match machine.object_mut(list) {
            Some(Object::List(items)) => items
                .pop()
                .ok_or_else(|| Halt::Raised("IndexError", "pop from empty list".to_owned())),
            _ => Err(unknown(name)),
        },
        ("pop", Some(index)) => {
            let value = machine.item(list, index)?;
            machine.delete_item(list, index)?;
            Ok(value)
        }
        ("popleft", None) => {
            let value = machine.item(list, Value::Int(0))?;
            machine.delete_item(list, Value::Int(0))?;
            Ok(value)
        }
        ("extend", Some(more)) => {
            let more = machine.items(more)?;
            if let Some(Object::List(items)) = machine.object_mut(list) {
                items.extend(more);
            }
            Ok(Value::None)
        }
        ("insert" | "appendleft", Some(first)) => {
            let mut items = machine.items(list)?;
            let length = i128::try_from(items.len()).unwrap_or(0);
            let (at, value) = match (name, first, given.plain.get(1)) {
                ("appendleft", value, _) => (0, value),
                (_, Value::Int(at), Some(value)) => (if at < 0 { at + length } else { at }, *value),
                _ => return Err(Halt::type_error("insert needs an index and a value")),
            };
            items.insert(usize::try_from(at.clamp(0, length)).unwrap_or(0), value);
            replace(machine, items)
        }
        ("remove", Some(_)) => {
            let items = machine.items(list)?;
            let at = search(machine, &items, "index", given)?;
            machine.delete_item(list, at)?;
            Ok(Value::None)
        }
        ("index", Some(_)) if given.plain.len() > 1 => {
            Err(Halt::unsupported("index within bounds"))
        }
        ("index" | "count", Some(_)) => {
            let items = machine.items(list)?;
            search(machine, &items, name, given)
        }
        ("sort", None) => {
            let mut items = machine.items(list)?;
            machine.sort(&mut items, given)?;
            replace(machine, items)
        }
        ("reverse", None) => {
            let mut items = machine.items(list)?;
            items.reverse();
            replace(machine, items)
        }
        ("clear", None) => replace(machine, Vec::new()),
        ("copy", None) => {
            let items = machine.items(list)?;
            machine.list(items)
        }
        _ => Err(unknown(name)),
    }
}

fn of_dict(
    machine: &mut Machine,
    dict: Value,
    name: &str,
    given: &Arguments,
) -> Result<Value, Halt> {
    let first = given.plain.first().copied();
    let second = given.plain.get(1).copied();
    match (name, first) {
        ("items", None) => machine.put(Object::View(dict, Part::Items)),
        ("keys", None) => machine.put(Object::View(dict, Part::Keys)),
        ("values", None) => machine.put(Object::View(dict, Part::Values)),
        ("get" | "setdefault" | "pop", Some(wanted)) => {
            let key = machine.key(wanted)?;
            let found = machine.table(dict).and_then(|table| table.get(&key));
            match (name, found) {
                ("pop", Some(value)) => {
                    machine.table_mut(dict)?.remove(&key);
                    Ok(value)
                }
                (_, Some(value)) => Ok(value),
                ("setdefault", None) => {
                    let value = second.unwrap_or(Value::None);
                    machine.insert(dict, wanted, value)?;
                    Ok(value)
                }
                ("pop", None) => {
                    second.ok_or_else(|| Halt::Raised("KeyError", "no such key".to_owned()))
                }
                _ => Ok(second.unwrap_or(Value::None)),
            }
        }
        ("copy", None) if machine.table(dict).is_some_and(Table::is_plain) => {
            let copy = machine.put(Object::Dict(Table::default()))?;
            machine.merge(copy, dict)?;
            Ok(copy)
        }
        ("clear", None) => {
            *machine.table_mut(dict)? = Table::default();
            Ok(Value::None)
        }
        _ => Err(unknown(name)),
    }
}

fn update(machine: &mut Machine, dict: Value, given: &Arguments) -> Result<Value, Halt> {
    if machine.table(dict).is_some_and(|table| table.is_counter) {
        return Err(unknown("update"));
    }
    match given.plain.first() {
        Some(other) if machine.table(*other).is_some() => machine.merge(dict, *other)?,
        Some(pairs) => {
            for pair in machine.items(*pairs)? {
                match machine.items(pair)?.as_slice() {
                    [key, value] => machine.insert(dict, *key, *value)?,
                    _ => return Err(Halt::value_error("dictionary update sequence")),
                }
            }
        }
        None => {}
    }
    for (name, value) in &given.named {
        let key = machine.text(name)?;
        machine.insert(dict, key, *value)?;
    }
    Ok(Value::None)
}

fn of_set(machine: &mut Machine, set: Value, name: &str, given: &Arguments) -> Result<Value, Halt> {
    let operator = match name {
        "union" => Some(Binary::Or),
        "intersection" => Some(Binary::And),
        "difference" => Some(Binary::Subtract),
        _ => None,
    };
    if given.plain.len() > 1 {
        return Err(Halt::Unsupported(format!("{name} of several")));
    }
    if machine.table(set).is_some_and(|table| table.is_frozen) {
        return Err(Halt::unsupported("methods of a frozenset"));
    }
    match (name, operator, given.plain.first().copied()) {
        (_, Some(operator), Some(other)) => {
            let other = machine.items_in_any_order(other)?;
            let other = machine.set(other)?;
            machine.sets(set, operator, other)
        }
        ("add", _, Some(value)) => {
            machine.insert(set, value, Value::None)?;
            Ok(Value::None)
        }
        ("discard" | "remove", _, Some(value)) => {
            let key = machine.key(value)?;
            match machine.table_mut(set)?.remove(&key) {
                None if name == "remove" => Err(Halt::Raised("KeyError", "no such key".to_owned())),
                _ => Ok(Value::None),
            }
        }
        ("update", _, Some(more)) => {
            for item in machine.items_in_any_order(more)? {
                machine.insert(set, item, Value::None)?;
            }
            Ok(Value::None)
        }
        ("copy", ..) => {
            let items = machine.items_in_any_order(set)?;
            machine.set(items)
        }
        _ => Err(unknown(name)),
    }
}
