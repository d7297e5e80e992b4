//! What a newcomer reads first.

use std::fmt::Write as _;
use std::net::SocketAddr;

use swan_core::{Modality, ModelPrice};

use super::backends::Backends;
use super::credentials::Credentials;
use crate::hub::Hub;

/// What a development market tells about itself once it can be used.
#[derive(Debug)]
pub(super) struct Greeting<'a> {
    pub(super) api: SocketAddr,
    pub(super) socket: SocketAddr,
    pub(super) credentials: &'a Credentials,
    pub(super) backends: &'a Backends,
}

impl Greeting<'_> {
    /// Prints it; the snippets work as they stand.
    #[expect(
        clippy::print_stdout,
        reason = "the key and the snippets are this command's result"
    )]
    pub(super) fn print(&self, hub: &Hub, offered: &[String]) {
        println!("{}", self.text(hub, offered));
    }

    fn text(&self, hub: &Hub, offered: &[String]) -> String {
        let Self {
            api,
            socket,
            credentials,
            backends,
        } = self;
        let Credentials {
            admin,
            consumer,
            provider,
        } = credentials;
        let credit = credentials.available(hub).map_or_else(String::new, |left| {
            format!("  (${left} of test credit left)")
        });
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = writeln!(
            text,
            "A Swan market runs on this machine. Ctrl-C drains and stops it.\n"
        );
        let _ = writeln!(text, "  API        http://{api}/v1");
        let _ = writeln!(text, "  Key        {consumer}{credit}");
        let _ = writeln!(text, "  Admin key  {admin}");
        let _ = writeln!(text, "  Providers  ws://{socket} with the key {provider}");
        for backend in &backends.served {
            let _ = writeln!(text, "  Serving    {}", backend.label());
        }
        for model in offered {
            let _ = writeln!(text, "  Model      {model}{}", price(hub, model));
        }
        if backends.echo {
            let _ = writeln!(
                text,
                "\nNo model server was found on ports 11434, 8000, 30000 and 8080, so a built-in echo model answers: it repeats\nwhat you say and is no language model. Start Ollama, vLLM, SGLang or llama.cpp and run this again, or name one with --backend URL."
            );
        }
        let policy = hub.policy();
        let chats = |model: &&String| {
            let model = policy.classify(model.as_str()).ok();
            model.is_some_and(|model| model.modality == Modality::Chat)
        };
        let first = offered.iter().find(chats).or(offered.first());
        let model = first.map_or("swan/echo", String::as_str);
        let body = serde_json::json!({
            "model": model,
            "messages": [{"role": "user", "content": "Say hello to Swan."}],
        });
        // Model names come from a server: a quote in one must not end the shell's string.
        let body = body.to_string().replace('\'', r"\u0027");
        let _ = writeln!(
            text,
            "\nTry it with curl:\n\ncurl -sS http://{api}/v1/chat/completions -H 'Authorization: Bearer {consumer}' -H 'Content-Type: application/json' -d '{body}'"
        );
        let name = serde_json::Value::from(model);
        let _ = write!(
            text,
            "\nOr with Python (pip install openai):\n\n\
             from openai import OpenAI\n\
             \n\
             client = OpenAI(base_url=\"http://{api}/v1\", api_key=\"{consumer}\")\n\
             stream = client.chat.completions.create(\n    \
                 model={name},\n    \
                 messages=[{{\"role\": \"user\", \"content\": \"Say hello to Swan.\"}}],\n    \
                 stream=True,\n    \
                 stream_options={{\"include_usage\": True}},\n\
             )\n\
             for chunk in stream:\n    \
                 if chunk.choices:\n        \
                     print(chunk.choices[0].delta.content or \"\", end=\"\", flush=True)\n    \
                 if chunk.usage:\n        \
                     print(f\"\\n{{chunk.usage.total_tokens}} tokens, ${{chunk.usage.cost}}\")\n"
        );
        text
    }
}

fn price(hub: &Hub, model: &str) -> String {
    match hub.policy().classify(model).map(|model| model.price) {
        Ok(ModelPrice::Tokens(price)) => format!(
            "  (${} in, ${} out per million tokens)",
            price.input_per_million(),
            price.output_per_million()
        ),
        Ok(ModelPrice::PerImage(price)) => format!("  (${} per image)", price.usd()),
        Ok(ModelPrice::PerMinute(price)) => format!("  (${} per minute)", price.usd()),
        _ => String::new(),
    }
}
