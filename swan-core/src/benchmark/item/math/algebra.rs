//! Equations, sequences and remainders.

use super::Question;
use crate::benchmark::item::draw::{Draw, grouped};
use crate::benchmark::item::words::{NAMES, PLACES};

/// Two kinds of things, two totals.
pub(super) fn animals(d: &mut Draw<'_>) -> Question {
    let most = d.by_level(200, 400, 900);
    let (two, four) = (d.int(3, most), d.int(3, most));
    let (heads, legs) = (two + four, 2 * two + 4 * four);
    let place = d.pick(&PLACES);
    let (price, more) = (d.int(3, 14), d.int(2, 9));
    let takings = two * price + four * (price + more);
    let dear = price + more;
    if d.chance(50) {
        let text = d.one([
            format!("A farmer keeps chickens and goats. There are {heads} heads and {legs} legs in the yard. How many goats are there?"),
            format!("In a shelter with only ducks and dogs I counted {heads} animals and {legs} legs altogether. How many dogs is that?"),
            format!("A car park holds {heads} vehicles, all of them motorbikes (2 wheels) or cars (4 wheels), and {legs} wheels in all. Number of cars?"),
        ]);
        return Question::whole(text, four);
    }
    let text = d.one([
        format!("Tickets at {place} cost ${price} for children and ${dear} for adults. {heads} tickets brought in ${takings}. How many adult tickets were sold?"),
        format!("{place} sold {heads} cups in total, small ones for ${price} and large ones for ${dear}, taking ${takings}. How many were large?"),
        format!("Someone paid ${takings} for {heads} items. Each cost either ${price} or ${dear}. How many of the ${dear} ones did they get?"),
    ]);
    Question::whole(text, four)
}

/// A linear equation with a whole solution.
pub(super) fn equation(d: &mut Draw<'_>) -> Question {
    let x = d.int(-d.by_level(20, 90, 250), d.by_level(90, 190, 450));
    let (a, c) = (d.int(5, 29), d.int(-9, 4));
    let b = d.int(-d.by_level(150, 400, 900), d.by_level(150, 400, 900));
    let right = a * x + b - c * x;
    let v = d.pick(&["x", "y", "n", "t", "k", "m", "z", "p"]);
    let (left, other) = (linear(a, v, b), linear(c, v, right));
    let (times, plus) = (a, b.abs());
    let turn = if b < 0 { "taking away" } else { "adding" };
    let result = a * x + b;
    let text = d.one([
        format!("Solve for {v}: {left} = {other}"),
        format!("For which {v} does {left} = {other} hold?"),
        format!("{left} = {other}. What is {v}?"),
        format!("I think of a number. Multiplying it by {times} and then {turn} {plus} gives {result}. Which number was it?"),
        format!("find {v} if {left} equals {other}"),
    ]);
    Question::whole(text, x)
}

fn linear(factor: i64, variable: &str, constant: i64) -> String {
    let sign = if constant < 0 { '-' } else { '+' };
    let size = constant.abs();
    match factor {
        0 => constant.to_string(),
        1 => format!("{variable} {sign} {size}"),
        -1 => format!("-{variable} {sign} {size}"),
        _ => format!("{factor}{variable} {sign} {size}"),
    }
}

/// The term or the sum of an arithmetic sequence.
pub(super) fn arithmetic_series(d: &mut Draw<'_>) -> Question {
    let (first, step) = (
        d.int(3, d.by_level(400, 900, 2_000)),
        d.int(2, d.by_level(40, 60, 90)),
    );
    let n = d.int(8, d.by_level(15, 40, 120));
    let last = first + (n - 1) * step;
    let (second, third) = (first + step, first + 2 * step);
    let name = d.pick(&NAMES);
    if d.chance(50) {
        let text = d.one([
            format!("A sequence starts {first}, {second}, {third}, ... and keeps going with the same step. What is term number {n}?"),
            format!("{name} runs {first} metres on day 1 and {step} metres further each day than the day before. How many metres does {name} run on day {n}?"),
            format!("Row 1 of a hall has {first} seats, and every row after it has {step} more seats than the row in front. How many seats are in row {n}?"),
        ]);
        return Question::whole(text, last);
    }
    let text = d.one([
        format!("Add up the first {n} terms of {first}, {second}, {third}, ... (constant difference). What's the sum?"),
        format!("{name} saves ${first} in the first week, and each following week ${step} more than the week before. How much has been saved in all after {n} weeks?"),
        format!("A theatre has {n} rows. The front row has {first} seats; each further row has {step} more. How many seats are there altogether?"),
    ]);
    Question::whole(text, n * (first + last) / 2)
}

/// A rule applied again and again.
pub(super) fn recurrence(d: &mut Draw<'_>) -> Question {
    let start = d.int(2, d.by_level(300, 600, 990));
    let (factor, plus) = (d.int(2, 4), d.int(-30, d.by_level(40, 60, 90)));
    let steps = d.int(2, d.by_level(3, 4, 5));
    let end = (0..steps).fold(start, |term, _| term * factor + plus);
    let (verb, size) = (if plus < 0 { "subtract" } else { "add" }, plus.abs());
    let sign = if plus < 0 { '-' } else { '+' };
    let after = steps + 1;
    let text = d.one([
        format!("Start with {start}. In each step multiply by {factor} and then {verb} {size}. What number do you have after {steps} steps?"),
        format!("Let a(1) = {start} and a(n+1) = {factor} * a(n) {sign} {size}. Compute a({after})."),
        format!("A counter shows {start}. Every time I press the button it gets {factor} times as large and then changes by {sign}{size}. What does it show once I have pressed it {steps} times?"),
        format!("x = {start}; repeat {steps} times: x = x * {factor} {sign} {size}. final x?"),
    ]);
    Question::whole(text, end)
}

/// What is left over.
pub(super) fn remainder(d: &mut Draw<'_>) -> Question {
    let (a, b) = (
        d.int(12, d.by_level(300, 500, 900)),
        d.int(12, d.by_level(200, 400, 700)),
    );
    let c = d.int(5, 99);
    let modulus = d.int(6, d.by_level(15, 37, 97));
    let total = a * b + c;
    let left = total % modulus;
    let all = grouped(total);
    let text = d.one([
        format!("What is the remainder when {a} * {b} + {c} is divided by {modulus}?"),
        format!("{all} eggs are packed in cartons of {modulus}. How many eggs don't fit into a full carton?"),
        format!("Compute ({a} × {b} + {c}) mod {modulus}."),
        format!("A crate holds {modulus} bottles. There are {a} pallets with {b} bottles each, and {c} loose ones. After filling as many crates as possible, how many bottles remain?"),
    ]);
    Question::whole(text, left)
}
