//! What becomes of the rate from poll to poll.

use std::time::Duration;

use swan_core::Clock as _;

use super::super::PriceFeed;
use super::{Act, World, options};
use crate::seams::PriceOracle as _;

#[tokio::test]
async fn nobody_is_charged_by_a_rate_that_is_too_old() {
    let world = World::of(1).await;
    assert_eq!(world.told(&["0.5"]).await.as_deref(), Some("0.5"));
    let asked = world.clock.now();
    world.servers[0].does(Act::IsSilent);
    world.clock.advance(Duration::from_secs(300));
    world.poll().await;
    // To the millisecond.
    let rate = world.feed.usd_per_swan(world.clock.now()).unwrap();
    assert_eq!(rate.at(), asked);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.rate(), None);
    assert_eq!(world.heard(), ["told", "source_failed a", "few"]);
    for _ in 0..3 {
        world.poll().await;
    }
    assert_eq!(world.heard(), ["stale"], "told once");
    world.clock.advance(Duration::from_secs(60));
    let why = world.feed.why_not(world.clock.now()).unwrap().to_string();
    assert_eq!(
        why,
        "the price feed has no exchange rate at the moment: the last one is 360 s old, and may be used for 300 s"
    );
    assert_eq!(world.told(&["0.51"]).await.as_deref(), Some("0.51"));
    assert_eq!(world.heard(), ["source_back a", "told"]);
}

#[tokio::test]
async fn one_of_three_sources_may_lie_or_be_away_and_two_may_not() {
    let world = World::of(3).await;
    let rate = |text: &str| Some(text.to_owned());
    assert_eq!(world.told(&["0.5", "0.51", "0.505"]).await, rate("0.505"));
    let stamped = world.feed.usd_per_swan(world.clock.now()).unwrap();
    assert_eq!(stamped.feed(), "median of a, b, c");
    assert_eq!(world.told(&["0.5", "9", "0.505"]).await, rate("0.505"));
    let stamped = world.feed.usd_per_swan(world.clock.now()).unwrap();
    assert_eq!(stamped.feed(), "median of a, c");
    assert_eq!(world.told(&["0.5", "null", "0.51"]).await, rate("0.505"));
    assert_eq!(world.heard(), ["told", "source_failed b"]);
    // The liar's word is not enough, whoever is away.
    assert_eq!(world.told(&["0.5", "9", "null"]).await, rate("0.505"));
    assert_eq!(
        world.heard(),
        ["source_back b", "source_failed c", "disagree"]
    );
    assert_eq!(world.told(&["0.5", "null", "null"]).await, rate("0.505"));
    assert_eq!(world.heard(), ["source_failed b", "few"]);
    let polls = world.feed.figures().polls;
    assert_eq!(
        polls,
        [("accepted", 3), ("few", 1), ("disagree", 1), ("jump", 0)]
    );
    for _ in 0..9 {
        let _rate = world.told(&["0.5", "null", "9"]).await;
    }
    assert_eq!(world.rate(), None, "what was agreed on last is too old");
    assert_eq!(world.heard(), ["source_back c", "disagree", "stale"]);
}

#[tokio::test]
async fn a_jump_waits_until_further_polls_confirm_it() {
    let world = World::of(1).await;
    let rate = |text: &str| Some(text.to_owned());
    assert_eq!(world.told(&["1"]).await, rate("1"));
    assert_eq!(world.told(&["1.1"]).await, rate("1.1"), "a step");
    for _ in 0..3 {
        assert_eq!(world.told(&["3"]).await, rate("1.1"));
    }
    assert_eq!(world.told(&["3"]).await, rate("3"), "confirmed three times");
    assert_eq!(world.heard(), ["told", "jump"]);
    assert_eq!(world.told(&["1"]).await, rate("3"));
    assert_eq!(world.told(&["3.1"]).await, rate("3.1"), "it was a slip");
    // What is not confirmed in time leaves no rate at all.
    for usd in ["1", "5", "1", "5", "1", "5", "1", "5", "1", "5", "1"] {
        let _rate = world.told(&[usd]).await;
    }
    assert_eq!(world.rate(), None);
    assert_eq!(world.heard(), ["jump", "jump", "stale"]);
}

#[tokio::test]
async fn a_reload_is_neither_a_gap_nor_a_way_around_the_largest_step() {
    let (servers, options) = options(1).await;
    let mut world = World::with(servers, options.clone());
    assert_eq!(world.told(&["1"]).await.as_deref(), Some("1"));
    let mut wider = options.clone();
    wider.max_age = Duration::from_secs(600);
    world.feed = PriceFeed::new(wider.clone(), Some(&world.feed)).unwrap();
    assert_eq!(world.rate().as_deref(), Some("1"), "at once");
    assert_eq!(world.told(&["2"]).await.as_deref(), Some("1"));
    assert_eq!(world.feed.figures().polls[3], ("jump", 1));
    assert_eq!(world.feed.figures().polls[0], ("accepted", 1));
    // A rate that the new bounds refuse is gone, and so is that of other sources.
    let mut narrow = wider.clone();
    narrow.min = "1.5".parse().unwrap();
    let feed = PriceFeed::new(narrow, Some(&world.feed)).unwrap();
    assert_eq!(feed.usd_per_swan(world.clock.now()), None);
    wider.sources[0].pointer = "/price".parse().unwrap();
    let feed = PriceFeed::new(wider, Some(&world.feed)).unwrap();
    assert_eq!(feed.usd_per_swan(world.clock.now()), None);
}
