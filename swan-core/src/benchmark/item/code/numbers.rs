//! Functions of one number.

use super::{Parts, Task, cases, task};
use crate::benchmark::item::draw::Draw;
use crate::benchmark::item::value::Value;

fn as_int(number: &i64) -> Value {
    Value::Int(*number)
}

fn inputs(d: &mut Draw<'_>, edges: &[i64], range: (i64, i64)) -> Vec<i64> {
    let mut inputs = edges.to_vec();
    inputs.extend((0..8).map(|_| d.int(range.0, range.1)));
    inputs
}

/// How many steps a rule takes.
pub(super) fn steps_down(d: &mut Draw<'_>) -> Task {
    let (divisor, less, end) = (d.int(2, 5), d.int(1, 9), d.int(1, 40));
    let steps = |start: &i64| -> i64 {
        let (mut number, mut steps) = (*start, 0);
        while number > end {
            number = if number % divisor == 0 {
                number / divisor
            } else {
                number - less
            };
            steps += 1;
        }
        steps
    };
    let inputs = inputs(d, &[0, end, end + 1, divisor * 100], (50, 5_000));
    let what = d.one([
        format!("counts steps: as long as the number n is greater than {end}, divide it by {divisor} if that leaves no remainder, otherwise subtract {less}. It returns how many steps were made (0 if n is already {end} or less)."),
        format!("returns the number of moves needed to bring an integer down to {end} or below, if each move divides by {divisor} when the number is a multiple of {divisor} and takes away {less} when it is not."),
        format!("simulates a countdown and returns its length. One tick: n becomes n / {divisor} for multiples of {divisor}, and n - {less} otherwise. Stop as soon as n <= {end}."),
    ]);
    let body = format!(
        "    steps = 0\n    while {{P}} > {end}:\n        if {{P}} % {divisor} == 0:\n            {{P}} //= {divisor}\n        else:\n            {{P}} -= {less}\n        steps += 1\n    return steps\n"
    );
    let parts = Parts {
        names: &[
            "count_steps",
            "steps_down",
            "moves_needed",
            "countdown",
            "reduce_len",
        ],
        parameter: d.pick(&["n", "number", "value", "start"]),
        what,
        cases: cases(&inputs, as_int, steps),
        body,
    };
    task(d, parts)
}

/// Digits in some base.
pub(super) fn digits(d: &mut Draw<'_>) -> Task {
    let (base, plus) = (d.int(3, 13), d.int(1, 60));
    let digits = |number: &i64| -> Value {
        if *number < 0 {
            return Value::List(Vec::new());
        }
        let (mut rest, mut list) = (*number, Vec::new());
        while rest > 0 || list.is_empty() {
            list.push(Value::Int(rest % base + plus));
            rest /= base;
        }
        Value::List(list)
    };
    let inputs = inputs(d, &[0, -5, base, base * base - 1], (1, 90_000));
    let what = d.one([
        format!("returns the base-{base} digits of a non-negative integer as a list, least significant digit first, with {plus} added to every digit. Zero has the single digit 0; a negative argument yields an empty list."),
        format!("writes an integer in base {base} and returns the digits as a list of ints starting with the lowest one, each increased by {plus}. For 0 the list is [{plus}], and for numbers below zero it's []."),
        format!("converts an int to base {base}. The result is a list holding (digit + {plus}) for each digit, units first. Negative input: return []. Input 0: treat it as one digit."),
    ]);
    let body = format!(
        "    if {{P}} < 0:\n        return []\n    out = []\n    while True:\n        {{P}}, r = divmod({{P}}, {base})\n        out.append(r + {plus})\n        if {{P}} == 0:\n            return out\n"
    );
    let parts = Parts {
        names: &[
            "to_base",
            "digit_list",
            "split_digits",
            "encode_number",
            "positional",
        ],
        parameter: d.pick(&["n", "number", "value", "k"]),
        what,
        cases: cases(&inputs, as_int, digits),
        body,
    };
    task(d, parts)
}

