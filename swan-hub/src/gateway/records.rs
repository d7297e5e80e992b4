//! What all who ask for records share: whose they may read, at whose rate, and how they are answered.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use swan_core::{AccountId, RequestId};
use tokio::time;

use super::{Answer, respond};
use crate::admission::{self, Access, headers::write_reads as reads_left, origin};
use crate::hub::Shared;
use crate::stages::{AuthenticateError, RequestError};

/// How long the journal may take to take in what has just happened.
const WRITTEN_WITHIN: Duration = Duration::from_secs(5);

/// Tells what `find` finds for whoever asks, in JSON.
pub(super) async fn told<T, F>(
    hub: &Shared,
    request: Request,
    find: impl FnOnce(Option<AccountId>) -> F,
) -> Response
where
    T: Serialize,
    F: Future<Output = Result<T, RequestError>>,
{
    let id = hub.request_id();
    let (reader, access) = reader(hub, request).await;
    let found = match reader {
        Ok(reader) => find(reader).await,
        Err(refused) => Err(refused),
    };
    answer(hub, id, found, access.as_deref())
}

/// Waits until the journal has what has happened so far.
pub(super) async fn written(hub: &Shared) -> Result<(), RequestError> {
    let written = time::timeout(WRITTEN_WITHIN, hub.books.flush()).await;
    let is_written = written.is_ok_and(|written| written.is_ok());
    is_written.then_some(()).ok_or(RequestError::StoreAway)
}

/// Whose records may be read, `None` for an administrator, who reads all; and by whose rate it was counted.
pub(super) async fn reader(
    hub: &Shared,
    request: Request,
) -> (Result<Option<AccountId>, RequestError>, Option<Arc<Access>>) {
    let (parts, _) = request.into_parts();
    let consumer = match hub.authenticator.authenticate(&parts).await {
        Ok(consumer) => consumer,
        Err(AuthenticateError::AdminKey) => return (Ok(None), None),
        Err(error) => return (Err(error.into()), None),
    };
    let Some(access) = consumer.access else {
        return (Ok(Some(consumer.account)), None);
    };
    let address = || origin::of(&parts, &hub.settings.keys.trusted_proxies);
    let taken = admission::read(&access, address, hub.clock.now());
    let taken = taken.map_err(|refused| hub.desk.counted(refused).into());
    (taken.map(|()| Some(consumer.account)), Some(access))
}

pub(super) fn answer(
    hub: &Shared,
    id: RequestId,
    found: Result<impl Serialize, RequestError>,
    access: Option<&Access>,
) -> Response {
    let is_shut = found.as_ref().is_err_and(RequestError::is_shut);
    let mut response = match found {
        Ok(found) => {
            // Strings and numbers always serialise.
            let body = serde_json::to_vec(&found).unwrap_or_default();
            respond::json(StatusCode::OK, body, id)
        }
        Err(error) => respond::error(&Answer::of(&error), id),
    };
    if let Some(access) = access.filter(|_| !is_shut) {
        reads_left(response.headers_mut(), access, hub.clock.now());
    }
    response
}
