//! An endpoint outside the market that fails sometimes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};

use super::dice::Dice;
use crate::proxy::Upstream;
use crate::{Failure, Listener};

type FlakyBody = UnsyncBoxBody<Bytes, Failure>;

/// Serves in the background what `mock` answers, and in one of five cases something else.
pub(super) async fn serve(mock: SocketAddr, dice: Dice) -> Result<SocketAddr, Failure> {
    let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let address = listener.address()?;
    let upstream = Upstream::new(mock);
    let dice = Arc::new(Mutex::new(dice));
    let served = listener.serve(move |request| {
        let luck = dice.lock().map_or(0, |mut dice| dice.below(100));
        let upstream = upstream.clone();
        async move { answer(luck, &upstream, request).await }
    });
    tokio::spawn(served);
    Ok(address)
}

async fn answer(luck: u64, upstream: &Upstream, request: Request<Incoming>) -> Response<FlakyBody> {
    match luck {
        0..5 => said(StatusCode::INTERNAL_SERVER_ERROR),
        5..9 => said(StatusCode::TOO_MANY_REQUESTS),
        9..14 => broken(),
        14..20 => {
            tokio::time::sleep(Duration::from_millis(300)).await;
            passed_on(upstream, request).await
        }
        _ => passed_on(upstream, request).await,
    }
}

async fn passed_on(upstream: &Upstream, request: Request<Incoming>) -> Response<FlakyBody> {
    match upstream.forward(request).await {
        Ok(response) => response.map(|body| body.map_err(Failure::from).boxed_unsync()),
        Err(_) => said(StatusCode::BAD_GATEWAY),
    }
}

fn said(status: StatusCode) -> Response<FlakyBody> {
    let body = Full::new(Bytes::from_static(
        b"{\"error\":{\"message\":\"out of luck\"}}",
    ));
    let mut response = Response::new(body.map_err(Failure::from).boxed_unsync());
    *response.status_mut() = status;
    response
}

/// A success that breaks off in the middle.
fn broken() -> Response<FlakyBody> {
    let frames = futures::stream::iter([
        Ok(Frame::data(Bytes::from_static(b"{\"choices\":["))),
        Err(Failure::from("out of luck")),
    ]);
    Response::new(StreamBody::new(frames).boxed_unsync())
}
