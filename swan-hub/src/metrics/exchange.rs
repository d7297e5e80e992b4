//! What is in the exchange, and what has happened with it.

use swan_core::Currency;
use swan_core::ledger::Account;

use super::text::Text;
use crate::exchange::ExchangeNews;
use crate::hub::Shared;

pub(super) fn write(text: &mut Text, hub: &Shared) {
    text.gauge(
        "swan_exchange_stock",
        "What is in the exchange, to pay providers in the currency that they prefer.",
    );
    for currency in Currency::ALL {
        let account = Account::Exchange.in_currency(currency);
        let stock = hub.books.balance_of(&account).available();
        text.value(&[("currency", currency.code())], stock);
    }
    text.counter(
        "swan_exchanges",
        "What has happened with the exchange; partly, empty and no_rate are for somebody to look at.",
    );
    for news in ExchangeNews::ALL {
        text.total(&[("news", news.as_str())], hub.exchange.counted(news));
    }
}
