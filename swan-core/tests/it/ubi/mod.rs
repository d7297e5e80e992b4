mod curve;
mod taper;
mod valve;

use swan_core::{Amount, Day};

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}
