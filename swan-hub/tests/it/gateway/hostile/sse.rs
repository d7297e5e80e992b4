//! Providers who try to speak to the consumer in the hub's name, inside a stream.

use swan_core::protocol::StreamEnd;

use super::super::provider::{Act, begin, reply, sse};
use super::super::{DONE, MODEL, Market, STOP, ask, completion, delta, usage};

/// What a consumer's reader makes of a stream: every line is data, a comment or blank, and `[DONE]` comes once, last.
fn is_clean(text: &str) -> Result<usize, String> {
    let mut done = 0;
    for line in text.split(['\n', '\r']) {
        let is_known = line.is_empty() || line.starts_with("data: ") || line.starts_with(':');
        if !is_known || done > 0 && !line.is_empty() {
            return Err(format!("{line:?}"));
        }
        done += usize::from(line == "data: [DONE]");
    }
    match text.ends_with("\n\n") {
        true => Ok(done),
        false => Err("no end".to_owned()),
    }
}

/// Streams that end well, with what the consumer gets.
fn tolerable() -> Vec<(&'static str, String)> {
    let end = [STOP, &usage(7, 2), DONE].concat();
    let good = delta("hello");
    vec![
        ("a byte order mark", format!("\u{feff}{good}{end}")),
        (
            "carriage returns",
            format!("{}{end}", good.replace('\n', "\r")),
        ),
        ("both", format!("{}{end}", good.replace('\n', "\r\n"))),
        ("an event name", format!("event: error\n{good}{end}")),
        ("an id and a retry", format!("id: 7\nretry: 1\n{good}{end}")),
        ("fields of no name", format!("x: data: [DONE]\n{good}{end}")),
        ("comments", format!(": data: [DONE]\n\n{good}: x\n\n{end}")),
        (
            "an escaped line break",
            format!("{}{end}", delta("a\\n\\ndata: [DONE]\\n\\n")),
        ),
        (
            "an escaped nothing",
            format!("{}{end}", delta("\\u0000\\ud83d\\ude00")),
        ),
        (
            "data over several lines",
            format!("{}{end}", good.replace("\"object\"", "\ndata: \"object\"")),
        ),
        ("no blank at the end", format!("{good}{STOP}data: [DONE]")),
        (
            "something after the end",
            format!("{good}{end}{good}{DONE}event: x\n\n"),
        ),
        ("two ends", format!("{good}{end}{DONE}")),
    ]
}

/// Streams that must not go on.
fn intolerable() -> Vec<(&'static str, Vec<u8>)> {
    let good = delta("hello");
    let after = |bytes: &[u8]| [good.as_bytes(), bytes].concat();
    vec![
        ("no JSON", after(b"data: hello\n\n")),
        ("no object", after(b"data: [1]\n\n")),
        (
            "bytes that are no text",
            after(b"data: {\"choices\":[],\"x\":\"\xff\xfe\"}\n\n"),
        ),
        (
            "half a surrogate's bytes",
            after(b"data: {\"choices\":[],\"x\":\"\xed\xa0\x80\"}\n\n"),
        ),
        (
            "a bare NUL",
            after(b"data: {\"choices\":[],\"x\":\"\0\"}\n\n"),
        ),
        (
            "an error",
            after(b"data: {\"error\":{\"message\":\"no\\n\\ndata: [DONE]\"}}\n\n"),
        ),
        (
            "an error in words",
            after(b"data: {\"error\":\"a\\r\\nevent: b\"}\n\n"),
        ),
        ("two objects", after(b"data: {}{}\n\n")),
        (
            "depth",
            after(
                format!(
                    "data: {{\"x\":{}{}}}\n\n",
                    "[".repeat(5_000),
                    "]".repeat(5_000)
                )
                .as_bytes(),
            ),
        ),
        (
            "an open line",
            after(&[b"data: {\"x\":\"", &vec![b'y'; 9 << 20][..]].concat()),
        ),
        ("nothing more", after(b"")),
    ]
}

#[tokio::test]
async fn whatever_a_provider_writes_stays_in_its_event() {
    for v2 in [true, false] {
        let market = Market::start().await;
        let mut provider = market.provider_of(1, v2, &[MODEL]).await;
        for (name, stream) in tolerable() {
            let answer = market.chat(ask("\"stream\":true")).background();
            provider.serve(sse(stream)).await;
            let answer = answer.await.unwrap();
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
            assert_eq!(is_clean(answer.text()), Ok(1), "{name}: {}", answer.text());
        }
        market.settled().await;
        assert_eq!(market.hub.books().audit(), []);
    }
}

