//! Warmup, verify and benchmark as a provider reads and answers them (public-swan.md 1.4).

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::task::{
    Benchmark, BenchmarkAnswer, BenchmarkPrompt, TaskId, Verify, Warmup, WarmupResult,
};
use super::envelope::{Text, encode};
use super::lenient;

/// Prompts of one benchmark that a provider looks at.
const MAX_PROMPTS: usize = 256;

#[derive(Debug, Deserialize)]
pub(crate) struct WarmupIn<'a> {
    #[serde(default, borrow)]
    model_id: Text<'a>,
    #[serde(default, borrow)]
    warmup_type: Text<'a>,
}

impl WarmupIn<'_> {
    pub(crate) fn into_warmup(self, request_id: &str) -> Warmup {
        Warmup {
            task: TaskId {
                request_id: request_id.into(),
                subject: (&*self.model_id).into(),
            },
            inference: &*self.warmup_type == "inference",
            model: self.model_id.0.into_owned(),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct VerifyIn<'a> {
    #[serde(default, borrow)]
    challenge_id: Text<'a>,
    #[serde(default, borrow)]
    challenge_type: Text<'a>,
    #[serde(default, borrow)]
    model_id: Text<'a>,
    #[serde(default, borrow)]
    challenge: Option<&'a RawValue>,
}

impl VerifyIn<'_> {
    pub(crate) fn into_verify(self, request_id: &str, frame: &Bytes) -> Verify {
        let challenge = self.challenge.map_or(Bytes::from_static(b"null"), |raw| {
            frame.slice_ref(raw.get().as_bytes())
        });
        Verify {
            task: TaskId {
                request_id: request_id.into(),
                subject: (&*self.challenge_id).into(),
            },
            kind: self.challenge_type.0.into_owned(),
            model: self.model_id.0.into_owned(),
            challenge,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct BenchmarkIn<'a> {
    #[serde(default, borrow)]
    benchmark_id: Text<'a>,
    #[serde(default, borrow)]
    test_type: Text<'a>,
    #[serde(default, borrow)]
    model_id: Text<'a>,
    #[serde(default, borrow)]
    prompts: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "lenient::unsigned")]
    timeout_ms: u64,
}

impl BenchmarkIn<'_> {
    pub(crate) fn into_benchmark(self, request_id: &str) -> Benchmark {
        #[derive(Deserialize)]
        struct Prompt {
            #[serde(default, deserialize_with = "lenient::string")]
            id: String,
            #[serde(default, deserialize_with = "lenient::string")]
            prompt: String,
        }
        let prompts: Vec<Prompt> = lenient::elements(self.prompts);
        Benchmark {
            task: TaskId {
                request_id: request_id.into(),
                subject: (&*self.benchmark_id).into(),
            },
            kind: self.test_type.0.into_owned(),
            model: self.model_id.0.into_owned(),
            prompts: prompts
                .into_iter()
                .take(MAX_PROMPTS)
                .map(|Prompt { id, prompt }| BenchmarkPrompt { id, prompt })
                .collect(),
            timeout_ms: self.timeout_ms,
        }
    }
}

/// The `ack` to a warmup.
pub(crate) fn warmed(task: &TaskId, result: &WarmupResult) -> Bytes {
    #[derive(Serialize)]
    struct Payload<'a> {
        request_id: &'a str,
        model_id: &'a str,
        success: bool,
        load_time_ms: u64,
        memory_mb: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a str>,
    }
    let payload = Payload {
        request_id: &task.request_id,
        model_id: &task.subject,
        success: result.error.is_none(),
        load_time_ms: result.load_time_ms,
        memory_mb: result.memory_mb,
        error: result.error.as_deref(),
    };
    encode("ack", &task.request_id, &payload)
}

/// The answer to a challenge; a response that is not JSON is an error.
pub(crate) fn verified(task: &TaskId, response: Result<&Bytes, &str>) -> Bytes {
    #[derive(Serialize)]
    struct Payload<'a> {
        challenge_id: &'a str,
        success: bool,
        response: Option<&'a RawValue>,
        #[serde(skip_serializing_if = "str::is_empty")]
        error: &'a str,
    }
    let parsed = response.and_then(|bytes| {
        serde_json::from_slice::<&RawValue>(bytes).map_err(|_| "the response is not JSON")
    });
    let payload = Payload {
        challenge_id: &task.subject,
        success: parsed.is_ok(),
        response: parsed.ok(),
        error: parsed.err().unwrap_or_default(),
    };
    encode("verify", &task.request_id, &payload)
}

/// The answers to a benchmark. `correct` is what public hubs expect of agents that were sent no expected answer: `true`.
pub(crate) fn benchmarked(task: &TaskId, answers: Result<&[BenchmarkAnswer], &str>) -> Bytes {
    #[derive(Serialize)]
    struct Answer<'a> {
        prompt_id: &'a str,
        answer: &'a str,
        correct: bool,
        latency_ms: u64,
        tokens_in: u64,
        tokens_out: u64,
        #[serde(skip_serializing_if = "str::is_empty")]
        error: &'a str,
    }
    #[derive(Serialize)]
    struct Payload<'a> {
        request_id: &'a str,
        benchmark_id: &'a str,
        results: Vec<Answer<'a>>,
        total_latency_ms: u64,
        #[serde(skip_serializing_if = "str::is_empty")]
        error: &'a str,
    }
    let results: Vec<Answer<'_>> = answers
        .unwrap_or_default()
        .iter()
        .map(|answer| Answer {
            prompt_id: &answer.prompt_id,
            answer: &answer.answer,
            correct: answer.error.is_empty(),
            latency_ms: answer.latency_ms,
            tokens_in: answer.tokens_in,
            tokens_out: answer.tokens_out,
            error: &answer.error,
        })
        .collect();
    let payload = Payload {
        request_id: &task.request_id,
        benchmark_id: &task.subject,
        total_latency_ms: results
            .iter()
            .fold(0, |sum, answer| sum.saturating_add(answer.latency_ms)),
        results,
        error: answers.err().unwrap_or_default(),
    };
    encode("benchmark_response", &task.request_id, &payload)
}
