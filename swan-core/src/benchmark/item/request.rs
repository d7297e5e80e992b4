//! The body of a request, as the SDKs of apps write theirs.

use super::surroundings::{Surroundings, Turn};

/// Keys come in the order of the Python SDK (messages first) or of others (model first), without spaces in between.
pub(super) fn body(model: &str, question: &str, around: &Surroundings) -> String {
    let turns: Vec<String> = around.turns(question).iter().map(message).collect();
    let messages = format!("\"messages\":[{}]", turns.join(","));
    let model = format!("\"model\":{}", text(model));
    let mut parts = if around.is_messages_first() {
        vec![messages, model]
    } else {
        vec![model, messages]
    };
    parts.extend(around.parameters());
    format!("{{{}}}", parts.join(","))
}

fn message(turn: &Turn) -> String {
    format!(
        "{{\"role\":\"{}\",\"content\":{}}}",
        turn.role,
        text(&turn.content)
    )
}

fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
