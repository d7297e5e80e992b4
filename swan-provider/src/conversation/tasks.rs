//! What a hub asks besides consumers' requests: warming up, proving, benchmarks (public-swan.md 1.4).

use super::{Conversation, ProviderEvent};
use crate::roster::{Replica, ask};
use std::{sync::Arc, time::Duration};
use swan_core::{
    Clock,
    protocol::{Benchmark, BenchmarkAnswer, TaskId, Warmup, WarmupResult},
};
use tokio::{
    task::JoinError,
    time::{self, Instant},
};

/// Tasks at once; a hub that asks for more is told so.
const TASKS_MAX: usize = 4;
/// A model that is loaded first may need this long.
const WARMUP_TIMEOUT: Duration = Duration::from_secs(300);
/// Per prompt, unless the hub allows more (public-swan.md 1.4).
const PROMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest benchmark, whatever the hub allows.
const BENCHMARK_TIMEOUT: Duration = Duration::from_secs(3_600);
/// Tokens of one answer to a benchmark prompt (public-swan.md 1.4).
const PROMPT_TOKENS: u32 = 500;

/// A task's outcome.
#[derive(Debug)]
pub(super) enum TaskDone {
    Warmed(TaskId, WarmupResult),
    Benchmarked(TaskId, Result<Vec<BenchmarkAnswer>, String>),
}

impl Conversation {
    pub(super) fn start_task(&mut self, event: ProviderEvent) {
        let busy = self.tasks.len() >= TASKS_MAX;
        match event {
            ProviderEvent::Warmup(warmup) => match self.replica(&warmup.model, busy) {
                Ok(replica) => drop(self.tasks.spawn(warm(warmup, replica))),
                Err(error) => {
                    self.on_done(TaskDone::Warmed(warmup.task, failed_warmup(error)));
                }
            },
            ProviderEvent::Benchmark(benchmark) => match self.replica(&benchmark.model, busy) {
                Ok(replica) => drop(self.tasks.spawn(answer(benchmark, replica))),
                Err(error) => self.on_done(TaskDone::Benchmarked(benchmark.task, Err(error))),
            },
            ProviderEvent::Verify(verify) => {
                // Weights live with the model server: this program could only repeat what it is told.
                let no = Err("this provider has no access to the model's files");
                self.session.verified(self.clock.now(), &verify.task, no);
            }
            _ => {}
        }
    }

    pub(super) fn on_task(&mut self, done: Result<TaskDone, JoinError>) {
        // A task that panicked in its backend is one that was not answered; the hub has its own deadline.
        if let Ok(done) = done {
            self.on_done(done);
        }
    }

    fn on_done(&mut self, done: TaskDone) {
        let now = self.clock.now();
        match done {
            TaskDone::Warmed(task, result) => self.session.warmed(now, &task, &result),
            TaskDone::Benchmarked(task, answers) => {
                let answers = answers.as_deref().map_err(String::as_str);
                self.session.benchmarked(now, &task, answers);
            }
        }
    }

    fn replica(&self, model: &str, busy: bool) -> Result<Arc<Replica>, String> {
        if busy {
            return Err("this provider is busy with other tasks".to_owned());
        }
        let found = self.around.roster.borrow().any(model);
        found
            .map(|(_, replica)| replica)
            .ok_or_else(|| "this provider does not serve that model".to_owned())
    }
}

fn failed_warmup(error: String) -> WarmupResult {
    WarmupResult {
        error: Some(error),
        ..WarmupResult::default()
    }
}

/// A model server loads a model with its first completion, so loading and trying are the same.
async fn warm(warmup: Warmup, replica: Arc<Replica>) -> TaskDone {
    let started = Instant::now();
    let tokens = if warmup.inference { 64 } else { 1 };
    let backend = replica.backend();
    let said = ask(
        &**backend,
        replica.local_model(),
        "Hello!",
        tokens,
        WARMUP_TIMEOUT,
    )
    .await;
    let result = match said {
        Ok(_) => WarmupResult {
            load_time_ms: millis(started),
            ..WarmupResult::default()
        },
        Err(error) => failed_warmup(error),
    };
    TaskDone::Warmed(warmup.task, result)
}

/// One prompt after another, graded by the hub and not here.
async fn answer(benchmark: Benchmark, replica: Arc<Replica>) -> TaskDone {
    let count = u32::try_from(benchmark.prompts.len())
        .unwrap_or(u32::MAX)
        .max(1);
    let allowed = Duration::from_millis(benchmark.timeout_ms).min(BENCHMARK_TIMEOUT);
    let each = PROMPT_TIMEOUT.max(allowed / count);
    let all = async {
        let mut answers = Vec::new();
        for prompt in &benchmark.prompts {
            let started = Instant::now();
            let backend = replica.backend();
            let said = ask(
                &**backend,
                replica.local_model(),
                &prompt.prompt,
                PROMPT_TOKENS,
                each,
            )
            .await;
            let (said, error) = match said {
                Ok(said) => (said, String::new()),
                Err(error) => (Default::default(), error),
            };
            answers.push(BenchmarkAnswer {
                prompt_id: prompt.id.clone(),
                answer: said.text,
                latency_ms: millis(started),
                tokens_in: said.tokens_in,
                tokens_out: said.tokens_out,
                error,
            });
        }
        answers
    };
    let answers = time::timeout(BENCHMARK_TIMEOUT, all).await;
    TaskDone::Benchmarked(
        benchmark.task,
        answers.map_err(|_| "took too long".to_owned()),
    )
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
