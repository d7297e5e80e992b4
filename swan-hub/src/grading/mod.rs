//! Grades answers that are code, by evaluating them against hidden cases.
//!
//! What a provider answers is hostile until proven otherwise, and this runs inside of the process that holds everyone's
//! money. So the interpreter is our own: a small Python, the language that small models write best, in safe Rust without a
//! single dependency, where each step, each byte and each level of nesting is paid for before it is taken. Nothing in it can
//! reach a file, a clock, a socket or a random number; its heap is one flat list without destructors that recurse; and a
//! limit is a count, not a time, so that the same answer gets the same grade on any machine, which is what makes a grade
//! evidence. A thread with a large stack of its own stands around it as a second wall.
//!
//! What was looked at instead: `monty` (Python in Rust) needs a newer compiler than this workspace, brings about 150 crates and
//! still had stack overflows that abort the process in its issues, so it would have needed a child process; `starlark` has
//! no `while`, no recursion and no bound on memory; QuickJS bounds both but is C; RustPython and Boa do not bound memory.
//! Where this goes its own way on purpose, a result that differs is beyond the grader and not wrong: numbers end at 127 bits,
//! generators run at once, sets have an order of their own, exceptions other words. Tests compare it with the real one.
//! The price is the rest of Python: what this does not know (classes, regular expressions, ...) is
//! [`Grade::Ungradable`], which is no sample, up to a number that the policy sets.

mod extract;
mod gate;
mod python;
#[cfg(test)]
mod tests;

use swan_core::benchmark::{Grade, Grader, Item, Key, NumberGrader, Program as Wanted};

use python::{Halt, Limits, Program};

/// What one call may use. An honest answer to an item takes a few thousand steps.
const LIMITS: Limits = Limits {
    steps: 1_000_000,
    bytes: 32 * 1024 * 1024,
    depth: 12_000,
    calls: 990,
};

/// Far more than the deepest nesting takes, and only reserved, not used.
const STACK: usize = 256 * 1024 * 1024;

/// The longest answer that is looked at.
const LONGEST: usize = 256 * 1024;

/// Grades mathematics by its number and code by its results. Blocks for milliseconds; call it where blocking is fine.
///
/// ```
/// use swan_core::benchmark::{Grade, Grader, Item, ItemKind, ItemSeed, Key};
/// use swan_hub::grading::AnswerGrader;
///
/// let item = Item::from_seed(ItemKind::Code, ItemSeed::new(1));
/// let Key::Program(wanted) = item.key() else { panic!("it is a code item") };
/// let answer = format!("Here you are:\n```python\n{}```", wanted.solution);
/// assert_eq!(AnswerGrader.grade(&item, &answer), Grade::Right);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a rule without state")]
pub struct AnswerGrader;

impl Grader for AnswerGrader {
    fn grade(&self, item: &Item, answer: &str) -> Grade {
        match item.key() {
            Key::Number(_) => NumberGrader.grade(item, answer),
            Key::Program(wanted) => apart(wanted, answer),
        }
    }
}

/// Runs the grading on a thread of its own, whose end is its worst.
fn apart(wanted: &Wanted, answer: &str) -> Grade {
    if answer.len() > LONGEST {
        return Grade::Wrong("the answer is longer than 256 KiB".to_owned());
    }
    let _place = gate::enter();
    std::thread::scope(|scope| {
        let grading = std::thread::Builder::new()
            .name("grading".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, || grade(wanted, answer));
        match grading.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(grade)) => grade,
            Ok(Err(_)) => Grade::Ungradable("the grader failed".to_owned()),
            Err(error) => Grade::Ungradable(format!("no thread to grade on: {error}")),
        }
    })
}

fn grade(wanted: &Wanted, answer: &str) -> Grade {
    let mut best = Grade::Wrong("there is no code in the answer".to_owned());
    for program in extract::programs(answer, &wanted.function) {
        match evaluate(wanted, &program) {
            Grade::Right => return Grade::Right,
            Grade::Ungradable(why) => best = Grade::Ungradable(why),
            Grade::Wrong(why) if !matches!(best, Grade::Ungradable(_)) => best = Grade::Wrong(why),
            Grade::Wrong(_) => {}
        }
    }
    best
}

fn evaluate(wanted: &Wanted, source: &str) -> Grade {
    let program = match Program::read(source) {
        Ok(program) => program,
        Err(halt) => return stopped(&halt),
    };
    // A model that renames the one function it writes still wrote it.
    let functions = program.functions();
    let name = match functions.as_slice() {
        [only] if *only != wanted.function => only,
        _ => wanted.function.as_str(),
    };
    for (case, number) in wanted.cases.iter().zip(1..) {
        match program.check(name, case, LIMITS) {
            Ok(true) => {}
            Ok(false) => return Grade::Wrong(format!("case {number} gives another result")),
            Err(halt) => return stopped(&halt),
        }
    }
    Grade::Right
}

fn stopped(halt: &Halt) -> Grade {
    match halt {
        Halt::Raised(kind, message) => Grade::Wrong(format!("it raises {kind}: {message}")),
        Halt::Syntax(message) => Grade::Wrong(format!("it is no Python: {message}")),
        Halt::Limit(what) => Grade::Wrong(format!("it uses up its {what}")),
        Halt::Unsupported(what) => Grade::Ungradable(format!("it uses {what}")),
    }
}
