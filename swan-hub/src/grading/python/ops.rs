//! Operators and comparisons.

use std::cmp::Ordering;

use super::ast::{Binary, Compare};
use super::format;
use super::halt::Halt;
use super::machine::{Machine, float};
use super::value::{Object, Table, Value};

fn too_large() -> Halt {
    Halt::unsupported("numbers beyond 127 bits")
}

fn by_zero() -> Halt {
    Halt::Raised("ZeroDivisionError", "division by zero".to_owned())
}

impl Machine {
    pub(super) fn truth(&self, value: Value) -> bool {
        match value {
            Value::None => false,
            Value::Bool(truth) => truth,
            Value::Int(number) => number != 0,
            Value::Float(number) => number != 0.0,
            Value::At(_) => self.length(value) != Some(0),
        }
    }

    pub(super) fn length(&self, value: Value) -> Option<usize> {
        match self.object(value)? {
            Object::Text(text) => Some(text.chars().count()),
            Object::List(items) | Object::Tuple(items) => Some(items.len()),
            Object::Set(table) | Object::Dict(table) => Some(table.len()),
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
            (Value::Int(a), Value::Int(b)) => integers(a, operator, b),
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
            (Some(Object::Set(_)), _, Some(Object::Set(_))) => self.sets(left, operator, right),
            (Some(Object::Dict(_)), Binary::Or, Some(Object::Dict(_))) => {
                let dict = self.put(Object::Dict(Table::default()))?;
                self.merge(dict, left)?;
                self.merge(dict, right)?;
                Ok(dict)
            }
            (Some(Object::Dict(_)), _, Some(Object::Dict(_))) => {
                Err(Halt::unsupported("arithmetic of counters"))
            }
            _ => Err(Halt::type_error("unsupported operand types")),
        }
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
        let (a, b) = (self.items(left)?, self.items(right)?);
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

    pub(super) fn compare(
        &mut self,
        left: Value,
        compare: Compare,
        right: Value,
    ) -> Result<bool, Halt> {
        if let Some(same) = self.is(left, compare, right) {
            return Ok(same);
        }
        match compare {
            Compare::Equal => self.equal(left, right),
            Compare::NotEqual => Ok(!self.equal(left, right)?),
            Compare::In => self.contains(right, left),
            Compare::NotIn => Ok(!self.contains(right, left)?),
            _ => {
                let order = self.order(left, right)?;
                Ok(match compare {
                    Compare::Less => order == Some(Ordering::Less),
                    Compare::LessEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                    Compare::Greater => order == Some(Ordering::Greater),
                    _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
                })
            }
        }
    }

    pub(super) fn contains(&mut self, holder: Value, wanted: Value) -> Result<bool, Halt> {
        if self.table(holder).is_some() {
            let key = self.key(wanted)?;
            return Ok(self.table(holder).is_some_and(|table| table.contains(&key)));
        }
        if let Some(text) = self.text_of(holder) {
            let wanted = self.text_of(wanted);
            let wanted = wanted.ok_or_else(|| Halt::type_error("'in <string>' requires string"))?;
            self.room(text.len())?;
            return Ok(text.contains(&*wanted));
        }
        let mut items = self.walk(holder)?;
        while let Some(item) = items.next(self)? {
            if self.equal(item, wanted)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn equal(&mut self, left: Value, right: Value) -> Result<bool, Halt> {
        self.step()?;
        match (left, right) {
            (Value::At(a), Value::At(b)) if a == b => Ok(true),
            (Value::At(_), Value::At(_)) => self.nested(|machine| machine.same(left, right)),
            (Value::At(_), _) | (_, Value::At(_)) => Ok(false),
            (Value::None, Value::None) => Ok(true),
            (Value::None, _) | (_, Value::None) => Ok(false),
            _ => Ok(self.order(left, right)? == Some(Ordering::Equal)),
        }
    }

    fn same(&mut self, left: Value, right: Value) -> Result<bool, Halt> {
        match (self.object(left), self.object(right)) {
            (Some(Object::Text(a)), Some(Object::Text(b))) => Ok(a == b),
            (Some(Object::List(a)), Some(Object::List(b)))
            | (Some(Object::Tuple(a)), Some(Object::Tuple(b))) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                let pairs: Vec<(Value, Value)> = a.iter().copied().zip(b.iter().copied()).collect();
                self.room_for(pairs.len())?;
                for (a, b) in pairs {
                    if !self.equal(a, b)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Some(Object::Set(a)), Some(Object::Set(b))) => {
                let (same, size) = (a.keys().eq(b.keys()), a.len());
                self.steps(size)?;
                Ok(same)
            }
            (Some(Object::Dict(a)), Some(Object::Dict(b))) => {
                if !a.keys().eq(b.keys()) {
                    return Ok(false);
                }
                let pairs: Vec<_> = a
                    .keys()
                    .filter_map(|key| Some((a.get(key)?, b.get(key)?)))
                    .collect();
                self.room_for(pairs.len())?;
                for (a, b) in pairs {
                    if !self.equal(a, b)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Some(Object::Builtin(a)), Some(Object::Builtin(b))) => Ok(a == b),
            (Some(Object::Range(..)), Some(Object::Range(..))) => {
                Err(Halt::unsupported("comparing ranges"))
            }
            _ => Ok(false),
        }
    }

    /// How two values are ordered; nothing where one of them is not a number.
    pub(super) fn order(&mut self, left: Value, right: Value) -> Result<Option<Ordering>, Halt> {
        self.step()?;
        let number = |value: Value| match value {
            Value::Bool(truth) => Value::Int(truth.into()),
            value => value,
        };
        match (number(left), number(right)) {
            (Value::Int(a), Value::Int(b)) => return Ok(Some(a.cmp(&b))),
            (Value::Int(a), Value::Float(b)) => return Ok(float(a).partial_cmp(&b)),
            (Value::Float(a), Value::Int(b)) => return Ok(a.partial_cmp(&float(b))),
            (Value::Float(a), Value::Float(b)) => return Ok(a.partial_cmp(&b)),
            _ => {}
        }
        match (self.object(left), self.object(right)) {
            (Some(Object::Text(a)), Some(Object::Text(b))) => {
                let order = a.cmp(b);
                let size = a.len().min(b.len());
                self.steps(size / 64)?;
                Ok(Some(order))
            }
            (Some(Object::List(a)), Some(Object::List(b)))
            | (Some(Object::Tuple(a)), Some(Object::Tuple(b))) => {
                let lengths = a.len().cmp(&b.len());
                let pairs: Vec<(Value, Value)> = a.iter().copied().zip(b.iter().copied()).collect();
                self.room_for(pairs.len())?;
                for (a, b) in pairs {
                    if !self.equal(a, b)? {
                        return self.nested(|machine| machine.order(a, b));
                    }
                }
                Ok(Some(lengths))
            }
            (Some(Object::Set(_)), Some(Object::Set(_))) => Err(Halt::unsupported("ordering sets")),
            _ => Err(Halt::type_error("'<' not supported between these types")),
        }
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
            _ => Object::Builtin("".into()),
        })
    }
}

fn integers(a: i128, operator: Binary, b: i128) -> Result<Value, Halt> {
    let result = match operator {
        Binary::Add => a.checked_add(b),
        Binary::Subtract => a.checked_sub(b),
        Binary::Multiply => a.checked_mul(b),
        Binary::Divide if b == 0 => return Err(by_zero()),
        Binary::Divide => return Ok(Value::Float(float(a) / float(b))),
        Binary::FloorDivide | Binary::Modulo if b == 0 => return Err(by_zero()),
        Binary::FloorDivide => floor_div(a, b),
        Binary::Modulo => floor_div(a, b).and_then(|q| a.checked_sub(q.checked_mul(b)?)),
        Binary::Power if b < 0 => return floats(float(a), operator, float(b)),
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

fn floats(a: f64, operator: Binary, b: f64) -> Result<Value, Halt> {
    Ok(Value::Float(match operator {
        Binary::Add => a + b,
        Binary::Subtract => a - b,
        Binary::Multiply => a * b,
        Binary::Divide | Binary::FloorDivide | Binary::Modulo if b == 0.0 => return Err(by_zero()),
        Binary::Divide => a / b,
        Binary::FloorDivide => (a / b).floor(),
        Binary::Modulo => a - (a / b).floor() * b,
        Binary::Power => a.powf(b),
        _ => return Err(Halt::type_error("unsupported operand types")),
    }))
}
