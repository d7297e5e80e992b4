//! `/api/v1/admin/deposits`: everybody's deposits on a chain, and what is decided about those that are nobody's.

use std::sync::Arc;

use axum::extract::{RawQuery, Request, State};
use axum::response::Response;
use http::HeaderMap;
use swan_core::IdError;

use super::admin::administrator;
use super::catalogue::Id;
use super::chain_deposits::ShownDeposit;
use super::deposits::{answer, id_of, page};
use super::fields::{Fields, missing};
use super::reply::{invalid, reply};
use crate::deposits::{self, DepositOwner, Verdict};
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::openapi::Errors;

/// `GET /api/v1/admin/deposits`
pub(super) async fn all(
    State(hub): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let listed = async {
        administrator(&hub, &headers)?;
        page(&hub, query.as_deref(), None).await
    };
    reply(&hub, listed.await, Errors::OpenAi)
}

/// Whose it is, by a body.
fn owner(fields: &Fields) -> Result<DepositOwner, Answer> {
    let account = fields.optional("account", 1, 100)?;
    let provider = fields.optional("provider", 1, 100)?;
    match (account, provider) {
        (Some(text), None) => {
            let id = text.parse().map(DepositOwner::Account);
            id.map_err(|error: IdError| invalid("account", format!("account: {error}")))
        }
        (None, Some(text)) => {
            let id = text.parse().map(DepositOwner::Provider);
            id.map_err(|error: IdError| invalid("provider", format!("provider: {error}")))
        }
        (None, None) => Err(missing("account")),
        (Some(_), Some(_)) => {
            let expected = "either account, whose credit it becomes, or provider, whose collateral";
            Err(invalid("provider", expected))
        }
    }
}

/// `POST /api/v1/admin/deposits/{id}/assign`
pub(super) async fn assign(State(hub): State<Arc<Shared>>, id: Id, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let assigned = async {
        let by = format!("administrator {}", administrator(&hub, &parts.headers)?);
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["account", "provider", "reason"])?;
        let (id, owner) = (id_of(id)?, owner(&fields)?);
        let verdict = Verdict {
            by: &by,
            why: fields.optional("reason", 1, 500)?,
        };
        let (rooms, options) = ((&*hub.store, &hub.keys), hub.deposits.options.as_deref());
        let assigned = deposits::assign(rooms, options, (id, owner), verdict).await;
        let deposit = assigned.map_err(|error| answer(&error))?;
        tracing::info!(target: "swan_hub::admin", %by, deposit = %id, %owner, "a deposit was assigned");
        Ok(ShownDeposit::of(&hub, &hub.deposits.status(), &deposit))
    };
    reply(&hub, assigned.await, Errors::OpenAi)
}

/// `POST /api/v1/admin/deposits/{id}/refuse`
pub(super) async fn refuse(State(hub): State<Arc<Shared>>, id: Id, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let decided = async {
        let by = format!("administrator {}", administrator(&hub, &parts.headers)?);
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["reason"])?;
        let (id, why) = (id_of(id)?, Some(fields.text("reason", 1, 500)?));
        let decided = deposits::refuse(&*hub.store, id, Verdict { by: &by, why }).await;
        let deposit = decided.map_err(|error| answer(&error))?;
        tracing::info!(target: "swan_hub::admin", %by, deposit = %id, "a deposit was refused");
        Ok(ShownDeposit::of(&hub, &hub.deposits.status(), &deposit))
    };
    reply(&hub, decided.await, Errors::OpenAi)
}
