//! Functions that make sequences of sequences. All of them work at once instead of bit by bit.

use std::cmp::Ordering;

use super::ast::Binary;
use super::eval::Arguments;
use super::halt::Halt;
use super::machine::Machine;
use super::value::{Object, Value};

pub(super) fn builtin(machine: &mut Machine, name: &str, given: &Arguments) -> Result<Value, Halt> {
    let mut out = Vec::new();
    if name == "functools.reduce" {
        return reduce(machine, given);
    }
    let end = machine.at_once(|machine| each(machine, name, given, &mut out));
    machine.ended(out, end)
}

fn each(
    machine: &mut Machine,
    name: &str,
    given: &Arguments,
    out: &mut Vec<Value>,
) -> Result<(), Halt> {
    let first = given.plain.first().copied().unwrap_or(Value::None);
    let second = given.plain.get(1).copied();
    match (name, second) {
        ("enumerate", _) => {
            let mut number = second.or(given.named("start")).unwrap_or(Value::Int(0));
            let mut items = machine.walk(first)?;
            while let Some(item) = items.next(machine)? {
                out.push(machine.tuple(vec![number, item])?);
                number = machine.binary(number, Binary::Add, Value::Int(1))?;
            }
        }
        ("zip", _) => {
            let mut walks = Vec::new();
            for iterable in &given.plain {
                walks.push(machine.walk(*iterable)?);
            }
            'rows: while !walks.is_empty() {
                let mut row = Vec::new();
                for walk in &mut walks {
                    match walk.next(machine)? {
                        Some(item) => row.push(item),
                        None => break 'rows,
                    }
                }
                out.push(machine.tuple(row)?);
            }
        }
        ("map", Some(items)) if given.plain.len() == 2 => {
            let mut items = machine.walk(items)?;
            while let Some(item) = items.next(machine)? {
                machine.room(32)?;
                out.push(machine.apply(first, vec![item])?);
            }
        }
        ("filter", Some(items)) => {
            let mut items = machine.walk(items)?;
            while let Some(item) = items.next(machine)? {
                machine.room(32)?;
                let kept = match first {
                    Value::None => item,
                    _ => machine.apply(first, vec![item])?,
                };
                if machine.truth(kept) {
                    out.push(item);
                }
            }
        }
        ("reversed", None) => {
            if matches!(
                machine.object(first),
                Some(Object::Set(_) | Object::Iterator(..))
            ) {
                return Err(Halt::type_error("object is not reversible"));
            }
            *out = machine.items(first)?;
            out.reverse();
        }
        _ => return Err(Halt::Unsupported(format!("{name} with these arguments"))),
    }
    Ok(())
}

fn reduce(machine: &mut Machine, given: &Arguments) -> Result<Value, Halt> {
    let [apply, items, ..] = *given.plain else {
        return Err(Halt::type_error("reduce expected at least 2 arguments"));
    };
    let mut items = machine.items(items)?.into_iter();
    let start = given.plain.get(2).copied().or_else(|| items.next());
    let mut value = start.ok_or_else(|| Halt::type_error("reduce() of empty iterable"))?;
    for item in items {
        value = machine.apply(apply, vec![value, item])?;
    }
    Ok(value)
}

pub(super) fn call(machine: &mut Machine, name: &str, given: &Arguments) -> Result<Value, Halt> {
    let first = given.plain.first().copied().unwrap_or(Value::None);
    let mut out = Vec::new();
    match (name, given.plain.get(1)) {
        ("itertools.chain", _) => {
            for iterable in &given.plain {
                out.extend(machine.items(*iterable)?);
            }
        }
        ("itertools.combinations", Some(Value::Int(2))) => {
            let items = machine.items(first)?;
            for (at, a) in items.iter().enumerate() {
                for b in items.iter().skip(at + 1) {
                    out.push(machine.tuple(vec![*a, *b])?);
                }
            }
        }
        ("itertools.accumulate", None) => {
            let mut sum = None;
            for item in machine.items(first)? {
                let next = match sum {
                    Some(sum) => machine.binary(sum, Binary::Add, item)?,
                    None => item,
                };
                sum = Some(next);
                out.push(next);
            }
        }
        ("itertools.groupby", None) => {
            let mut group: Option<(Value, Vec<Value>)> = None;
            let key = given.named("key");
            for item in machine.items(first)? {
                let rank = match key {
                    Some(key) => machine.apply(key, vec![item])?,
                    None => item,
                };
                match &mut group {
                    Some((known, members)) if machine.equal(*known, rank)? => members.push(item),
                    _ => {
                        if let Some((known, members)) = group.replace((rank, vec![item])) {
                            let members = machine.iterator(members)?;
                            out.push(machine.tuple(vec![known, members])?);
                        }
                    }
                }
            }
            if let Some((known, members)) = group {
                let members = machine.iterator(members)?;
                out.push(machine.tuple(vec![known, members])?);
            }
        }
        _ => return Err(Halt::Unsupported(format!("{name} with these arguments"))),
    }
    machine.iterator(out)
}

impl Machine {
    /// Sorts stably, by `key` and `reverse` among the arguments. Every comparison counts; an order that contradicts itself
    /// gives some order, never a panic.
    pub(super) fn sort(&mut self, items: &mut Vec<Value>, given: &Arguments) -> Result<(), Halt> {
        let key = given.named("key").filter(|key| !matches!(key, Value::None));
        let is_reversed = given
            .named("reverse")
            .is_some_and(|value| self.truth(value));
        let mut ranked = Vec::with_capacity(items.len());
        self.room_for(items.len().saturating_mul(4))?;
        for item in items.iter() {
            let rank = match key {
                Some(key) => self.apply(key, vec![*item])?,
                None => *item,
            };
            ranked.push((rank, *item));
        }
        let sorted = self.merge_sort(ranked, is_reversed)?;
        *items = sorted.into_iter().map(|(_, item)| item).collect();
        Ok(())
    }

    fn merge_sort(
        &mut self,
        mut left: Vec<(Value, Value)>,
        is_reversed: bool,
    ) -> Result<Vec<(Value, Value)>, Halt> {
        if left.len() < 2 {
            return Ok(left);
        }
        let right = left.split_off(left.len() / 2);
        let left = self.merge_sort(left, is_reversed)?;
        let right = self.merge_sort(right, is_reversed)?;
        let mut merged = Vec::with_capacity(left.len() + right.len());
        let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
        let wanted = if is_reversed {
            Ordering::Greater
        } else {
            Ordering::Less
        };
        while let (Some(a), Some(b)) = (left.peek().copied(), right.peek().copied()) {
            // Equal ones stay in order: the right one goes first only when it is truly smaller.
            if self.order(b.0, a.0)? == Some(wanted) {
                merged.extend(right.next());
            } else {
                merged.extend(left.next());
            }
        }
        merged.extend(left);
        merged.extend(right);
        Ok(merged)
    }
}
