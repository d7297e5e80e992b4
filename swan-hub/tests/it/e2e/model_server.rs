//! A real llama.cpp server with a tiny model whose replies are known.

use serde_json::{Value, json};

use super::part::{Part, until};
use super::{tools, wire};

/// What the model is called, and so which class of the policy prices it.
pub(crate) const MODEL: &str = "swan-test-0.1b";
/// What one prompt token costs: 0.01 USD for a million, in 10^-12 USD.
pub(crate) const PROMPT_PICO: i128 = 10_000;
/// What one completion token costs: 0.03 USD for a million, in 10^-12 USD.
pub(crate) const COMPLETION_PICO: i128 = 30_000;

/// By whom the requests of a test are, so that its counters are not those of a provider's health checks.
const USER: &str = "e2e";

/// A running server.
#[derive(Debug)]
pub(crate) struct ModelServer {
    _part: Part,
    pub(crate) url: String,
}

impl ModelServer {
    /// Starts it with room for so many requests at once, and waits until it serves.
    pub(crate) async fn start(sequences: u32) -> Self {
        Self::start_named(MODEL, sequences).await
    }

    /// The same under another name, by which it is told what the model does.
    pub(crate) async fn start_named(name: &str, sequences: u32) -> Self {
        let mut command = tools::node("model-server/server.js");
        command
            .arg(format!(
                "--model={}",
                tools::installed("model.gguf").display()
            ))
            .arg(format!("--name={name}"))
            .arg(format!("--sequences={sequences}"));
        let part = Part::start("model-server", &mut command);
        let url = part
            .line(|line| line.strip_prefix("listening on ").map(str::to_owned))
            .await;
        Self { _part: part, url }
    }

    /// One of the counters of the test's own requests: `started`, `finished`, `cancelled`, `failed`, `tokens`, `active`.
    pub(crate) async fn count(&self, counter: &str) -> u64 {
        let stats = wire::get(&self.url, &format!("/stats?user={USER}"), None)
            .await
            .json()
            .await;
        stats[counter]
            .as_u64()
            .unwrap_or_else(|| panic!("no counter {counter} in {stats}"))
    }

    /// Waits until a counter has reached a value.
    pub(crate) async fn reaches(&self, counter: &str, value: u64) {
        until(
            &format!("{counter} of the model server reaches {value}"),
            || async { (self.count(counter).await >= value).then_some(()) },
        )
        .await;
    }
}

/// A chat request of the test; `more` adds or replaces fields.
pub(crate) fn chat(more: &Value) -> Value {
    let mut request = json!({
        "model": MODEL,
        "messages": [{"role": "user", "content": "Where does this answer come from?"}],
        "temperature": 0,
        "user": USER,
    });
    let fields = request.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    request
}

/// A stream that takes twenty seconds when nobody stops it.
pub(crate) fn long_stream() -> Value {
    chat(&json!({"stream": true, "ignore_eos": true, "delay_ms": 50, "max_tokens": 400}))
}
