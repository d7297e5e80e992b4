//! Every operation, by a provider and by an endpoint of the hub: what is asked, what comes back, what it costs.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::http::Uri;
use axum::response::IntoResponse as _;
use axum::routing::any;
use serde_json::{Value, json};
use swan_core::protocol::{Failure, Operation};
use swan_core::{Amount, Terms, Usage};
use swan_hub::ExternalConfig;
use tokio::net::TcpListener;

use super::provider::{Act, reply, sse};
use super::{DONE, MODEL, Market};

const EMBEDDING: &str = "BAAI/bge-large-en-v1.5";
const IMAGE: &str = "black-forest-labs/FLUX.1-schnell";

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
    let mut without = got.clone();
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
async fn each_wrong_member_is_named_and_nobody_is_asked() {
    let market = Market::start().await;
    let long = format!("[{}]", vec!["\"x\""; 2_049].join(","));
    let rows: Vec<(&str, String, &str)> = vec![
        ("completions", r#""n":1"#.into(), "prompt"),
        ("completions", r#""prompt":7"#.into(), "prompt"),
        ("completions", r#""prompt":[]"#.into(), "prompt"),
        ("completions", r#""prompt":["a",1]"#.into(), "prompt"),
        ("completions", r#""prompt":[[1],"a"]"#.into(), "prompt"),
        ("completions", r#""prompt":[-1]"#.into(), "prompt"),
        ("completions", format!(r#""prompt":{long}"#), "prompt"),
        (
            "completions",
            r#""prompt":"a","prompt":"b""#.into(),
            "prompt",
        ),
        (
            "completions",
            r#""prompt":"a","max_tokens":-1"#.into(),
            "max_tokens",
        ),
        ("completions", r#""prompt":"a","n":0"#.into(), "n"),
        (
            "completions",
            r#""prompt":"a","n":3,"best_of":2"#.into(),
            "best_of",
        ),
        (
            "completions",
            r#""prompt":"a","best_of":2,"stream":true"#.into(),
            "best_of",
        ),
        (
            "completions",
            r#""prompt":"a","best_of":129"#.into(),
            "best_of",
        ),
        ("completions", r#""prompt":"a","echo":"yes""#.into(), "echo"),
        ("embeddings", r#""n":1"#.into(), "input"),
        ("embeddings", r#""input":"""#.into(), "input"),
        ("embeddings", r#""input":["a",""]"#.into(), "input"),
        ("embeddings", r#""input":[[1],[]]"#.into(), "input"),
        ("embeddings", r#""input":[[["a"]]]"#.into(), "input"),
        ("embeddings", r#""input":{"text":"a"}"#.into(), "input"),
        ("embeddings", r#""input":null"#.into(), "input"),
        ("embeddings", format!(r#""input":{long}"#), "input"),
        (
            "embeddings",
            r#""input":"a","encoding_format":"hex""#.into(),
            "encoding_format",
        ),
        (
            "embeddings",
            r#""input":"a","encoding_format":7"#.into(),
            "encoding_format",
        ),
        (
            "embeddings",
            r#""input":"a","dimensions":0"#.into(),
            "dimensions",
        ),
        (
            "embeddings",
            r#""input":"a","dimensions":1.5"#.into(),
            "dimensions",
        ),
        (
            "embeddings",
            r#""input":"a","stream":true"#.into(),
            "stream",
        ),
        ("embeddings", r#""input":"a","input":"b""#.into(), "input"),
        ("images/generations", r#""n":1"#.into(), "prompt"),
        ("images/generations", r#""prompt":"""#.into(), "prompt"),
        ("images/generations", r#""prompt":["a"]"#.into(), "prompt"),
        ("images/generations", r#""prompt":"a","n":11"#.into(), "n"),
        ("images/generations", r#""prompt":"a","n":"2""#.into(), "n"),
        (
            "images/generations",
            r#""prompt":"a","n":1,"n":2"#.into(),
            "n",
        ),
        (
            "images/generations",
            r#""prompt":"a","size":7"#.into(),
            "size",
        ),
        (
            "images/generations",
            r#""prompt":"a","response_format":"png""#.into(),
            "response_format",
        ),
        (
            "images/generations",
            r#""prompt":"a","stream":true"#.into(),
            "stream",
        ),
    ];
    for (path, members, param) in rows {
        let model = match path {
            "completions" => MODEL,
            "embeddings" => EMBEDDING,
            _ => IMAGE,
        };
        let body = format!(r#"{{"model":"{model}",{members}}}"#);
        let answer = market.post(&format!("/v1/{path}"), body).send().await;
        let shown: String = members.chars().take(60).collect();
        assert_eq!(answer.status, 400, "{path} {shown}: {}", answer.text());
        answer.error_code();
        assert_eq!(answer.json()["error"]["param"], param, "{path} {shown}");
    }
    assert_eq!(market.spent("5"), Amount::ZERO);
}

#[tokio::test]
async fn vectors_come_in_the_form_that_was_asked_for_whatever_the_model_server_answers() {
    let (floats, packed) = (json!([0.5, -2.0]), json!("AAAAPwAAAMA="));
    for (format, answered, expected) in [
        (None, &floats, &floats),
        (None, &packed, &floats),
        (Some("float"), &packed, &floats),
        (Some("base64"), &floats, &packed),
        (Some("base64"), &packed, &packed),
    ] {
        let market = Market::start().await;
        let mut provider = market.provider_of(1, true, &[EMBEDDING]).await;
        let body = json!({"model": EMBEDDING, "input": "one", "encoding_format": format});
        let answer = market.post("/v1/embeddings", body.to_string()).background();
        let data =
            json!({"data": [{"index": 0, "embedding": answered}], "usage": {"prompt_tokens": 3}});
        provider.serve(reply(data.to_string())).await;
        let answer = answer.await.unwrap();
        assert_eq!(
            answer.json()["data"][0]["embedding"],
            *expected,
            "{format:?}"
        );
        let cost = answer.json()["usage"]["cost"].clone();
        assert_eq!(cost, market.spent("5").to_string());
    }
}

#[tokio::test]
async fn vectors_that_are_missing_or_no_numbers_are_nobodys_answer() {
    for data in [
        r#"{"data":[{"embedding":[1]}]}"#,
        r#"{"data":[{"embedding":[1]},{"embedding":"AACAPw=="}]}"#,
        r#"{"data":[{"embedding":[1]},{"embedding":[1e99]}]}"#,
        r#"{"data":[{"embedding":[1]},{"embedding":[null]}]}"#,
        r#"{"data":[{"embedding":[1]},{}]}"#,
    ] {
        let market = Market::start().await;
        let mut provider = market.provider_of(1, true, &[EMBEDDING]).await;
        let body = json!({"model": EMBEDDING, "input": ["a", "b"], "encoding_format": "base64"});
        let answer = market.post("/v1/embeddings", body.to_string()).background();
        provider.serve(reply(data)).await;
        let answer = answer.await.unwrap();
        assert_eq!(
            (answer.status, &*answer.error_code()),
            (502, "provider_failed"),
            "{data}"
        );
        assert_eq!(market.spent("5"), Amount::ZERO);
    }
}

#[tokio::test]
async fn a_text_completion_streams_in_its_own_shape() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let chunk = |text: &str, reason: &str| {
        format!(
            "data: {{\"id\":\"t1\",\"object\":\"text_completion\",\"created\":5,\"model\":\"m\",\"choices\":[{{\"index\":0,\"text\":\"{text}\",\"finish_reason\":{reason}}}]}}\n\n"
        )
    };
    let body = format!(
        r#"{{"model":"{MODEL}","prompt":"once","stream":true,"stream_options":{{"include_usage":true}}}}"#
    );
    let answer = market.post("/v1/completions", body).background();
    let stream = [chunk(" upon", "null"), chunk("", "\"stop\""), DONE.into()].concat();
    let request = provider.serve(sse(stream)).await;
    // OpenAI's default is said, since model servers differ in theirs.
    let sent: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(sent["max_tokens"], 16);
    let events = answer.await.unwrap().events();
    assert_eq!(events.len(), 4, "{events:?}");
    let last: Value = serde_json::from_str(&events[2]).unwrap();
    assert_eq!(
        (&last["object"], &last["id"], &last["created"]),
        (&json!("text_completion"), &json!("t1"), &json!(5))
    );
    assert_eq!(last["choices"], json!([]));
    market.settled().await;
    assert_eq!(last["usage"]["cost"], market.spent("5").to_string());
}

#[tokio::test]
async fn an_echoed_prompt_is_not_charged_as_if_it_had_been_generated() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let prompt = "a prompt of many words ".repeat(10);
    let body = json!({"model": MODEL, "prompt": prompt, "echo": true, "max_tokens": 1_000});
    let body = body.to_string();
    let answer = market.post("/v1/completions", body.clone()).background();
    let text = format!("{prompt}end!");
    provider
        .serve(reply(json!({"choices": [{"text": text}]}).to_string()))
        .await;
    assert_eq!(answer.await.unwrap().status, 200);
    // "end!" is four bytes, which is one token.
    let request = (body.len() as u64).div_ceil(4);
    assert_eq!(market.spent("5"), market.price(request, 1));
}

#[tokio::test]
async fn images_without_a_model_are_made_by_one_that_somebody_serves() {
    let market = Market::start().await;
    let body = r#"{"prompt":"a swan"}"#;
    let nobody = market.post("/v1/images/generations", body).send().await;
    assert_eq!((nobody.status, &*nobody.error_code()), (503, "no_provider"));
    let mut provider = market.provider_of(1, true, &["sdxl"]).await;
    let answer = market.post("/v1/images/generations", body).background();
    let request = provider
        .serve(reply(r#"{"data":[{"url":"https://example.com/1.png"}]}"#))
        .await;
    assert_eq!(&*request.body, br#"{"model":"sdxl","prompt":"a swan"}"#);
    let answer = answer.await.unwrap();
    assert_eq!(answer.header("x-swan-cost"), "0.002");
    assert_eq!(
        answer.json()["usage"],
        json!({"images": 1, "cost": "0.002"})
    );
}

#[tokio::test]
async fn an_agent_of_the_public_network_gets_only_what_it_can_do() {
    let market = Market::start().await;
    let models = [MODEL, EMBEDDING];
    let mut agent = market.provider_of(1, false, &models).await;
    let body = format!(r#"{{"model":"{MODEL}","prompt":"once"}}"#);
    let refused = market.post("/v1/completions", body).send().await;
    assert_eq!(
        (refused.status, &*refused.error_code()),
        (404, "no_eligible_provider")
    );
    assert!(!agent.has_request());
    let body = format!(r#"{{"model":"{EMBEDDING}","input":"one"}}"#);
    let answer = market.post("/v1/embeddings", body).background();
    let request = agent
        .serve(reply(
            r#"{"data":[{"embedding":[1,2]}],"usage":{"prompt_tokens":1}}"#,
        ))
        .await;
    assert_eq!(request.operation, Operation::Embeddings);
    assert_eq!(answer.await.unwrap().status, 200);
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
