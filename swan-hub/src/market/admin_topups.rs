//! `/api/v1/admin/topups`: refunds, for administrators.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use swan_core::TransferId;

use super::admin::administrator;
use super::catalogue::Id;
use super::derived;
use super::fields::Fields;
use super::once::Lasting;
use super::reply::{invalid, refused, reply, with_status};
use super::topups::{ShownRefund, ShownTopup, answer, cents, find};
use crate::hub::Shared;
use crate::openapi::Errors;
use crate::payments;

/// An order as administrators see it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AdminTopup {
    #[serde(flatten)]
    topup: ShownTopup,
    /// What can still be refunded of it, as far as the account has it.
    refundable: String,
    /// What somebody has to look at.
    problem: Option<String>,
}

/// A refund that was begun.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct BegunRefund {
    #[serde(flatten)]
    refund: ShownRefund,
    topup: String,
}

/// `GET /api/v1/admin/topups/{id}`
pub(super) async fn show(State(hub): State<Arc<Shared>>, id: Id, headers: HeaderMap) -> Response {
    let shown = async {
        administrator(&hub, &headers)?;
        let topup = find(&hub, id).await?;
        Ok(AdminTopup {
            refundable: topup.refundable().to_string(),
            problem: topup.problem.clone(),
            topup: ShownTopup::of(&topup),
        })
    };
    reply(&hub, shown.await, Errors::OpenAi)
}

/// `POST /api/v1/admin/topups/{id}/refunds`
pub(super) async fn refund(State(hub): State<Arc<Shared>>, id: Id, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let begun = async {
        let by = administrator(&hub, &parts.headers)?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["id", "amount"])?;
        let amount = cents(&fields)?;
        let once = parts.extensions.get::<Lasting>();
        let number = match fields.optional("id", 1, 100)? {
            Some(text) => text
                .parse()
                .map_err(|error: swan_core::IdError| invalid("id", format!("id: {error}")))?,
            None => {
                TransferId::from_u128(once.map_or_else(|| derived::random(&hub), |Lasting(id)| *id))
            }
        };
        let topup = find(&hub, id).await?;
        let by = format!("administrator {by}");
        let refunded = payments::refund(&hub, topup.id, (number, amount), &by).await;
        let (topup, refund) = refunded.map_err(|error| answer(&error))?;
        tracing::info!(target: "swan_hub::admin", %by, topup = %topup.id, refund = %number, amount = %refund.amount, "a refund was begun");
        Ok(BegunRefund {
            refund: ShownRefund::of(&refund),
            topup: topup.id.to_string(),
        })
    };
    match begun.await {
        Ok(refund) => with_status(&hub, StatusCode::CREATED, &refund),
        Err(refusal) => refused(&hub, &refusal, Errors::OpenAi),
    }
}
