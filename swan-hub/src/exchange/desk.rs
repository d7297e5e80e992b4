//! Exchanges what a provider has, or says why not.

use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use swan_core::ledger::{Account, Applied, Balance, ExchangeRecord, ExchangeTerms, entries};
use swan_core::{Amount, Currency, ProviderId, RateError, StampedRate, TransferId};

use super::event::Counts;
use super::{ExchangeError, ExchangeEvent, ExchangeNews, preferred};
use crate::hub::Shared;
use crate::ledger::LedgerError;

/// What the hub keeps for exchanges.
#[derive(Debug, Default)]
pub(crate) struct Exchanges {
    /// Held while earnings are looked at and exchanged.
    turn: tokio::sync::Mutex<()>,
    counts: Counts,
    /// Why the last exchange into each currency was left out, so that it is told once.
    told: Mutex<[Option<ExchangeNews>; Currency::ALL.len()]>,
}

/// Why earnings stay what they are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LeftOut {
    #[error("this hub exchanges nothing: it shares its funds with others")]
    Shared,
    #[error("this hub knows no exchange rate at the moment")]
    NoRate,
    #[error("{0}")]
    StaleRate(RateError),
    #[error("there is no {0} in the exchange of this hub at the moment")]
    Empty(Currency),
    #[error("it is less than the smallest amount of {0}")]
    TooLittle(Currency),
}

impl LeftOut {
    /// As one word.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Shared => "not_here",
            Self::NoRate => "no_rate",
            Self::StaleRate(_) => "stale_rate",
            Self::Empty(_) => "empty",
            Self::TooLittle(_) => "too_little",
        }
    }

    const fn news(&self) -> Option<ExchangeNews> {
        match self {
            Self::NoRate | Self::StaleRate(_) => Some(ExchangeNews::NoRate),
            Self::Empty(_) => Some(ExchangeNews::Empty),
            Self::Shared | Self::TooLittle(_) => None,
        }
    }
}

/// What a provider has in one currency.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) currency: Currency,
    pub(crate) available: Amount,
    /// Why it is not in the preferred currency, where something keeps it.
    pub(crate) kept: Option<LeftOut>,
}

impl Exchanges {
    pub(crate) fn counted(&self, news: ExchangeNews) -> u64 {
        self.counts.of(news)
    }

    /// Whether this is new: what has been so since the last exchange into the currency is told once.
    fn is_news(&self, currency: Currency, news: ExchangeNews) -> bool {
        let mut told = self.told.lock();
        let Some(last) = told.get_mut(currency as usize) else {
            return true;
        };
        let is_new = *last != Some(news);
        *last = (!matches!(news, ExchangeNews::Exchanged)).then_some(news);
        is_new || matches!(news, ExchangeNews::Exchanged)
    }
}

/// What is in the exchange.
pub(crate) fn stock(hub: &Shared, currency: Currency) -> Amount {
    let account = Account::Exchange.in_currency(currency);
    hub.books.balance_of(&account).available()
}

/// The rate by which the hub exchanges now.
fn rate(hub: &Shared) -> Result<StampedRate, LeftOut> {
    let now = hub.clock.now();
    let rate = hub.oracle.usd_per_swan(now);
    let why = || hub.oracle.why_not(now);
    let rate = rate.ok_or_else(|| why().map_or(LeftOut::NoRate, LeftOut::StaleRate))?;
    let fresh = hub.policy.payment().fresh(&rate, now);
    fresh.map_err(LeftOut::StaleRate)?;
    Ok(rate)
}

/// What of `earned` would be exchanged now.
fn plan(
    hub: &Shared,
    provider: ProviderId,
    (from, to): (Currency, Currency),
    earned: Amount,
) -> Result<Result<ExchangeRecord, LeftOut>, ExchangeError> {
    let rate = match rate(hub) {
        Ok(rate) => rate,
        Err(why) => return Ok(Err(why)),
    };
    let stock = stock(hub, to);
    if stock.is_zero() {
        return Ok(Err(LeftOut::Empty(to)));
    }
    let record = ExchangeRecord::of(provider, (from, to), (earned, stock), &rate)?;
    Ok(record.ok_or_else(|| {
        // What the rest of the stock is worth may be less than the smallest amount, and so may be what was earned.
        match rate.rate().convert(earned, from) {
            Ok(worth) if worth > stock => LeftOut::Empty(to),
            _ => LeftOut::TooLittle(to),
        }
    }))
}

