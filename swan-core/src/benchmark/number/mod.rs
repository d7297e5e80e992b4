//! Answers that are numbers: finding them in what a model writes, and comparing them exactly.

mod expected;
mod find;
mod rational;
mod scan;
mod words;

pub use expected::Expected;
pub use rational::Rational;

use super::grade::Grade;

/// Grades the number that `answer` comes to.
pub(super) fn grade(expected: &Expected, answer: &str) -> Grade {
    let Some(found) = find::answer(answer) else {
        return Grade::Wrong("there is no number in the answer".to_owned());
    };
    if expected.accepts(&found) {
        Grade::Right
    } else {
        Grade::Wrong(format!("the answer is {}, needed {expected}", found.value))
    }
}
