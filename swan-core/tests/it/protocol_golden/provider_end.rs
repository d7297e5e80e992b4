//! The provider's end of a transcript.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use swan_core::Timestamp;
use swan_core::protocol::{
    BenchmarkAnswer, Capacity, Dialect, Failure, Frame, Hardware, Health, Heartbeat, Length,
    Modality, ModelDeclaration, ModelHash, ProviderEvent, ProviderSession, ProviderSessionConfig,
    Registration, Request, StreamEnd, StreamId, TaskId, Transmit, WarmupResult,
};
use swan_core::receipt::SignedStatement;

use super::End;

pub(super) struct ProviderEnd {
    session: ProviderSession,
    now: Timestamp,
    streams: Vec<StreamId>,
    task: Option<TaskId>,
}

impl ProviderEnd {
    pub(super) fn new(dialect: Dialect) -> Self {
        let now = Timestamp::from_millis(1_700_000_000_000);
        Self {
            session: ProviderSession::new(dialect, ProviderSessionConfig::default(), now),
            now,
            streams: Vec::new(),
            task: None,
        }
    }

    fn stream(&self, word: &str) -> StreamId {
        self.streams[word.parse::<usize>().unwrap() - 1]
    }

    fn stream_act(&mut self, verb: &str, rest: &str) -> Option<String> {
        let (stream, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let stream = self.stream(stream);
        let result = match verb {
            "head" => {
                let (status, kind) = rest.split_once(' ').unwrap();
                let status = status.parse().unwrap();
                let (kind, after) = later(kind);
                self.session
                    .head_with_retry(stream, status, Some(kind), after)
            }
            "body" => {
                let bytes = Bytes::from(rest.replace("\\n", "\n"));
                self.session.body(stream, bytes)
            }
            "finish" => {
                let end = StreamEnd {
                    tokens_input: Some(9),
                    tokens_output: Some(2),
                    latency_ms: None,
                };
                self.session.finish(self.now, stream, end)
            }
            "finish-signed" => {
                let end = StreamEnd {
                    tokens_input: Some(9),
                    tokens_output: Some(2),
                    latency_ms: None,
                };
                let signed = signed();
                self.session.finish_signed(self.now, stream, end, &signed)
            }
            "fail" => {
                let (status, message) = rest.split_once(' ').unwrap();
                let (message, after) = later(message);
                let failure = Failure::provider(status.parse().unwrap(), message);
                let failure = failure.with_retry_after(after);
                self.session.fail(self.now, stream, failure)
            }
            other => panic!("{other}"),
        };
        result.err().map(|error| format!("refused: {error}"))
    }
}

/// Words, and the milliseconds of a `later=` behind them.
fn later(words: &str) -> (&str, Option<Duration>) {
    match words.split_once(" later=") {
        Some((words, ms)) => (words, Some(Duration::from_millis(ms.parse().unwrap()))),
        None => (words, None),
    }
}

impl End for ProviderEnd {
    const NAME: &'static str = "provider";
    const LETTER: char = 'P';

    fn receive(&mut self, frame: Frame) {
        self.session.handle_frame(self.now, frame);
    }

