mod contribution;
mod curve;
mod income;
mod shares;
mod taper;
mod valve;

use swan_core::{Amount, BasisPoints, Day};

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn points(points: u16) -> BasisPoints {
    BasisPoints::new(points).unwrap()
}
