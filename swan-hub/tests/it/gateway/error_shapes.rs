//! The shapes in which model servers fail: each is taken over from before content, and ends typed after it.

use swan_core::Amount;
use swan_hub::Outcome;

use super::provider::{Act, begin, refusal, reply, sse};
use super::{DONE, Market, STOP, ask, completion, delta, until, usage};

/// A server, the status that it answers with, and the body.
const REFUSALS: [(&str, u16, &str); 9] = [
    (
        "vLLM",
        500,
        r#"{"error":{"message":"EngineDeadError","type":"InternalServerError","param":null,"code":500}}"#,
    ),
    (
        "vLLM of old",
        500,
        r#"{"object":"error","message":"engine is dead","type":"InternalServerError","param":null,"code":500}"#,
    ),
    (
        "SGLang",
        503,
        r#"{"object":"error","message":"The request queue is full.","type":"abort","code":503}"#,
    ),
    (
        "llama.cpp",
        503,
        r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
    ),
    (
        "Ollama",
        500,
        r#"{"error":"llama runner process has terminated"}"#,
    ),
    (
        "TGI",
        429,
        r#"{"error":"Model is overloaded","error_type":"overloaded"}"#,
    ),
    (
        "OpenAI",
        500,
        r#"{"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}"#,
    ),
    (
        "FastAPI",
        500,
        r#"{"detail":[{"loc":["body"],"msg":"broken","type":"value_error"}]}"#,
    ),
    ("a proxy", 502, "<html><body>502 Bad Gateway</body></html>"),
];

/// A server, and a body that comes with status 200.
const WHOLE: [(&str, &str); 9] = [
    (
        "OpenAI",
        r#"{"error":{"message":"The server had an error","type":"server_error"}}"#,
    ),
    (
        "llama.cpp",
        r#"{"error":{"code":500,"message":"slot is gone"}}"#,
    ),
    (
        "Ollama",
        r#"{"error":"model runner has unexpectedly stopped"}"#,
    ),
    (
        "vLLM of old",
        r#"{"object":"error","message":"engine is dead","code":500}"#,
    ),
    ("FastAPI", r#"{"detail":"Internal Server Error"}"#),
    (
        "a router",
        r#"{"choices":[{"index":0,"message":{"content":"par"},"finish_reason":"error"}]}"#,
    ),
    ("a login page", "<!doctype html><title>Sign in</title>"),
    ("nothing", ""),
    ("an end", "data: [DONE]\n\n"),
];

/// A server, and what it writes into a stream that had begun with 200.
const EVENTS: [(&str, &str); 8] = [
    (
        "vLLM",
        "data: {\"error\":{\"message\":\"EngineDeadError\",\"code\":500}}\n\ndata: [DONE]\n\n",
    ),
    (
        "SGLang",
        "data: {\"object\":\"error\",\"message\":\"aborted\",\"code\":500}\n\ndata: [DONE]\n\n",
    ),
    (
        "llama.cpp",
        "error: {\"code\":500,\"message\":\"slot is gone\"}\n\n",
    ),
    ("Ollama", "data: {\"error\":\"runner has stopped\"}\n\n"),
    (
        "TGI",
        "data: {\"error\":\"Request failed during generation\",\"error_type\":\"generation\"}\n\n",
    ),
    (
        "a named event",
        "event: error\ndata: {\"error\":{\"message\":\"broke\"}}\n\n",
    ),
    (
        "a router",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\ndata: [DONE]\n\n",
    ),
    ("a proxy", "<html><body>502 Bad Gateway</body></html>"),
];

fn right(stream: bool) -> Vec<Act> {
    match stream {
        true => sse([delta("hello"), STOP.into(), usage(7, 2), DONE.into()].concat()),
        false => reply(completion("hello", 7, 2)),
    }
}

#[tokio::test]
async fn each_fails_over_before_content() {
    let refusals = REFUSALS.iter().flat_map(|(name, status, body)| {
        [false, true].map(|stream| (*name, stream, *status, *body))
    });
    let whole = WHOLE.iter().map(|(name, body)| (*name, false, 200, *body));
    let events = EVENTS.iter().map(|(name, body)| (*name, true, 200, *body));
    let empty = [("nothing", true, 200, ""), ("an end", true, 200, DONE)];
    for (name, stream, status, body) in refusals.chain(whole).chain(events).chain(empty) {
        let acts = match (status, stream) {
            (200, true) => sse(body),
            (200, false) => reply(body),
            _ => refusal(status, body),
        };
        let market = Market::start().await;
        let mut bad = market.provider(1).await;
        let mut good = market.provider(2).await;
        let body = ask(&format!("\"stream\":{stream}"));
        let call = market.chat(body).header("x-swan-provider", "node-1");
        let answer = call.background();
        bad.serve(acts).await;
        good.serve(right(stream)).await;
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        assert!(answer.text().contains("hello"), "{name}: {answer:?}");
        market.settled().await;
        assert_eq!(market.spent("5"), market.price(7, 2), "{name}");
        assert_eq!(market.earned(1), Amount::ZERO, "{name}");
    }
}

#[tokio::test]
async fn each_ends_a_stream_typed_after_content() {
    for (name, event) in EVENTS {
        let market = Market::start().await;
        let mut bad = market.provider(1).await;
        let opening = tokio::spawn(market.chat(ask("\"stream\":true")).open());
        let request = bad.serve(begin(delta("hello"))).await;
        let mut open = opening.await.unwrap();
        open.read_until("hello").await;
        let end = [Act::Body(event.into()), Act::Finish(Default::default())];
        bad.act(request.stream, end).await;
        let answer = open.whole().await;
        let events = answer.events();
        let last: serde_json::Value = serde_json::from_str(events.last().unwrap()).unwrap();
        assert_eq!(
            last["error"]["type"], "provider_error",
            "{name}: {events:?}"
        );
        assert_eq!(
            last["error"]["code"], "provider_failed_mid_answer",
            "{name}"
        );
        assert!(!answer.text().contains("[DONE]"), "{name}");
        until(|| market.records.count() == 1).await;
        assert_eq!(market.records.last().outcome, Outcome::Broken, "{name}");
        assert_eq!(market.hub.in_flight(), 0, "{name}");
    }
}