    fn act(&mut self, what: &str) -> Option<String> {
        let now = self.now;
        let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
        match verb {
            "register" => self.session.register(now, registration(rest)),
            "register-signing" => {
                let registration = Registration {
                    signing_key: Some(signed().key),
                    ..registration(rest)
                };
                self.session.register(now, registration);
            }
            "heartbeat" => self.session.heartbeat(
                now,
                &Heartbeat {
                    metrics: BTreeMap::from([("active_requests".to_owned(), 1.0)]),
                    models: vec!["m/small".to_owned()],
                    model_health: vec![("m/small".to_owned(), Health::Healthy)],
                    ..Heartbeat::default()
                },
            ),
            "health" => {
                let health = [("m/small".to_owned(), Health::Degraded)];
                self.session.health(now, &health);
            }
            "drain" => self.session.drain(now),
            "warmed" => {
                let result = WarmupResult {
                    load_time_ms: 12,
                    ..WarmupResult::default()
                };
                self.session
                    .warmed(now, &self.task.take().unwrap(), &result);
            }
            "verified" => {
                let response = Bytes::from(rest.to_owned());
                self.session
                    .verified(now, &self.task.take().unwrap(), Ok(&response));
            }
            "benchmarked" => {
                let answer = BenchmarkAnswer {
                    prompt_id: "q1".to_owned(),
                    answer: rest.to_owned(),
                    latency_ms: 40,
                    tokens_in: 3,
                    tokens_out: 1,
                    ..BenchmarkAnswer::default()
                };
                self.session
                    .benchmarked(now, &self.task.take().unwrap(), Ok(&[answer]));
            }
            _ => return self.stream_act(verb, rest),
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
        let event = self.session.poll_event()?;
        let place = |streams: &[StreamId], stream: StreamId| {
            streams
                .iter()
                .position(|known| *known == stream)
                .expect("a known stream")
                + 1
        };
        Some(match event {
            ProviderEvent::Registered(registered) => format!(
                "registered models={:?} message={} upgrade={:?}",
                registered.registered_models,
                registered.message,
                registered.upgrade.map(|upgrade| upgrade.latest),
            ),
            ProviderEvent::Rejected { message } => format!("rejected {message}"),
            ProviderEvent::Request(request) => {
                self.streams.push(request.stream);
                describe_request(&request)
            }
            ProviderEvent::Cancelled { stream, reason } => {
                format!(
                    "cancelled {} {}",
                    place(&self.streams, stream),
                    reason.as_str()
                )
            }
            ProviderEvent::Credit { stream } => format!("credit {}", place(&self.streams, stream)),
            ProviderEvent::HeartbeatDue => "heartbeat due".to_owned(),
            ProviderEvent::Notice(notice) => {
                format!(
                    "notice {} {} {}",
                    notice.event,
                    notice.severity.as_str(),
                    notice.message
                )
            }
            ProviderEvent::Warmup(warmup) => {
                self.task = Some(warmup.task);
                format!("warmup {} inference={}", warmup.model, warmup.inference)
            }
            ProviderEvent::Verify(verify) => {
                self.task = Some(verify.task);
                let challenge = String::from_utf8_lossy(&verify.challenge).into_owned();
                format!("verify {} {} {challenge}", verify.kind, verify.model)
            }
            ProviderEvent::Benchmark(benchmark) => {
                self.task = Some(benchmark.task);
                let prompts: Vec<String> = benchmark
                    .prompts
                    .iter()
                    .map(|p| format!("{}: {}", p.id, p.prompt))
                    .collect();
                format!(
                    "benchmark {} {} {prompts:?}",
                    benchmark.kind, benchmark.model
                )
            }
            ProviderEvent::HubError { code, message } => format!("hub error {code} {message}"),
            ProviderEvent::HubDraining => "hub draining".to_owned(),
            ProviderEvent::Lost { reason } => format!("lost {reason}"),
            ProviderEvent::Fault(fault) => format!("fault {}", fault.kind),
            other => panic!("{other:?}"),
        })
    }
}

fn describe_request(request: &Request) -> String {
    let sign = request.sign.as_ref().map(|terms| {
        let policy = terms.policy.as_ref().unwrap();
        format!(" sign={} {policy}", terms.model)
    });
    format!(
        "request {} {} {} streaming={} deadline={:?} {}{}",
        request.request_id,
        request.model,
        request.operation,
        request.streaming,
        request.deadline_ms,
        String::from_utf8_lossy(&request.body),
        sign.unwrap_or_default()
    )
}

/// The example of docs/PROTOCOL.md.
fn signed() -> SignedStatement {
    let page = include_str!("../../../../docs/PROTOCOL.md");
    let example = page.split("```json signed\n").nth(1).unwrap();
    let json = example.split("```").next().unwrap();
    SignedStatement::from_json(json.as_bytes()).unwrap()
}

/// What our own provider would say with these models.
fn registration(models: &str) -> Registration {
    let models: Vec<String> = models
        .split(' ')
        .filter(|m| !m.is_empty())
        .map(str::to_owned)
        .collect();
    let text = |context: bool| Modality {
        kind: "text".to_owned(),
        max_context_length: context.then(|| Length {
            value: 8192,
            unit: "token".to_owned(),
        }),
        streaming: true,
        ..Modality::default()
    };
    Registration {
        token: "sk-prov-secret".to_owned(),
        node_id: "04ab".to_owned(),
        node_name: "attic".to_owned(),
        model_hashes: models
            .iter()
            .map(|model| ModelHash {
                model_id: model.clone(),
                context_length: 8192,
                context_source: "detected".to_owned(),
                ..ModelHash::default()
            })
            .collect(),
        model_declarations: models
            .iter()
            .map(|model| ModelDeclaration {
                schema_version: "1".to_owned(),
                model_id: model.clone(),
                engine: "llama.cpp".to_owned(),
                input_modalities: vec![text(true)],
                output_modalities: vec![text(false)],
                capacity: vec![Capacity::concurrency(4)],
                ..ModelDeclaration::default()
            })
            .collect(),
        models,
        capabilities: vec!["inference".to_owned()],
        hardware: Some(Hardware {
            gpu_type: "nvidia".to_owned(),
            gpu_model: "RTX 4090".to_owned(),
            vram_gb: 24,
            gpu_count: 1,
            ..Hardware::default()
        }),
        cp_version: Some("0.6.0".to_owned()),
        ..Registration::default()
    }
}
