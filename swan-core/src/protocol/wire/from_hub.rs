//! Payloads that a hub sends, as a provider decodes them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::notice::{Notice, Severity, Upgrade};
use super::super::{Operation, Registered};
use super::envelope::Text;
use super::lenient;
use super::text::clip;

/// An `ack` to a registration or a heartbeat.
#[derive(Debug, Deserialize)]
pub(crate) struct Ack<'a> {
    #[serde(default, borrow)]
    pub(crate) request_id: Text<'a>,
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub(crate) success: bool,
    #[serde(default, borrow)]
    pub(crate) message: Text<'a>,
    #[serde(default, borrow)]
    registered_models: Option<&'a RawValue>,
    #[serde(default, borrow)]
    upgrade_available: Option<&'a RawValue>,
    #[serde(default, borrow)]
    provider_id: Option<&'a RawValue>,
}

impl Ack<'_> {
    pub(crate) fn into_registered(self) -> Registered {
        let upgrade: Option<Upgrade> = lenient::any(self.upgrade_available);
        let provider_id: String = lenient::any(self.provider_id);
        let models = self.registered_models;
        Registered {
            provider_id: (!provider_id.is_empty()).then_some(provider_id),
            registered_models: models.map(|models| lenient::elements(Some(models))),
            message: clip(&self.message, 4096).to_owned(),
            upgrade,
        }
    }
}

/// `inference`; the body stays where it lies in the frame.
#[derive(Debug, Deserialize)]
pub(crate) struct Inference<'a> {
    #[serde(default, borrow)]
    pub(crate) model_id: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) request: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub(crate) stream: bool,
    #[serde(default, borrow)]
    operation: Text<'a>,
}

impl Inference<'_> {
    /// The operation that was named, or else the one whose shape the body has; `None` when the name is unusable.
    pub(crate) fn operation(&self) -> Option<Operation> {
        #[derive(Deserialize)]
        struct Shape<'a> {
            #[serde(borrow)]
            messages: Option<&'a RawValue>,
            #[serde(borrow)]
            input: Option<&'a RawValue>,
            #[serde(borrow)]
            file: Option<&'a RawValue>,
        }
        if !self.operation.is_empty() {
            return Operation::parse(&self.operation);
        }
        let shape = self
            .request
            .and_then(|raw| serde_json::from_str::<Shape<'_>>(raw.get()).ok());
        Some(match shape {
            Some(shape) if shape.messages.is_none() && shape.input.is_some() => {
                Operation::Embeddings
            }
            Some(shape) if shape.messages.is_none() && shape.file.is_some() => {
                Operation::AudioTranscriptions
            }
            _ => Operation::ChatCompletions,
        })
    }
}

/// `cancel`.
#[derive(Debug, Deserialize)]
pub(crate) struct CancelIn<'a> {
    #[serde(default, borrow)]
    pub(crate) request_id: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) reason: Text<'a>,
}

/// `notice`.
#[derive(Debug, Deserialize)]
pub(crate) struct NoticeIn<'a> {
    #[serde(default, borrow)]
    event: Text<'a>,
    #[serde(default, borrow)]
    severity: Text<'a>,
    #[serde(default, borrow)]
    model_id: Text<'a>,
    #[serde(default, borrow)]
    message: Text<'a>,
    #[serde(default, borrow)]
    details: Option<&'a RawValue>,
}

impl NoticeIn<'_> {
    pub(crate) fn into_notice(self) -> Notice {
        let details: BTreeMap<String, String> = lenient::any(self.details);
        Notice {
            event: clip(&self.event, 64).to_owned(),
            severity: Severity::from_wire(&self.severity),
            model_id: clip(&self.model_id, 200).to_owned(),
            message: clip(&self.message, 1000).to_owned(),
            details: details
                .into_iter()
                .take(16)
                .map(|(name, value)| (clip(&name, 200).to_owned(), clip(&value, 200).to_owned()))
                .collect(),
        }
    }
}
