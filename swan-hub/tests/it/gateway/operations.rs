//! Every operation, by a provider and by an endpoint of the hub: what is asked, what comes back, what it costs.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::http::Uri;
use axum::response::IntoResponse as _;
use axum::routing::any;
use serde_json::Value;
use swan_core::protocol::{Failure, Operation};
use swan_core::{Amount, Terms, Usage};
use swan_hub::ExternalConfig;
use tokio::net::TcpListener;

use super::provider::{Act, reply};
use super::{MODEL, Market};

pub(super) const EMBEDDING: &str = "BAAI/bge-large-en-v1.5";
pub(super) const IMAGE: &str = "black-forest-labs/FLUX.1-schnell";

/// One row of the table.
struct Case {
    operation: Operation,
    model: &'static str,
    /// Members of the request besides `model`, all of which must reach the model server as they are.
    ask: &'static str,
    /// What the model server answers.
    answer: &'static str,
    /// What is charged for.
    usage: Usage,
}

impl Case {
    fn path(&self) -> String {
        format!("/v1/{}", self.operation)
    }

    fn body(&self) -> String {
        format!(r#"{{"model":"{}",{}}}"#, self.model, self.ask)
    }

    fn cost(&self, market: &Market) -> Amount {
        let policy = market.hub.policy();
        let price = policy.model(self.model).unwrap().price;
        let terms = Terms::in_usd(policy.stamp().clone(), price, swan_core::BasisPoints::ZERO);
        terms.price(&self.usage).unwrap()
    }
}

fn cases() -> Vec<Case> {
    vec![
        Case {
            operation: Operation::ChatCompletions,
            model: MODEL,
            ask: r#""messages":[{"role":"user","content":"hi"}],"max_tokens":7,"seed":18446744073709551617"#,
            answer: r#"{"id":"c","vendor":9007199254740993,"choices":[{"index":0,"message":{"content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}"#,
            usage: Usage::tokens(9, 0, 3),
        },
        Case {
            operation: Operation::Completions,
            model: MODEL,
            ask: r#""prompt":["once","twice"],"max_tokens":7,"n":2,"best_of":3,"suffix":"end","seed":18446744073709551617"#,
            answer: r#"{"id":"c","object":"text_completion","vendor":9007199254740993,"choices":[{"index":0,"text":" upon a time","finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":20,"total_tokens":29}}"#,
            usage: Usage::tokens(9, 0, 20),
        },
        Case {
            operation: Operation::Embeddings,
            model: EMBEDDING,
            ask: r#""input":["one","two"],"dimensions":2,"truncate":"END","seed":18446744073709551617"#,
            answer: r#"{"object":"list","vendor":9007199254740993,"data":[{"index":0,"embedding":[0.25,-1]},{"index":1,"embedding":[1e-7,3]}],"usage":{"prompt_tokens":4,"total_tokens":4}}"#,
            usage: Usage::tokens(4, 0, 0),
        },
        Case {
            operation: Operation::ImagesGenerations,
            model: IMAGE,
            ask: r#""prompt":"a swan","n":3,"size":"512x512","response_format":"b64_json","seed":18446744073709551617"#,
            answer: r#"{"created":1,"vendor":9007199254740993,"data":[{"b64_json":"iVBORw0KGgo="},{"url":null,"b64_json":"iVBORw0KGgo="}],"usage":{"input_tokens":5,"output_tokens":900,"total_tokens":905}}"#,
            usage: Usage::of_images(2),
        },
    ]
}

/// A model server that answers every path with the case's answer, and its own URL in a member.
async fn server(
    answer: &'static str,
) -> (SocketAddr, tokio::sync::mpsc::Receiver<(String, Bytes)>) {
    let (tell, asked) = tokio::sync::mpsc::channel(16);
    let answer = move |uri: Uri, body: Bytes| {
        let tell = tell.clone();
        async move {
            tell.send((uri.path().to_owned(), body)).await.unwrap();
            ([("content-type", "application/json")], answer).into_response()
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(any(answer));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, asked)
}

fn check_answer(case: &Case, market: &Market, answer: &super::http::Answer) {
    assert_eq!(answer.status, 200, "{}: {}", case.path(), answer.text());
    let (got, sent) = (
        answer.json(),
        serde_json::from_str::<Value>(case.answer).unwrap(),
    );
    let cost = case.cost(market).to_string();
    assert_eq!(got["usage"]["cost"], *cost, "{}", case.path());
    assert_eq!(answer.header("x-swan-cost"), cost);
    let mut without = got;
    without["usage"].as_object_mut().unwrap().remove("cost");
    assert_eq!(without, sent, "{}", case.path());
    assert!(answer.text().contains("\"vendor\":9007199254740993"));
    assert_eq!(market.spent("5"), case.cost(market), "{}", case.path());
}

#[tokio::test]
async fn a_provider_serves_every_operation_at_its_price() {
    for case in cases() {
        let market = Market::start().await;
        let mut provider = market.provider_of(1, true, &[case.model]).await;
        let answer = market.post(&case.path(), case.body()).background();
        let request = provider.serve(reply(case.answer)).await;
        assert_eq!(request.operation, case.operation);
        assert_eq!(request.content_type, "application/json");
        let asked = String::from_utf8(request.body.to_vec()).unwrap();
        assert!(asked.contains(case.ask), "{asked}");
        check_answer(&case, &market, &answer.await.unwrap());
        assert_eq!(market.records.last().operation, case.operation);
    }
}

#[tokio::test]
async fn an_endpoint_of_the_hub_serves_every_operation_at_its_price() {
    for case in cases() {
        let (address, mut asked) = server(case.answer).await;
        let endpoint = ExternalConfig::new("backup", format!("http://{address}"))
            .with_model(case.model, case.model);
        let market = Market::with(|builder| builder.with_external(endpoint)).await;
        let answer = market.post(&case.path(), case.body()).send().await;
        check_answer(&case, &market, &answer);
        let (path, body) = asked.recv().await.unwrap();
        assert_eq!(path, case.path());
        assert!(String::from_utf8(body.to_vec()).unwrap().contains(case.ask));
    }
}

#[tokio::test]
async fn another_provider_serves_what_the_first_one_fails() {
    for case in cases() {
        for failure in [
            vec![Act::Fail(Failure::provider(500, "broken"))],
            reply(r#"{"error":{"message":"out of memory"}}"#),
            reply("{}"),
            reply(r#"{"data":[],"choices":[]}"#),
            reply(r#"{"data":7,"choices":7}"#),
            reply("<html>"),
        ] {
            let market = Market::start().await;
            let mut first = market.provider_of(1, true, &[case.model]).await;
            let call = market.post(&case.path(), case.body());
            let answer = call.header("x-swan-provider", "node-1").background();
            let mut second = market.provider_of(2, true, &[case.model]).await;
            first.serve(failure).await;
            second.serve(reply(case.answer)).await;
            check_answer(&case, &market, &answer.await.unwrap());
        }
    }
}

#[tokio::test]
async fn a_large_picture_passes_untouched() {
    let picture = "QUJD".repeat(2_500_000);
    let body: &str = format!(r#"{{"data":[{{"b64_json":"{picture}"}}]}}"#).leak();
    let (address, _asked) = server(body).await;
    let endpoint =
        ExternalConfig::new("backup", format!("http://{address}")).with_model(IMAGE, "flux");
    let market = Market::with(|builder| builder.with_external(endpoint)).await;
    let call = market.post("/v1/images/generations", r#"{"prompt":"a swan"}"#);
    let answer = call.send().await;
    assert_eq!(answer.status, 200);
    let usage = r#""usage":{"images":1,"cost":"0.003"},"#;
    assert_eq!(answer.body.len(), body.len() + usage.len());
    assert_eq!(market.spent("5"), "0.003".parse().unwrap());
}
