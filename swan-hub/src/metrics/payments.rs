//! What has happened with payments by card, and with collateral.

use swan_core::Currency;

use super::text::Text;
use crate::collateral::{Collateral, CollateralNews};
use crate::payments::{PaymentNews, Payments};

pub(super) fn write(text: &mut Text, payments: &Payments) {
    text.counter(
        "swan_payments",
        "What has happened with payments by card; unmatched, mismatched, reversed and frozen are for somebody to look at.",
    );
    for news in PaymentNews::ALL {
        text.total(&[("news", news.as_str())], payments.counts.of(news));
    }
    text.counter(
        "swan_low_balances",
        "How often an account has fallen below its threshold in a currency.",
    );
    for currency in Currency::ALL {
        let count = payments.low_balances.count(currency);
        text.total(&[("currency", currency.code())], count);
    }
}

pub(super) fn write_collateral(text: &mut Text, collateral: &Collateral) {
    text.counter(
        "swan_collateral",
        "What has happened with collateral; appealed, return_failed and reversed are for somebody to look at.",
    );
    for news in CollateralNews::ALL {
        text.total(&[("news", news.as_str())], collateral.counts.of(news));
    }
}
