//! The books over a store in all weathers: holds, charges, releases, expiries, repeats and grants of many clients at once,
//! through crashes at every await and every write.

pub(crate) mod auditor;
mod client;
mod exhaustive;
mod grants;
pub(crate) mod process;
mod profile;
mod world;

use std::ops::Range;
use std::time::Instant;

use profile::{ALL, PLANTED, Profile};
use world::{Played, Script, Seed};

use crate::seeds::{self, Playing};

/// What each kind of weather plays where nobody asks for more.
const REQUESTS_MIN: u64 = 12_500;

fn play(seed: u64, profile: Profile, script: Script) -> Played {
    let playing = Playing {
        name: profile.name,
        seed,
    };
    let (played, _) = Seed::new(seed, profile, script).play();
    drop(playing);
    played
}

/// Plays seeds in order, until there were `enough` requests where that is said.
fn play_all(profile: Profile, seeds: Range<u64>, enough: Option<u64>) {
    let begun = Instant::now();
    let (mut requests, mut kills, mut count) = (0, 0, 0);
    for seed in seeds {
        let played = play(seed, profile, Script::default());
        let findings = played.findings.join("\n");
        let again = seeds::again(profile.name, seed);
        assert!(findings.is_empty(), "{findings}\n\n{again}");
        requests += played.requests;
        kills += played.kills;
        count += 1;
        if enough.is_some_and(|enough| requests >= enough) {
            break;
        }
    }
    let (name, took) = (profile.name, begun.elapsed());
    println!("{name}: {requests} requests, {kills} kills, {count} seeds in {took:.1?}");
}

fn weather(profile: Profile) {
    let enough = seeds::share(ALL.len(), REQUESTS_MIN);
    play_all(profile, 0..u64::MAX, Some(enough));
}

#[test]
fn in_calm_weather_every_answer_is_as_predicted() {
    weather(profile::CALM_SEA);
}

#[test]
fn a_process_that_is_killed_loses_and_doubles_nothing() {
    weather(profile::KILLS);
}

#[test]
fn writes_that_fail_or_lie_lose_and_double_nothing() {
    weather(profile::FAILURES);
}

#[test]
fn writes_that_are_slow_or_never_answered_lose_and_double_nothing() {
    weather(profile::SILENCE);
}

#[test]
fn clocks_that_jump_move_no_money() {
    weather(profile::CLOCKS);
}

#[test]
fn snapshots_that_are_damaged_or_missing_change_nothing() {
    weather(profile::SNAPSHOTS);
}

#[test]
fn relaxed_books_lose_their_last_moments_and_nothing_else() {
    weather(profile::RELAXED);
}

#[test]
fn everything_at_once_loses_and_doubles_nothing() {
    weather(profile::EVERYTHING);
}

/// The auditor is no better than the bugs that it finds.
#[test]
fn planted_bugs_are_found() {
    for profile in PLANTED {
        let found = (0..50).find(|seed| {
            let played = play(*seed, profile, Script::default());
            !played.findings.is_empty()
        });
        let found = found.unwrap_or_else(|| panic!("nobody notices {}", profile.name));
        println!("{}: found by seed {found}", profile.name);
    }
}

#[test]
fn the_same_seed_plays_the_same() {
    for profile in ALL {
        for seed in 1_000..1_005 {
            let [one, other] = [(); 2].map(|()| play(seed, profile, Script::default()));
            assert_eq!(one, other, "{} {seed}", profile.name);
        }
    }
}

/// Plays what `SWAN_SIMULATION` names: a seed that has failed, or a range that nobody has played yet.
#[test]
fn asked() {
    let Some((name, seeds)) = seeds::asked() else {
        return;
    };
    if let Some(profile) = ALL.into_iter().find(|profile| profile.name == name) {
        play_all(profile, seeds, None);
    }
}
