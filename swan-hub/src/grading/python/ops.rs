//! Operators and comparisons.

use super::arithmetic::{floats, integers};
use super::ast::Binary;
use super::format;
use super::halt::Halt;
use super::machine::{Machine, float};
use super::value::{Object, Table, Value};

impl Machine {
    pub(super) fn truth(&self, value: Value) -> bool {
        match value {
            Value::None => false,
            Value::Bool(truth) => truth,
            Value::Int(number) => number != 0,
            Value::Float(number) => number != 0.0,
            Value::At(_) => match self.object(value) {
                Some(Object::Text(text)) => !text.is_empty(),
                _ => self.length(value) != Some(0),
            },
        }
    }

    pub(super) fn length(&self, value: Value) -> Option<usize> {
        match self.object(value)? {
            Object::Text(text) => Some(text.chars().count()),
            Object::List(items) | Object::Tuple(items) => Some(items.len()),
            Object::Set(table) | Object::Dict(table) => Some(table.len()),
            Object::View(dict, _) => Some(self.table(*dict)?.len()),
            Object::Range(start, end, step) => {
                let span = if *step > 0 {
                    end.checked_sub(*start)?
                } else {
                    start.checked_sub(*end)?
                };
                let step = i128::try_from(step.unsigned_abs()).ok()?;
                usize::try_from(span.max(0).checked_add(step - 1)? / step).ok()
            }
            _ => None,
        }
    }

    pub(super) fn binary(
        &mut self,
        left: Value,
        operator: Binary,
        right: Value,
    ) -> Result<Value, Halt> {
        let number = |value: Value| match value {
            Value::Bool(truth) => Value::Int(truth.into()),
            value => value,
        };
        match (number(left), number(right)) {
            (Value::Int(a), Value::Int(b)) => match (left, right, operator) {
                // Of two truths these make a truth again.
                (Value::Bool(a), Value::Bool(b), Binary::And) => Ok(Value::Bool(a & b)),
                (Value::Bool(a), Value::Bool(b), Binary::Or) => Ok(Value::Bool(a | b)),
                (Value::Bool(a), Value::Bool(b), Binary::Xor) => Ok(Value::Bool(a ^ b)),
                _ => integers(a, operator, b),
            },
            (Value::Int(a), Value::Float(b)) => floats(float(a), operator, b),
            (Value::Float(a), Value::Int(b)) => floats(a, operator, float(b)),
            (Value::Float(a), Value::Float(b)) => floats(a, operator, b),
            (a, b) => self.containers(a, operator, b),
        }
    }

    fn containers(&mut self, left: Value, operator: Binary, right: Value) -> Result<Value, Halt> {
        match (
            self.object(left).cloned_shallow(),
            operator,
            self.object(right).cloned_shallow(),
        ) {
            (Some(Object::Text(a)), Binary::Add, Some(Object::Text(b))) => {
                self.room(a.len() + b.len())?;
                let joined = format!("{a}{b}");
                self.put(Object::Text(joined.into()))
            }
            (Some(Object::Text(template)), Binary::Modulo, _) => {
                let text = format::percent(self, &template, right)?;
                self.text(&text)
            }
            (Some(Object::Text(text)), Binary::Multiply, None) => self.repeat_text(&text, right),
            (None, Binary::Multiply, Some(Object::Text(text))) => self.repeat_text(&text, left),
            (Some(Object::List(_)), Binary::Add, Some(Object::List(_))) => {
                let mut items = self.items(left)?;
                items.extend(self.items(right)?);
                self.list(items)
            }
            (Some(Object::Tuple(_)), Binary::Add, Some(Object::Tuple(_))) => {
                let mut items = self.items(left)?;
                items.extend(self.items(right)?);
                self.tuple(items)
            }
            (Some(Object::List(_) | Object::Tuple(_)), Binary::Multiply, None) => {
                self.repeat(left, right)
            }
            (None, Binary::Multiply, Some(Object::List(_) | Object::Tuple(_))) => {
                self.repeat(right, left)
            }
            (
                Some(Object::Set(_) | Object::View(..)),
                Binary::And | Binary::Or | Binary::Subtract | Binary::Xor,
                Some(Object::Set(_) | Object::View(..)),
            ) => {
                let (left, right) = (self.as_set(left)?, self.as_set(right)?);
                self.sets(left, operator, right)
            }
            (Some(Object::View(..)), ..) | (.., Some(Object::View(..))) => {
                Err(Halt::unsupported("this with what a dict holds"))
            }
            (Some(Object::Set(_)), _, Some(Object::Set(_))) => self.sets(left, operator, right),
            (Some(Object::Dict(_)), Binary::Or, Some(Object::Dict(_))) => {
                let dict = self.put(Object::Dict(Table::default()))?;
                self.merge(dict, left)?;
                self.merge(dict, right)?;
                Ok(dict)
            }
            (Some(Object::Dict(_)), _, Some(Object::Dict(_)))
                if self.table(left).is_some_and(|table| table.is_counter) =>
            {
                Err(Halt::unsupported("arithmetic of counters"))
            }
            _ => Err(Halt::type_error("unsupported operand types")),
        }
    }

