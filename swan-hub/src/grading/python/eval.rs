//! Expressions.

use std::rc::Rc;

use super::ast::{Binary, Compare, Expr, Name, Unary};
use super::halt::Halt;
use super::machine::{Machine, OUTERMOST};
use super::value::{Object, Table, Value};
use super::{format, modules, names};

/// The arguments of a call: by position, and by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Arguments {
    pub(super) plain: Vec<Value>,
    pub(super) named: Vec<(Name, Value)>,
}

impl Arguments {
    pub(super) fn named(&self, wanted: &str) -> Option<Value> {
        let found = self.named.iter().find(|(name, _)| &**name == wanted);
        found.map(|(_, value)| *value)
    }
}

impl Machine {
    pub(super) fn eval(&mut self, expr: &Expr, scope: usize) -> Result<Value, Halt> {
        self.step()?;
        match expr {
            Expr::None => Ok(Value::None),
            Expr::Bool(truth) => Ok(Value::Bool(*truth)),
            Expr::Int(number) => Ok(Value::Int(*number)),
            Expr::Float(number) => Ok(Value::Float(*number)),
            Expr::Text(text) => self.put(Object::Text(Rc::clone(text))),
            Expr::Name(name) => self.look_up(name, scope),
            _ => self.nested(|machine| machine.compound(expr, scope)),
        }
    }

    pub(super) fn test(&mut self, expr: &Expr, scope: usize) -> Result<bool, Halt> {
        let value = self.eval(expr, scope)?;
        Ok(self.truth(value))
    }

    fn look_up(&mut self, name: &Name, scope: usize) -> Result<Value, Halt> {
        let mut next = Some(scope);
        while let Some(found) = next.and_then(|at| self.scope_ref(at)) {
            if let Some(value) = found.names.get(name) {
                return Ok(*value);
            }
            // A name that a function gives a value anywhere is its own everywhere.
            if found
                .function
                .as_ref()
                .is_some_and(|function| function.locals.contains(name))
                && !found.outer.contains_key(name)
            {
                let message = format!("local variable '{name}' has no value yet");
                return Err(Halt::Raised("UnboundLocalError", message));
            }
            next = found.parent;
            self.step()?;
        }
        if names::is_known(name) || modules::exception(name).is_some() {
            return self.builtin(name);
        }
        if names::is_elsewhere(name) {
            return Err(Halt::Unsupported(name.to_string()));
        }
        if &**name == "__name__" {
            return self.text("answer");
        }
        Err(Halt::Raised(
            "NameError",
            format!("name '{name}' is not defined"),
        ))
    }

