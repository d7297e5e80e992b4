//! `GET /v1/explain/{id}`: why money moved, for whose money it was.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use swan_core::Currency;
use swan_core::ledger::{Account, Balance};

use super::records::{told, written};
use super::span;
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
    let is_own = owners.is_some_and(|owners| owners.admit(asker));
    if found.is_some() || !is_own {
        return Ok(found);
    }
    let far = Look {
        may_walk: true,
        ..look
    };
    span::within(hub, of_movement(store, generations, subject, &far)).await
}

/// A balance by its counters: the sum over all of the journal is for the command line, which keeps no request waiting.
async fn balance(hub: &Shared, account: Account) -> Explanation {
    let mut all = Vec::with_capacity(Currency::ALL.len());
    for currency in Currency::ALL {
        let of = match account {
            Account::ProviderEarnings(id) => hub.books.earnings_shown(id, currency).await,
            Account::Consumer(id) => hub.books.balance_shown(id, currency).await,
            _ => Balance::default(),
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
        _ => {
            "GET /v1/generations lists the requests; swan-hub explain sums up the whole journal by rule"
        }
    };
    told.notes.push(where_to_look.to_owned());
    told
}
