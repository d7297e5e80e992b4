//! The hub's end of a transcript.

use std::time::Duration;

use bytes::Bytes;
use swan_core::protocol::{
    Accepted, Attestation, CancelReason, Dialect, Dispatch, Failure, Frame, HubEvent, HubSession,
    HubSessionConfig, Notice, Operation, Piece, Registration, Severity, StreamId, Transmit,
};
use swan_core::receipt::SignTerms;
use swan_core::{ModelId, PolicyHash, PolicyVersion, Timestamp};

use super::End;

pub(super) struct HubEnd {
    session: HubSession,
    now: Timestamp,
    streams: Vec<StreamId>,
}

impl HubEnd {
    pub(super) fn new(dialect: Dialect) -> Self {
        let now = Timestamp::from_millis(1_700_000_000_000);
        Self {
            session: HubSession::new(dialect, HubSessionConfig::default(), now),
            now,
            streams: Vec::new(),
        }
    }

    fn dispatch(
        &mut self,
        words: &str,
        body: Bytes,
        sign: Option<Box<SignTerms>>,
    ) -> Option<String> {
        let mut words = words.split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (request_id, model, operation, form) = (word(), word(), word(), word());
        let result = self.session.dispatch(
            self.now,
            Dispatch {
                request_id,
                model,
                operation: Operation::parse(&operation).unwrap(),
                stream: form == "stream",
                content_type: "application/json".to_owned(),
                body: vec![body],
                deadline_ms: 120_000,
                sign,
            },
        );
        match result {
            Ok(stream) => {
                self.streams.push(stream);
                None
            }
            Err(error) => Some(format!("not dispatched: {error}")),
        }
    }

    /// Streams are counted from 1 in a transcript.
    fn stream(&self, word: &str) -> StreamId {
        self.streams[word.parse::<usize>().unwrap() - 1]
    }
}

impl End for HubEnd {
    const NAME: &'static str = "hub";
    const LETTER: char = 'H';

    fn receive(&mut self, frame: Frame) {
        self.session.handle_frame(self.now, frame);
    }