    fn compound(&mut self, expr: &Expr, scope: usize) -> Result<Value, Halt> {
        match expr {
            Expr::List(items) => {
                let items = self.several(items, scope)?;
                self.list(items)
            }
            Expr::Tuple(items) => {
                let items = self.several(items, scope)?;
                self.tuple(items)
            }
            Expr::Set(items) => {
                let items = self.several(items, scope)?;
                self.set(items)
            }
            Expr::Dict(entries) => self.dict(entries, scope),
            Expr::Unary(sign, value) => {
                let value = self.eval(value, scope)?;
                self.unary(*sign, value)
            }
            Expr::Binary(left, operator, right) => {
                let left = self.eval(left, scope)?;
                let right = self.eval(right, scope)?;
                self.binary(left, *operator, right)
            }
            Expr::All(terms) => self.terms(terms, scope, false),
            Expr::Any(terms) => self.terms(terms, scope, true),
            Expr::Compare(first, rest) => {
                let mut left = self.eval(first, scope)?;
                for (compare, right) in rest {
                    let right = self.eval(right, scope)?;
                    if !self.compare(left, *compare, right)? {
                        return Ok(Value::Bool(false));
                    }
                    left = right;
                }
                Ok(Value::Bool(true))
            }
            Expr::Choose { test, yes, no } => {
                let chosen = if self.test(test, scope)? { yes } else { no };
                self.eval(chosen, scope)
            }
            Expr::Call(callee, arguments) => self.call_here(callee, arguments, scope),
            Expr::Attribute(base, name) => {
                let base = self.eval(base, scope)?;
                self.attribute(base, name)
            }
            Expr::Index(base, index) => {
                let base = self.eval(base, scope)?;
                let index = self.eval(index, scope)?;
                self.item(base, index)
            }
            Expr::Slice(base, parts) => {
                let base = self.eval(base, scope)?;
                self.slice(base, parts, scope)
            }
            Expr::Lambda(function) => self.function(function, scope),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, scope),
            Expr::Walrus(name, value) => {
                let value = self.eval(value, scope)?;
                self.bind(name, value, scope)?;
                Ok(value)
            }
            Expr::Joined(pieces) => {
                let text = format::joined(self, pieces, scope)?;
                self.text(&text)
            }
            Expr::Yield(value, is_from) => self.give(value.as_deref(), *is_from, scope),
            Expr::Starred(_) => Err(Halt::syntax("a star stands where it cannot")),
            _ => Ok(Value::None),
        }
    }

    fn attribute(&mut self, base: Value, name: &Name) -> Result<Value, Halt> {
        match self.object(base) {
            Some(Object::Builtin(module)) if module.starts_with("module ") => {
                modules::attribute(self, base, name)
            }
            Some(
                Object::Text(_)
                | Object::List(_)
                | Object::Tuple(_)
                | Object::Set(_)
                | Object::Dict(_)
                | Object::Builtin(_),
            ) => self.put(Object::Method(base, Rc::clone(name))),
            None if matches!(base, Value::None) && !name.starts_with('_') => {
                let message = format!("'NoneType' object has no attribute '{name}'");
                Err(Halt::Raised("AttributeError", message))
            }
            _ => Err(Halt::Unsupported(format!("the attribute {name}"))),
        }
    }

    fn terms(&mut self, terms: &[Expr], scope: usize, stop_at: bool) -> Result<Value, Halt> {
        let mut last = Value::Bool(!stop_at);
        for term in terms {
            last = self.eval(term, scope)?;
            if self.truth(last) == stop_at {
                break;
            }
        }
        Ok(last)
    }

    fn several(&mut self, items: &[Expr], scope: usize) -> Result<Vec<Value>, Halt> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Expr::Starred(spread) => {
                    let spread = self.eval(spread, scope)?;
                    values.extend(self.items(spread)?);
                }
                _ => values.push(self.eval(item, scope)?),
            }
        }
        Ok(values)
    }

    pub(super) fn set(&mut self, items: Vec<Value>) -> Result<Value, Halt> {
        let set = self.put(Object::Set(Table::default()))?;
        for item in items {
            self.insert(set, item, Value::None)?;
        }
        Ok(set)
    }

    fn dict(&mut self, entries: &[(Option<Expr>, Expr)], scope: usize) -> Result<Value, Halt> {
        let dict = self.put(Object::Dict(Table::default()))?;
        for (key, value) in entries {
            match key {
                Some(key) => {
                    let key = self.eval(key, scope)?;
                    let value = self.eval(value, scope)?;
                    self.insert(dict, key, value)?;
                }
                None => {
                    let spread = self.eval(value, scope)?;
                    self.merge(dict, spread)?;
                }
            }
        }
        Ok(dict)
    }

    pub(super) fn merge(&mut self, dict: Value, other: Value) -> Result<(), Halt> {
        let entries: Vec<(Value, Value)> = match self.table(other) {
            Some(table) => table.entries().collect(),
            None => return Err(Halt::type_error("not a dict")),
        };
        self.room_for(entries.len())?;
        entries
            .into_iter()
            .try_for_each(|(key, value)| self.insert(dict, key, value))
    }

    fn unary(&mut self, sign: Unary, value: Value) -> Result<Value, Halt> {
        let value = match (sign, value) {
            (Unary::Not, value) => return Ok(Value::Bool(!self.truth(value))),
            (_, Value::Bool(truth)) => Value::Int(truth.into()),
            (_, value) => value,
        };
        match (sign, value) {
            (Unary::Minus, Value::Int(number)) => number
                .checked_neg()
                .map(Value::Int)
                .ok_or_else(|| Halt::unsupported("numbers beyond 127 bits")),
            (Unary::Minus, Value::Float(number)) => Ok(Value::Float(-number)),
            (Unary::Plus, Value::Int(_) | Value::Float(_)) => Ok(value),
            (Unary::Invert, Value::Int(number)) => Ok(Value::Int(!number)),
            _ => Err(Halt::type_error("bad operand type for unary operator")),
        }
    }

    pub(super) fn augment(
        &mut self,
        target: &Expr,
        operator: Binary,
        value: &Expr,
        scope: usize,
    ) -> Result<(), Halt> {
        let (base, index, current) = match target {
            Expr::Name(name) => (Value::None, Value::None, self.look_up(name, scope)?),
            Expr::Index(base, index) => {
                let base = self.eval(base, scope)?;
                let index = self.eval(index, scope)?;
                (base, index, self.item(base, index)?)
            }
            _ => return Err(Halt::unsupported("this augmented assignment")),
        };
        let value = self.eval(value, scope)?;
        let result = match (self.object(current), operator) {
            (Some(Object::List(_)), Binary::Add) => {
                let more = self.items(value)?;
                if let Some(Object::List(items)) = self.object_mut(current) {
                    items.extend(more);
                }
                current
            }
            // These change what they are used on instead of making another.
            (Some(Object::List(_) | Object::Set(_) | Object::Dict(_)), _) => {
                let changed = self.binary(current, operator, value)?;
                if let Some(new) = self.object_mut(changed).map(std::mem::take)
                    && let Some(old) = self.object_mut(current)
                {
                    *old = new;
                }
                current
            }
            _ => self.binary(current, operator, value)?,
        };
        match target {
            Expr::Name(name) => self.bind(name, result, scope),
            _ => self.set_item(base, index, result),
        }
    }

    pub(super) fn global(&self, name: &str) -> Option<Value> {
        self.scope_ref(OUTERMOST)?.names.get(name).copied()
    }

    pub(super) fn is(&self, left: Value, compare: Compare, right: Value) -> Option<bool> {
        let same = match (left, right) {
            (Value::None, Value::None) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::At(a), Value::At(b)) => a == b,
            _ => false,
        };
        match compare {
            Compare::Is => Some(same),
            Compare::IsNot => Some(!same),
            _ => None,
        }
    }
}
