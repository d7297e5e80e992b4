//! What has happened with payments by card.

use super::text::Text;
use crate::payments::{PaymentNews, Payments};

pub(super) fn write(text: &mut Text, payments: &Payments) {
    text.counter(
        "swan_payments",
        "What has happened with payments by card; unmatched, mismatched, reversed and frozen are for somebody to look at.",
    );
    for news in PaymentNews::ALL {
        text.total(&[("news", news.as_str())], payments.counts.of(news));
    }
}
