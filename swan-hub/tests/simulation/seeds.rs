//! Which seeds are played, and how one that fails is played again.

use std::ops::Range;

/// Names one seed, or a range: `kills:17`, `kills:0..100000`.
pub(crate) const VARIABLE: &str = "SWAN_SIMULATION";

/// How many requests are played: a million where the simulation is built to be run (`.ci/simulation.toml`).
const REQUESTS: &str = "SWAN_SIMULATION_REQUESTS";

/// How many requests one of so many weathers plays at least.
pub(crate) fn share(of: usize, otherwise: u64) -> u64 {
    let all = std::env::var(REQUESTS).map(|all| all.parse::<u64>().expect("a number"));
    all.map_or(otherwise, |all| all.div_ceil(of as u64))
}

/// The seeds that somebody asked for, with the name of what is played.
pub(crate) fn asked() -> Option<(String, Range<u64>)> {
    let asked = std::env::var(VARIABLE).ok()?;
    let (name, seeds) = asked.split_once(':').expect("NAME:SEED or NAME:FROM..TO");
    let seeds = match seeds.split_once("..") {
        Some((from, to)) => from.parse().unwrap()..to.parse().unwrap(),
        None => {
            let seed: u64 = seeds.parse().unwrap();
            seed..seed + 1
        }
    };
    Some((name.to_owned(), seeds))
}

/// Says how to play a seed again when the test fails while this is alive.
pub(crate) struct Playing<'a> {
    pub(crate) name: &'a str,
    pub(crate) seed: u64,
}

impl Drop for Playing<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("\n{}", again(self.name, self.seed));
        }
    }
}

/// The command that plays a seed again.
pub(crate) fn again(name: &str, seed: u64) -> String {
    format!(
        "seed {seed} of `{name}` fails; to play it again:\n    {VARIABLE}={name}:{seed} \
         cargo test -p swan-hub --all-features --test simulation asked -- --nocapture"
    )
}
