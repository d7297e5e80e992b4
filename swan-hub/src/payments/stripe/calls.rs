//! Calls of Stripe's API: forms in, JSON out, one deadline, no secret in any text.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::{Method, Request, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time;

use super::{GatewayError, StripeConfig, StripeError};
use crate::external::Address;
use crate::external::client::{HttpClient, client};
use crate::external::connect::Dial;
use crate::segments::Segments;

/// The shapes that this module reads.
const API_VERSION: &str = "2024-06-20";
/// The most of an answer that is read; a list of a hundred refunds is far below.
const ANSWER_MAX: usize = 2 << 20;
const CONNECT: Duration = Duration::from_secs(5);

/// The parameters of a call.
#[derive(Clone)]
pub(super) struct Form(Vec<(&'static str, String)>);

impl Form {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn with(mut self, name: &'static str, value: &impl ToString) -> Self {
        self.0.push((name, value.to_string()));
        self
    }

    fn write(&self) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(&self.0);
        text.finish()
    }
}

/// The client and its key.
pub(super) struct Calls {
    client: HttpClient,
    address: Address,
    authorization: HeaderValue,
    /// To be taken out of what Stripe says.
    secret: String,
    within: Duration,
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Calls")
    }
}

#[derive(Deserialize)]
struct Failure {
    error: Why,
}

#[derive(Deserialize)]
struct Why {
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

impl Calls {
    pub(super) fn new(config: &StripeConfig) -> Result<Self, StripeError> {
        let address = config.address().ok_or(StripeError::ApiBase)?;
        let dial = Dial {
            https: address.https,
            within: CONNECT,
            idle: 4,
            ca_file: config.ca_file.as_deref(),
            allow_private: address.is_private,
        };
        let client = client(&dial).map_err(StripeError::Certificates)?;
        let authorization = format!("Bearer {}", config.secret_key);
        let mut authorization =
            HeaderValue::from_str(&authorization).map_err(|_| StripeError::SecretKey)?;
        authorization.set_sensitive(true);
        Ok(Self {
            client,
            address,
            authorization,
            secret: config.secret_key.clone(),
            within: config.within(),
        })
    }

    /// Reads what is at `path`.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, GatewayError> {
        let mut url = self.url(path)?;
        if !query.is_empty() {
            let mut text = form_urlencoded::Serializer::new(String::new());
            text.extend_pairs(query);
            url = format!("{url}?{}", text.finish());
        }
        let request = self
            .request(Method::GET, &url)
            .body(Segments::new(Vec::new()));
        self.call(request, path).await
    }

    /// Does something; with the same `key` it is done once.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        form: &Form,
        key: &str,
    ) -> Result<T, GatewayError> {
        let request = self
            .request(Method::POST, &self.url(path)?)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("Idempotency-Key", key)
            .body(Segments::new(vec![Bytes::from(form.write())]));
        self.call(request, path).await
    }

    fn request(&self, method: Method, url: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(url)
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("swan-hub/", env!("CARGO_PKG_VERSION")))
            .header("Stripe-Version", API_VERSION)
    }

    /// Names that came from outside must not become other paths.
    fn url(&self, path: &[&str]) -> Result<String, GatewayError> {
        let is_name = |name: &&str| {
            let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            (1..=255).contains(&name.len()) && name.bytes().all(good)
        };
        match path.iter().find(|name| !is_name(name)) {
            None => Ok(self.address.of(&path.join("/"))),
            Some(odd) => Err(GatewayError::Malformed {
                what: format!("{:?} is no name of Stripe's", cut(odd)),
            }),
        }
    }

    async fn call<T: DeserializeOwned>(
        &self,
        request: http::Result<Request<Segments>>,
        path: &[&str],
    ) -> Result<T, GatewayError> {
        let request = request.map_err(|error| GatewayError::Malformed {
            what: error.to_string(),
        })?;
        let called = time::timeout(self.within, self.answer(request)).await;
        let (status, body) = called.unwrap_or_else(|_| Err(away("no answer in time")))?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| GatewayError::Malformed {
                what: format!("{}: {error}", path.join("/")),
            });
        }
        Err(self.refusal(status, &body, path))
    }

    async fn answer(
        &self,
        request: Request<Segments>,
    ) -> Result<(StatusCode, Bytes), GatewayError> {
        let response = self.client.request(request).await;
        let response = response.map_err(|error| away(&innermost(&error)))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_MAX)
            .collect()
            .await;
        let body = body.map_err(|error| away(&innermost(&*error)))?;
        Ok((status, body.to_bytes()))
    }

    fn refusal(&self, status: StatusCode, body: &[u8], path: &[&str]) -> GatewayError {
        let why = serde_json::from_slice::<Failure>(body).ok();
        let why = why.map(|failure| failure.error);
        let code = why
            .as_ref()
            .and_then(|why| why.code.as_ref().or(why.r#type.as_ref()));
        let code = self.discreet(code.map_or("unknown", String::as_str));
        let message = why.as_ref().and_then(|why| why.message.as_deref());
        let message = self.discreet(message.unwrap_or("no reason given"));
        match status.as_u16() {
            404 => GatewayError::Unknown {
                what: path.join("/"),
            },
            // A key that is wrong, too many calls, and a call with the same key that is under way pass by themselves or by
            // the operator's hand, so that what was begun goes on afterwards.
            401 | 403 | 409 | 429 | 500..=599 => GatewayError::Unavailable {
                what: format!("{status}: {message} ({code})"),
            },
            _ => GatewayError::Refused { code, message },
        }
    }

    /// Words of Stripe as they may be told.
    fn discreet(&self, words: &str) -> String {
        cut(&words.replace(&self.secret, "…"))
    }
}

fn cut(words: &str) -> String {
    words
        .chars()
        .filter(|c| !c.is_control())
        .take(300)
        .collect()
}

fn away(what: &str) -> GatewayError {
    GatewayError::Unavailable { what: cut(what) }
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
