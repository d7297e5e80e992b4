//! What a program may use, and the heap it uses it on.

use std::rc::Rc;

use super::halt::Halt;
use super::value::{Key, Object, Scope, Table, Value};

/// What one call of a program may use.
#[derive(Clone, Copy, Debug)]
pub(in crate::grading) struct Limits {
    /// Steps: nodes evaluated, elements visited, bytes written in units of 64.
    pub(in crate::grading) steps: u64,
    /// Bytes allocated in all, nothing of which is ever given back.
    pub(in crate::grading) bytes: usize,
    /// How deep calls, statements and expressions go together.
    pub(in crate::grading) depth: usize,
    /// How deep calls go, as in Python itself.
    pub(in crate::grading) calls: usize,
}

pub(super) struct Machine {
    heap: Vec<Object>,
    pub(super) limits: Limits,
    pub(super) depth: usize,
    pub(super) calls: usize,
    /// Why the result may differ from Python's, where this interpreter goes its own way.
    pub(super) doubt: Option<&'static str>,
    /// The generator that is being run to its end: where the heap ended when it began, and the steps that it may leave.
    pub(super) generating: Option<(usize, u64)>,
    /// The exception that a handler is busy with.
    pub(super) handled: Option<Halt>,
}

/// The place of the outermost scope.
pub(super) const OUTERMOST: usize = 0;

