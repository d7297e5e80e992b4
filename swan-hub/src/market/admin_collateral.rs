//! `/api/v1/admin/providers/{id}/collateral`: the collateral of any provider, for administrators.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use swan_core::collateral::Source;
use swan_core::hardware::Role;
use swan_core::{Amount, CaseId, Currency, KeyId, ProviderId, RequestId, TransferId};

use super::admin::administrator;
use super::catalogue::Id;
use super::collateral::{amount, answered, case, currency, done, id_of, punished, scene, wrong};
use super::fields::{Fields, missing};
use super::once::Lasting;
use super::reply::{invalid, not_found, reply};
use super::shown_collateral::ShownCollateral;
use crate::collateral::{Accusation, Deposit, Misconduct};
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::openapi::Errors;

const TARGET: &str = "swan_hub::admin";

/// The provider and the penalty that a path names.
type Pair = Result<Path<(String, String)>, PathRejection>;

/// The provider that a path names; one that was never here may have collateral, too.
fn provider(text: Option<&str>) -> Result<ProviderId, Answer> {
    let id = text.and_then(|text| text.parse::<ProviderId>().ok());
    id.ok_or_else(|| not_found("provider_not_found", "there is no such provider"))
}

fn of(id: Id) -> Result<ProviderId, Answer> {
    let id = id.ok().map(|Path(id)| id);
    provider(id.as_deref())
}

fn name(by: KeyId) -> String {
    format!("administrator {by}")
}

/// `GET /api/v1/admin/providers/{id}/collateral`
pub(super) async fn show(State(hub): State<Arc<Shared>>, id: Id, headers: HeaderMap) -> Response {
    let shown = async {
        administrator(&hub, &headers)?;
        ShownCollateral::of(&hub, of(id)?).await
    };
    reply(&hub, shown.await, Errors::OpenAi)
}

/// `POST /api/v1/admin/providers/{id}/collateral/grants`
pub(super) async fn grant(State(hub): State<Arc<Shared>>, id: Id, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let granted = async {
        let by = name(administrator(&hub, &parts.headers)?);
        let provider = of(id)?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["id", "amount", "currency", "note"])?;
        let once = parts.extensions.get::<Lasting>();
        let id = match fields.optional("id", 1, 100)? {
            Some(text) => text
                .parse()
                .map_err(|error: swan_core::IdError| invalid("id", format!("id: {error}")))?,
            None => TransferId::from_u128(id_of(&hub, once)),
        };
        let given = Deposit {
            id,
            amount: amount(&fields, "amount")?.ok_or_else(|| missing("amount"))?,
            source: Source::Grant,
            topup: None,
            reference: fields
                .optional("note", 1, 200)?
                .unwrap_or("granted")
                .to_owned(),
            wallet: None,
        };
        tracing::info!(target: TARGET, %by, %provider, deposit = %id, "collateral was granted");
        let scene = scene(&hub, provider, currency(&fields)?, &by);
        done(&hub, scene.deposit(given)).await
    };
    let granted = granted.await;
    answered(&hub, granted, StatusCode::CREATED)
}

/// What a body says that somebody has done.
fn conduct(fields: &Fields, stake: Option<Amount>) -> Result<Misconduct, Answer> {
    let job = fields.optional("job", 1, 100)?.map(str::parse::<RequestId>);
    let job = job.transpose();
    let job = job.map_err(|error| invalid("job", format!("job: {error}")))?;
    Ok(match fields.text("offence", 1, 40)? {
        "second_failure" => Misconduct::Failures(2),
        "third_failure" => Misconduct::Failures(3),
        "context_misstated" => Misconduct::Context(2),
        "failed_task" => Misconduct::Task(Role::Edge),
        "failed_fog_task" => Misconduct::Task(Role::Fog),
        "fraud" => Misconduct::Fraud(stake, job),
        _ => {
            let expected = "offence must be second_failure, third_failure, failed_task, failed_fog_task, \
                            context_misstated or fraud";
            return Err(invalid("offence", expected));
        }
    })
}

