//! Asks a question and prints the answer, what it cost, and who gave it.
//!
//! ```sh
//! SWAN_API_KEY=sk-swan-... cargo run --bin chat -- "Why is the sky blue?"
//! ```
//!
//! `SWAN_BASE_URL` names another server (any OpenAI-compatible one will do) and `SWAN_MODEL` another model than the
//! first that is served.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that talks to a person"
)]

use std::env;
use std::process::ExitCode;

use swan_client::openai::{ChatRequest, Message};
use swan_client::{Client, Error};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let question = env::args()
        .nth(1)
        .unwrap_or_else(|| "Say hello in one sentence.".to_owned());
    match ask(question).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_insufficient_funds() => {
            eprintln!("{error}\ntop up the account, or ask with a smaller max_tokens");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn ask(question: String) -> Result<(), Error> {
    let base_url =
        env::var("SWAN_BASE_URL").unwrap_or_else(|_| "http://127.0.0.1:8100/v1".to_owned());
    let client = Client::builder(base_url, env::var("SWAN_API_KEY").unwrap_or_default()).build()?;
    let model = match env::var("SWAN_MODEL") {
        Ok(model) => model,
        Err(_) => any_model(&client).await?,
    };
    let request = ChatRequest::new(model, vec![Message::user(question)]).with_max_tokens(512);
    let reply = client.chat().create(&request).await?;

    println!("{}", reply.text().unwrap_or_default());
    let told = reply.metadata();
    let cost = match (told.cost, told.currency) {
        (Some(cost), Some(currency)) => format!("{cost} {currency}"),
        (Some(cost), None) => cost.to_string(),
        (None, _) => "unknown".to_owned(),
    };
    let provider = told
        .provider_name
        .as_deref()
        .or(told.provider_id.as_deref())
        .unwrap_or("unknown");
    eprintln!(
        "cost: {cost}, provider: {provider}, time: {:?}, model: {}",
        told.latency, reply.model
    );
    Ok(())
}

/// The first model that somebody serves now; other servers than Swan's do not say, and serve what they list.
async fn any_model(client: &Client) -> Result<String, Error> {
    let models = client.models().list().await?;
    let mut served = models
        .data
        .iter()
        .filter(|model| model.extra.read("available") != Some(false));
    Ok(served
        .next()
        .map(|model| model.id.clone())
        .unwrap_or_default())
}
