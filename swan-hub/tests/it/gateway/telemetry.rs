//! Traces, as a receiver of OTLP gets them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::post;
use parking_lot::Mutex;
use swan_core::Amount;
use swan_core::protocol::Failure;
use swan_hub::{ExternalConfig, Outcome, TelemetryOptions};
use tokio::net::TcpListener;

use super::http::Call;
use super::otlp::{Receiver, Span};
use super::provider::{Act, reply, sse};
use super::{DONE, MODEL, Market, STOP, ask, completion, delta, until, usage, within};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// A model server that answers and keeps the `traceparent` of each request.
async fn model_server() -> (SocketAddr, Arc<Mutex<Vec<Option<String>>>>) {
    let parents: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
    let log = Arc::clone(&parents);
    let answer = move |headers: HeaderMap| {
        let parent = headers.get("traceparent");
        log.lock()
            .push(parent.map(|value| value.to_str().unwrap().to_owned()));
        async {
            (
                [("content-type", "application/json")],
                completion("hello", 7, 2),
            )
        }
    };
    let app = Router::new().route("/v1/chat/completions", post(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, parents)
}

fn endpoint(address: SocketAddr) -> ExternalConfig {
    ExternalConfig::new("backup", format!("http://{address}"))
        .with_api_key("sk-upstream")
        .with_model(MODEL, "qwen-upstream")
}

/// They are parts of the caller's trace, and differ.
fn assert_one_trace(request: &Span, [first, second]: [&Span; 2]) {
    let spans = [request, first, second];
    assert!(spans.iter().all(|span| span.trace == TRACE));
    assert_eq!(request.parent.as_deref(), Some(CALLER));
    assert!(
        [first, second]
            .iter()
            .all(|one| one.parent.as_ref() == Some(&request.id))
    );
    let mut ids: Vec<_> = spans.iter().map(|span| &span.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    let name = format!("chat {MODEL}");
    assert!(spans.iter().all(|span| span.name == name));
    assert_eq!(
        (request.kind, first.kind, second.kind),
        (2, 3, 3),
        "server, client, client"
    );
    assert_eq!((request.status, first.status, second.status), (0, 2, 0));
    assert!(request.start <= first.start && first.end <= second.start);
    assert!(second.end <= request.end && request.start < request.end);
}

fn assert_nothing_private(receiver: &Receiver, market: &Market) {
    let (_, _, text) = receiver.got.lock()[0].clone();
    for private in [
        "\"hi\"",
        "hello",
        "a-private-name",
        "private words",
        "sk-upstream",
        &market.key,
    ] {
        assert!(!text.contains(private), "{private} in {text}");
    }
}

#[tokio::test]
async fn a_request_that_fails_over_is_one_trace_with_each_attempt() {
    let receiver = Receiver::start().await;
    let (address, parents) = model_server().await;
    let options = receiver.options();
    let market = Market::with(|builder| {
        let builder = builder.with_external(endpoint(address));
        builder.with_telemetry(options)
    });
    let market = market.await;
    let mut provider = market.provider(1).await;
    let call = market
        .chat(ask("\"user\":\"a-private-name\""))
        .header("traceparent", &format!("00-{TRACE}-{CALLER}-01"));
    let answer = call.background();
    provider
        .serve([Act::Fail(Failure::provider(500, "private words"))])
        .await;
    let answer = answer.await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    until(|| !receiver.spans().is_empty()).await;

    let spans = receiver.spans();
    let [request, first, second] = &spans[..] else {
        panic!("{spans:?}")
    };
    assert_one_trace(request, [first, second]);
    let cost = market.price(7, 2).to_string();
    let id = answer.header("x-request-id").to_owned();
    let served = [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.request.model", MODEL),
        ("gen_ai.response.model", MODEL),
        ("gen_ai.usage.input_tokens", "7"),
        ("gen_ai.usage.output_tokens", "2"),
        ("gen_ai.provider.name", "backup"),
        ("http.response.status_code", "200"),
        ("swan.request_id", id.as_str()),
        ("swan.mode", "external"),
    ];
    request.has(&served);
    request.has(&[
        ("swan.cost", cost.as_str()),
        ("swan.currency", "USD"),
        ("swan.attempts", "2"),
        ("swan.outcome", "completed"),
    ]);
    assert!(request.attributes.contains_key("swan.overhead_us"));
    assert!(!request.attributes.contains_key("error.type"));
    second.has(&served);
    second.has(&[
        ("server.address", "127.0.0.1"),
        ("server.port", address.port().to_string().as_str()),
        ("swan.chosen", "true"),
    ]);
    first.has(&[
        ("gen_ai.provider.name", "node-1"),
        ("error.type", "500"),
        ("http.response.status_code", "500"),
        ("swan.mode", "websocket"),
        ("swan.chosen", "false"),
    ]);
    assert!(
        !first.attributes.contains_key("server.address"),
        "nobody is told where providers live"
    );
    // The endpoint can go on with the trace.
    let told = format!("00-{TRACE}-{}-01", second.id);
    assert_eq!(*parents.lock(), [Some(told)]);
    assert_nothing_private(&receiver, &market);
}

#[tokio::test]
async fn callers_decide_what_is_recorded_and_otherwise_the_ratio_does() {
    for (millionths, flag, recorded) in [
        (0, None, false),
        (0, Some("00"), false),
        (0, Some("01"), true),
        (1_000_000, None, true),
        (1_000_000, Some("00"), false),
        (1_000_000, Some("zz"), true),
    ] {
        let receiver = Receiver::start().await;
        let (address, parents) = model_server().await;
        let options = receiver.options().with_sample_millionths(millionths);
        let market = Market::with(|builder| {
            let builder = builder.with_external(endpoint(address));
            builder.with_telemetry(options)
        });
        let mut market = market.await;
        let mut call = market.chat(ask(""));
        if let Some(flag) = flag {
            call = call.header("traceparent", &format!("00-{TRACE}-{CALLER}-{flag}"));
        }
        let answer = call.send().await;
        assert_eq!(answer.status, 200);
        // Strangers leave no trace, whatever they ask for.
        let stranger = Call::post(market.address, "/v1/chat/completions")
            .header("traceparent", &format!("00-{TRACE}-{CALLER}-01"))
            .body(ask(""));
        assert_eq!(stranger.send().await.status, 401);
        market.begin_shutdown();
        market.stopped().await.unwrap();
        let spans = receiver.spans();
        assert_eq!(
            spans.len(),
            if recorded { 2 } else { 0 },
            "{millionths} {flag:?}"
        );
        let trace = match flag {
            None | Some("zz") => answer.header("x-request-id").replace('-', ""),
            Some(_) => TRACE.to_owned(),
        };
        assert!(spans.iter().all(|span| span.trace == trace), "{spans:?}");
        let told = parents.lock()[0].clone().unwrap();
        let sampled = if recorded { "-01" } else { "-00" };
        assert!(
            told.starts_with(&format!("00-{trace}-")) && told.ends_with(sampled),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_stream_and_a_refusal_are_told_apart() {
    let receiver = Receiver::start().await;
    let options = receiver.options().with_service_name("swan-hub");
    let mut market = Market::with(|builder| builder.with_telemetry(options)).await;
    let mut provider = market.provider(1).await;
    let answer = market.chat(ask("\"stream\":true")).background();
    let stream = [delta("hello"), STOP.into(), usage(7, 2), DONE.into()].concat();
    provider.serve(sse(stream)).await;
    assert_eq!(answer.await.unwrap().status, 200);
    until(|| market.records.count() == 1).await;
    let unknown = market.chat(ask("").replace(MODEL, "no/such-model"));
    assert_eq!(unknown.send().await.status, 404);
    market.settled().await;
    market.begin_shutdown();
    market.stopped().await.unwrap();
    let spans = receiver.spans();
    let [stream, _, refused] = &spans[..] else {
        panic!("{spans:?}")
    };
    stream.has(&[
        ("gen_ai.request.stream", "true"),
        ("http.response.status_code", "200"),
        ("swan.mode", "websocket"),
    ]);
    assert!(stream.attributes.contains_key("swan.first_content_us"));
    assert_eq!(
        (
            refused.name.as_str(),
            refused.parent.as_ref(),
            refused.status
        ),
        ("chat", None, 0)
    );
    refused.has(&[
        ("error.type", "model_not_found"),
        ("http.response.status_code", "404"),
        ("swan.attempts", "0"),
        ("swan.cost", "0"),
    ]);
    assert!(!format!("{refused:?}").contains("no/such"));
}

#[tokio::test]
async fn a_receiver_that_is_away_costs_nothing_and_gets_what_waited() {
    let receiver = Receiver::start().await;
    receiver.status.store(503, SeqCst);
    let options = receiver.options();
    let mut market = Market::with(|builder| builder.with_telemetry(options)).await;
    let mut provider = market.provider(1).await;
    for _ in 0..3 {
        let answer = market.chat(ask("")).background();
        provider.serve(reply(completion("hello", 7, 2))).await;
        assert_eq!(answer.await.unwrap().status, 200);
    }
    until(|| receiver.calls() > 0).await;
    assert_eq!(market.records.last().outcome, Outcome::Completed);
    receiver.status.store(200, SeqCst);
    market.begin_shutdown();
    market.stopped().await.unwrap();
    assert_eq!(
        receiver.spans().len(),
        6,
        "three requests, each with its attempt"
    );
}

#[tokio::test]
async fn a_receiver_that_is_not_there_or_hangs_holds_nothing_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hanging = listener.local_addr().unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let away = gone.local_addr().unwrap();
    drop(gone);
    for address in [hanging, away] {
        let options = TelemetryOptions::new(&format!("http://{address}")).unwrap();
        let mut market = Market::with(|builder| builder.with_telemetry(options)).await;
        let mut provider = market.provider(1).await;
        let answer = market.chat(ask("")).background();
        provider.serve(reply(completion("hello", 7, 2))).await;
        assert_eq!(answer.await.unwrap().status, 200);
        market.settled().await;
        assert_eq!(market.spent("5"), market.price(7, 2));
        assert_ne!(market.records.last().charge, Amount::ZERO);
        market.begin_shutdown();
        within(market.stopped()).await.unwrap();
    }
}
