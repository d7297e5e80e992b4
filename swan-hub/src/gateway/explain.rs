//! `GET /v1/explain/{id}`: why money moved, for whose money it was.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use swan_core::Currency;
use swan_core::ledger::{Account, Balance};

use super::records::{told, written};
use super::span;
use crate::exchange;
use crate::hub::Shared;
use crate::ledger::{
    Asker, Explanation, Look, Owners, Subject, beside, counters, of_counters, of_movement,
};
use crate::stages::RequestError;

/// `GET /v1/explain/{id}`.
pub(super) async fn explain(
    State(hub): State<Arc<Shared>>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let id = id.ok().map(|Path(id)| id);
    let find = async |reader: Option<_>| {
        let asker = reader.map_or(Asker::Administrator, Asker::Account);
        explained(&hub, id.as_deref(), asker).await
    };
    told(&hub, request, find).await
}

/// What is known of an id, as far as it is for `asker` to know. Somebody else's money is unknown, so that ids tell nothing.
pub(crate) async fn explained(
    hub: &Shared,
    id: Option<&str>,
    asker: Asker,
) -> Result<Explanation, RequestError> {
    let subject = id.and_then(|id| id.parse().ok());
    let subject: Subject = subject.ok_or(RequestError::NothingKnown)?;
    let found = match subject {
        Subject::Account(id) => Some(balance(hub, Account::Consumer(id)).await),
        Subject::Provider(id) => Some(balance(hub, Account::ProviderEarnings(id)).await),
        Subject::Own(own) => Some(balance(hub, own.account()).await),
        movement => moved(hub, movement, asker).await?,
    };
    let own = found.and_then(|found| found.seen_by(asker));
    own.ok_or(RequestError::NothingKnown)
}

/// What is found without walking through the journal; and else by walking, for those whose it is by the books.
async fn moved(
    hub: &Shared,
    subject: Subject,
    asker: Asker,
) -> Result<Option<Explanation>, RequestError> {
    let sides = match subject {
        Subject::Transfer(id) => {
            // Another hub may have booked it.
            let read = hub.books.read_on().await;
            read.map_err(|_| RequestError::StoreAway)?;
            hub.books.moved(id)
        }
        _ => None,
    };
    let sides = sides.map(|(debit, credit, _)| [debit.account, credit.account]);
    let owners = sides.map(Owners::of_accounts);
    let look = Look {
        account: match asker {
            Asker::Account(id) => Some(id),
            _ => owners.and_then(|owners| owners.account),
        },
        provider: owners.and_then(|owners| owners.provider),
        all_orders: matches!(asker, Asker::Administrator),
        may_walk: false,
        books: Some(&hub.books),
    };
    written(hub).await?;
    let (store, generations) = (&*hub.store, &hub.generations);
    let found = of_movement(store, generations, subject, &look).await;
    let found = found.map_err(|_| RequestError::StoreAway)?;
    if found.is_some() {
        return Ok(found);
    }
    let far = if owners.is_some_and(|owners| owners.admit(asker)) {
        Look {
            may_walk: true,
            ..look
        }
    } else if owners.is_none() && may_be_forgotten(hub, subject, asker).await? {
        Look {
            may_walk: true,
            books: None,
            provider: match asker {
                Asker::Provider(id) => Some(id),
                _ => None,
            },
            ..look
        }
    } else {
        return Ok(None);
    };
    span::within(hub, of_movement(store, generations, subject, &far)).await
}

/// Whether it may be a transfer that the books no longer remember and to which nothing else leads. Such are exchanges of earnings
/// alone, so that nobody who never said what it would be paid in can have the journal searched for nothing.
async fn may_be_forgotten(
    hub: &Shared,
    subject: Subject,
    asker: Asker,
) -> Result<bool, RequestError> {
    let provider = match (subject, asker) {
        (Subject::Transfer(_), Asker::Provider(id)) => id,
        (Subject::Transfer(_), Asker::Administrator) => return Ok(true),
        _ => return Ok(false),
    };
    let said = exchange::has_said(&*hub.store, provider).await;
    said.map_err(|_| RequestError::StoreAway)
}

