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

/// Where requests go, over kept-alive connections.
#[derive(Debug, Clone)]
pub(crate) struct Upstream {
    client: Client<HttpConnector, Incoming>,
    address: SocketAddr,
}

/// Passes every request on to `upstream` over kept-alive connections, until the socket fails.
///
/// # Errors
/// When the socket cannot accept any more.
pub async fn serve_proxy(listener: Listener, upstream: SocketAddr) -> Result<(), Failure> {
    let upstream = Upstream::new(upstream);
    listener
        .serve(move |request| {
            let upstream = upstream.clone();
            async move {
                upstream.forward(request).await.map_or_else(
                    |error| {
                        let mut response =
                            Response::new(Either::Right(Full::new(Bytes::from(error.to_string()))));
                        *response.status_mut() = StatusCode::BAD_GATEWAY;
                        response
                    },
                    |response| response.map(Either::Left),
                )
            }
        })
        .await
}

impl Upstream {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self { client, address }
    }

    pub(crate) async fn forward(
        &self,
        mut request: Request<Incoming>,
    ) -> Result<Response<Incoming>, Failure> {
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        *request.uri_mut() = Uri::builder()
            .scheme("http")
            .authority(self.address.to_string())
            .path_and_query(path)
            .build()?;
        request.headers_mut().remove(header::HOST);
        Ok(self.client.request(request).await?)
    }
}
