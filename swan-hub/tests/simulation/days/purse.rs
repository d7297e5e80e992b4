//! What an account can spend at most and at least, while nobody knows exactly.

use std::collections::BTreeMap;

/// One account, in pico-units.
#[derive(Debug, Default)]
pub(super) struct Purse {
    /// What was given, and somebody was told so.
    told: i128,
    /// What may have been given.
    maybe: i128,
    /// What was taken for requests that are over, at least and at most.
    taken: [i128; 2],
    open: BTreeMap<usize, Open>,
}

/// A request under way.
#[derive(Debug)]
struct Open {
    /// The most that it may have set aside.
    most: i128,
    /// What there is at most, as long as it lasts.
    high: i128,
    /// What was surely given when it began.
    told: i128,
    /// What others beside it may have set aside beyond what was taken for them in the end.
    beside: i128,
}

impl Purse {
    /// What is known for sure: so much was given, and so much taken.
    pub(super) fn is(&mut self, given: i128, taken: i128) {
        *self = Self {
            told: given,
            taken: [taken; 2],
            ..Self::default()
        };
    }

    /// A request begins, which may set so much aside.
    pub(super) fn begin(&mut self, number: usize, most: i128) {
        let open = Open {
            most,
            high: self.told + self.maybe - self.taken[0],
            told: self.told,
            beside: 0,
        };
        self.open.insert(number, open);
    }

    /// A request is over, and so much was taken for it.
    pub(super) fn end(&mut self, number: usize, least: i128, most: i128) {
        let Some(over) = self.open.remove(&number) else {
            return;
        };
        self.taken[0] += least;
        self.taken[1] += most;
        for other in self.open.values_mut() {
            other.beside += over.most - most;
        }
    }

    /// Somebody asks for more.
    pub(super) fn may_get(&mut self, amount: i128) {
        self.maybe += amount;
        for open in self.open.values_mut() {
            open.high += amount;
        }
    }

    /// It was given.
    pub(super) fn gets(&mut self, amount: i128) {
        self.maybe -= amount;
        self.told += amount;
    }

    /// What the request may have found when it asked for money: at least and at most.
    pub(super) fn found(&self, number: usize) -> [i128; 2] {
        let own = &self.open[&number];
        let others = self.open.iter().filter(|(other, _)| **other != number);
        let others: i128 = others.map(|(_, other)| other.most).sum();
        [own.told - self.taken[1] - others - own.beside, own.high]
    }
}
