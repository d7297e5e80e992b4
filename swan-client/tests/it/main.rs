//! The integration tests of this crate, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_docs_in_private_items,
    reason = "tests"
)]

mod endpoints;
mod errors;
mod forward;
mod hostile;
mod loose;
mod retries;
mod server;
mod shape;
mod streams;
mod tls;
mod tls_front;

use swan_client::mock::MockTransport;
use swan_client::openai::{ChatRequest, Message};
use swan_client::{Client, ClientBuilder};

const ANSWER: &str = r#"{"choices":[{"message":{"content":"hello"}}]}"#;
const HELLO: &str = r#"{"choices":[{"delta":{"content":"hello"}}]}"#;
const THERE: &str = r#"{"choices":[{"delta":{"content":" there"}}]}"#;
const DONE: &str = "[DONE]";

fn request() -> ChatRequest {
    ChatRequest::new("m", vec![Message::user("hi")])
}

fn mocked() -> (MockTransport, Client) {
    let mock = MockTransport::new();
    (mock.clone(), builder(&mock).build().unwrap())
}

fn builder(mock: &MockTransport) -> ClientBuilder {
    Client::builder("http://mock", "sk-test").with_transport(mock.clone())
}
