//! Prints an answer as it is generated, paid in SWAN if asked, and stops the model when you press Ctrl-C.
//!
//! ```sh
//! SWAN_API_KEY=sk-swan-... SWAN_MODEL=qwen3-8b cargo run --bin chat_stream -- "Tell me a story."
//! ```
//!
//! `SWAN_PAYMENT=SWAN` pays in SWAN. Dropping the stream is all that cancelling takes: the hub stops the provider's
//! model server, and only what was delivered is charged.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that talks to a person"
)]

use std::env;
use std::io::Write;
use std::process::ExitCode;

use futures::StreamExt;
use swan_client::openai::{ChatRequest, Message};
use swan_client::{ChatStream, Client, Error};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let question = env::args()
        .nth(1)
        .unwrap_or_else(|| "Tell me a story.".to_owned());
    let mut stream = match open(question).await {
        Ok(stream) => stream,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    tokio::select! {
        outcome = print(&mut stream) => match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("\nthe answer broke off: {error}");
                ExitCode::FAILURE
            }
        },
        _ = tokio::signal::ctrl_c() => {
            eprintln!("\nstopped");
            ExitCode::SUCCESS
        }
    }
}

async fn open(question: String) -> Result<ChatStream, Error> {
    let base_url =
        env::var("SWAN_BASE_URL").unwrap_or_else(|_| "http://127.0.0.1:8100/v1".to_owned());
    let client = Client::builder(base_url, env::var("SWAN_API_KEY").unwrap_or_default()).build()?;
    let model = env::var("SWAN_MODEL").unwrap_or_else(|_| "qwen3-8b".to_owned());
    let request = ChatRequest::new(model, vec![Message::user(question)]).with_usage_in_stream();
    let mut chat = client.chat();
    if let Some(currency) = env::var("SWAN_PAYMENT")
        .ok()
        .and_then(|currency| currency.parse().ok())
    {
        chat = chat.with_payment(currency);
    }
    chat.stream(&request).await
}

async fn print(stream: &mut ChatStream) -> Result<(), Error> {
    let mut out = std::io::stdout();
    while let Some(chunk) = stream.next().await {
        print!("{}", chunk?.text().unwrap_or_default());
        // A closed terminal is noticed with the next chunk, by the signal.
        let _ = out.flush();
    }
    println!();
    let tokens = stream.usage().map(|usage| usage.completion_tokens);
    let told = stream.metadata();
    if let (Some(tokens), Some(cost), Some(currency)) = (tokens, told.cost, told.currency) {
        eprintln!("{tokens} tokens for {cost} {currency}");
    }
    Ok(())
}
