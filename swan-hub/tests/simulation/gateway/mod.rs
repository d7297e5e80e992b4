//! The whole path of a request, in one process and one thread: the hub's router, a provider over a WebSocket through memory, a
//! store that outlives the hub. Consumers leave, and hubs die, at every await.

mod consumer;
mod market;
mod provider;

use std::sync::Arc;

use consumer::polled;
use futures::future::join_all;
use market::{Market, Served, charges, paid};
use provider::{Manners, PRICE};
use swan_hub::ledger::{Books, BooksOptions};
use swan_hub::store::MemoryStore;

use crate::books::process::{killed, runtime};
use crate::dice::Dice;
use crate::disk::{CrashAt, Faults};
use crate::life::Life;
use crate::seeds::{self, Playing};

const STREAM: &str = r#","stream":true,"stream_options":{"include_usage":true}"#;

/// What a request is, beside its being a chat.
const SHAPES: [(&str, &str, Option<&str>); 4] = [
    ("a whole answer", "", None),
    ("a stream", STREAM, None),
    ("a stream without usage", r#","stream":true"#, None),
    ("a whole answer with a key", "", Some("once")),
];

fn begun() -> Arc<Life> {
    Arc::new(Life::new(1_000_000, 0))
}

/// What the next process finds on the disk: charges that are there once and are what was paid, and nothing held. Answers their
/// sum.
fn found_on(disk: &MemoryStore, case: &str) -> i128 {
    runtime(None).block_on(async {
        let clock = Arc::new(Life::new(2_000_000_000, 0));
        let opened = Books::open(Arc::new(disk.clone()), clock, BooksOptions::default());
        let (books, _) = opened.await.unwrap();
        assert_eq!(
            (books.pending_count(), books.audit()),
            (0, vec![]),
            "{case}"
        );
        let charges = charges(disk).await;
        assert!(
            charges.values().all(|of_one| of_one.len() == 1),
            "{case}: {charges:?}"
        );
        let sum = charges.values().flatten().sum();
        assert_eq!(paid(&books), sum, "{case}: {charges:?}");
        sum
    })
}

/// The consumer's future is polled so often and dropped; then everything it had must be back, and the charge told.
#[test]
fn a_consumer_who_leaves_at_any_await_leaves_nothing_behind() {
    for (served, (shape, more, once)) in cross(Served::ALL, SHAPES) {
        let polls = runtime(None).block_on(async {
            let disk = MemoryStore::new();
            let market = Market::open(&disk, begun(), 1, served).await;
            market.serve(Manners::GOOD, 1).await;
            market.is_served().await;
            for polls in 1..500 {
                let once = once.map(|once| format!("{once}-{polls}"));
                let seen = polled(market.ask(more, once.as_deref()), polls).await;
                market.rests().await;
                let told = market.told();
                let case = format!("{served:?}, {shape}, {polls} polls: {seen:?}");
                assert_eq!(market.paid(), told, "{case}");
                assert_eq!(market.earned(), told * 95 / 100, "{case}");
                if let Some(seen) = seen {
                    assert_eq!((seen.status, seen.is_whole), (200, true), "{case}");
                    assert_eq!(market.last_told(), PRICE, "{case}");
                    assert!(seen.cost.is_none_or(|cost| cost == PRICE), "{case}");
                    return polls;
                }
            }
            panic!("{served:?}: {shape} has no end");
        });
        println!("{served:?}, {shape}: {polls} polls");
        assert!(polls > 2, "{served:?}, {shape}: {polls}");
    }
}

/// The process ends after so many polls of all its tasks; the next one finds a whole charge or none, and nothing held.
#[test]
fn a_hub_that_dies_at_any_await_charges_once_or_not_at_all() {
    let slow = Faults {
        slow_ms: 2,
        ..Faults::default()
    };
    let [whole, stream, _, with_a_key] = SHAPES;
    for (served, (shape, more, once)) in cross(Served::ALL, [whole, stream, with_a_key]) {
        let (mut free, mut charged) = (0, 0);
        for polls in 1..5_000 {
            let disk = MemoryStore::new();
            let crash = Some(CrashAt::Poll(polls));
            let seen = runtime(crash).block_on(async {
                let market = Market::open(&disk, begun(), 1, served).await;
                market.serve(Manners::GOOD, 1).await;
                market.is_served().await;
                market.meets(slow);
                tokio::select! {
                    biased;
                    () = killed(crash) => None,
                    seen = market.ask(more, once) => Some(seen),
                }
            });
            let case = format!("{served:?}, {shape}, {polls} polls: {seen:?}");
            let sum = found_on(&disk, &case);
            free += u64::from(sum == 0);
            charged += u64::from(sum > 0);
            if seen.is_some() {
                assert_eq!(sum, PRICE, "{case}");
                break;
            }
        }
        println!("{served:?}, {shape}: not charged in {free} crashes, charged in {charged}");
        assert!(
            free > 0 && charged > 0,
            "{served:?}, {shape}: {free}, {charged}"
        );
    }
}

/// The name of a bad day, by who serves.
const BAD_DAYS: [(&str, Served); 3] = [
    ("bad-days", Served::V2),
    ("bad-days-v1", Served::V1),
    ("bad-days-hedged", Served::Hedged),
];

fn cross<A: Copy, B: Copy>(
    one: impl IntoIterator<Item = A>,
    other: impl IntoIterator<Item = B> + Clone,
) -> impl Iterator<Item = (A, B)> {
    let pairs = move |a| other.clone().into_iter().map(move |b| (a, b));
    one.into_iter().flat_map(pairs)
}

/// Providers that repeat, swap and lose frames and die, a store that fails and lies, a clock that jumps, consumers who leave: what
/// the ledger took is what was told, request by request, and nothing stays under way. Answers how many requests there were, and
/// how often a second provider was asked as well.
fn bad_day((name, served): (&'static str, Served), seed: u64) -> (usize, usize) {
    let playing = Playing { name, seed };
    let faults = Faults {
        fails: 20,
        lies: 20,
        outages: 5,
        slow_ms: 20,
        ..Faults::default()
    };
    let disk = MemoryStore::new();
    let mut dice = Dice::new(seed, 0);
    let (counts, told) = runtime(None).block_on(async {
        let life = begun();
        let market = Market::open(&disk, Arc::clone(&life), seed, served).await;
        let bad = dice.pick(&[0, 5, 40]);
        let manners = Manners {
            repeats: bad,
            swaps: bad,
            dies: bad / 4,
        };
        market.serve(manners, seed).await;
        market.is_served().await;
        market.meets(faults);
        let mut seen = Vec::new();
        for round in 0..8 {
            let asked = (0..8).map(|number| {
                let (_, more, once) = dice.pick(&SHAPES);
                let once = once.map(|once| format!("{once}-{round}-{number}"));
                let polls = if dice.chance(300) {
                    dice.between(1, 8)
                } else {
                    u64::MAX
                };
                polled(market.ask(more, once.as_deref()), polls)
            });
            let asked: Vec<_> = asked.collect();
            seen.extend(join_all(asked).await);
            if dice.chance(200) {
                let far = i64::try_from(dice.below(20_000)).unwrap();
                life.jump(far - 10_000);
            }
        }
        market.rests().await;
        let told = market.told();
        assert_eq!(market.paid(), told);
        assert_eq!(market.earned(), told * 95 / 100);
        // Each price that a consumer saw is a charge of its own.
        let mut charges = market.charges_told();
        for cost in seen.iter().flatten().filter_map(|seen| seen.cost) {
            let place = charges.iter().position(|charge| *charge == cost);
            charges.swap_remove(place.expect("a price that was seen and not charged"));
        }
        market.hub.books().flush().await.unwrap();
        ((seen.len(), market.hedges()), told)
    });
    assert_eq!(found_on(&disk, "the next day"), told);
    drop(playing);
    counts
}

#[test]
fn on_bad_days_the_ledger_took_what_was_told() {
    for (name, served) in BAD_DAYS {
        let days = (0..50).map(|seed| bad_day((name, served), seed));
        let (requests, hedges): (Vec<_>, Vec<_>) = days.unzip();
        let (requests, hedges): (usize, usize) = (requests.iter().sum(), hedges.iter().sum());
        println!("{name}: {requests} requests, {hedges} hedges");
        assert!(requests > 3_000);
        assert_eq!(hedges > 500, served == Served::Hedged, "{hedges}");
    }
}

/// Plays what `SWAN_SIMULATION` names.
#[test]
fn asked() {
    let Some((name, seeds)) = seeds::asked() else {
        return;
    };
    for day in BAD_DAYS.into_iter().filter(|day| day.0 == name) {
        let (requests, _) = seeds
            .clone()
            .map(|seed| bad_day(day, seed))
            .unzip::<_, _, Vec<_>, Vec<_>>();
        println!("{} requests", requests.iter().sum::<usize>());
    }
}
