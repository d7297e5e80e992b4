//! Whether a provider may register, and with which models.

use std::collections::HashSet;
use std::sync::Arc;

use swan_core::hardware::Machine;
use swan_core::protocol::{
    Accepted, Dialect, Hardware, HubSession, Notice, Registration, Severity,
};
use swan_core::{KeyId, ProviderId, Timestamp};
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::Connection;
use super::declared::Declared;
use super::line::{Command, Line};
use super::registry::Offer;
use super::roll::{Arrival, MAX_NODES};
use super::sessions::Sessions;
use crate::collateral;
use crate::store::KeyKind;

/// Notices about single models in one answer: public agents pass on 20 an hour (public-swan.md 1.4).
const MAX_MODEL_NOTICES: usize = 8;

/// The longest node id that is kept: an uncompressed public key in hex has 130 digits.
const MAX_NODE_ID: usize = 160;

/// The longest display name.
const MAX_NAME: usize = 64;

/// A registration that may stand.
struct Admission {
    key: KeyId,
    provider: ProviderId,
    node: String,
    name: String,
    offers: Vec<Offer>,
    refused: Vec<(String, String)>,
}

impl Sessions {
    fn admit(
        &self,
        registration: &Registration,
        session: &HubSession,
    ) -> Result<Admission, String> {
        let record = self
            .keys
            .authenticate(&registration.token)
            .map_err(|error| error.to_string())?;
        let provider = match record.kind {
            KeyKind::Provider(provider) => provider,
            kind @ (KeyKind::Consumer(_) | KeyKind::Admin) => {
                let kind = kind.as_str();
                return Err(format!(
                    "this is a key for a {kind}; a provider needs its own, sk-prov-..."
                ));
            }
        };
        let machine = registration.hardware.as_ref();
        let machine = machine.and_then(|told| Machine::reported(told).ok());
        let mut machines = collateral::machines(&self.registry, provider);
        machines.extend(machine);
        if let Some(reason) = self.unpledged(provider, &machines) {
            return Err(reason);
        }
        let mut admission = Admission {
            key: record.id,
            provider,
            node: clean(&registration.node_id, MAX_NODE_ID),
            name: clean(&registration.node_name, MAX_NAME),
            offers: Vec::new(),
            refused: Vec::new(),
        };
        if admission.name.is_empty() {
            admission.name = clean(&record.name, MAX_NAME);
        }
        self.choose_models(registration, session, &mut admission);
        Ok(admission)
    }