    fn as_set(&mut self, value: Value) -> Result<Value, Halt> {
        if self.table(value).is_some() {
            return Ok(value);
        }
        let items = self.items(value)?;
        self.set(items)
    }

    fn times(&self, times: Value) -> Result<usize, Halt> {
        match times {
            Value::Int(times) => Ok(usize::try_from(times.max(0)).unwrap_or(usize::MAX)),
            Value::Bool(truth) => Ok(usize::from(truth)),
            _ => Err(Halt::type_error("can't multiply sequence by this")),
        }
    }

    fn repeat_text(&mut self, text: &str, times: Value) -> Result<Value, Halt> {
        let times = self.times(times)?;
        self.room(text.len().saturating_mul(times))?;
        self.text(&text.repeat(if text.is_empty() { 0 } else { times }))
    }

    fn repeat(&mut self, list: Value, times: Value) -> Result<Value, Halt> {
        let times = self.times(times)?;
        let items = self.items(list)?;
        self.room_for(items.len().saturating_mul(times))?;
        let count = if items.is_empty() { 0 } else { times };
        let repeated = items.repeat(count);
        match self.object(list) {
            Some(Object::Tuple(_)) => self.put(Object::Tuple(repeated)),
            _ => self.put(Object::List(repeated)),
        }
    }

    pub(super) fn sets(
        &mut self,
        left: Value,
        operator: Binary,
        right: Value,
    ) -> Result<Value, Halt> {
        let (a, b) = (
            self.items_in_any_order(left)?,
            self.items_in_any_order(right)?,
        );
        let mut kept = Vec::new();
        for item in &a {
            let key = self.key(*item)?;
            let is_shared = self.table(right).is_some_and(|table| table.contains(&key));
            let is_kept = match operator {
                Binary::And => is_shared,
                Binary::Or => true,
                Binary::Subtract | Binary::Xor => !is_shared,
                _ => return Err(Halt::type_error("unsupported operand types")),
            };
            if is_kept {
                kept.push(*item);
            }
        }
        for item in b {
            let key = self.key(item)?;
            let is_shared = self.table(left).is_some_and(|table| table.contains(&key));
            if operator == Binary::Or || (operator == Binary::Xor && !is_shared) {
                kept.push(item);
            }
        }
        self.set(kept)
    }
}

/// Clones of what is shared or small; the contents of containers stay where they are.
trait Shallow {
    fn cloned_shallow(self) -> Option<Object>;
}

impl Shallow for Option<&Object> {
    fn cloned_shallow(self) -> Option<Object> {
        Some(match self? {
            Object::List(_) => Object::List(Vec::new()),
            Object::Tuple(_) => Object::Tuple(Vec::new()),
            Object::Set(_) => Object::Set(Table::default()),
            Object::Dict(_) => Object::Dict(Table::default()),
            Object::Text(text) => Object::Text(std::rc::Rc::clone(text)),
            Object::View(dict, part) => Object::View(*dict, *part),
            _ => Object::Builtin("".into()),
        })
    }
}
