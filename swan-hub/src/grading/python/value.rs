//! Values: small ones by themselves, others by their place on the heap. The heap is one flat list that only grows, up to the
//! limit, and is dropped as a whole; so neither cycles nor depth can harm.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::ast::{Function, Name};
use super::halt::Halt;

#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    At(usize),
}

/// What a walk over a table gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Keys,
    Values,
    Items,
}

#[derive(Clone, Debug, Default)]
pub(super) enum Object {
    /// Nothing any more: what was here has moved.
    #[default]
    Gone,
    Text(Rc<str>),
    List(Vec<Value>),
    Tuple(Vec<Value>),
    Set(Table),
    Dict(Table),
    Range(i128, i128, i128),
    /// What is left of an iteration, the next one last, and what stops it after that.
    Iterator(Vec<Value>, Option<Halt>),
    /// What a dict holds, as it is whenever it is looked at.
    View(Value, Part),
    Function {
        function: Rc<Function>,
        defaults: Vec<Option<Value>>,
        scope: usize,
    },
    Builtin(Rc<str>),
    Method(Value, Name),
    Exception(&'static str, Rc<str>),
    Scope(Scope),
}

impl Object {
    /// The items of a list or tuple.
    pub(super) fn items(&self) -> Vec<Value> {
        match self {
            Self::List(items) | Self::Tuple(items) => items.clone(),
            _ => Vec::new(),
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) names: BTreeMap<Name, Value>,
    /// Names that belong elsewhere; true for the outermost scope.
    pub(super) outer: BTreeMap<Name, bool>,
    pub(super) parent: Option<usize>,
    /// What a generator has given so far.
    pub(super) given: Option<Vec<Value>>,
    /// Whose scope it is.
    pub(super) function: Option<Rc<Function>>,
}

/// A value as a key: equal keys are equal values, whatever their types.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    None,
    Int(i128),
    Float(u64),
    Text(Rc<str>),
    Tuple(Vec<Key>),
    /// A frozen set, by its keys in order.
    Frozen(Vec<Key>),
    /// A function that is always there.
    Builtin(Rc<str>),
}

/// Keys and values in order of insertion. A search tree instead of a hash table: no choice of keys makes it slow.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    entries: Vec<Option<(Value, Value)>>,
    places: BTreeMap<Key, usize>,
    /// What a missing key gets, as in a `defaultdict`.
    pub(super) factory: Option<Value>,
    pub(super) is_counter: bool,
    pub(super) is_frozen: bool,
}

impl Table {
    pub(super) fn of(factory: Option<Value>, is_counter: bool) -> Self {
        Self {
            factory,
            is_counter,
            ..Self::default()
        }
    }

    /// Whether it is a dict or set like any other.
    pub(super) fn is_plain(&self) -> bool {
        !self.is_counter && !self.is_frozen && self.factory.is_none()
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.places.contains_key(key)
    }

    pub(super) fn get(&self, key: &Key) -> Option<Value> {
        let entry = self.entries.get(*self.places.get(key)?)?;
        entry.map(|(_, value)| value)
    }

    pub(super) fn insert(&mut self, key: Key, shown: Value, value: Value) {
        if let Some(Some(entry)) = self
            .places
            .get(&key)
            .and_then(|at| self.entries.get_mut(*at))
        {
            entry.1 = value;
            return;
        }
        self.places.insert(key, self.entries.len());
        self.entries.push(Some((shown, value)));
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<Value> {
        let at = self.places.remove(key)?;
        self.entries.get_mut(at)?.take().map(|(_, value)| value)
    }

    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = (Value, Value)> + '_ {
        self.entries.iter().filter_map(|entry| *entry)
    }

    /// The entry of a place, and whether there are places from there on.
    pub(super) fn at(&self, place: usize) -> Option<Option<(Value, Value)>> {
        self.entries.get(place).copied()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.places.keys()
    }
}
