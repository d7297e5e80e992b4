//! `GET /v1/usage/export`: what an account has used, as CSV or JSON, piece by piece.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, Request, State};
use axum::response::Response;
use bytes::Bytes;
use futures::stream::{self, Stream};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use swan_core::AccountId;
use tokio::time::{Instant, timeout_at};

use super::records::{answer, reader};
use super::respond;
use super::span::{self, Span};
use crate::admission::headers::write_reads as reads_left;
use crate::documents::{Reader, UsageError, UsageExport, UsageFormat, UsageQuery};
use crate::hub::Shared;
use crate::stages::RequestError;

/// `GET /v1/usage/export`.
pub(super) async fn export(
    State(hub): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let id = hub.request_id();
    let (reader, access) = reader(&hub, request).await;
    let begun = async { begin(&hub, query.as_deref(), reader?).await };
    match begun.await {
        Ok((export, turn, format)) => {
            let until = Instant::now() + hub.limits.stream_deadline;
            let body = Body::from_stream(pieces(export, turn, until));
            let mut response = respond::json(StatusCode::OK, body, id);
            let headers = response.headers_mut();
            let content = HeaderValue::from_static(format.content_type());
            headers.insert(CONTENT_TYPE, content);
            headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
            if let Some(access) = &access {
                reads_left(headers, access, hub.clock.now());
            }
            response
        }
        Err(error) => answer(&hub, id, Err::<(), _>(error), access.as_deref()),
    }
}

/// An export is cut off where it cannot go on, so that nobody takes a part for the whole.
fn pieces(
    export: UsageExport,
    turn: Reader,
    until: Instant,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold((export, turn), move |(mut export, turn)| async move {
        let piece = timeout_at(until, export.piece()).await;
        match piece {
            Ok(Ok(piece)) => Ok(piece.map(|piece| (piece, (export, turn)))),
            Ok(Err(error)) => {
                tracing::warn!(%error, "an export of usage broke off");
                Err(io::Error::other(error))
            }
            Err(late) => Err(late.into()),
        }
    })
}

async fn begin(
    hub: &Shared,
    query: Option<&str>,
    reader: Option<AccountId>,
) -> Result<(UsageExport, Reader, UsageFormat), RequestError> {
    let span = Span::read(hub, query)?;
    let format = span::parsed(query, "format", UsageFormat::EXPECTED)?;
    let format: UsageFormat = format.unwrap_or_default();
    let group = "some of hour, day or month (one of them), key and model, with commas between them";
    let asked = UsageQuery {
        account: span::whose(query, reader)?,
        from: span.from,
        to: span.to,
        key: span::parsed(query, "key", "the id of a key: key-…")?,
        model: span::parsed(query, "model", "the canonical name of a model")?,
        grouping: span::parsed(query, "group", group)?,
        format,
    };
    let turn = span::turn(hub).await?;
    let begun = UsageExport::begin(&hub.store, asked).await;
    let export = begun.map_err(|error| match error {
        UsageError::Days => RequestError::Query {
            name: "to",
            expected: "a day on or after from, 366 days in all at most",
        },
        _ => RequestError::StoreAway,
    })?;
    Ok((export, turn, format))
}
