//! Going over what a value holds.

use super::halt::Halt;
use super::machine::Machine;
use super::value::{Object, Value};

/// An iteration under way.
pub(super) enum Walk {
    /// What was there when it began.
    Taken(std::vec::IntoIter<Value>),
    /// A list as it is, by index, since loops may change it.
    List(Value, usize),
    Range(i128, i128, i128),
    Iterator(Value),
}

impl Walk {
    pub(super) fn next(&mut self, machine: &mut Machine) -> Result<Option<Value>, Halt> {
        machine.step()?;
        Ok(match self {
            Self::Taken(items) => items.next(),
            Self::List(list, at) => match machine.object(*list) {
                Some(Object::List(items)) => {
                    *at += 1;
                    items.get(*at - 1).copied()
                }
                _ => None,
            },
            Self::Range(next, end, step) => {
                let is_over = if *step > 0 { next >= end } else { next <= end };
                if is_over {
                    return Ok(None);
                }
                let value = *next;
                *next = next.saturating_add(*step);
                Some(Value::Int(value))
            }
            Self::Iterator(iterator) => match machine.object_mut(*iterator) {
                Some(Object::Iterator(left)) => left.pop(),
                _ => None,
            },
        })
    }
}

impl Machine {
    pub(super) fn walk(&mut self, value: Value) -> Result<Walk, Halt> {
        let taken = match self.object(value) {
            Some(Object::List(_)) => return Ok(Walk::List(value, 0)),
            Some(Object::Iterator(_)) => return Ok(Walk::Iterator(value)),
            Some(Object::Range(start, end, step)) => return Ok(Walk::Range(*start, *end, *step)),
            Some(Object::Tuple(items)) => items.clone(),
            Some(Object::Set(table) | Object::Dict(table)) => {
                table.entries().map(|(key, _)| key).collect()
            }
            Some(Object::Text(text)) => {
                let text = std::rc::Rc::clone(text);
                let mut letters = Vec::new();
                for letter in text.chars() {
                    letters.push(self.text(letter.encode_utf8(&mut [0; 4]))?);
                }
                letters
            }
            _ => return Err(Halt::type_error("object is not iterable")),
        };
        self.room_for(taken.len())?;
        Ok(Walk::Taken(taken.into_iter()))
    }

    /// All that a value holds.
    pub(super) fn items(&mut self, value: Value) -> Result<Vec<Value>, Halt> {
        let mut walk = self.walk(value)?;
        let mut items = Vec::new();
        while let Some(item) = walk.next(self)? {
            self.room(32)?;
            items.push(item);
        }
        Ok(items)
    }
}
