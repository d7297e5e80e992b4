//! What a SWAN is worth, and what its sources say.

use super::text::{Text, seconds};
use crate::hub::Shared;

pub(super) fn write(text: &mut Text, hub: &Shared) {
    let now = hub.clock.now();
    let rate = hub.oracle.usd_per_swan(now);
    text.gauge(
        "swan_usd_per_swan",
        "US dollars for one SWAN, by the rate that may be used now; no sample without one.",
    );
    if let Some(rate) = &rate {
        text.value(&[], rate.rate());
    }
    let Some(feed) = &hub.feed else { return };
    text.gauge(
        "swan_usd_per_swan_age_seconds",
        "How old the last rate of the price feed is; no sample before the first.",
    );
    if let Some(last) = feed.last() {
        let age = u64::try_from(now.since(last.at()).as_micros()).unwrap_or(u64::MAX);
        text.value(&[], seconds(age));
    }
    let figures = feed.figures();
    text.counter(
        "swan_price_feed_polls",
        "What has become of polls; few, disagree and jump are for somebody to look at.",
    );
    for (outcome, count) in figures.polls {
        text.total(&[("outcome", outcome)], count);
    }
    text.counter(
        "swan_price_feed_answers",
        "What the sources of the price feed have answered; all but told are failures.",
    );
    for (source, answers) in &figures.answers {
        for (outcome, count) in answers {
            text.total(&[("source", source), ("outcome", outcome)], count);
        }
    }
}