    fn act(&mut self, what: &str) -> Option<String> {
        let now = self.now;
        let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
        match verb {
            "accept" => {
                let registered_models = rest
                    .split(' ')
                    .filter(|m| !m.is_empty())
                    .map(str::to_owned)
                    .collect();
                let accepted = Accepted {
                    registered_models,
                    message: "welcome".to_owned(),
                    ..Accepted::default()
                };
                self.session.accept(now, &accepted);
            }
            "reject" => self.session.reject(now, rest),
            "dispatch" => {
                let (words, body) = rest.split_once(" {").unwrap();
                return self.dispatch(words, Bytes::from(format!("{{{body}")), None);
            }
            "dispatch-signed" => {
                let (words, body) = rest.split_once(" {").unwrap();
                let body = Bytes::from(format!("{{{body}"));
                return self.dispatch(words, body, Some(Box::new(terms())));
            }
            "dispatch-of-bytes" => {
                let (size, words) = rest.split_once(' ').unwrap();
                let pad = "x".repeat(size.parse::<usize>().unwrap() - 10);
                let body = Bytes::from(format!(r#"{{"pad":"{pad}"}}"#));
                return self.dispatch(words, body, None);
            }
            "cancel" => {
                let stream = self.stream(rest);
                self.session
                    .cancel(now, stream, &CancelReason::ConsumerDisconnected);
            }
            "credit" => {
                let (stream, bytes) = rest.split_once(' ').unwrap();
                let stream = self.stream(stream);
                self.session.credit(now, stream, bytes.parse().unwrap());
            }
            "notice" => self.session.notice(
                now,
                &Notice {
                    event: "model_refused".to_owned(),
                    severity: Severity::Warning,
                    model_id: "m/unpriced".to_owned(),
                    message: rest.to_owned(),
                    ..Notice::default()
                },
            ),
            "drain" => self.session.drain(now),
            other => panic!("{other}"),
        }
        None
    }

    fn wait(&mut self, millis: u64) {
        self.now = self.now.after(Duration::from_millis(millis));
        if self
            .session
            .poll_timeout()
            .is_some_and(|due| due <= self.now)
        {
            self.session.handle_timeout(self.now);
        }
    }

    fn transmit(&mut self) -> Option<Transmit> {
        self.session.poll_transmit()
    }

    fn event(&mut self) -> Option<String> {
        let place = |stream: StreamId| {
            let at = self.streams.iter().position(|known| *known == stream);
            at.expect("a stream that was dispatched") + 1
        };
        Some(match self.session.poll_event()? {
            HubEvent::Register(registration) => describe_registration(&registration),
            HubEvent::Heartbeat(heartbeat) => {
                format!(
                    "heartbeat models={:?} metrics={:?}",
                    heartbeat.models, heartbeat.metrics
                )
            }
            HubEvent::Health(health) => format!("health {health:?}"),
            HubEvent::Head {
                stream,
                status,
                content_type,
                retry_after,
            } => {
                format!(
                    "head {} {status} {}{}",
                    place(stream),
                    content_type.unwrap_or_default(),
                    later(retry_after)
                )
            }
            HubEvent::Body {
                stream,
                piece: Piece::Event(bytes),
            } => {
                format!("data {} {}", place(stream), String::from_utf8_lossy(&bytes))
            }
            HubEvent::Body {
                stream,
                piece: Piece::Raw(bytes),
            } => {
                let text = String::from_utf8_lossy(&bytes).replace('\n', "\\n");
                format!("body {} {text}", place(stream))
            }
            HubEvent::End {
                stream,
                end,
                attestation,
            } => format!(
                "end {} input={:?} output={:?} latency={:?}{}",
                place(stream),
                end.tokens_input,
                end.tokens_output,
                end.latency_ms,
                match attestation {
                    None => String::new(),
                    Some(Attestation::Malformed) => " signed malformed".to_owned(),
                    Some(Attestation::Signed(signed)) => format!(" signed by {}", signed.key),
                }
            ),
            HubEvent::Failed { stream, failure } => {
                format!("failed {} {}", place(stream), describe_failure(failure))
            }
            HubEvent::Draining => "draining".to_owned(),
            HubEvent::Lost { reason } => format!("lost {reason}"),
            HubEvent::Fault(fault) => format!("fault {}", fault.kind),
            other => panic!("{other:?}"),
        })
    }
}

fn describe_registration(registration: &Registration) -> String {
    let capacity = registration.models.iter().map(|m| registration.capacity(m));
    format!(
        "register token={} node={} models={:?} capacity={:?} version={:?} resumed={}{}",
        registration.token,
        registration.node_id,
        registration.models,
        capacity.collect::<Vec<_>>(),
        registration.cp_version,
        registration.resumed,
        registration
            .signing_key
            .map_or(String::new(), |key| format!(" signing={key}")),
    )
}

/// The terms that a provider is asked to sign.
fn terms() -> SignTerms {
    let usd = |text: &str| text.parse().unwrap();
    SignTerms {
        model: ModelId::new("Qwen/Qwen3-8B").unwrap(),
        price: Some(swan_core::receipt::ReceiptPrice::Tokens {
            input: usd("0.01"),
            cached: usd("0.01"),
            output: usd("0.03"),
        }),
        policy: PolicyVersion::new("swan-2.0"),
        policy_hash: Some(PolicyHash::from_bytes([7; 32])),
    }
}

fn describe_failure(failure: Failure) -> String {
    let Failure {
        status,
        message,
        origin,
        body,
        retry_after,
    } = failure;
    let body = body.map(|body| format!(" {}", String::from_utf8_lossy(&body)));
    let (body, later) = (body.unwrap_or_default(), later(retry_after));
    format!("{origin:?} {status} {message}{body}{later}")
}

fn later(retry_after: Option<Duration>) -> String {
    retry_after.map_or(String::new(), |after| {
        format!(" later={}", after.as_millis())
    })
}
