//! Families of programming tasks: a small pure function with drawn names, constants and edge rules, so that an answer learnt
//! by heart fails, and hidden cases that the reference in this file's neighbours gives the results of.

mod lists;
mod numbers;
mod records;
mod texts;

use super::draw::Draw;
use super::value::Value;
use super::{Case, Program};

/// A task, and what a program must do.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) text: String,
    pub(super) program: Program,
}

/// A family's name, and how it draws a task.
pub(super) type Family = (&'static str, fn(&mut Draw<'_>) -> Task);

pub(super) const FAMILIES: (Family, &[Family]) = (FIRST, MORE);

const FIRST: Family = ("capped_sum", lists::capped_sum);

const MORE: &[Family] = &[
    ("best_window", lists::best_window),
    ("pair_count", lists::pair_count),
    ("keep_some", lists::keep_some),
    ("steps_down", numbers::steps_down),
    ("digits", numbers::digits),
    ("bands", numbers::bands),
    ("check_digit", numbers::check_digit),
    ("shift_letters", texts::shift_letters),
    ("runs", texts::runs),
    ("tidy", texts::tidy),
    ("word_counts", texts::word_counts),
    ("merge", records::merge),
    ("balance", records::balance),
    ("row_spread", records::row_spread),
];

/// The parts of a task, before it is worded.
struct Parts {
    /// Words that the function's name is made of.
    names: &'static [&'static str],
    /// The parameter's name.
    parameter: &'static str,
    /// What the function does, as a sentence that goes on from "a function that".
    what: String,
    cases: Vec<(Value, Value)>,
    /// The body of a Python solution, indented by four spaces; `P` is the parameter.
    body: String,
}

fn task(d: &mut Draw<'_>, parts: Parts) -> Task {
    let function = function_name(d, parts.names);
    let signature = format!("{function}({})", parts.parameter);
    let cases: Vec<Case> = parts
        .cases
        .into_iter()
        .map(|(argument, result)| Case {
            arguments: vec![argument],
            result,
        })
        .collect();
    let example = cases
        .iter()
        .rev()
        .find(|_| d.chance(60))
        .and_then(|case| {
            case.arguments
                .first()
                .map(|argument| (argument, &case.result))
        })
        .map(|(argument, result)| example(d, &function, argument, result))
        .unwrap_or_default();
    let text = word(d, &signature, &parts.what) + &example;
    let parameter = parts.parameter;
    let solution = format!("def {signature}:\n{}", parts.body.replace("{P}", parameter));
    Task {
        text,
        program: Program {
            function,
            cases,
            solution,
        },
    }
}

fn function_name(d: &mut Draw<'_>, names: &[&'static str]) -> String {
    let base = d.pick(names);
    let mark = d.word(2);
    match d.int(0, 3) {
        0 => format!("{base}_{mark}"),
        1 => format!("{mark}_{base}"),
        2 => format!("{base}{}", d.int(2, 99)),
        _ => {
            let mut words = base.split('_');
            let first = words.next().unwrap_or_default().to_owned();
            let capital = |word: &str| {
                let mut letters = word.chars();
                let head = letters.next().map(|c| c.to_ascii_uppercase());
                head.into_iter().chain(letters).collect::<String>()
            };
            words.fold(first, |name, word| name + &capital(word)) + &capital(&mark)
        }
    }
}

fn example(d: &mut Draw<'_>, function: &str, argument: &Value, result: &Value) -> String {
    d.one([
        format!(" For example, {function}({argument}) gives {result}."),
        format!(" So {function}({argument}) == {result}."),
        format!("\n\nExample:\n{function}({argument}) -> {result}"),
        format!("\n>>> {function}({argument})\n{result}"),
        format!(" e.g. {argument} should give {result}"),
        format!(" With {argument} I'd expect {result}."),
    ])
}

fn word(d: &mut Draw<'_>, signature: &str, what: &str) -> String {
    d.one([
        format!("Write a Python function `{signature}` that {what}"),
        format!("I need {signature} in Python: it {what}"),
        format!("In Python, how would you implement {signature} so that it {what}"),
        format!("Implement `{signature}` (Python 3). It {what}"),
        format!("For a script of mine I want a helper, {signature}, which {what} Python, standard library only."),
        format!("python: {signature} {what}"),
        format!("Please code {signature}. The function {what} Use Python."),
        format!("Our codebase lacks `{signature}`; it's Python. It {what}"),
        format!("Give me Python code for a function called {signature}. What it does: it {what}"),
        format!("Complete this:\n\n```python\ndef {signature}:\n    ...\n```\n\nIt {what}"),
        format!("def {signature} <- fill that in for me (python). The function {what}"),
        format!("Could you draft {signature} for our Python service? It {what}"),
        format!("Looking for a clean version of {signature} in Python which {what}"),
        format!("Here's what my Python function {signature} has to do: it {what} Show me the code."),
    ])
}

/// A list of whole numbers.
fn numbers(d: &mut Draw<'_>, length: (i64, i64), range: (i64, i64)) -> Vec<i64> {
    let length = d.int(length.0, length.1);
    (0..length).map(|_| d.int(range.0, range.1)).collect()
}

/// Cases of given inputs, with the results of the reference.
fn cases<T, R: Into<Value>>(
    inputs: &[T],
    as_value: impl Fn(&T) -> Value,
    reference: impl Fn(&T) -> R,
) -> Vec<(Value, Value)> {
    inputs
        .iter()
        .map(|input| (as_value(input), reference(input).into()))
        .collect()
}
