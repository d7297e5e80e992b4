//! What the pure pieces on a request's way cost: price and split, ledger, protocol, events; and what is measured of providers.
#![expect(
    clippy::expect_used,
    reason = "a measurement that cannot go on must stop"
)]

mod leaderboard;
mod money;
mod routing;
mod score;
mod session;
mod tokens;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    leaderboard::benches(&mut criterion);
    money::benches(&mut criterion);
    routing::benches(&mut criterion);
    score::benches(&mut criterion);
    session::benches(&mut criterion);
    tokens::benches(&mut criterion);
    criterion.final_summary();
}