    fn choose_models(
        &self,
        registration: &Registration,
        session: &HubSession,
        admission: &mut Admission,
    ) {
        let policy = self.policy();
        let mut taken = HashSet::new();
        for name in &registration.models {
            match policy.classify_as(name, registration.modality(name)) {
                Err(refusal) => admission.refused.push((name.clone(), refusal.to_string())),
                Ok(model) if !taken.insert(model.id.clone()) => {
                    let reason = format!("{} is offered under another name already", model.id);
                    admission.refused.push((name.clone(), reason));
                }
                Ok(model) if session.operations_of(model.modality).is_empty() => {
                    let modality = model.modality;
                    let reason =
                        format!("{name} is an {modality} model, and this program serves only chat");
                    admission.refused.push((name.clone(), reason));
                }
                Ok(model) => {
                    let operations = session.operations_of(model.modality);
                    let declared = registration.capacity(name);
                    let capacity = declared.unwrap_or(self.config.default_capacity);
                    admission.offers.push(Offer {
                        model: Arc::new(model),
                        upstream: name.as_str().into(),
                        capacity: capacity.clamp(1, self.config.max_capacity),
                        declared: Declared {
                            operations: Some(operations),
                            ..Declared::of(registration, name)
                        },
                    });
                }
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Answers a registration.
    pub(super) fn register(&mut self, now: Timestamp, registration: &Registration) {
        let admission = match self.sessions.admit(registration, &self.session) {
            Ok(admission) => admission,
            Err(reason) => return self.refuse(now, &reason),
        };
        match self.line.clone() {
            Some(line) if line.provider != admission.provider => {
                return self.refuse(now, "a connection cannot change its provider");
            }
            Some(line) => self.sessions.registry.update(&line, &admission.offers),
            None => {
                if let Err(reason) = self.join(now, &admission) {
                    return self.refuse(now, &reason);
                }
            }
        }
        if let Some(line) = &self.line {
            line.set_hardware(registration.hardware.as_ref().and_then(declared));
            // A session of v1 has no place for a signature.
            let is_v2 = self.session.dialect() == Dialect::V2;
            let key = registration.signing_key.filter(|_| is_v2);
            line.set_signs(key.is_some());
            if let Some(key) = key {
                self.sessions.key_shown(line, key);
            }
        }
        let models = admission
            .offers
            .iter()
            .map(|offer| offer.model.id.to_string());
        let accepted = Accepted {
            provider_id: Some(admission.provider.to_string()),
            registered_models: models.collect(),
            message: welcome(&admission),
            upgrade: None,
        };
        self.session.accept(now, &accepted);
        explain_refusals(&mut self.session, now, &admission);
        self.pass = None;
    }

    fn refuse(&mut self, now: Timestamp, reason: &str) {
        tracing::info!(reason, "provider refused");
        self.session.reject(now, reason);
        self.part(reason);
    }

    fn join(&mut self, now: Timestamp, admission: &Admission) -> Result<(), String> {
        let line = Arc::new(Line::new(
            admission.provider,
            admission.node.as_str().into(),
            admission.name.as_str().into(),
            admission.key,
        ));
        match self.sessions.registry.join(&line, &admission.offers) {
            Arrival::New => {}
            Arrival::Replaced(older) => {
                // One that has just ended needs no word.
                let _ = older.send(Command::Close(super::line::Closing::Replaced));
            }
            Arrival::Crowded => {
                return Err(format!(
                    "{MAX_NODES} nodes are connected with this key already"
                ));
            }
            Arrival::Draining => return Err("the hub is shutting down".to_owned()),
            Arrival::Held {
                incumbent,
                retry_after,
            } => {
                let seconds = retry_after.as_secs().max(1);
                let reason = format!(
                    "two machines seem to share this key and node id: the one that is connected stays, try again in {seconds} s"
                );
                self.notice(now, "duplicate_node", Severity::Critical, reason.clone());
                let _ = incumbent.send(Command::Notice {
                    event: "duplicate_node",
                    severity: Severity::Warning,
                    message: "another machine keeps registering with this key and node id"
                        .to_owned(),
                });
                return Err(reason);
            }
        }
        self.sessions.registered(&line);
        tracing::info!(
            provider = %line.provider, node = %line.node, name = %line.name,
            models = admission.offers.len(), dialect = self.session.dialect().as_str(),
            "provider registered"
        );
        self.line = Some(line);
        Ok(())
    }
}

/// The machine of a registration, as far as it can be believed and shown; the rest of what is declared is not kept.
fn declared(hardware: &Hardware) -> Option<Hardware> {
    Machine::reported(hardware).ok()?;
    Some(Hardware {
        gpu_type: clean(&hardware.gpu_type, MAX_NAME),
        gpu_model: clean(&hardware.gpu_model, MAX_NAME),
        vram_gb: hardware.vram_gb,
        gpu_count: hardware.gpu_count,
        ..Hardware::default()
    })
}

fn welcome(admission: &Admission) -> String {
    match (admission.offers.len(), admission.refused.len()) {
        (0, 0) => "registered without models".to_owned(),
        (served, 0) => format!("registered, {served} models"),
        (served, refused) => {
            format!("registered, {served} models; {refused} refused, see the notices")
        }
    }
}

fn explain_refusals(session: &mut HubSession, now: Timestamp, admission: &Admission) {
    let severity = if admission.offers.is_empty() {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let event = "model_refused".to_owned();
    let base = Notice {
        event,
        severity,
        ..Notice::default()
    };
    for (model, reason) in admission.refused.iter().take(MAX_MODEL_NOTICES) {
        let (model_id, message) = (model.clone(), reason.clone());
        session.notice(
            now,
            &Notice {
                model_id,
                message,
                ..base.clone()
            },
        );
    }
    let rest = admission.refused.len().saturating_sub(MAX_MODEL_NOTICES);
    if rest > 0 {
        let message = format!("{rest} more models were refused");
        session.notice(now, &Notice { message, ..base });
    }
}

/// A text from a provider as it may stand in logs and headers.
fn clean(text: &str, max: usize) -> String {
    let visible = text.chars().filter(|c| !c.is_control());
    let clipped: String = visible.take(max).collect();
    clipped.trim().to_owned()
}