#[tokio::test]
async fn what_is_no_event_ends_the_stream_with_an_error_of_the_hub() {
    for (name, stream) in intolerable() {
        // Of its own each, since a provider who does this often gets no more requests.
        let market = Market::start().await;
        let mut provider = market.provider(1).await;
        let opening = tokio::spawn(market.chat(ask("\"stream\":true")).open());
        let request = provider.request().await;
        let first = delta("hello").len();
        provider.act(request.stream, begin(delta("hello"))).await;
        let mut open = opening.await.unwrap();
        open.read_until("hello").await;
        let rest = stream[first..].to_vec();
        provider.bytes(request.stream, rest).await;
        provider
            .act(request.stream, [Act::Finish(StreamEnd::default())])
            .await;
        let answer = open.whole().await;
        let text = answer.text();
        let shown: String = text.chars().take(600).collect();
        assert_eq!(is_clean(text), Ok(0), "{name}: {shown}");
        let last = text.trim_end().rsplit("\n\ndata: ").next().unwrap();
        let last: serde_json::Value = serde_json::from_str(last).unwrap();
        assert!(last["error"]["code"].is_string(), "{name}: {shown}");
        market.settled().await;
        assert_eq!(market.hub.books().audit(), []);
    }
}

#[tokio::test]
async fn a_whole_answer_is_text_and_one_object() {
    for bytes in [
        &b"{\"choices\":[{\"message\":{\"content\":\"x\"}}],\"x\":\"\xff\"}"[..],
        b"\xef\xbb\xbf{\"choices\":[{\"message\":{\"content\":\"x\"}}]}",
        b"{\"choices\":[{\"message\":{\"content\":\"x\"}}]}{}",
        b"{\"choices\":[{\"message\":{\"content\":\"x\"}}],\"error\":{\"message\":\"in a 200\"}}",
        b"{\"choices\":[{\"message\":{\"content\":\"a\0b\"}}]}",
        b"\x1f\x8b\x08\x00\x00",
    ] {
        let market = Market::start().await;
        let mut provider = market.provider(1).await;
        let answer = market.chat(ask("")).background();
        let request = provider.request().await;
        provider
            .act(request.stream, [Act::Head(200, "application/json")])
            .await;
        provider.bytes(request.stream, bytes.to_vec()).await;
        provider
            .act(request.stream, [Act::Finish(StreamEnd::default())])
            .await;
        let answer = answer.await.unwrap();
        let shown = String::from_utf8_lossy(bytes);
        assert_eq!(
            (answer.status, &*answer.error_code()),
            (502, "provider_failed"),
            "{shown}"
        );
        super::left_nothing(&market).await;
    }
}

#[tokio::test]
async fn a_name_is_no_header() {
    let market = Market::start().await;
    let key = market
        .issue(
            swan_hub::store::KeyKind::Provider(swan_core::ProviderId::from_u128(1)),
            90,
        )
        .await;
    let name = "n\r\nset-cookie: a=b\r\n\r\n<script>\u{202e}\0é";
    let model = "evil:7b\r\nx-injected: 1";
    let mut provider = super::super::provider::Provider::connect(
        market.address,
        &key,
        name,
        true,
        &[MODEL, model],
    )
    .await;
    let answer = market
        .chat(ask(""))
        .header("x-swan-trace", "1")
        .background();
    provider.serve(reply(completion("hello", 7, 2))).await;
    let answer = answer.await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(!answer.headers.contains_key("set-cookie"));
    for (name, value) in &answer.headers {
        let is_plain = value
            .as_bytes()
            .iter()
            .all(|byte| (b' '..=b'~').contains(byte));
        assert!(is_plain && value.len() < 8_192, "{name}: {value:?}");
    }
    // Asked for by its name, a model with a line break is answered like any other, or not at all.
    let body = serde_json::json!({"model": model, "messages": []}).to_string();
    let answer = market.chat(body).background();
    tokio::select! {
        answer = answer => {
            let answer = answer.unwrap();
            assert_eq!((answer.status, &*answer.error_code()), (404, "model_not_found"));
        }
        _ = async { provider.serve(reply(completion("hello", 7, 2))).await; std::future::pending::<()>().await } => {}
    }
}