/// Labels for ranges of a number.
pub(super) fn bands(d: &mut Draw<'_>) -> Task {
    let (low, middle) = (d.int(10, 35), d.int(40, 65));
    let (high, top) = (d.int(70, 90), d.int(100, 240));
    let labels = [d.word(2), d.word(2), d.word(3), d.word(2)];
    let [first, second, third, fourth] = labels.clone();
    let band = |score: &i64| -> Value {
        let [first, second, third, fourth] = &labels;
        let label = match *score {
            n if n < 0 || n > top => return Value::None,
            n if n < low => first,
            n if n < middle => second,
            n if n <= high => third,
            _ => fourth,
        };
        Value::text(label)
    };
    let edges = [
        -1,
        0,
        low - 1,
        low,
        middle - 1,
        middle,
        high,
        high + 1,
        top,
        top + 1,
    ];
    let inputs = inputs(d, &edges, (0, 260));
    let what = d.one([
        format!("maps a score to a label: \"{first}\" below {low}, \"{second}\" from {low} up to but not including {middle}, \"{third}\" from {middle} up to and including {high}, and \"{fourth}\" above {high}. Scores under 0 or over {top} give None."),
        format!("returns a string for an integer score. 0 <= score < {low}: '{first}'. {low} <= score < {middle}: '{second}'. {middle} <= score <= {high}: '{third}'. {high} < score <= {top}: '{fourth}'. Anything else: None."),
        format!("classifies points. Less than {low} points is '{first}', less than {middle} is '{second}', at most {high} is '{third}', at most {top} is '{fourth}'; it returns None for negative points or more than {top}."),
    ]);
    let body = format!(
        "    if {{P}} < 0 or {{P}} > {top}:\n        return None\n    if {{P}} < {low}:\n        return '{first}'\n    elif {{P}} < {middle}:\n        return '{second}'\n    elif {{P}} <= {high}:\n        return '{third}'\n    return '{fourth}'\n"
    );
    let parts = Parts {
        names: &["label", "classify", "band", "rate_score", "grade_for"],
        parameter: d.pick(&["score", "points", "value", "n"]),
        what,
        cases: cases(&inputs, as_int, band),
        body,
    };
    task(d, parts)
}

/// A weighted sum of digits.
pub(super) fn check_digit(d: &mut Draw<'_>) -> Task {
    let (odd, even, modulus) = (d.int(2, 9), d.int(1, 8), d.int(7, 23));
    let check = |number: &i64| -> i64 {
        let digits = number.abs().to_string();
        let weighted = digits.bytes().rev().zip(0_i64..).map(|(digit, place)| {
            let weight = if place % 2 == 0 { odd } else { even };
            i64::from(digit - b'0') * weight
        });
        weighted.sum::<i64>() % modulus
    };
    let inputs = inputs(d, &[0, 9, -120, 1_000_000], (10, 99_999_999));
    let what = d.one([
        format!("computes a checksum of an integer: ignoring its sign, take the decimal digits from the right; the 1st, 3rd, 5th... count {odd} times, the 2nd, 4th... count {even} times. It returns the sum modulo {modulus}."),
        format!("returns (weighted digit sum) % {modulus}. Weights alternate {odd}, {even}, {odd}, {even}, ... beginning at the rightmost decimal digit. A minus sign plays no role."),
        format!("goes over the digits of abs(n) starting at the last one, multiplies them alternately by {odd} and {even} ({odd} for the last digit), sums that up and returns what remains after division by {modulus}."),
    ]);
    let body = format!(
        "    total = 0\n    for i, c in enumerate(reversed(str(abs({{P}})))):\n        total += int(c) * ({odd} if i % 2 == 0 else {even})\n    return total % {modulus}\n"
    );
    let parts = Parts {
        names: &[
            "check_digit",
            "checksum",
            "control_number",
            "digit_code",
            "verify_code",
        ],
        parameter: d.pick(&["n", "number", "code", "ident"]),
        what,
        cases: cases(&inputs, as_int, check),
        body,
    };
    task(d, parts)
}
