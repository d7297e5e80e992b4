//! The whole path of a request, in one process and one thread: the hub's router, a provider over a WebSocket through memory, a
//! store that outlives the hub. Consumers leave, and hubs die, at every await.

pub(crate) mod answer;
pub(crate) mod consumer;
pub(crate) mod market;
pub(crate) mod provider;

use std::sync::Arc;

use answer::PRICE;
use consumer::{Seen, polled};
use market::{Market, Served, charges, paid};
use swan_hub::ledger::{Books, BooksOptions};
use swan_hub::store::MemoryStore;

use crate::books::process::{killed, runtime};
use crate::disk::{CrashAt, Faults, Moment};
use crate::life::Life;

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
            market.serve(1).await;
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

/// One request at a hub that dies there, if it comes to that: what its consumer saw, and what the next hub finds charged.
fn dies(
    (served, more, once): (Served, &str, Option<&str>),
    crash: CrashAt,
    case: &str,
) -> (Option<Seen>, i128) {
    let slow = Faults {
        slow_ms: 2,
        ..Faults::default()
    };
    let disk = MemoryStore::new();
    let seen = runtime(Some(crash)).block_on(async {
        let life = begun();
        let market = Market::open(&disk, Arc::clone(&life), 1, served).await;
        market.serve(1).await;
        market.is_served().await;
        market.meets(slow);
        if let CrashAt::Write(number, moment) = crash {
            market.dies_in(number, moment);
        }
        tokio::select! {
            biased;
            () = life.over() => None,
            () = killed(Some(crash)) => None,
            seen = market.ask(more, once) => Some(seen),
        }
    });
    let sum = found_on(&disk, case);
    if seen.is_some() {
        assert_eq!(sum, PRICE, "{case}");
    }
    (seen, sum)
}

/// The process ends after so many polls of all its tasks; the next one finds a whole charge or none, and nothing held.
#[test]
fn a_hub_that_dies_at_any_await_charges_once_or_not_at_all() {
    let [whole, stream, _, with_a_key] = SHAPES;
    for (served, (shape, more, once)) in cross(Served::ALL, [whole, stream, with_a_key]) {
        let (mut free, mut charged) = (0, 0);
        for polls in 1..5_000 {
            let case = format!("{served:?}, {shape}, {polls} polls");
            let (seen, sum) = dies((served, more, once), CrashAt::Poll(polls), &case);
            free += u64::from(sum == 0);
            charged += u64::from(sum > 0);
            if seen.is_some() {
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

/// The same in each of its writes, before and after it took effect.
#[test]
fn a_hub_that_dies_in_any_write_charges_once_or_not_at_all() {
    let [whole, stream, _, with_a_key] = SHAPES;
    let moments = [Moment::Before, Moment::After];
    for (served, (shape, more, once)) in cross(Served::ALL, [whole, stream, with_a_key]) {
        let (mut free, mut charged) = (0, 0);
        for moment in moments {
            for write in 1..100 {
                let case = format!("{served:?}, {shape}, write {write}, {moment:?}");
                let crash = CrashAt::Write(write, moment);
                let (seen, sum) = dies((served, more, once), crash, &case);
                if seen.is_some() {
                    break;
                }
                free += u64::from(sum == 0);
                charged += u64::from(sum > 0);
            }
        }
        println!("{served:?}, {shape}: not charged in {free} crashes, charged in {charged}");
        assert!(
            free > 0 && charged > 0,
            "{served:?}, {shape}: {free}, {charged}"
        );
    }
}

fn cross<A: Copy, B: Copy>(
    one: impl IntoIterator<Item = A>,
    other: impl IntoIterator<Item = B> + Clone,
) -> impl Iterator<Item = (A, B)> {
    let pairs = move |a| other.clone().into_iter().map(move |b| (a, b));
    one.into_iter().flat_map(pairs)
}
