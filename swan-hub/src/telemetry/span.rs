//! Spans made of what is on record of a request, with the names of OpenTelemetry's conventions for generative AI.

use std::time::Duration;

use swan_core::RequestId;
use swan_core::health::Ending;
use swan_core::protocol::Operation;

use super::Trace;
use super::otlp::{Attributes, CLIENT, SERVER, Span, Status};
use crate::events::{AttemptRecord, Outcome, RequestRecord};
use crate::providers::ConnectionMode;

/// The spans of one request: its own first, then one for each attempt.
pub(super) fn spans(trace: &Trace) -> Vec<Span> {
    let attempts = trace.record.attempts.iter().enumerate();
    let mut spans = Vec::with_capacity(1 + trace.record.attempts.len());
    spans.push(request(trace));
    spans.extend(attempts.map(|(number, one)| attempt(trace, number, one)));
    spans
}

fn request(trace: &Trace) -> Span {
    let Trace {
        record, context, ..
    } = trace;
    let mut attributes = asked(record);
    if let Some(chosen) = record.chosen() {
        attributes.text("gen_ai.provider.name", chosen.name.to_string());
        answered(&mut attributes, record);
    }
    let status = status(record);
    if let Some(status) = status {
        attributes.number("http.response.status_code", &status);
    }
    let is_broken = record.outcome == Outcome::Broken;
    if let Some(code) = &record.error {
        attributes.text("error.type", code.clone());
    } else if is_broken {
        attributes.text("error.type", Outcome::Broken.as_str());
    }
    attributes.text("swan.request_id", record.request.to_string());
    attributes.text("swan.outcome", record.outcome.as_str());
    attributes.text("swan.cost", record.charge.to_string());
    attributes.text("swan.currency", record.currency.code());
    if let Some(mode) = record.mode() {
        attributes.text("swan.mode", mode.as_str());
    }
    attributes.number("swan.attempts", &record.attempts.len());
    attributes.number("swan.overhead_us", &record.overhead().as_micros());
    if let Some(first) = record.first_content {
        attributes.number("swan.first_content_us", &first.as_micros());
    }
    let is_error = is_broken || status.is_some_and(|status| status >= 500);
    Span {
        parent_span_id: context.parent().map(span_id),
        span_id: span_id(context.span_id()),
        kind: SERVER,
        status: outcome(is_error),
        ..span(trace, Duration::ZERO..record.duration, attributes)
    }
}

fn attempt(trace: &Trace, number: usize, attempt: &AttemptRecord) -> Span {
    let Trace {
        record,
        context,
        servers,
    } = trace;
    let mut attributes = asked(record);
    attributes.text("gen_ai.provider.name", attempt.name.to_string());
    if attempt.chosen {
        answered(&mut attributes, record);
    }
    let server = servers.iter().find(|one| one.endpoint == attempt.provider);
    if let Some(server) = server {
        attributes.text("server.address", server.host.clone());
        attributes.number("server.port", &server.port);
    }
    if let Some(status) = attempt.status {
        attributes.number("http.response.status_code", &status);
    }
    let failure = failure(attempt.ending);
    if let Some(failure) = &failure {
        attributes.text("error.type", failure.clone());
    }
    attributes.text("swan.request_id", record.request.to_string());
    attributes.text("swan.provider_id", attempt.provider.to_string());
    attributes.text("swan.mode", attempt.mode.as_str());
    attributes.flag("swan.chosen", attempt.chosen);
    attributes.flag("swan.hedge", attempt.hedge);
    if let Some(first) = attempt.first_content {
        let first = first.saturating_sub(attempt.started);
        attributes.number("swan.first_content_us", &first.as_micros());
    }
    Span {
        parent_span_id: Some(span_id(context.span_id())),
        span_id: span_id(context.attempt(number)),
        kind: CLIENT,
        status: outcome(failure.is_some()),
        ..span(trace, attempt.started..attempt.ended, attributes)
    }
}

/// What all spans of a request have: its trace, its name, and times that count from its first byte.
fn span(trace: &Trace, time: std::ops::Range<Duration>, attributes: Attributes) -> Span {
    let record = &trace.record;
    let model = record.model.as_ref();
    let operation = operation(&record.operation);
    let began = began(record.request);
    Span {
        trace_id: format!("{:032x}", trace.context.trace_id()),
        span_id: String::new(),
        parent_span_id: None,
        name: model.map_or_else(|| operation.to_owned(), |id| format!("{operation} {id}")),
        kind: SERVER,
        start_time_unix_nano: (began + time.start).as_nanos().to_string(),
        end_time_unix_nano: (began + time.end).as_nanos().to_string(),
        attributes: attributes.0,
        status: outcome(false),
    }
}

fn asked(record: &RequestRecord) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.text(
        "gen_ai.operation.name",
        operation(&record.operation).to_owned(),
    );
    if let Some(model) = &record.model {
        attributes.text("gen_ai.request.model", model.to_string());
    }
    attributes.flag("gen_ai.request.stream", record.streaming);
    attributes
}

/// What the answer was, for whoever gave it.
fn answered(attributes: &mut Attributes, record: &RequestRecord) {
    if let Some(model) = &record.model {
        attributes.text("gen_ai.response.model", model.to_string());
    }
    if let Some(usage) = &record.usage {
        attributes.number("gen_ai.usage.input_tokens", &usage.prompt_tokens);
        attributes.number("gen_ai.usage.output_tokens", &usage.completion_tokens);
    }
}

/// The conventions' name where they have one.
fn operation(operation: &Operation) -> &str {
    match operation {
        Operation::ChatCompletions => "chat",
        Operation::Completions => "text_completion",
        Operation::Embeddings => "embeddings",
        Operation::ImagesGenerations => "image_generation",
        Operation::AudioTranscriptions => "transcription",
        other => other.as_str(),
    }
}

/// What the consumer was answered with; of a replay that is on record with the first request.
fn status(record: &RequestRecord) -> Option<u16> {
    let begun = record.outcome == Outcome::Completed || record.first_content.is_some();
    record.error_status.or(begun.then_some(200))
}

/// What went wrong, if that is anybody's fault.
fn failure(ending: Ending) -> Option<String> {
    let name = match ending {
        Ending::Served | Ending::ContentFilter | Ending::Outrun | Ending::Cancelled => return None,
        Ending::Status { code } => return Some(code.to_string()),
        Ending::Unreachable => "unreachable",
        Ending::Lost => "lost",
        Ending::NoFirstByte => "no_first_byte",
        Ending::Idle => "idle",
        Ending::TooLong => "too_long",
        Ending::Malformed => "malformed",
        Ending::SlowConsumer => "slow_consumer",
        Ending::TooLarge => "too_large",
        Ending::Unsupported => "unsupported",
        Ending::LineBusy => "line_busy",
        Ending::Draining => "draining",
        Ending::RefusedAlone => "refused_alone",
        Ending::HubFailed => "hub_failed",
    };
    Some(name.to_owned())
}

const fn outcome(is_error: bool) -> Status {
    Status {
        code: if is_error { 2 } else { 0 },
    }
}

fn span_id(id: u64) -> String {
    format!("{id:016x}")
}

/// To the millisecond, as its id has it; everything after is exact to the clock's tick.
fn began(request: RequestId) -> Duration {
    Duration::from_millis(crate::generations::began(request).as_millis())
}

/// Whether the endpoint of an attempt has an address that the operator knows: not that of a provider's home.
pub(super) fn is_dialled(attempt: &AttemptRecord) -> bool {
    attempt.mode == ConnectionMode::External
}
