//! The seam behind which a model server stands.

mod call;
mod echo;
mod error;
mod http;
mod reply;
mod request_body;

pub use call::Call;
pub use echo::EchoBackend;
pub use error::BackendError;
pub use http::{DiscoveredServer, HttpBackend, HttpBackendBuilder, discover_local};
pub use reply::{Reply, ReplyBody};
pub(crate) use request_body::RequestBody;

use async_trait::async_trait;
use std::fmt;
use swan_core::Modality;

/// Something that runs models: an HTTP model server, a library in this process, a test double.
///
/// # Contract
///
/// * **Faithful.** The answer's status, content type and bytes are handed over as they come. A refusal by the model
///   server (400, 404, 429, 500 …) is a [`Reply`] with that status; an error means that there is no answer at all.
/// * **Streaming.** Each piece of [`Reply::body`] is yielded as soon as it is there and nothing is read ahead without
///   bound: a caller that does not poll holds the model server back.
/// * **Cancel by drop.** Dropping the future of [`execute`](Self::execute) or the body stops the work within a second
///   and leaves the backend able to answer the next call.
/// * **Concurrent.** Calls run side by side; the caller limits how many.
/// * **No panic, no retry.** A call is attempted once; whoever holds the money decides about a second attempt.
///
/// The suite in [`conformance`](crate::conformance) (feature `conformance`) checks this for any implementation.
///
/// ```
/// use swan_provider::{Backend, BackendError, BackendModel, Call, Discovery, Engine, Reply};
///
/// #[derive(Debug)]
/// struct AlwaysBusy;
///
/// #[async_trait::async_trait]
/// impl Backend for AlwaysBusy {
///     fn label(&self) -> &str {
///         "a server that is always busy"
///     }
///     async fn discover(&self) -> Result<Discovery, BackendError> {
///         Ok(Discovery::new(Engine::Unknown, vec![BackendModel::new("tiny")]))
///     }
///     async fn execute(&self, _call: Call) -> Result<Reply, BackendError> {
///         Ok(Reply::json(503, r#"{"error":{"message":"busy"}}"#))
///     }
/// }
/// ```
#[async_trait]
pub trait Backend: fmt::Debug + Send + Sync + 'static {
    /// What and where it is, for people: a URL, or a name.
    fn label(&self) -> &str;

    /// Asks which models it serves now, and by which engine.
    ///
    /// Ends within seconds; it is asked again every health interval.
    ///
    /// # Errors
    /// When the list cannot be had; models known from before are then kept until their health fails.
    async fn discover(&self) -> Result<Discovery, BackendError>;

    /// Runs one request and answers as soon as status and content type are known.
    ///
    /// # Errors
    /// When there is no answer: not reachable, broken connection, an operation that it does not have.
    async fn execute(&self, call: Call) -> Result<Reply, BackendError>;
}

const _: fn(&dyn Backend) = |_| {}; // object safety is part of the contract

/// The program that serves a backend's models, as far as it can be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Engine {
    /// SGLang, by default on port 30000.
    Sglang,
    /// vLLM, by default on port 8000.
    Vllm,
    /// Ollama, by default on port 11434.
    Ollama,
    /// llama.cpp's server, by default on port 8080.
    LlamaCpp,
    /// Hugging Face text-generation-inference.
    Tgi,
    /// The built-in [`EchoBackend`].
    Echo,
    /// Something else that speaks OpenAI's API.
    #[default]
    Unknown,
}

impl Engine {
    /// The name in the registration's `serving_engine` field (public-swan.md 1.4).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sglang => "sglang",
            Self::Vllm => "vllm",
            Self::Ollama => "ollama",
            Self::LlamaCpp => "llamacpp",
            Self::Tgi => "tgi",
            Self::Echo | Self::Unknown => "unknown",
        }
    }
}

impl Engine {
    /// Whether it lists models that it loads only when they are asked for, pushing out others.
    pub(crate) const fn loads_on_demand(self) -> bool {
        matches!(self, Self::Ollama)
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sglang => "SGLang",
            Self::Vllm => "vLLM",
            Self::Ollama => "Ollama",
            Self::LlamaCpp => "llama.cpp",
            Self::Tgi => "TGI",
            Self::Echo => "built-in echo",
            Self::Unknown => "OpenAI-compatible server",
        })
    }
}

/// What a backend said about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Discovery {
    /// The serving program.
    pub engine: Engine,
    /// Its models, in its own order.
    pub models: Vec<BackendModel>,
}

impl Discovery {
    /// An engine and its models.
    #[must_use]
    pub const fn new(engine: Engine, models: Vec<BackendModel>) -> Self {
        Self { engine, models }
    }
}

/// One model of a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackendModel {
    /// The name by which the backend knows it.
    pub id: String,
    /// The window in tokens that it is served with, when the backend says so.
    pub context_length: Option<u64>,
    /// What it does, when the backend says so; otherwise its name tells.
    pub modality: Option<Modality>,
}

impl BackendModel {
    /// A model of which only the name is known.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            context_length: None,
            modality: None,
        }
    }

    /// The same model, known to do this.
    #[must_use]
    pub const fn with_modality(mut self, modality: Modality) -> Self {
        self.modality = Some(modality);
        self
    }

    /// The same model with a known window, in tokens.
    #[must_use]
    pub const fn with_context_length(mut self, tokens: u64) -> Self {
        self.context_length = Some(tokens);
        self
    }
}
