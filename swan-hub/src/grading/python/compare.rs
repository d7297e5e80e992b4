//! Comparisons, each paid for before it is made.

use std::cmp::Ordering;

use super::arithmetic::int_and_float;
use super::ast::Compare;
use super::halt::Halt;
use super::machine::Machine;
use super::value::{Object, Value};

impl Machine {
    pub(super) fn compare(
        &mut self,
        left: Value,
        compare: Compare,
        right: Value,
    ) -> Result<bool, Halt> {
        if matches!(compare, Compare::Is | Compare::IsNot) && self.may_be_one(left, right) {
            self.doubt = Some("whether equal values are one");
        }
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

    /// Whether it depends on Python's own ways if two values are the same object.
    fn may_be_one(&self, left: Value, right: Value) -> bool {
        match (left, right) {
            (Value::Int(a), Value::Int(b)) => a == b && !(-5..=256).contains(&a),
            (Value::Float(_), Value::Float(_)) => true,
            _ => matches!(
                (self.object(left), self.object(right)),
                (Some(Object::Text(_)), Some(Object::Text(_)))
                    | (Some(Object::Tuple(_)), Some(Object::Tuple(_)))
                    | (Some(Object::Builtin(_)), Some(Object::Builtin(_)))
            ),
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
            self.steps(text.len() / 16)?;
            return Ok(text.contains(&*wanted));
        }
        if let Some(Object::Range(start, end, step)) = self.object(holder)
            && let Value::Int(number) = wanted
        {
            let (start, end, step) = (*start, *end, *step);
            let is_between = if step > 0 {
                start <= number && number < end
            } else {
                end < number && number <= start
            };
            return Ok(is_between && (number - start) % step == 0);
        }
        let mut items = self.walk_in_any_order(holder)?;
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
        self.comparing(left, right)?;
        match (self.object(left), self.object(right)) {
            (Some(Object::Text(a)), Some(Object::Text(b))) => Ok(a == b),
            (Some(Object::List(a)), Some(Object::List(b)))
            | (Some(Object::Tuple(a)), Some(Object::Tuple(b))) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                let pairs: Vec<(Value, Value)> = a.iter().copied().zip(b.iter().copied()).collect();
                for (a, b) in pairs {
                    if !self.equal(a, b)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Some(Object::Set(a)), Some(Object::Set(b))) => Ok(a.keys().eq(b.keys())),
            (Some(Object::Dict(a)), Some(Object::Dict(b))) => {
                if !a.keys().eq(b.keys()) {
                    return Ok(false);
                }
                let pairs: Vec<_> = a
                    .keys()
                    .filter_map(|key| Some((a.get(key)?, b.get(key)?)))
                    .collect();
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
            (Some(Object::View(..)), _) | (_, Some(Object::View(..))) => {
                Err(Halt::unsupported("comparing what a dict holds"))
            }
            _ => Ok(false),
        }
    }

    /// Pays for a comparison before it is made.
    fn comparing(&mut self, left: Value, right: Value) -> Result<(), Halt> {
        let size = match (self.object(left), self.object(right)) {
            (Some(Object::Text(a)), Some(Object::Text(b))) => a.len().min(b.len()) / 64,
            (Some(Object::List(a)), Some(Object::List(b)))
            | (Some(Object::Tuple(a)), Some(Object::Tuple(b))) => {
                let size = a.len().min(b.len());
                return self.room_for(size);
            }
            (Some(Object::Set(a) | Object::Dict(a)), Some(Object::Set(b) | Object::Dict(b))) => {
                let size = a.len().min(b.len());
                return self.room_for(size);
            }
            _ => 0,
        };
        self.steps(size)
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
            (Value::Int(a), Value::Float(b)) => return Ok(int_and_float(a, b)),
            (Value::Float(a), Value::Int(b)) => {
                return Ok(int_and_float(b, a).map(Ordering::reverse));
            }
            (Value::Float(a), Value::Float(b)) => return Ok(a.partial_cmp(&b)),
            _ => {}
        }
        self.comparing(left, right)?;
        match (self.object(left), self.object(right)) {
            (Some(Object::Text(a)), Some(Object::Text(b))) => Ok(Some(a.cmp(b))),
            (Some(Object::List(a)), Some(Object::List(b)))
            | (Some(Object::Tuple(a)), Some(Object::Tuple(b))) => {
                let lengths = a.len().cmp(&b.len());
                let pairs: Vec<(Value, Value)> = a.iter().copied().zip(b.iter().copied()).collect();
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
