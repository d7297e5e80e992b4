//! `GET /v1/explain/{id}`: why money moved, for whose money it was.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use swan_core::ledger::{Account, Balance};
use swan_core::{AccountId, Currency};

use super::records::{told, written};
use crate::hub::Shared;
use crate::ledger::{Explanation, Subject, counters, of_counters, of_movement};
use crate::stages::RequestError;

/// `GET /v1/explain/{id}`.
pub(super) async fn explain(
    State(hub): State<Arc<Shared>>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let id = id.ok().map(|Path(id)| id);
    told(&hub, request, |reader| find(&hub, id, reader)).await
}

async fn find(
    hub: &Shared,
    id: Option<String>,
    reader: Option<AccountId>,
) -> Result<Explanation, RequestError> {
    let subject = id.and_then(|id| id.parse().ok());
    let subject: Subject = subject.ok_or(RequestError::NothingKnown)?;
    let found = match subject {
        Subject::Account(id) => Some(balance(hub, Account::Consumer(id)).await),
        Subject::Provider(id) => Some(balance(hub, Account::ProviderEarnings(id)).await),
        movement => {
            written(hub).await?;
            let found = of_movement(&*hub.store, &hub.generations, movement, false).await;
            found.map_err(|_| RequestError::StoreAway)?
        }
    };
    // Somebody else's money is unknown, so that ids tell nothing.
    let own = found.filter(|found| reader.is_none() || found.owner == reader);
    own.ok_or(RequestError::NothingKnown)
}

/// A balance by its counters: the sum over all of the journal is for the command line, which keeps no request waiting.
async fn balance(hub: &Shared, account: Account) -> Explanation {
    let mut all = Vec::with_capacity(Currency::ALL.len());
    for currency in Currency::ALL {
        let of = match account {
            Account::ProviderEarnings(id) => hub.books.earnings(id, currency),
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
    let where_to_look = "GET /v1/generations lists the requests; swan-hub explain sums up the whole journal by rule";
    told.notes.push(where_to_look.to_owned());
    told
}
