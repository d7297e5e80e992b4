//! Speeds, amounts of work, units, days and hours.

use super::Question;
use crate::Day;
use crate::benchmark::item::draw::{Draw, grouped};
use crate::benchmark::item::words::{GOODS, MONTHS, NAMES, PLACES};
use crate::benchmark::number::Expected;

/// Two legs at two speeds.
pub(super) fn journey(d: &mut Draw<'_>) -> Question {
    let name = d.pick(&NAMES);
    let (fast, slow) = (d.int(27, 65) * 2, d.int(4, 19) * 3);
    let (quarters, other) = (
        d.int(3, d.by_level(23, 31, 39)),
        d.int(2, d.by_level(19, 27, 35)),
    );
    let (first, second) = (hours(quarters), hours(other));
    let text = d.one([
        format!("{name} drives {first} at {fast} km/h and then {second} at {slow} km/h. How many kilometres is that altogether?"),
        format!("A train does {fast} km/h for {first}, then track works slow it to {slow} km/h for another {second}. What total distance in km does it cover?"),
        format!("How far do you get with {first} on the motorway at {fast} kilometres per hour followed by {second} on back roads at {slow} kilometres per hour?"),
    ]);
    Question::new(text, Expected::ratio(fast * quarters + slow * other, 4))
}

fn hours(quarters: i64) -> String {
    let whole = quarters / 4;
    match quarters % 4 {
        0 => format!("{whole} hours"),
        rest => format!("{whole} h {} min", rest * 15),
    }
}

/// Machines that work at a rate.
pub(super) fn production(d: &mut Draw<'_>) -> Question {
    let (goods, place) = (d.pick(&GOODS), d.pick(&PLACES));
    let (machines, other) = (
        d.int(2, d.by_level(5, 9, 14)),
        d.int(3, d.by_level(9, 20, 40)),
    );
    let (rate, hours) = (d.int(4, d.by_level(20, 60, 150)), d.int(2, 9));
    let again = d.int(2, d.by_level(6, 11, 16));
    let (made, answer) = (machines * rate * hours, other * rate * again);
    let all = grouped(made);
    let text = d.one([
        format!("In {place}, {machines} machines finish {all} {goods} in {hours} hours. All machines are equally fast. How many {goods} do {other} such machines finish in {again} hours?"),
        format!("{machines} people wrap {all} {goods} in {hours} hours. At that pace, how many would {other} people wrap in {again} hours?"),
        format!("If {machines} printers put out {all} labels in {hours} h, what do {other} of the same printers put out in {again} h?"),
    ]);
    Question::whole(text, answer)
}

/// Sums of mixed units.
pub(super) fn units(d: &mut Draw<'_>) -> Question {
    let (big, small) = (d.int(2, d.by_level(9, 30, 120)), d.int(15, 985));
    let (times, more) = (d.int(3, d.by_level(8, 15, 40)), d.int(10, 990));
    let total = (big * 1_000 + small) * times + more;
    let text = d.one([
        format!("One roll of cable is {big} km and {small} m long. How many metres do {times} rolls and a leftover piece of {more} m make?"),
        format!("A sack weighs {big} kg {small} g. What do {times} of those sacks plus a {more} g box weigh, in grams?"),
        format!("Convert to millilitres: {times} canisters of {big} litres {small} ml each, and one glass of {more} ml."),
        format!("{times} parts take {big} seconds and {small} milliseconds each to load, and there's a start-up of {more} ms. Total in ms?"),
    ]);
    Question::whole(text, total)
}

/// Days from one date to another.
pub(super) fn dates(d: &mut Draw<'_>) -> Question {
    let name = d.pick(&NAMES);
    let from = d.int(7_305, 20_000);
    let days = d.int(9, d.by_level(75, 300, 1_400));
    let (start, end) = (date(from), date(from + days));
    let text = d.one([
        format!("How many days are there from {start} to {end}? (The first day not counted, the last one counted.)"),
        format!("{name} moved in on {start} and moved out on {end}. How many nights is that?"),
        format!("Difference in days between {start} and {end}?"),
        format!("A contract was signed on {start} and ended on {end}. How many days passed between those two dates?"),
    ]);
    Question::whole(text, days)
}

/// A day of the common era as people write it, such as `March 3, 2021`.
fn date(days_since_epoch: i64) -> String {
    let (year, month, day) = Day::from_days(u32::try_from(days_since_epoch).unwrap_or(0)).date();
    let index = usize::try_from(month).unwrap_or(1).saturating_sub(1);
    let name = MONTHS.get(index).copied().unwrap_or_default();
    format!("{name} {day}, {year}")
}

/// Departures, stops and arrivals, in minutes.
pub(super) fn timetable(d: &mut Draw<'_>) -> Question {
    let name = d.pick(&NAMES);
    let leave = d.int(5 * 60, 13 * 60);
    let legs = d.by_level(1, 2, 3);
    let total = d.int(70, 200 * legs);
    let stop = d.int(4, 55);
    let (from, to) = (clock(leave), clock(leave + total + stop));
    let text = d.one([
        format!("A bus leaves at {from} and arrives at {to}. It stands still for {stop} minutes on the way. How many minutes is it actually moving?"),
        format!("{name} started work at {from} and finished at {to}, with one break of {stop} minutes. How many minutes of work is that?"),
        format!("Meeting from {from} until {to}, minus {stop} min for lunch. How long is it in minutes?"),
    ]);
    Question::whole(text, total)
}

fn clock(minutes: i64) -> String {
    format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60)
}
