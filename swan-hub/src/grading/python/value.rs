//! Values: small ones by themselves, others by their place on the heap. The heap is one flat list that only grows, up to the
//! limit, and is dropped as a whole; so neither cycles nor depth can harm.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::ast::{Function, Name};

#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    At(usize),
}

#[derive(Clone, Debug)]
pub(super) enum Object {
    Text(Rc<str>),
    List(Vec<Value>),
    Tuple(Vec<Value>),
    Set(Table),
    Dict(Table),
    Range(i128, i128, i128),
    /// What is left of an iteration, the next one last.
    Iterator(Vec<Value>),
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

#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) names: BTreeMap<Name, Value>,
    /// Names that belong elsewhere; true for the outermost scope.
    pub(super) outer: BTreeMap<Name, bool>,
    pub(super) parent: Option<usize>,
    /// What a generator has given so far.
    pub(super) given: Option<Vec<Value>>,
}

/// A value as a key: equal keys are equal values, whatever their types.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    None,
    Int(i128),
    Float(u64),
    Text(Rc<str>),
    Tuple(Vec<Key>),
}

/// Keys and values in order of insertion. A search tree instead of a hash table: no choice of keys makes it slow.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    entries: Vec<Option<(Value, Value)>>,
    places: BTreeMap<Key, usize>,
    /// What a missing key gets, as in a `defaultdict`.
    pub(super) factory: Option<Value>,
    pub(super) is_counter: bool,
}

impl Table {
    pub(super) fn of(factory: Option<Value>, is_counter: bool) -> Self {
        Self {
            factory,
            is_counter,
            ..Self::default()
        }
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

    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.places.keys()
    }
}
