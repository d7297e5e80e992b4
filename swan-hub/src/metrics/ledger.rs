//! What the books tell: whether money moves, what was set aside, and how the journal is written.

use swan_core::{Amount, Currency};

use super::text::Text;
use crate::ledger::{Books, HoldEnd};

pub(super) fn write(text: &mut Text, books: &Books) {
    text.gauge("swan_ledger_available", "1 while money can move.");
    text.value(&[], u8::from(books.is_available()));
    text.gauge("swan_holds", "Sums that are set aside for requests.");
    text.value(&[], books.pending_count());
    holds(text, books);
    text.gauge(
        "swan_journal_queue",
        "Entries of the ledger that wait to be written.",
    );
    text.value(&[], books.queued());
    let journal = books.journal();
    text.histogram(
        "swan_journal_write_seconds",
        "How long one write of the journal takes.",
    );
    text.times(&[], &journal.times.counts());
    text.histogram(
        "swan_journal_batch_entries",
        "Entries that one write of the journal takes along.",
    );
    text.sizes(&[], &journal.sizes);
    text.counter(
        "swan_journal_entries",
        "Entries that were written to the journal.",
    );
    text.total(&[], books.written());
}

fn holds(text: &mut Text, books: &Books) {
    let totals = books.journal().holds();
    let each = || {
        Currency::ALL
            .iter()
            .flat_map(|currency| HoldEnd::ALL.map(|end| (*currency, end)))
            .map(|(currency, end)| ((currency, end), totals.of(currency, end)))
    };
    text.counter(
        "swan_hold_events",
        "Sums that were set aside, and what became of them.",
    );
    for ((currency, end), (count, _)) in each() {
        text.total(
            &[("currency", currency.code()), ("event", end.as_str())],
            count,
        );
    }
    text.counter(
        "swan_hold_amount",
        "The same in money: what was set aside, charged, or given back whole; of extensions the difference.",
    );
    for ((currency, end), (_, pico)) in each() {
        if let Ok(amount) = Amount::from_pico(pico) {
            text.total(
                &[("currency", currency.code()), ("event", end.as_str())],
                amount,
            );
        }
    }
}
