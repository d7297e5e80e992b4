//! The baseline: a reverse proxy on hyper that does nothing but pass bytes on.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::{Failure, Listener};

type Upstream = Client<HttpConnector, Incoming>;

/// Passes every request on to `upstream` over kept-alive connections, until the socket fails.
///
/// # Errors
/// When the socket cannot accept any more.
pub async fn serve_proxy(listener: Listener, upstream: SocketAddr) -> Result<(), Failure> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build(connector);
    listener
        .serve(move |request| {
            let client = client.clone();
            async move {
                forward(&client, upstream, request)
                    .await
                    .unwrap_or_else(|error| {
                        let mut response =
                            Response::new(Either::Right(Full::new(Bytes::from(error.to_string()))));
                        *response.status_mut() = StatusCode::BAD_GATEWAY;
                        response
                    })
            }
        })
        .await
}

type ProxyBody = Either<Incoming, Full<Bytes>>;

async fn forward(
    client: &Upstream,
    upstream: SocketAddr,
    mut request: Request<Incoming>,
) -> Result<Response<ProxyBody>, Failure> {
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    *request.uri_mut() = Uri::builder()
        .scheme("http")
        .authority(upstream.to_string())
        .path_and_query(path)
        .build()?;
    request.headers_mut().remove(header::HOST);
    let response = client.request(request).await?;
    Ok(response.map(Either::Left))
}