impl Machine {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            heap: vec![Object::Scope(Scope::default())],
            limits,
            depth: 0,
            calls: 0,
            doubt: None,
            generating: None,
            handled: None,
        }
    }

    pub(super) fn step(&mut self) -> Result<(), Halt> {
        self.steps(1)
    }

    pub(super) fn steps(&mut self, count: usize) -> Result<(), Halt> {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        match self.limits.steps.checked_sub(count) {
            Some(left) => {
                self.limits.steps = left;
                Ok(())
            }
            None => Err(Halt::Limit("steps")),
        }
    }

    /// Asks for room before it is taken.
    pub(super) fn room(&mut self, bytes: usize) -> Result<(), Halt> {
        self.steps(bytes / 64)?;
        match self.limits.bytes.checked_sub(bytes) {
            Some(left) => {
                self.limits.bytes = left;
                Ok(())
            }
            None => Err(Halt::Limit("memory")),
        }
    }

    /// Room for `count` values.
    pub(super) fn room_for(&mut self, count: usize) -> Result<(), Halt> {
        self.room(count.saturating_mul(32))
    }

    pub(super) fn nested<T>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, Halt>,
    ) -> Result<T, Halt> {
        if self.depth >= self.limits.depth {
            return Err(Halt::unsupported("more depth than there is"));
        }
        self.depth += 1;
        let result = run(self);
        self.depth -= 1;
        result
    }

    pub(super) fn put(&mut self, object: Object) -> Result<Value, Halt> {
        self.room(160)?;
        self.heap.push(object);
        Ok(Value::At(self.heap.len() - 1))
    }

    pub(super) fn text(&mut self, text: &str) -> Result<Value, Halt> {
        self.room(text.len())?;
        self.put(Object::Text(text.into()))
    }

    pub(super) fn list(&mut self, items: Vec<Value>) -> Result<Value, Halt> {
        self.room_for(items.len())?;
        self.put(Object::List(items))
    }

    pub(super) fn tuple(&mut self, items: Vec<Value>) -> Result<Value, Halt> {
        self.room_for(items.len())?;
        self.put(Object::Tuple(items))
    }

    pub(super) fn iterator(&mut self, items: Vec<Value>) -> Result<Value, Halt> {
        self.ended(items, Ok(()))
    }

    /// What an iteration gave before it ended or stopped. It was run at once, so what stopped it waits until it is reached.
    pub(super) fn ended(
        &mut self,
        mut items: Vec<Value>,
        end: Result<(), Halt>,
    ) -> Result<Value, Halt> {
        self.room_for(items.len())?;
        items.reverse();
        let end = match end {
            Err(halt @ Halt::Limit(_)) => return Err(halt),
            end => end.err(),
        };
        self.put(Object::Iterator(items, end))
    }

    /// Runs something at once that Python runs bit by bit. One without end is cut off, which is found out only by whoever
    /// gets that far; one that changes what others see leaves a doubt.
    pub(super) fn at_once<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        let least = self.limits.steps - self.limits.steps / 10;
        let before = self.generating.replace((self.heap.len(), least));
        let result = run(self);
        self.generating = before;
        result
    }

    /// Whether what runs at once has run for long enough.
    pub(super) fn may_give(&self, count: usize) -> Result<(), Halt> {
        match self.generating {
            Some((_, least)) if self.limits.steps < least || count >= 10_000 => {
                Err(Halt::unsupported("a generator that goes on and on"))
            }
            _ => Ok(()),
        }
    }

    /// A list, dict, set or scope at this place is about to change.
    pub(super) fn changes(&mut self, at: usize) {
        if self.generating.is_some_and(|(end, _)| at < end) {
            self.doubt = Some("a generator that changes what others see");
        }
    }

    pub(super) fn builtin(&mut self, name: &str) -> Result<Value, Halt> {
        self.put(Object::Builtin(name.into()))
    }

    pub(super) fn object(&self, value: Value) -> Option<&Object> {
        match value {
            Value::At(at) => self.heap.get(at),
            _ => None,
        }
    }

    pub(super) fn object_mut(&mut self, value: Value) -> Option<&mut Object> {
        match value {
            Value::At(at) => {
                self.changes(at);
                self.heap.get_mut(at)
            }
            _ => None,
        }
    }

    pub(super) fn scope(&mut self, at: usize) -> Result<&mut Scope, Halt> {
        match self.heap.get_mut(at) {
            Some(Object::Scope(scope)) => Ok(scope),
            _ => Err(Halt::Limit("the interpreter's own state")),
        }
    }

    pub(super) fn scope_ref(&self, at: usize) -> Option<&Scope> {
        match self.heap.get(at) {
            Some(Object::Scope(scope)) => Some(scope),
            _ => None,
        }
    }

    pub(super) fn new_scope(&mut self, parent: usize) -> Result<usize, Halt> {
        let scope = Scope {
            parent: Some(parent),
            ..Scope::default()
        };
        match self.put(Object::Scope(scope))? {
            Value::At(at) => Ok(at),
            _ => Err(Halt::Limit("the interpreter's own state")),
        }
    }

    pub(super) fn text_of(&self, value: Value) -> Option<Rc<str>> {
        match self.object(value) {
            Some(Object::Text(text)) => Some(Rc::clone(text)),
            _ => None,
        }
    }

    pub(super) fn table(&self, value: Value) -> Option<&Table> {
        match self.object(value) {
            Some(Object::Dict(table) | Object::Set(table)) => Some(table),
            _ => None,
        }
    }

    pub(super) fn table_mut(&mut self, value: Value) -> Result<&mut Table, Halt> {
        match self.object_mut(value) {
            Some(Object::Dict(table) | Object::Set(table)) => Ok(table),
            _ => Err(Halt::type_error("not a dict or set")),
        }
    }

    pub(super) fn insert(&mut self, table: Value, key: Value, value: Value) -> Result<(), Halt> {
        let as_key = self.key(key)?;
        self.room(160)?;
        self.table_mut(table)?.insert(as_key, key, value);
        Ok(())
    }

    /// The key that a value is, if it can be one.
    pub(super) fn key(&mut self, value: Value) -> Result<Key, Halt> {
        self.step()?;
        Ok(match value {
            Value::None => Key::None,
            Value::Bool(truth) => Key::Int(truth.into()),
            Value::Int(number) => Key::Int(number),
            Value::Float(number) => match whole(number) {
                Some(number) => Key::Int(number),
                None => Key::Float(number.to_bits()),
            },
            Value::At(_) => match self.object(value) {
                Some(Object::Text(text)) => {
                    let text = Rc::clone(text);
                    self.steps(text.len() / 64)?;
                    Key::Text(text)
                }
                Some(Object::Set(table)) if table.is_frozen => {
                    let size = table.len();
                    let keys = table.keys().cloned().collect();
                    self.room_for(size)?;
                    Key::Frozen(keys)
                }
                Some(Object::Tuple(items)) => {
                    let size = items.len();
                    self.room_for(size)?;
                    let items = self.object(value).map(Object::items).unwrap_or_default();
                    let keys = |machine: &mut Self| -> Result<Vec<Key>, Halt> {
                        items.into_iter().map(|item| machine.key(item)).collect()
                    };
                    Key::Tuple(self.nested_key(keys)?)
                }
                Some(Object::Builtin(name)) => Key::Builtin(Rc::clone(name)),
                Some(Object::Function { .. } | Object::Range(..) | Object::Exception(..)) => {
                    return Err(Halt::unsupported("such keys"));
                }
                _ => return Err(Halt::type_error("unhashable type")),
            },
        })
    }

    /// Keys are owned trees, so that they nest far less deep than calls do.
    fn nested_key<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, Halt>) -> Result<T, Halt> {
        let before = self.depth;
        self.depth += self.limits.depth / 64;
        let result = self.nested(run);
        self.depth = before;
        result
    }
}

/// The whole number that a float is, if it is one.
#[expect(
    clippy::cast_possible_truncation,
    reason = "only whole numbers that fit get there"
)]
pub(super) fn whole(number: f64) -> Option<i128> {
    (number.fract() == 0.0 && number.abs() < 1.7e38).then_some(number as i128)
}

/// The nearest float, as Python's own conversion gives it.
#[expect(
    clippy::cast_precision_loss,
    reason = "that is what converting to a float means"
)]
pub(super) const fn float(number: i128) -> f64 {
    number as f64
}
