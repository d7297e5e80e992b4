//! Items and slices of what holds several.

use super::ast::Expr;
use super::halt::Halt;
use super::machine::Machine;
use super::value::{Object, Value};

fn index_error() -> Halt {
    Halt::Raised("IndexError", "index out of range".to_owned())
}

impl Machine {
    fn place(&self, base: Value, index: Value) -> Result<usize, Halt> {
        let length = self
            .length(base)
            .ok_or_else(|| Halt::type_error("object is not subscriptable"))?;
        let index = match index {
            Value::Int(index) => index,
            Value::Bool(truth) => truth.into(),
            _ => return Err(Halt::type_error("indices must be integers")),
        };
        let length = i128::try_from(length).unwrap_or(i128::MAX);
        let at = if index < 0 {
            index.saturating_add(length)
        } else {
            index
        };
        if at < length {
            usize::try_from(at).map_err(|_| index_error())
        } else {
            Err(index_error())
        }
    }

    pub(super) fn item(&mut self, base: Value, index: Value) -> Result<Value, Halt> {
        self.step()?;
        match self.object(base) {
            Some(Object::Dict(_)) => {
                let key = self.key(index)?;
                let table = self.table_mut(base)?;
                if let Some(value) = table.get(&key) {
                    return Ok(value);
                }
                if table.is_counter {
                    return Ok(Value::Int(0));
                }
                let Some(factory) = table.factory else {
                    return Err(Halt::Raised("KeyError", "no such key".to_owned()));
                };
                let value = self.apply(factory, Vec::new())?;
                self.insert(base, index, value)?;
                Ok(value)
            }
            Some(Object::Text(text)) => {
                let text = std::rc::Rc::clone(text);
                self.steps(text.len() / 64)?;
                let at = self.place(base, index)?;
                let letter = text.chars().nth(at).ok_or_else(index_error)?;
                self.text(letter.encode_utf8(&mut [0; 4]))
            }
            Some(Object::List(_) | Object::Tuple(_)) => {
                let at = self.place(base, index)?;
                match self.object(base) {
                    Some(Object::List(items) | Object::Tuple(items)) => {
                        items.get(at).copied().ok_or_else(index_error)
                    }
                    _ => Err(index_error()),
                }
            }
            Some(Object::Range(start, _, step)) => {
                let (start, step) = (*start, *step);
                let at = i128::try_from(self.place(base, index)?).unwrap_or(0);
                Ok(Value::Int(start.saturating_add(step.saturating_mul(at))))
            }
            // `list[int]` and the like: a type, which says nothing at run time.
            Some(Object::Builtin(_)) => Ok(base),
            _ => Err(Halt::type_error("object is not subscriptable")),
        }
    }

    pub(super) fn set_item(&mut self, base: Value, index: Value, value: Value) -> Result<(), Halt> {
        match self.object(base) {
            Some(Object::Dict(_)) => self.insert(base, index, value),
            Some(Object::List(_)) => {
                let at = self.place(base, index)?;
                if let Some(Object::List(items)) = self.object_mut(base)
                    && let Some(item) = items.get_mut(at)
                {
                    *item = value;
                }
                Ok(())
            }
            _ => Err(Halt::type_error("object does not support item assignment")),
        }
    }

    pub(super) fn delete_item(&mut self, base: Value, index: Value) -> Result<(), Halt> {
        if matches!(self.object(base), Some(Object::Dict(_))) {
            let key = self.key(index)?;
            return match self.table_mut(base)?.remove(&key) {
                Some(_) => Ok(()),
                None => Err(Halt::Raised("KeyError", "no such key".to_owned())),
            };
        }
        let at = self.place(base, index)?;
        match self.object_mut(base) {
            Some(Object::List(items)) if at < items.len() => {
                let moved = items.len() - at;
                items.remove(at);
                self.steps(moved / 8)
            }
            _ => Err(Halt::type_error("object does not support item deletion")),
        }
    }

