//! Families of mathematics questions: each draws its numbers, asks in one of several ways, and knows its exact answer.

mod algebra;
mod everyday;
mod measures;
mod steps;

use super::draw::Draw;
use crate::benchmark::number::Expected;

/// A question, and what answers it.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) text: String,
    pub(super) answer: Expected,
}

impl Question {
    const fn new(text: String, answer: Expected) -> Self {
        Self { text, answer }
    }

    const fn whole(text: String, answer: i64) -> Self {
        Self::new(text, Expected::whole(answer))
    }
}

/// A family's name, and how it draws a question.
pub(super) type Family = (&'static str, fn(&mut Draw<'_>) -> Question);

pub(super) const FAMILIES: (Family, &[Family]) = (FIRST, MORE);

const FIRST: Family = ("purchase", everyday::purchase);

const MORE: &[Family] = &[
    ("sharing", everyday::sharing),
    ("interest", everyday::interest),
    ("percent_chain", everyday::percent_chain),
    ("animals", algebra::animals),
    ("equation", algebra::equation),
    ("arithmetic_series", algebra::arithmetic_series),
    ("recurrence", algebra::recurrence),
    ("remainder", algebra::remainder),
    ("journey", measures::journey),
    ("production", measures::production),
    ("units", measures::units),
    ("dates", measures::dates),
    ("timetable", measures::timetable),
    ("expression", steps::expression),
    ("mean", steps::mean),
    ("area", steps::area),
    ("stock", steps::stock),
];
