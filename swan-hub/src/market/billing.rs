//! `/v1/billing`: who the owner of an account is on invoices, in its own words.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use swan_core::AccountId;

use super::fields::Fields;
use super::identity;
use super::reply::{invalid, reply, unavailable};
use crate::documents::Billing;
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::openapi::Errors;

/// Who an account's owner is on invoices.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Buyer {
    account: String,
    name: String,
    /// The address, line by line.
    address: Vec<String>,
    /// The number under which taxes are paid.
    tax_id: Option<String>,
}

impl Buyer {
    fn of(account: AccountId, billing: Billing) -> Self {
        Self {
            account: account.to_string(),
            name: billing.name,
            address: billing.address,
            tax_id: billing.tax_id,
        }
    }
}

const FIELDS: [&str; 3] = ["name", "address", "tax_id"];

fn line(line: &Value) -> Option<String> {
    let text = line.as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned)
}

/// All of it: what is not sent is not said on invoices any more.
fn wanted(fields: &Fields) -> Result<Billing, Answer> {
    fields.only(&FIELDS)?;
    let name = fields.text("name", 1, 200)?.to_owned();
    let wrong = || {
        invalid(
            "address",
            "address must be a list of texts, one for each line, none of them empty",
        )
    };
    let address = match fields.given("address") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(lines)) => lines
            .iter()
            .map(line)
            .collect::<Option<_>>()
            .ok_or_else(wrong)?,
        Some(_) => return Err(wrong()),
    };
    let tax_id = fields.optional("tax_id", 1, 40)?.map(str::to_owned);
    let billing = Billing {
        name,
        address,
        tax_id,
        ..Billing::default()
    };
    let checked = billing.check();
    checked.map_err(|error| invalid(error.field, error.to_string()))?;
    Ok(billing)
}

/// `GET /v1/billing`
pub(super) async fn show(State(hub): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let shown = async {
        let (account, _) = identity::payer(&hub, &headers).await?;
        let billing = Billing::load(&*hub.store, Some(account)).await;
        let billing = billing.map_err(|_| unavailable())?;
        Ok(Buyer::of(account, billing))
    };
    reply(&hub, shown.await, Errors::OpenAi)
}

/// `PUT /v1/billing`
pub(super) async fn change(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let changed = async {
        let (account, _) = identity::payer(&hub, &parts.headers).await?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        let billing = wanted(&fields)?;
        let kept = billing.save(&*hub.store, Some(account)).await;
        kept.map_err(|_| unavailable())?;
        Ok(Buyer::of(account, billing))
    };
    reply(&hub, changed.await, Errors::OpenAi)
}
