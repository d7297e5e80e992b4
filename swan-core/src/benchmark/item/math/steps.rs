//! Arithmetic of several steps.

use super::Question;
use crate::benchmark::item::draw::{Draw, grouped};
use crate::benchmark::item::words::{GOODS, NAMES, PLACES};
use crate::benchmark::number::Expected;

/// An expression with brackets.
pub(super) fn expression(d: &mut Draw<'_>) -> Question {
    let most = d.by_level(30, 99, 480);
    let (a, b, c) = (d.int(6, most), d.int(6, 60), d.int(2, most * 4));
    let (e, f) = (d.int(2, 12), d.int(3, most));
    let product = (a * b - c) * e;
    let text = d.one([
        format!("Calculate ({a} * {b} - {c}) * {e} + {f}."),
        format!("what's {e} * ({a} * {b} - {c}) + {f}"),
        format!("Take {a} times {b}, subtract {c}, multiply what you get by {e} and finally add {f}. Result?"),
        format!("Evaluate {f} + {e} × ({a} × {b} − {c})"),
    ]);
    Question::whole(text, product + f)
}

/// A mean, or the value that is missing from one.
pub(super) fn mean(d: &mut Draw<'_>) -> Question {
    let name = d.pick(&NAMES);
    let count = d.by_level(4, 5, 7);
    let most = d.by_level(40, 99, 900);
    let values: Vec<i64> = (0..count).map(|_| d.int(8, most)).collect();
    let listed = values
        .iter()
        .map(i64::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let sum: i64 = values.iter().sum();
    if d.chance(50) {
        let text = d.one([
            format!("What is the mean of {listed}? Give two decimals if it isn't whole."),
            format!("{name} scored {listed} in {count} rounds. What was the average score (two decimals)?"),
            format!("average of these please: {listed} (to two decimal places)"),
        ]);
        return Question::new(text, Expected::ratio(sum, count).within(1, 100));
    }
    let next = d.int(8, most);
    // The total of all is made whole, so that the wanted mean is a whole number.
    let all = count + 1;
    let target = (sum + next) / all;
    let missing = target * all - sum;
    let text = d.one([
        format!("{name}'s results so far are {listed}. What must the next result be so that the average of all {all} is exactly {target}?"),
        format!("The numbers {listed} and one more number have a mean of {target}. Which number is missing?"),
        format!("I have {listed} and want the average of {all} values to come out at {target}. What does the last value need to be?"),
    ]);
    Question::whole(text, missing)
}

/// Areas and borders of rectangles.
pub(super) fn area(d: &mut Draw<'_>) -> Question {
    let most = d.by_level(200, 400, 900);
    let (length, width) = (d.int(9, most), d.int(8, most));
    let path = d.int(1, 12);
    let price = d.int(3, 48);
    if d.chance(50) {
        let (outer, inner) = ((length + 2 * path) * (width + 2 * path), length * width);
        let text = d.one([
            format!("A pool measures {length} m by {width} m. A path {path} m wide runs all the way around it. What is the area of the path in square metres?"),
            format!("A lawn of {length} by {width} metres gets a gravel border, {path} m wide on every side (outside the lawn). How many m² of gravel is that?"),
            format!("A photo is {length} cm x {width} cm. The frame around it is {path} cm wide everywhere. Area of the frame alone in cm²?"),
        ]);
        return Question::whole(text, outer - inner);
    }
    let gate = d.int(1, 5);
    let text = d.one([
        format!("A rectangular field is {length} m long and {width} m wide. Fencing costs ${price} a metre, and a gap of {gate} m is left for the gate. What does the fence cost?"),
        format!("How many dollars for skirting boards in a hall of {length} m by {width} m at ${price} per metre, if {gate} m of doorway need none?"),
        format!("I want a hedge around a {length} m x {width} m plot, leaving out {gate} m for the entrance. At ${price} per metre, what will I pay?"),
    ]);
    Question::whole(text, (2 * (length + width) - gate) * price)
}

/// A stock that changes over some days, and a fraction of it.
pub(super) fn stock(d: &mut Draw<'_>) -> Question {
    let (place, goods) = (d.pick(&PLACES), d.pick(&GOODS));
    let (parts, taken) = (d.int(3, 9), d.int(1, 2));
    let start = parts * d.int(12, d.by_level(40, 150, 900));
    let (arrive, days) = (d.int(5, d.by_level(30, 90, 400)), d.int(2, 6));
    let sold = start / parts * taken;
    let end = start - sold + arrive * days;
    let many = grouped(start);
    let text = d.one([
        format!("There are {many} {goods} in stock at {place}. {taken}/{parts} of them are sold on Monday. On each of the following {days} days {arrive} new ones are delivered and none is sold. How many are there then?"),
        format!("{place} owned {many} {goods}, gave away {taken} out of every {parts}, and then bought {arrive} a day for {days} days. What is the new count?"),
        format!("Inventory question: begin with {many} {goods}, remove a fraction of {taken}/{parts}, then receive {days} deliveries of {arrive}. Closing inventory?"),
    ]);
    Question::new(text, Expected::whole(end))
}
