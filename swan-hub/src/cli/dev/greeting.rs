//! What a newcomer reads first.

use std::fmt::Write as _;
use std::iter;
use std::net::SocketAddr;

use swan_core::{Modality, ModelPrice};

use super::backends::Backends;
use super::credentials::Credentials;
use super::snippets;
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
        let (api, key) = (self.api, &self.credentials.consumer);
        let first_of = |kind| {
            let mut models = offered.iter().map(String::as_str);
            models.find(|model| modality(hub, model) == Some(kind))
        };
        let chat = first_of(Modality::Chat).or(offered.first().map(String::as_str));
        let chat = chat.unwrap_or("swan/echo");
        let others = [Modality::Embedding, Modality::Image, Modality::Audio];
        let others = others
            .into_iter()
            .filter_map(|kind| Some((kind, first_of(kind)?)));
        let mut text = self.facts(hub, offered);
        text.push_str("\nTry it with curl:\n");
        for (kind, model) in iter::once((Modality::Chat, chat)).chain(others) {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "\n{}", snippets::curl(api, key, kind, model));
        }
        text.push_str("\nOr with Python (pip install openai):\n\n");
        text.push_str(&snippets::python(api, key, chat));
        text
    }

    /// Where everything is, and what it costs.
    fn facts(&self, hub: &Hub, offered: &[String]) -> String {
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
        text
    }
}

fn modality(hub: &Hub, model: &str) -> Option<Modality> {
    Some(hub.model(model)?.modality)
}

fn price(hub: &Hub, model: &str) -> String {
    match hub.model(model).map(|model| model.price) {
        Some(ModelPrice::Tokens(price)) => format!(
            "  (${} in, ${} out per million tokens)",
            price.input_per_million(),
            price.output_per_million()
        ),
        Some(ModelPrice::PerImage(price)) => format!("  (${} per image)", price.usd()),
        Some(ModelPrice::PerMinute(price)) => format!("  (${} per minute)", price.usd()),
        _ => String::new(),
    }
}
