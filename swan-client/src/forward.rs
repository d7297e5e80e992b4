//! Other people's requests, passed on as they are: what a proxy is built on.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, HOST, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, Request, Response};
use tokio::time::Instant;

use crate::answer::refused;
use crate::body::read_whole;
use crate::call::Call;
use crate::client::Client;
use crate::error::Error;
use crate::guarded::guarded;
use crate::metadata::Metadata;
use crate::transport::Body;

impl Client {
    /// Passes a request on and hands back the answer, byte for byte, whatever its status: for proxies.
    ///
    /// The request's path and query are taken below the client's base URL (`/chat/completions`), and its headers go along,
    /// except for what belongs to one connection and for what opens doors here (`Authorization`, `Cookie`), in whose place
    /// the client's own headers go. An `Idempotency-Key` that the request brings is kept; a POST without one gets one, the same
    /// in all its attempts. Retries, their budget and the timeout are the client's; they end with the head of a good
    /// answer. An answer that is an error after the last retry comes back as the server wrote it, up to 64 MiB.
    ///
    /// The body arrives as it is read, within the client's bounds for streams; dropping it ends the call. What the headers tell
    /// is also in the answer's extensions, as [`Metadata`].
    ///
    /// ```no_run
    /// # async fn run(client: swan_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use swan_client::Metadata;
    ///
    /// let body = r#"{"model":"qwen3-8b","messages":[],"stream":true}"#;
    /// let request = http::Request::post("/chat/completions").header("content-type", "application/json");
    /// let answer = client.forward(request.body(body.into())?).await?;
    /// println!("{}, {:?}", answer.status(), answer.extensions().get::<Metadata>().and_then(|told| told.cost));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Any [`Error`] but [`Error::Api`]: there is no answer.
    pub async fn forward(&self, request: Request<Bytes>) -> Result<Response<Body>, Error> {
        let (mut head, body) = request.into_parts();
        drop_hops(&mut head.headers);
        for name in [
            HOST,
            CONTENT_LENGTH,
            AUTHORIZATION,
            PROXY_AUTHORIZATION,
            COOKIE,
        ] {
            head.headers.remove(name);
        }
        let target = head
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let inner = &*self.0;
        let call = Call::forward(inner, head.method, target, head.headers, body)?;
        let last = Mutex::new(None);
        let outcome = call
            .repeat(|started, attempt| pass_on(&call, started, attempt, &last))
            .await;
        let (mut head, body) = match outcome {
            Ok(answer) => answer,
            Err(Error::Api(error)) => {
                let refusal = last.into_inner().unwrap_or_else(PoisonError::into_inner);
                refusal.ok_or(Error::Api(error))?
            }
            Err(error) => return Err(error),
        };
        drop_hops(&mut head.headers);
        let body = guarded(body, inner.idle_timeout, inner.stream_timeout);
        Ok(Response::from_parts(head, body))
    }
}

type Answer = (http::response::Parts, Body);

/// One attempt; an error that the server answered is kept in `last`, in case that it stays with it.
async fn pass_on(
    call: &Call<'_>,
    started: Instant,
    attempt: u32,
    last: &Mutex<Option<Answer>>,
) -> Result<Answer, Error> {
    let (mut head, body) = call.send().await?.into_parts();
    let metadata = Metadata::read(head.headers.clone(), started.elapsed(), attempt);
    let request_id = metadata.request_id.clone();
    head.extensions.insert(metadata);
    if head.status.is_success() || head.status.is_redirection() {
        return Ok((head, body));
    }
    let text = read_whole(body, request_id.as_deref()).await?;
    let error = refused(head.clone(), &text, started, attempt);
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    *last = Some((head, Body::full(text)));
    Err(error)
}

/// Takes out what belongs to one connection (RFC 9110, 7.6.1).
fn drop_hops(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let always = [
        CONNECTION,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
        PROXY_AUTHENTICATE,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
    ];
    for name in named.into_iter().chain(always) {
        headers.remove(name);
    }
}