/// `POST /api/v1/admin/providers/{id}/collateral/penalties`
pub(super) async fn penalise(State(hub): State<Arc<Shared>>, id: Id, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let penalised = async {
        let by = name(administrator(&hub, &parts.headers)?);
        let provider = of(id)?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["id", "offence", "stake", "job", "currency", "reason"])?;
        let once = parts.extensions.get::<Lasting>();
        let case = match fields.optional("id", 1, 100)? {
            Some(text) => text
                .parse()
                .map_err(|error: swan_core::IdError| invalid("id", format!("id: {error}")))?,
            None => CaseId::from_u128(id_of(&hub, once)),
        };
        let accusation = Accusation {
            case,
            conduct: conduct(&fields, amount(&fields, "stake")?)?,
            reason: fields.text("reason", 1, 500)?.to_owned(),
            conduct_at: None,
        };
        let currency = currency(&fields)?;
        let bond = hub.collateral.bond(provider, currency);
        let scene = scene(&hub, provider, currency, &by);
        let record = scene.penalise(&bond, &accusation);
        let record = record.map_err(|error| wrong(&error))?;
        tracing::info!(target: TARGET, %by, %provider, %case, "a penalty was decided");
        done(&hub, record).await
    };
    let penalised = penalised.await;
    answered(&hub, penalised, StatusCode::CREATED)
}

/// `POST /api/v1/admin/providers/{id}/collateral/penalties/{case}/decision`
pub(super) async fn decide(
    State(hub): State<Arc<Shared>>,
    pair: Pair,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let decided = async {
        let by = name(administrator(&hub, &parts.headers)?);
        let pair = pair.ok().map(|Path(pair)| pair);
        let (one, other) = pair.unwrap_or_default();
        let (provider, case) = (provider(Some(&one))?, case(&other)?);
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["decision", "reason"])?;
        let is_upheld = match fields.text("decision", 1, 40)? {
            "upheld" => true,
            "denied" => false,
            _ => return Err(invalid("decision", "decision must be upheld or denied")),
        };
        let reason = fields.text("reason", 1, 500)?;
        let currency: Currency = punished(&hub, provider, case)?;
        let scene = scene(&hub, provider, currency, &by);
        tracing::info!(target: TARGET, %by, %provider, %case, is_upheld, "an appeal was decided");
        done(&hub, scene.decide(case, is_upheld, reason)).await
    };
    let decided = decided.await;
    answered(&hub, decided, StatusCode::OK)
}

fn job(fields: &Fields) -> Result<RequestId, Answer> {
    let job = fields.text("job", 1, 100)?.parse();
    job.map_err(|error: swan_core::IdError| invalid("job", format!("job: {error}")))
}

/// `POST /api/v1/admin/providers/{id}/collateral/locks`
pub(super) async fn lock(State(hub): State<Arc<Shared>>, id: Id, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let locked = async {
        let by = name(administrator(&hub, &parts.headers)?);
        let provider = of(id)?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["job", "amount", "currency"])?;
        let amount = amount(&fields, "amount")?.ok_or_else(|| missing("amount"))?;
        let scene = scene(&hub, provider, currency(&fields)?, &by);
        done(&hub, scene.lock(job(&fields)?, amount)).await
    };
    let locked = locked.await;
    answered(&hub, locked, StatusCode::CREATED)
}

/// `POST /api/v1/admin/providers/{id}/collateral/unlocks`
pub(super) async fn unlock(State(hub): State<Arc<Shared>>, id: Id, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let unlocked = async {
        let by = name(administrator(&hub, &parts.headers)?);
        let provider = of(id)?;
        let fields = Fields::read(&hub, &parts.headers, body).await?;
        fields.only(&["job", "currency"])?;
        let scene = scene(&hub, provider, currency(&fields)?, &by);
        done(&hub, scene.unlock(job(&fields)?)).await
    };
    let unlocked = unlocked.await;
    answered(&hub, unlocked, StatusCode::OK)
}
