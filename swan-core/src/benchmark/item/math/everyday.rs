//! Questions about money and shares.

use super::Question;
use crate::benchmark::item::draw::{Draw, dollars, grouped};
use crate::benchmark::item::words::{GOODS, NAMES};
use crate::benchmark::number::Expected;

/// Several goods, a reduction, and what is left or paid.
pub(super) fn purchase(d: &mut Draw<'_>) -> Question {
    let (name, first, second) = (d.pick(&NAMES), d.pick(&GOODS), d.pick(&GOODS));
    let most = d.by_level(9, 24, 75);
    let (many, more) = (d.int(2, most), d.int(2, most));
    let step = d.by_level(50, 25, 5);
    let (price, other) = (d.int(10, 90) * step, d.int(10, 90) * step);
    let off = d.int(1, 19) * 25;
    let paid = many * price + more * other - off;
    let (price, other, off) = (dollars(price), dollars(other), dollars(off));
    let text = d.one([
        format!("{name} buys {many} {first} at ${price} each and {more} {second} at ${other} each, then uses a voucher worth ${off}. How much does {name} pay in dollars?"),
        format!("One order has {many} {first} (${price} apiece) plus {more} {second} (${other} apiece). We knocked ${off} off the bill. What's the total in $?"),
        format!("At the till: {many} x {first} for ${price}, {more} x {second} for ${other}, minus a ${off} credit. Total due, in dollars?"),
        format!("I'm checking an invoice for {name}. It lists {many} {first} with a unit price of ${price}, {more} {second} with a unit price of ${other} and a rebate of ${off} on the whole thing. What should the amount be?"),
    ]);
    Question::new(text, Expected::ratio(paid, 100))
}

/// A sum in a ratio, and a difference of two parts.
pub(super) fn sharing(d: &mut Draw<'_>) -> Question {
    let (a, b, c) = (d.pick(&NAMES), d.pick(&NAMES), d.pick(&NAMES));
    let low = d.int(2, 9);
    let (middle, high) = (d.int(2, 12), low + d.int(1, d.by_level(4, 7, 11)));
    let unit = d.int(11, d.by_level(60, 400, 2_500));
    let sum = grouped((low + middle + high) * unit);
    let (first, third) = (high * unit, low * unit);
    let text = d.one([
        format!("Three partners split ${sum} in the ratio {high}:{middle}:{low}. How many dollars more does the first partner get than the third?"),
        format!("{a}, {b} and {c} inherit ${sum} together and divide it {high} to {middle} to {low} (in that order). By how much is the largest-ratio share of {high} parts bigger than the one of {low} parts?"),
        format!("A prize pool of ${sum} goes to first, second and third place as {high} : {middle} : {low}. What is the gap between first and third place in dollars?"),
        format!("We're dividing a budget of ${sum} between teams red, green and blue with weights {high}, {middle} and {low}. How much more than blue does red receive?"),
    ]);
    Question::whole(text, first - third)
}

/// Simple interest over some years.
pub(super) fn interest(d: &mut Draw<'_>) -> Question {
    let name = d.pick(&NAMES);
    let principal = d.int(12, d.by_level(3_000, 6_000, 9_000)) * 50;
    let (half_percents, years) = (d.int(2, 19), d.int(2, 9));
    let rate = if half_percents % 2 == 0 {
        format!("{}", half_percents / 2)
    } else {
        format!("{}.5", half_percents / 2)
    };
    let total = principal * 200 + principal * half_percents * years;
    let sum = grouped(principal);
    let text = d.one([
        format!("{name} puts ${sum} into an account that pays {rate}% simple interest a year. What is the balance after {years} years if nothing is withdrawn?"),
        format!("A loan of ${sum} carries simple interest of {rate} percent per year. How much has to be paid back in total after {years} years, interest included?"),
        format!("If ${sum} earns {rate}% per annum (simple, not compounded), what will it have grown to in {years} years?"),
    ]);
    Question::new(text, Expected::ratio(total, 200))
}

/// Two or three percent changes in a row, rounded to cents.
pub(super) fn percent_chain(d: &mut Draw<'_>) -> Question {
    let name = d.pick(&NAMES);
    let start = d.int(40, d.by_level(200, 900, 6_000)) * 5;
    let (up, down) = (d.int(2, 45), d.int(2, 40));
    let thing = d.pick(&[
        "jacket",
        "monthly rent",
        "train pass",
        "laptop",
        "gym membership",
        "sofa",
        "bicycle",
        "camera",
        "water bill",
        "concert ticket",
    ]);
    let hundredths = start * (100 + up) * (100 - down);
    let from = grouped(start);
    let text = d.one([
        format!("The price of a {thing} was ${from}. It went up by {up}% and later came down by {down}%. What does it cost now? Round to the nearest cent."),
        format!("{name}'s {thing} cost ${from} at first, then {up}% more, and after that {down}% less than the raised price. Give the final figure in dollars, to two decimals."),
        format!("Start with ${from} for a {thing}, add {up} percent, then take {down} percent off the result. Where do we end up (two decimals)?"),
    ]);
    Question::new(text, Expected::ratio(hundredths, 10_000).within(1, 100))
}
