//! What has happened with deposits on a chain, and how far it has been read.

use super::text::Text;
use crate::deposits::{DepositNews, Deposits};

pub(super) fn write(text: &mut Text, deposits: &Deposits) {
    if deposits.options().is_err() {
        return;
    }
    text.counter(
        "swan_deposits",
        "What has happened with deposits on a chain; unmatched, reversed, frozen, replaced and halted are for somebody to look at.",
    );
    for news in DepositNews::ALL {
        text.total(&[("news", news.as_str())], deposits.counted(news));
    }
    let status = deposits.status();
    text.gauge(
        "swan_chain_block",
        "The youngest block that is known, that is final, and up to which everything is in the books.",
    );
    for (what, block) in [
        ("latest", status.latest),
        ("final", status.finalized),
        ("booked", status.read),
    ] {
        text.value(&[("what", what)], block);
    }
    text.gauge(
        "swan_chain_read_timestamp_seconds",
        "When the nodes of the chain were last asked with success.",
    );
    text.value(&[], status.at_ms / 1_000);
    text.gauge(
        "swan_chain_halted",
        "Whether nothing is credited at the moment: nodes away, not agreeing, or not what is configured.",
    );
    text.value(&[], u8::from(status.problem.is_some()));
}
