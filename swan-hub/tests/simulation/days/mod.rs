//! Days of a market: many requests of several consumers at once, over the whole path, through hubs that die in the middle of
//! them, and an auditor that predicts every balance.

mod ask;
mod auditor;
mod client;
mod day;
mod hub;
mod judgement;
mod prediction;
mod purse;
mod script;
mod weather;

use std::ops::Range;
use std::time::Instant;

use auditor::Counts;
use day::{Day, Played, Script};
use weather::{ALL, PLANTED, Weather};

use crate::seeds::{self, Playing};

/// What each kind of weather plays where nobody asks for more: a day.
const REQUESTS_MIN: u64 = 1_000;

/// The first ones say most.
const FINDINGS_MAX: usize = 10;

fn play(seed: u64, weather: Weather, script: Script) -> Played {
    let playing = Playing {
        name: weather.name,
        seed,
    };
    let played = Day::new(seed, weather, script).play();
    drop(playing);
    played
}

/// Plays seeds in order, until there were `enough` requests where that is said.
fn play_all(weather: Weather, seeds: Range<u64>, enough: Option<u64>) {
    let begun = Instant::now();
    let (mut all, mut days) = (Counts::default(), 0);
    for seed in seeds {
        let played = play(seed, weather, Script::default());
        let findings = played.findings.iter().take(FINDINGS_MAX);
        let findings = findings.map(String::as_str).collect::<Vec<_>>().join("\n");
        let again = seeds::again(weather.name, seed);
        assert!(findings.is_empty(), "{findings}\n\n{again}");
        all = all.and(&played.counts);
        days += 1;
        if enough.is_some_and(|enough| all.requests >= enough) {
            break;
        }
    }
    let (name, took) = (weather.name, begun.elapsed());
    println!("{name}: {all:?}, {days} days in {took:.1?}");
}

fn days_of(weather: Weather) {
    let enough = seeds::share(ALL.len(), REQUESTS_MIN);
    play_all(weather, 0..u64::MAX, Some(enough));
}

#[test]
fn on_calm_days_every_charge_is_the_predicted_one() {
    days_of(weather::CALM);
}

#[test]
fn on_deadly_days_hubs_lose_and_double_nothing() {
    days_of(weather::DEADLY);
}

#[test]
fn on_wild_days_consumers_pay_for_what_was_delivered() {
    days_of(weather::WILD);
}

#[test]
fn on_bad_days_everything_at_once_loses_and_doubles_nothing() {
    days_of(weather::BAD);
}

/// The auditor is no better than the bugs that it finds.
#[test]
fn planted_bugs_are_found() {
    for weather in PLANTED {
        let found = (0..20).find(|seed| {
            let played = play(*seed, weather, Script::SHORT);
            !played.findings.is_empty()
        });
        let found = found.unwrap_or_else(|| panic!("nobody notices {}", weather.name));
        println!("{}: found by seed {found}", weather.name);
    }
}

#[test]
fn the_same_seed_plays_the_same() {
    for weather in ALL {
        for seed in 1_000..1_002 {
            let [one, other] = [(); 2].map(|()| play(seed, weather, Script::SHORT));
            assert_eq!(one, other, "{} {seed}", weather.name);
        }
    }
}

/// Plays what `SWAN_SIMULATION` names: a seed that has failed, or a range that nobody has played yet.
#[test]
fn asked() {
    let Some((name, seeds)) = seeds::asked() else {
        return;
    };
    if let Some(weather) = ALL.into_iter().find(|weather| weather.name == name) {
        play_all(weather, seeds, None);
    }
}
