//! The shape of the public interface: what can be sent, shared, shown; and what is never shown.

use std::fmt::Debug;
use std::time::Duration;

use swan_client::mock::{MockAnswer, MockTransport};
use swan_client::{
    ApiError, Body, Chat, ChatStream, Client, ClientBuilder, CompletionStream, Completions,
    ConnectionMode, Embeddings, Error, Generations, HttpTransport, Images, Metadata, Models,
    ProviderPreferences, Quotes, RateLimit, Reply, RetryBudget, RetryPolicy, TranscriptionRequest,
    Transcriptions, TransportError, TransportErrorKind, openai,
};

use super::request;

fn shared<T: Debug + Send + Sync + 'static>() {}
fn handle<T: Debug + Clone + Send + Sync + 'static>() {}
fn owned<T: Debug + Send + Unpin + 'static>() {}
fn error<T: std::error::Error + Send + Sync + 'static>() {}
fn future<F: Future + Send>(_: F) {}

#[test]
fn types_can_be_shared_and_shown() {
    handle::<Client>();
    handle::<Chat>();
    handle::<Models>();
    handle::<Completions>();
    handle::<Embeddings>();
    handle::<Images>();
    handle::<Transcriptions>();
    handle::<TranscriptionRequest>();
    handle::<Quotes>();
    handle::<Generations>();
    handle::<ProviderPreferences>();
    handle::<Metadata>();
    handle::<ConnectionMode>();
    handle::<RateLimit>();
    handle::<RetryPolicy>();
    handle::<RetryBudget>();
    handle::<Reply<openai::ChatResponse>>();
    handle::<openai::ChatRequest>();
    handle::<openai::ChatChunk>();
    handle::<MockTransport>();
    handle::<MockAnswer>();
    handle::<TransportErrorKind>();
    shared::<ClientBuilder>();
    shared::<Box<dyn HttpTransport>>();
    owned::<ChatStream>();
    owned::<CompletionStream>();
    owned::<Body>();
    error::<Error>();
    error::<ApiError>();
    error::<TransportError>();
}

#[tokio::test]
async fn futures_can_be_spawned() {
    let client = Client::builder("http://mock", "k")
        .with_transport(MockTransport::new())
        .build()
        .unwrap();
    let (chat, models, request) = (client.chat(), client.models(), request());
    future(chat.create(&request));
    future(chat.stream(&request));
    future(models.list());
    future(models.get("a"));
    future(client.forward(http::Request::new(bytes::Bytes::new())));
}

#[test]
fn secrets_are_not_shown() {
    let builder = || {
        Client::builder("http://localhost", "sk-swan-secret")
            .with_header("x-other-key", "hush-hush")
            .with_transport(MockTransport::new())
    };
    let client = builder().build().unwrap();
    let chat = client
        .chat()
        .with_header("x-token", "hush-hush")
        .with_idempotency_key("hush-hush");
    let broken = Client::builder("http://localhost", "sk-swan-secret\n")
        .build()
        .unwrap_err();
    let url = Client::builder("http://user:hush-hush@localhost", "sk-swan-secret")
        .build()
        .unwrap_err();
    for shown in [
        format!("{:?} {client:#?} {chat:?} {:?}", builder(), client.models()),
        format!("{broken} {broken:?} {url} {url:?}"),
    ] {
        assert!(
            !shown.contains("secret") && !shown.contains("hush"),
            "{shown}"
        );
    }
}

#[test]
fn settings_are_checked_and_named() {
    for (url, reason) in [
        (
            "",
            "base_url: not a URL; expected http://host[:port][/path]",
        ),
        (
            "localhost:8100",
            "base_url: expected a URL that begins with http:// or https://",
        ),
        (
            "ftp://localhost",
            "base_url: expected a URL that begins with http:// or https://",
        ),
        (
            "http://localhost/v1?key=1",
            "base_url: expected neither a user nor a query in the URL",
        ),
    ] {
        assert_eq!(
            Client::builder(url, "k").build().unwrap_err().to_string(),
            reason,
            "{url}"
        );
    }
    let valid = || Client::builder("http://localhost", "k");
    for (builder, field) in [
        (valid().with_timeout(Duration::ZERO), "timeout"),
        (valid().with_idle_timeout(Duration::ZERO), "idle_timeout"),
        (valid().with_user_agent("a\nb"), "user_agent"),
        (valid().with_header("a b", "c"), "header"),
    ] {
        assert!(
            matches!(builder.build().unwrap_err(), Error::Config { field: named, .. } if named == field)
        );
    }
    assert!(
        valid()
            .with_timeout(Duration::MAX)
            .with_stream_timeout(Duration::MAX)
            .build()
            .is_ok()
    );
}

#[tokio::test]
async fn the_longest_timeouts_do_not_overflow() {
    let mock = MockTransport::new();
    mock.push(MockAnswer::stream([super::HELLO, super::DONE]));
    let longest = Duration::MAX;
    let client = Client::builder("http://mock", "")
        .with_transport(mock.clone())
        .with_timeout(longest);
    let client = client
        .with_idle_timeout(longest)
        .with_stream_timeout(longest)
        .build()
        .unwrap();
    client.chat().stream(&request()).await.unwrap();
    assert!(
        !mock.requests()[0].headers().contains_key("authorization"),
        "no key, no header"
    );
}

#[tokio::test]
async fn addresses_with_and_without_a_path() {
    for (base, url) in [
        ("http://mock", "http://mock/v1/models/org%2Fname%20%C3%A9"),
        ("http://mock/", "http://mock/v1/models/org%2Fname%20%C3%A9"),
        (
            "http://mock:81/v1/",
            "http://mock:81/v1/models/org%2Fname%20%C3%A9",
        ),
        (
            "https://mock/api/openai",
            "https://mock/api/openai/models/org%2Fname%20%C3%A9",
        ),
    ] {
        let mock = MockTransport::new();
        mock.push(MockAnswer::json(200, r#"{"id":"org/name"}"#));
        let client = Client::builder(base, "k")
            .with_transport(mock.clone())
            .build()
            .unwrap();
        client.models().get("org/name é").await.unwrap();
        assert_eq!(mock.requests()[0].uri(), url);
    }
}
