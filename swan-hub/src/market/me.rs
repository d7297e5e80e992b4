//! `GET /api/v1/user/me`: who one is, and what one can spend.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::{AccountId, Currency};

use super::accounts::User;
use super::identity;
use super::reply::{ok, refused};
use crate::hub::Shared;
use crate::openapi::Errors;

/// A user or a consumer's key, and its money.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Me {
    /// The account that pays.
    account_id: String,
    /// The user; null for a key that the operator made.
    user: Option<User>,
    /// What can be spent, by currency.
    balances: Vec<Funds>,
}

/// The funds of an account in one currency, as decimal strings.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Funds {
    /// `USD` or `SWAN`.
    currency: &'static str,
    /// What can be spent now.
    available: String,
    /// What is set aside for requests under way.
    held: String,
    /// What was spent so far.
    spent: String,
}

async fn funds(hub: &Shared, account: AccountId, currency: Currency) -> Funds {
    let balance = hub.books.balance_shown(account, currency).await;
    Funds {
        currency: currency.code(),
        available: balance.available().to_string(),
        held: balance.debits_pending.to_string(),
        spent: balance.debits_posted.to_string(),
    }
}

/// `GET /api/v1/user/me`
pub(super) async fn me(State(hub): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    match identity::payer(&hub, &headers).await {
        Ok((account, user)) => {
            let [usd, swan] = [Currency::Usd, Currency::Swan];
            let me = Me {
                account_id: account.to_string(),
                user: user.as_ref().map(User::of),
                balances: vec![
                    funds(&hub, account, usd).await,
                    funds(&hub, account, swan).await,
                ],
            };
            ok(&hub, &me)
        }
        Err(refusal) => refused(&hub, &refusal, Errors::Account),
    }
}
