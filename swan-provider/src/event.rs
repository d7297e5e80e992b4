//! What a provider tells the program that it runs in.

use crate::ProviderError;
use std::{fmt, time::Duration};
use swan_core::protocol::{Dialect, Notice, Severity};

/// Something that happened, for logs, a status page, or a program that embeds the provider.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A model answered a real completion and is offered from now on.
    ModelUp {
        /// By the name that the hub is told.
        model: String,
        /// [`Backend::label`](crate::Backend::label).
        backend: String,
    },
    /// A model is not offered, or no longer.
    ModelDown {
        /// By the name that the hub is told.
        model: String,
        /// [`Backend::label`](crate::Backend::label).
        backend: String,
        /// What its last completion said.
        reason: String,
    },
    /// A backend does not tell which models it has.
    BackendSilent {
        /// [`Backend::label`](crate::Backend::label).
        backend: String,
        /// Why.
        reason: String,
    },
    /// `models.json` was read again.
    ModelsFileRead {
        /// How many models it names.
        models: usize,
    },
    /// `models.json` was changed into something unusable; what was served before still is.
    ModelsFileRefused {
        /// Which entry, and what was expected.
        error: ProviderError,
    },
    /// The socket is open.
    Connected {
        /// The URL that was dialled.
        url: String,
        /// Which form of the protocol the hub speaks.
        dialect: Dialect,
    },
    /// The hub has accepted this provider.
    Registered {
        /// Who the hub takes this provider for, where it says so.
        provider_id: Option<String>,
        /// What was offered, by this provider's names.
        offered: Vec<String>,
        /// What the hub will route, by its own names, where it says so.
        accepted: Option<Vec<String>>,
        /// The hub's words, and whether a newer program exists.
        message: String,
    },
    /// The hub has refused this provider after it had accepted it before; it is asked again slowly.
    Refused {
        /// The hub's words.
        message: String,
    },
    /// There is no connection; the next dial follows.
    Disconnected {
        /// Why.
        reason: String,
        /// When the hub is dialled again.
        retry_in: Duration,
    },
    /// A request came.
    RequestStarted {
        /// The hub's id.
        request_id: String,
        /// The model.
        model: String,
    },
    /// A request ended.
    RequestEnded {
        /// The hub's id.
        request_id: String,
        /// The model.
        model: String,
        /// The status that the hub was told; 499 when it took the request back.
        status: u16,
        /// How long it took.
        took: Duration,
        /// Why it failed, if it did.
        error: Option<String>,
    },
    /// The hub has a word for the operator.
    Notice(Notice),
    /// The hub complains, or sent what it should not have.
    HubComplaint {
        /// Its words, or what was wrong with the frame.
        message: String,
    },
    /// The hub is shutting down: what runs is finished there, then it is dialled again.
    HubDraining,
    /// No further requests are taken; those that run are finished.
    Draining {
        /// How many run.
        in_flight: usize,
    },
    /// The provider has stopped.
    Stopped,
}

impl Event {
    /// How much it matters to the operator.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::Refused { .. } => Severity::Critical,
            Self::Notice(notice) => notice.severity,
            Self::ModelDown { .. }
            | Self::BackendSilent { .. }
            | Self::ModelsFileRefused { .. }
            | Self::Disconnected { .. }
            | Self::HubComplaint { .. } => Severity::Warning,
            Self::RequestEnded { error: Some(_), .. } => Severity::Warning,
            _ => Severity::Info,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ModelUp { model, backend } => write!(f, "{model} is served by {backend}"),
            Self::ModelDown {
                model,
                backend,
                reason,
            } => {
                write!(f, "{model} is not served by {backend}: {reason}")
            }
            Self::BackendSilent { backend, reason } => {
                write!(f, "no models from {backend}: {reason}")
            }
            Self::ModelsFileRead { models } => write!(f, "read {models} models from models.json"),
            Self::ModelsFileRefused { error } => {
                write!(
                    f,
                    "kept the models of before, since the file is not usable: {error}"
                )
            }
            Self::Connected { url, dialect } => {
                write!(f, "connected to {url}, protocol {}", dialect.as_str())
            }
            Self::Registered {
                offered,
                accepted,
                message,
                ..
            } => registered(f, offered, accepted.as_deref(), message),
            Self::Refused { message } => write!(f, "the hub refuses this provider: {message}"),
            Self::Disconnected { reason, retry_in } => {
                write!(
                    f,
                    "not connected: {reason}; next try in {:.1} s",
                    retry_in.as_secs_f32()
                )
            }
            Self::RequestStarted { request_id, model } => write!(f, "{request_id} for {model}"),
            Self::RequestEnded {
                request_id,
                model,
                status,
                took,
                error,
            } => {
                write!(
                    f,
                    "{request_id} for {model}: {status} after {} ms",
                    took.as_millis()
                )?;
                error
                    .as_ref()
                    .map_or(Ok(()), |error| write!(f, ", {error}"))
            }
            Self::Notice(notice) => {
                write!(f, "the hub says ({}): {}", notice.event, notice.message)
            }
            Self::HubComplaint { message } => write!(f, "trouble with the hub: {message}"),
            Self::HubDraining => f.write_str("the hub is shutting down"),
            Self::Draining { in_flight } => {
                write!(f, "stopping; {in_flight} requests are being finished")
            }
            Self::Stopped => f.write_str("stopped"),
        }
    }
}

fn registered(
    f: &mut fmt::Formatter<'_>,
    offered: &[String],
    accepted: Option<&[String]>,
    message: &str,
) -> fmt::Result {
    match (offered, accepted) {
        ([], _) => f.write_str("registered, with no model ready yet")?,
        (offered, Some([])) => {
            write!(
                f,
                "registered, but the hub routes none of {}",
                offered.join(", ")
            )?;
        }
        (_, Some(accepted)) => {
            write!(f, "registered; the hub routes {}", accepted.join(", "))?;
            let (some, all) = (accepted.len(), offered.len());
            if some < all {
                write!(f, ", {some} of {all} models: its notices say why")?;
            }
        }
        (offered, None) => write!(f, "registered with {}", offered.join(", "))?,
    }
    if message.is_empty() {
        Ok(())
    } else {
        write!(f, " ({message})")
    }
}

/// Hears what happens, on the tasks of the provider: it must return at once.
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// Something happened.
    fn on_event(&self, event: &Event);
}

/// Writes events to `tracing`; what a provider has unless it is given another observer.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a unit by nature")]
pub struct TracingObserver;

impl Observer for TracingObserver {
    fn on_event(&self, event: &Event) {
        match event {
            Event::RequestStarted { .. } | Event::RequestEnded { error: None, .. } => {
                tracing::debug!("{event}");
            }
            _ => match event.severity() {
                Severity::Info => tracing::info!("{event}"),
                Severity::Warning => tracing::warn!("{event}"),
                Severity::Critical => tracing::error!("{event}"),
            },
        }
    }
}
