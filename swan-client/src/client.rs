//! The handle that an app holds.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use crate::builder::ClientBuilder;
use crate::chat::Chat;
use crate::completions::Completions;
use crate::embeddings::Embeddings;
use crate::generations::Generations;
use crate::images::Images;
use crate::models::Models;
use crate::quotes::Quotes;
use crate::receipts::Receipts;
use crate::retry::RetryPolicy;
use crate::transcriptions::Transcriptions;
use crate::transport::HttpTransport;

/// A client of a Swan hub, or of any other OpenAI-compatible server.
///
/// Cheap to clone; clones share connections and the retry budget.
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    /// Without a trailing slash.
    pub(crate) base_url: String,
    /// Sent with every request; the key among them is marked as sensitive.
    pub(crate) headers: HeaderMap,
    pub(crate) timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) stream_timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) transport: Arc<dyn HttpTransport>,
}

impl Client {
    /// Starts to build a client.
    ///
    /// `base_url` is what OpenAI's own SDKs take, such as `http://127.0.0.1:8100/v1`; without a path, `/v1` is added.
    /// `api_key` may be empty for servers that want none.
    pub fn builder(base_url: impl Into<String>, api_key: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(base_url.into(), api_key.into())
    }

    /// Chat completions.
    #[must_use]
    pub fn chat(&self) -> Chat {
        Chat::new(self.clone())
    }

    /// Text completions.
    #[must_use]
    pub fn completions(&self) -> Completions {
        Completions::new(self.clone())
    }

    /// Texts as vectors.
    #[must_use]
    pub fn embeddings(&self) -> Embeddings {
        Embeddings::new(self.clone())
    }

    /// Images from a text.
    #[must_use]
    pub fn images(&self) -> Images {
        Images::new(self.clone())
    }

    /// Texts of recordings.
    #[must_use]
    pub fn transcriptions(&self) -> Transcriptions {
        Transcriptions::new(self.clone())
    }

    /// What calls would cost, on a Swan hub.
    #[must_use]
    pub fn quotes(&self) -> Quotes {
        Quotes::new(self.clone())
    }

    /// What is known of calls afterwards, on a Swan hub.
    #[must_use]
    pub fn generations(&self) -> Generations {
        Generations::new(self.clone())
    }

    /// Signed receipts of calls, on a Swan hub.
    #[must_use]
    pub fn receipts(&self) -> Receipts {
        Receipts::new(self.clone())
    }

    /// The models that the server offers.
    #[must_use]
    pub fn models(&self) -> Models {
        Models::new(self.clone())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        // Names only: an extra header may be a secret of another gateway.
        let headers: Vec<&str> = inner.headers.keys().map(http::HeaderName::as_str).collect();
        out.debug_struct("Client")
            .field("base_url", &inner.base_url)
            .field("headers", &headers)
            .field("timeout", &inner.timeout)
            .field("idle_timeout", &inner.idle_timeout)
            .field("stream_timeout", &inner.stream_timeout)
            .field("retry", &inner.retry)
            .field("transport", &inner.transport)
            .finish()
    }
}
