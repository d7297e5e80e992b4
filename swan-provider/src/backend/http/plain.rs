//! Requests to a model server without TLS, the usual one: beside this program, or behind the same wall.
//!
//! Made of hyper directly. A general client reads the URL three times for each request, besides its redirects, retries and
//! proxies, which a model server must not have: a third of what a lone request costs here.

use super::{Call, Pieces};
use crate::http_client::cause;
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use http::{
    HeaderMap, HeaderValue, Request, StatusCode, Uri,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
    uri::{Authority, PathAndQuery, Scheme},
};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, Error, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use std::time::Duration;

/// A pool of kept-alive connections to one server.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    client: Client<HttpConnector, Full<Bytes>>,
    authority: Authority,
    /// What stands before `/v1/…`.
    prefix: String,
}

/// Why there is no answer.
pub(super) enum Unanswered {
    Unreachable(String),
    Interrupted(String),
    BadRequest(String),
}

impl Plain {
    /// For the server at `base`; `None` where only a general client will do.
    pub(super) fn new(base: &str, connect_timeout: Duration, idle: Duration) -> Option<Self> {
        let parts = base.parse::<Uri>().ok()?.into_parts();
        let authority = parts.authority?;
        // A name and a password in the URL are for the server, and not for its address.
        if parts.scheme != Some(Scheme::HTTP) || authority.as_str().contains('@') {
            return None;
        }
        let prefix = parts
            .path_and_query
            .as_ref()
            .map_or("", PathAndQuery::path)
            .trim_end_matches('/')
            .to_owned();
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_keepalive(Some(Duration::from_secs(30)));
        connector.set_connect_timeout(Some(connect_timeout));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(idle)
            .build(connector);
        Some(Self {
            client,
            authority,
            prefix,
        })
    }

    /// Sends `call` and answers as soon as the head is there; the body says of an error what went wrong.
    pub(super) async fn execute(
        &self,
        call: Call,
        key: Option<&str>,
    ) -> Result<
        (
            StatusCode,
            HeaderMap,
            impl Stream<Item = Result<Bytes, String>> + Send + 'static,
        ),
        Unanswered,
    > {
        let request = self
            .request(call, key)
            .map_err(|error| Unanswered::BadRequest(error.to_string()))?;
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| unanswered(&error))?;
        let (head, body) = response.into_parts();
        let body = body
            .into_data_stream()
            .map_err(|error| cause(&error))
            .flat_map(|piece| stream::iter(Pieces(Some(piece))));
        Ok((head.status, head.headers, body))
    }

    fn request(&self, call: Call, key: Option<&str>) -> Result<Request<Full<Bytes>>, http::Error> {
        let path = format!("{}/v1/{}", self.prefix, call.operation.as_str());
        let uri = Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()?;
        let content_type = match &call.content_type {
            Some(kind) => HeaderValue::try_from(kind)?,
            None => HeaderValue::from_static("application/json"),
        };
        let accept = if call.stream {
            "text/event-stream"
        } else {
            "*/*"
        };
        let mut request = Request::post(uri)
            .header(CONTENT_TYPE, content_type)
            .header(ACCEPT, HeaderValue::from_static(accept));
        if let Some(key) = key {
            let mut bearer = HeaderValue::try_from(format!("Bearer {key}"))?;
            bearer.set_sensitive(true);
            request = request.header(AUTHORIZATION, bearer);
        }
        request.body(Full::new(call.body))
    }
}

fn unanswered(error: &Error) -> Unanswered {
    let reason = cause(error);
    if error.is_connect() {
        Unanswered::Unreachable(reason)
    } else {
        Unanswered::Interrupted(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swan_core::protocol::Operation;

    fn plain(base: &str) -> Option<Plain> {
        Plain::new(base, Duration::from_secs(5), Duration::from_secs(4))
    }

    #[test]
    fn only_plain_addresses_are_served() {
        for (base, served) in [
            ("http://localhost:8000", true),
            ("http://[::1]:8000/llm", true),
            ("https://localhost:8000", false),
            ("http://user:word@localhost:8000", false),
        ] {
            assert_eq!(plain(base).is_some(), served, "{base}");
        }
    }

    #[test]
    fn a_request_goes_where_the_operation_is() {
        let call = || {
            Call::new(Operation::Embeddings, "m", "{}")
                .with_content_type(Some("application/json; charset=utf-8".to_owned()))
        };
        for (base, uri) in [
            ("http://h:8000", "http://h:8000/v1/embeddings"),
            ("http://h/llm", "http://h/llm/v1/embeddings"),
        ] {
            let request = plain(base).unwrap().request(call(), Some("word")).unwrap();
            assert_eq!(request.uri(), uri);
            let headers = request.headers();
            assert_eq!(headers[CONTENT_TYPE], "application/json; charset=utf-8");
            assert_eq!(headers[ACCEPT], "*/*");
            assert_eq!(headers[AUTHORIZATION], "Bearer word");
        }
        let line_break = plain("http://h").unwrap().request(call(), Some("a\nb"));
        assert!(line_break.is_err());
    }
}
