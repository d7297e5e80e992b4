//! Going over what a value holds.

use super::halt::Halt;
use super::machine::Machine;
use super::value::{Object, Part, Value};

/// An iteration under way.
pub(super) enum Walk {
    /// What was there when it began.
    Taken(std::vec::IntoIter<Value>),
    /// A list as it is, by index, since loops may change it.
    List(Value, usize),
    Range(i128, i128, i128),
    Iterator(Value),
    /// A dict or set as it is: the next place, how many there were, and what of each entry.
    Table(Value, usize, usize, Part),
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
                Some(Object::Iterator(left, end)) => match (left.pop(), end.take()) {
                    (None, Some(halt)) => return Err(halt),
                    (item, halt) => {
                        *end = halt;
                        item
                    }
                },
                _ => None,
            },
            Self::Table(table, place, size, part) => {
                let found = loop {
                    let Some(table) = machine.table(*table) else {
                        return Ok(None);
                    };
                    if table.len() != *size {
                        let message = "changed size during iteration".to_owned();
                        return Err(Halt::Raised("RuntimeError", message));
                    }
                    let entry = table.at(*place);
                    *place += 1;
                    match entry {
                        None => return Ok(None),
                        Some(Some(found)) => break found,
                        Some(None) => machine.step()?,
                    }
                };
                Some(match (part, found) {
                    (Part::Keys, (key, _)) => key,
                    (Part::Values, (_, value)) => value,
                    (Part::Items, (key, value)) => machine.tuple(vec![key, value])?,
                })
            }
        })
    }
}

impl Machine {
    /// Goes over a value for what does not depend on the order.
    pub(super) fn walk_in_any_order(&mut self, value: Value) -> Result<Walk, Halt> {
        let before = self.doubt;
        let walk = self.walk(value);
        if matches!(self.object(value), Some(Object::Set(_))) {
            self.doubt = before;
        }
        walk
    }

    /// All that a value holds, for what does not depend on the order.
    pub(super) fn items_in_any_order(&mut self, value: Value) -> Result<Vec<Value>, Halt> {
        let walk = self.walk_in_any_order(value)?;
        self.taken(walk)
    }

    pub(super) fn walk(&mut self, value: Value) -> Result<Walk, Halt> {
        let taken = match self.object(value) {
            Some(Object::List(_)) => return Ok(Walk::List(value, 0)),
            Some(Object::Iterator(..)) => return Ok(Walk::Iterator(value)),
            Some(Object::Range(start, end, step)) => return Ok(Walk::Range(*start, *end, *step)),
            Some(Object::Tuple(items)) => {
                let size = items.len();
                self.room_for(size)?;
                self.object(value).map(Object::items).unwrap_or_default()
            }
            Some(Object::Dict(table)) => {
                return Ok(Walk::Table(value, 0, table.len(), Part::Keys));
            }
            Some(Object::View(dict, part)) => {
                let size = self.table(*dict).map_or(0, |table| table.len());
                return Ok(Walk::Table(*dict, 0, size, *part));
            }
            Some(Object::Set(table)) => {
                let size = table.len();
                if size > 1 {
                    self.doubt = Some("the order of a set");
                }
                return Ok(Walk::Table(value, 0, size, Part::Keys));
            }
            Some(Object::Text(text)) => {
                let text = std::rc::Rc::clone(text);
                self.room_for(text.len())?;
                let mut letters = Vec::new();
                for letter in text.chars() {
                    letters.push(self.text(letter.encode_utf8(&mut [0; 4]))?);
                }
                letters
            }
            _ => return Err(Halt::type_error("object is not iterable")),
        };
        Ok(Walk::Taken(taken.into_iter()))
    }

    /// All that a value holds.
    pub(super) fn items(&mut self, value: Value) -> Result<Vec<Value>, Halt> {
        let walk = self.walk(value)?;
        self.taken(walk)
    }

    fn taken(&mut self, mut walk: Walk) -> Result<Vec<Value>, Halt> {
        let mut items = Vec::new();
        while let Some(item) = walk.next(self)? {
            self.room(32)?;
            items.push(item);
        }
        Ok(items)
    }
}
