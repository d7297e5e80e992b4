//! A short play that ends at every await and in every write, one after the other.

use super::play;
use super::process::is_believed;
use super::profile::{CALM_SEA, CLOCKS, KILLS, Profile, SNAPSHOTS};
use super::world::{Script, Seed};
use crate::dice::Dice;
use crate::disk::{CrashAt, Moment, damaged};
use crate::seeds;

/// Two lives with a crash in the first, or three with one in the second, whose start has holds to give back.
fn script(first: Option<CrashAt>, at: CrashAt) -> Script {
    let mut crashes = vec![Some(at), None];
    if let Some(first) = first {
        crashes.insert(0, Some(first));
    }
    Script {
        lives: crashes.len() as u64,
        crashes,
        clients_max: 3,
        requests: 12,
    }
}

/// Crashes at the first moment, the second, and so on, until there is none left. Answers how many there were.
fn at_every(
    profile: Profile,
    seed: u64,
    first: Option<CrashAt>,
    moment: impl Fn(u64) -> CrashAt,
) -> u64 {
    let already = u64::from(first.is_some());
    for number in 1.. {
        let at = moment(number);
        let played = play(seed, profile, script(first, at));
        let findings = played.findings.join("\n");
        let again = seeds::again(profile.name, seed);
        assert!(
            findings.is_empty(),
            "crash at {first:?}, {at:?}: {findings}\n\n{again}"
        );
        if played.kills == already {
            return number - 1;
        }
    }
    0
}

#[test]
fn a_crash_at_every_await_loses_and_doubles_nothing() {
    let mut awaits = 0;
    for profile in [KILLS, CLOCKS, SNAPSHOTS] {
        for seed in 0..2 {
            awaits += at_every(profile, seed, None, CrashAt::Poll);
        }
    }
    println!("{awaits} crashes");
    assert!(awaits > 500, "{awaits}");
}

#[test]
fn a_crash_at_every_await_of_the_next_start_loses_and_doubles_nothing() {
    let mut awaits = 0;
    for seed in 0..3 {
        let first = CrashAt::Write(2, Moment::After);
        awaits += at_every(KILLS, seed, Some(first), CrashAt::Poll);
    }
    println!("{awaits} crashes");
    assert!(awaits > 100, "{awaits}");
}

#[test]
fn a_crash_in_every_write_loses_and_doubles_nothing() {
    let snapshots = Profile {
        faults: KILLS.faults,
        ..SNAPSHOTS
    };
    let mut writes = 0;
    for profile in [KILLS, snapshots] {
        for seed in 0..20 {
            for moment in [Moment::Before, Moment::After] {
                writes += at_every(profile, seed, None, |number| CrashAt::Write(number, moment));
            }
        }
    }
    println!("{writes} crashes");
    assert!(writes > 100, "{writes}");
}

#[test]
fn a_damaged_journal_is_not_believed() {
    for seed in 0..20 {
        let (_, disk) = Seed::new(seed, CALM_SEA, Script::default()).play();
        assert!(is_believed(disk.clone()));
        let mut dice = Dice::new(seed, 1 << 60);
        for _ in 0..10 {
            let damaged = damaged(&disk, &mut dice);
            assert!(
                !is_believed(damaged),
                "seed {seed}: a damaged journal is believed"
            );
        }
    }
}