/// A balance by its counters: the sum over all of the journal is for the command line, which keeps no request waiting.
async fn balance(hub: &Shared, account: Account) -> Explanation {
    let mut all = Vec::with_capacity(Currency::ALL.len());
    for currency in Currency::ALL {
        let of = match account {
            Account::ProviderEarnings(id) => hub.books.earnings_shown(id, currency).await,
            Account::Consumer(id) => hub.books.balance_shown(id, currency).await,
            own => hub.books.balance_of(&own.in_currency(currency)),
        };
        all.push((currency, of));
    }
    let balances = all
        .into_iter()
        .filter(|(currency, balance)| *currency == Currency::Usd || *balance != Balance::default())
        .map(|(currency, balance)| counters(currency, &balance));
    let mut told = of_counters(account, balances.collect());
    told.notes = beside(account, |key| hub.books.balance_of(&key));
    let where_to_look = match account {
        Account::ProviderEarnings(_) => {
            "GET /v1/provider/statement lists what moved; swan-hub explain sums up the whole journal by rule"
        }
        Account::Consumer(_) => {
            "GET /v1/generations lists the requests; swan-hub explain sums up the whole journal by rule"
        }
        _ => "swan-hub explain sums up the whole journal by rule",
    };
    told.notes.push(where_to_look.to_owned());
    told
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use swan_core::ledger::entries::{self, ExchangeSide};
    use swan_core::ledger::{
        Cause, Detail, ExchangeRecord, ExchangeTerms, Group, Kind, Rule, Transfer,
    };
    use swan_core::{AccountId, ProviderId, StampedRate, Timestamp, TransferId};

    use super::*;
    use crate::Hub;

    const PROVIDER: ProviderId = ProviderId::from_u128(7);

    /// What a provider has earned, what was put into the exchange, and the exchange.
    fn groups(id: TransferId) -> [Group; 3] {
        let earned = Transfer {
            id: TransferId::from_u128(1),
            kind: Kind::Posted,
            debit: Account::Grants.in_currency(Currency::Usd),
            credit: Account::ProviderEarnings(PROVIDER).in_currency(Currency::Usd),
            amount: "5".parse().unwrap(),
        };
        let cause = Cause {
            rule: Rule::Grant,
            request: None,
            policy: None,
            detail: Detail::None,
        };
        let group = Group {
            transfers: vec![earned],
            cause,
        };
        let (side, amount) = (ExchangeSide::Outside, "100".parse().unwrap());
        let stock = TransferId::from_u128(2);
        let stock = entries::fund_exchange(stock, side, Currency::Swan, amount, "");
        let rate = StampedRate::new("0.5".parse().unwrap(), "a feed", Timestamp::EPOCH);
        let sums = ("5".parse().unwrap(), amount);
        let pair = (Currency::Usd, Currency::Swan);
        let record = ExchangeRecord::of(PROVIDER, pair, sums, &rate).unwrap();
        let terms = ExchangeTerms {
            id,
            policy: None,
            record: record.unwrap(),
        };
        [group, stock, entries::exchange(&terms)]
    }

    /// A hub whose journal has what its books do not remember, as if many transfers had come since.
    async fn forgetful(id: TransferId) -> Hub {
        let before = Box::pin(Hub::builder().build()).await.unwrap();
        let after = Box::pin(Hub::builder().build()).await.unwrap();
        for group in groups(id) {
            let _applied = before.rooms.books.post(group).await.unwrap();
        }
        before.books().flush().await.unwrap();
        for record in before.store().read(1, 100).await.unwrap() {
            after.store().append(&record).await.unwrap();
        }
        after
    }

    #[tokio::test]
    async fn an_exchange_that_the_books_have_forgotten_is_told_to_whose_it_is() {
        let id = TransferId::from_u128(77);
        let hub = forgetful(id).await;
        let shared: Arc<Shared> = hub.current.load();
        assert_eq!(shared.books.moved(id), None);
        let ask = async |id: TransferId, asker| {
            let told = explained(&shared, Some(&id.to_string()), asker).await;
            match told {
                Ok(told) => Some(told),
                Err(RequestError::NothingKnown) => None,
                Err(other) => panic!("{other}"),
            }
        };
        let owner = Asker::Provider(PROVIDER);
        assert_eq!(
            ask(id, owner).await,
            None,
            "who never asked for one has none"
        );
        for provider in [PROVIDER, ProviderId::from_u128(8)] {
            let said = ("a test", Timestamp::EPOCH);
            let to = Some(Currency::Swan);
            let said = exchange::prefer(&*shared.store, provider, to, said).await;
            said.unwrap();
        }
        for id in [id, entries::exchange_given_id(id)] {
            let told = ask(id, owner).await.unwrap();
            assert_eq!((told.kind, told.steps[0].rule), ("transfer", "exchange"));
            assert!(told.steps[0].says.contains("0.5 USD for 1 SWAN"));
            assert_eq!(ask(id, Asker::Administrator).await.unwrap(), told);
            for stranger in [
                Asker::Provider(ProviderId::from_u128(8)),
                Asker::Account(AccountId::from_u128(7)),
            ] {
                assert_eq!(ask(id, stranger).await, None);
            }
        }
        assert_eq!(ask(TransferId::from_u128(78), owner).await, None);
    }
}
