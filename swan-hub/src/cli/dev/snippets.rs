//! Commands that a newcomer copies as they stand, one for each kind of model.

use std::net::SocketAddr;

use serde_json::{Value, json};
use swan_core::Modality;

/// One line of shell that asks `model`.
pub(super) fn curl(api: SocketAddr, key: &str, kind: Modality, model: &str) -> String {
    let (path, body) = match kind {
        Modality::Embedding => (
            "embeddings",
            json!({"model": model, "input": ["Say hello to Swan."]}),
        ),
        Modality::Image => (
            "images/generations",
            json!({"model": model, "prompt": "A swan on a lake.", "response_format": "b64_json"}),
        ),
        Modality::Audio => {
            let start = start(api, key, "audio/transcriptions");
            let model = quoted(&format!("model={model}"));
            return format!("{start} -F {model} -F file=@recording.wav  # a recording of yours");
        }
        // Whatever kinds there will be, a conversation is what most models can have.
        _ => (
            "chat/completions",
            json!({"model": model, "messages": [{"role": "user", "content": "Say hello to Swan."}]}),
        ),
    };
    let (start, body) = (start(api, key, path), quoted(&body.to_string()));
    format!("{start} -H 'Content-Type: application/json' -d {body}")
}

/// A program that streams one answer and tells its cost.
pub(super) fn python(api: SocketAddr, key: &str, model: &str) -> String {
    let model = Value::from(model);
    format!(
        "from openai import OpenAI\n\
         \n\
         client = OpenAI(base_url=\"http://{api}/v1\", api_key=\"{key}\")\n\
         stream = client.chat.completions.create(\n    \
             model={model},\n    \
             messages=[{{\"role\": \"user\", \"content\": \"Say hello to Swan.\"}}],\n    \
             stream=True,\n    \
             stream_options={{\"include_usage\": True}},\n\
         )\n\
         for chunk in stream:\n    \
             if chunk.choices:\n        \
                 print(chunk.choices[0].delta.content or \"\", end=\"\", flush=True)\n    \
             if chunk.usage:\n        \
                 print(f\"\\n{{chunk.usage.total_tokens}} tokens, ${{chunk.usage.cost}}\")\n"
    )
}

fn start(api: SocketAddr, key: &str, path: &str) -> String {
    format!("curl -sS http://{api}/v1/{path} -H 'Authorization: Bearer {key}'")
}

/// `text` as one word of a shell: model names come from a server, and a quote in one must not end the word.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_asked_at_its_own_path_by_one_line() {
        let api = SocketAddr::from(([127, 0, 0, 1], 8100));
        for (kind, path, field) in [
            (Modality::Chat, "chat/completions", "\"messages\":["),
            (Modality::Embedding, "embeddings", "\"input\":["),
            (Modality::Image, "images/generations", "\"prompt\":"),
            (Modality::Audio, "audio/transcriptions", "file=@"),
        ] {
            let line = curl(api, "sk-swan-x", kind, "some/model");
            let opening = format!(
                "curl -sS http://127.0.0.1:8100/v1/{path} -H 'Authorization: Bearer sk-swan-x' "
            );
            assert!(line.starts_with(&opening), "{line}");
            assert!(
                line.contains(field) && line.contains("some/model") && !line.contains('\n'),
                "{line}"
            );
        }
    }

    #[test]
    fn a_quote_in_a_models_name_stays_inside_the_word() {
        for (text, word) in [
            ("plain", "'plain'"),
            ("it's", r"'it'\''s'"),
            ("'", r"''\'''"),
        ] {
            assert_eq!(quoted(text), word);
        }
    }
}