    /// Start, end and step of a slice of `length` items, within its bounds.
    fn bounds(
        &mut self,
        parts: &[Option<Box<Expr>>; 3],
        length: usize,
        scope: usize,
    ) -> Result<(i128, i128, i128), Halt> {
        let mut given = [None; 3];
        for (value, part) in given.iter_mut().zip(parts) {
            if let Some(part) = part {
                *value = match self.eval(part, scope)? {
                    Value::Int(number) => Some(number),
                    Value::Bool(truth) => Some(truth.into()),
                    Value::None => None,
                    _ => return Err(Halt::type_error("slice indices must be integers")),
                };
            }
        }
        let [start, end, step] = given;
        let step = step.unwrap_or(1);
        if step == 0 {
            return Err(Halt::value_error("slice step cannot be zero"));
        }
        let length = i128::try_from(length).unwrap_or(i128::MAX);
        let (least, most) = if step > 0 {
            (0, length)
        } else {
            (-1, length - 1)
        };
        let place = |given: Option<i128>, missing: i128| match given {
            None => missing,
            Some(at) if at < 0 => at.saturating_add(length).clamp(least, most),
            Some(at) => at.clamp(least, most),
        };
        let (first, last) = if step > 0 {
            (least, most)
        } else {
            (most, least)
        };
        Ok((place(start, first), place(end, last), step))
    }

    fn picked<T: Copy>(items: &[T], (mut at, end, step): (i128, i128, i128)) -> Vec<T> {
        let mut picked = Vec::new();
        while (step > 0 && at < end) || (step < 0 && at > end) {
            let Some(item) = usize::try_from(at).ok().and_then(|at| items.get(at)) else {
                break;
            };
            picked.push(*item);
            at = at.saturating_add(step);
        }
        picked
    }

    pub(super) fn slice(
        &mut self,
        base: Value,
        parts: &[Option<Box<Expr>>; 3],
        scope: usize,
    ) -> Result<Value, Halt> {
        if let Some(text) = self.text_of(base) {
            self.room(text.len())?;
            let letters: Vec<char> = text.chars().collect();
            let bounds = self.bounds(parts, letters.len(), scope)?;
            let picked: String = Self::picked(&letters, bounds).into_iter().collect();
            return self.text(&picked);
        }
        if let Some(Object::Range(start, _, step)) = self.object(base) {
            let (start, step) = (*start, *step);
            let length = self.length(base).unwrap_or(0);
            let (first, end, every) = self.bounds(parts, length, scope)?;
            let at = |place: i128| start.saturating_add(step.saturating_mul(place));
            let range = Object::Range(at(first), at(end), step.saturating_mul(every));
            return self.put(range);
        }
        let is_tuple = matches!(self.object(base), Some(Object::Tuple(_)));
        if !is_tuple && !matches!(self.object(base), Some(Object::List(_))) {
            return Err(Halt::type_error("object is not subscriptable"));
        }
        let items = self.items(base)?;
        let bounds = self.bounds(parts, items.len(), scope)?;
        let picked = Self::picked(&items, bounds);
        if is_tuple {
            self.tuple(picked)
        } else {
            self.list(picked)
        }
    }

    pub(super) fn set_slice(
        &mut self,
        base: Value,
        parts: &[Option<Box<Expr>>; 3],
        value: Value,
        scope: usize,
    ) -> Result<(), Halt> {
        let new = self.items(value)?;
        let length = self.length(base).unwrap_or(0);
        let (start, end, step) = self.bounds(parts, length, scope)?;
        if step != 1 {
            return Err(Halt::unsupported("assigning to a slice with a step"));
        }
        self.room_for(new.len().saturating_add(length))?;
        let start = usize::try_from(start).unwrap_or(0);
        let end = usize::try_from(end).unwrap_or(0).max(start);
        match self.object_mut(base) {
            Some(Object::List(items)) if end <= items.len() => {
                items.splice(start..end, new);
                Ok(())
            }
            _ => Err(Halt::type_error("object does not support slice assignment")),
        }
    }
}