/// Exchanges what a provider has in another currency than the one that it prefers, as far as that is possible, and where it is
/// worth `least` US dollars; what has moved survives a crash.
pub(crate) async fn settle(
    hub: &Shared,
    provider: ProviderId,
    least: Amount,
) -> Result<(), ExchangeError> {
    if hub.books.is_shared() {
        return Ok(());
    }
    let Some(to) = preferred(&*hub.store, provider).await? else {
        return Ok(());
    };
    let _turn = hub.exchange.turn.lock().await;
    for from in Currency::ALL.into_iter().filter(|from| *from != to) {
        let account = Account::ProviderEarnings(provider).in_currency(from);
        let balance = hub.books.balance_of(&account);
        let earned = balance.available();
        if earned.is_zero() {
            continue;
        }
        match plan(hub, provider, (from, to), earned)? {
            Ok(record) if in_usd(&record) < least => {}
            Ok(record) => exchange(hub, &balance, record, earned).await?,
            Err(why) => {
                if let Some(news) = why.news() {
                    let says = why.to_string();
                    tell(
                        hub,
                        &ExchangeEvent::left_out(news, provider, (from, to), earned, says),
                    );
                }
            }
        }
    }
    Ok(())
}

fn in_usd(record: &ExchangeRecord) -> Amount {
    match record.from {
        Currency::Usd => record.gave,
        _ => record.got,
    }
}

async fn exchange(
    hub: &Shared,
    balance: &Balance,
    record: ExchangeRecord,
    earned: Amount,
) -> Result<(), ExchangeError> {
    let terms = ExchangeTerms {
        id: id_of(&record, balance),
        policy: Some(hub.policy.stamp().clone()),
        record,
    };
    match hub.books.post(entries::exchange(&terms)).await {
        Ok(Applied::Created) => {
            let is_part = terms.record.gave < earned;
            tell(hub, &ExchangeEvent::exchanged(&terms.record, is_part));
            Ok(())
        }
        Ok(Applied::Exists) => Ok(()),
        // A payout was asked for, or the stock taken out, in between: the next turn looks again.
        Err(LedgerError::InsufficientFunds { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Follows from the provider and from everything that ever moved on its earnings, so that two who look at the same earnings exchange
/// them once.
fn id_of(record: &ExchangeRecord, balance: &Balance) -> TransferId {
    let digest = Sha256::new()
        .chain_update(b"swan exchange 1")
        .chain_update(record.provider.as_u128().to_be_bytes())
        .chain_update(record.from.code())
        .chain_update(balance.credits_posted.pico().to_be_bytes())
        .chain_update(balance.debits_posted.pico().to_be_bytes())
        .finalize();
    let bytes = digest.first_chunk::<16>().copied().unwrap_or_default();
    TransferId::from_u128(u128::from_be_bytes(bytes))
}

fn tell(hub: &Shared, event: &ExchangeEvent) {
    if hub.exchange.is_news(event.to, event.news) {
        hub.exchange.counts.count(event.news);
        hub.events.on_exchange(event);
    }
}

/// What a provider that prefers `to` has, and why not all of it is that.
pub(crate) fn standing(
    hub: &Shared,
    provider: ProviderId,
    to: Option<Currency>,
) -> Result<Vec<Standing>, ExchangeError> {
    let mut all = Vec::new();
    for currency in Currency::ALL {
        let available = hub.books.owed(provider, currency);
        let to = to.filter(|to| *to != currency && !available.is_zero());
        let kept = match to {
            None => None,
            Some(_) if hub.books.is_shared() => Some(LeftOut::Shared),
            Some(to) => plan(hub, provider, (currency, to), available)?.err(),
        };
        all.push(Standing {
            currency,
            available,
            kept,
        });
    }
    Ok(all)
}
