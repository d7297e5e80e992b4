//! Every endpoint besides chat: what goes out, and what is made of what comes back.

use bytes::Bytes;
use futures::StreamExt;
use swan_client::mock::{MockAnswer, MockTransport};
use swan_client::openai::{
    ChatRequest, CompletionRequest, EmbeddingRequest, ImageRequest, Message,
};
use swan_client::{
    Amount, Client, Currency, Error, ProviderPreferences, SortBy, TextFormat, TranscriptionRequest,
};
use swan_core::routing::RoutePreferences;

use super::{DONE, mocked, request};

fn amount(text: &str) -> Option<Amount> {
    Some(text.parse().unwrap())
}

/// The last request: its path with query, and its body.
fn sent(mock: &MockTransport) -> (String, String) {
    let request = mock.requests().pop().unwrap();
    let path = request.uri().path_and_query().unwrap().to_string();
    (path, String::from_utf8_lossy(request.body()).into_owned())
}

#[tokio::test]
async fn completions_come_whole_and_in_chunks() {
    let (mock, client) = mocked();
    let ask = CompletionRequest::new("m", "Once").with_max_tokens(5);
    mock.push(MockAnswer::json(
        200,
        r#"{"choices":[{"index":0,"text":" upon","finish_reason":"stop"}],"usage":{"prompt_tokens":1,"cost":"0.25"}}"#,
    ));
    let reply = client.completions().create(&ask).await.unwrap();
    assert_eq!(
        (reply.text(), reply.metadata().cost),
        (Some(" upon"), amount("0.25"))
    );
    let body = r#"{"model":"m","prompt":"Once","max_tokens":5}"#;
    assert_eq!(sent(&mock), ("/v1/completions".to_owned(), body.to_owned()));

    let usage = r#"{"choices":[],"usage":{"prompt_tokens":1,"cost":"0.5"}}"#;
    mock.push(MockAnswer::stream([
        r#"{"choices":[{"text":" upon"}]}"#,
        usage,
        DONE,
    ]));
    let mut stream = client
        .completions()
        .stream(&ask.with_usage_in_stream())
        .await
        .unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().text(), Some(" upon"));
    assert!(stream.next().await.unwrap().is_ok() && stream.next().await.is_none());
    assert_eq!(stream.metadata().cost, amount("0.5"));
    assert!(sent(&mock).1.contains(r#""stream":true"#));
}

#[tokio::test]
async fn vectors_are_the_same_from_numbers_and_from_base64() {
    let (mock, client) = mocked();
    let ask = EmbeddingRequest::new("m", ["one", "two"]);
    for spelled in ["[0.5,-2]", r#""AAAAPwAAAMA=""#] {
        let answer = format!(
            r#"{{"data":[{{"index":0,"embedding":{spelled}}}],"usage":{{"cost":"0.125"}}}}"#
        );
        mock.push(MockAnswer::json(200, answer));
        let reply = client.embeddings().create(&ask).await.unwrap();
        assert_eq!(&reply.data[0].embedding[..], [0.5, -2.0], "{spelled}");
        assert_eq!(reply.metadata().cost, amount("0.125"));
    }
    let body = r#"{"model":"m","input":["one","two"],"encoding_format":"base64"}"#;
    assert_eq!(sent(&mock), ("/v1/embeddings".to_owned(), body.to_owned()));
    mock.push(MockAnswer::json(
        200,
        r#"{"data":[{"index":3,"embedding":"AAA"}]}"#,
    ));
    let error = client.embeddings().create(&ask).await.unwrap_err();
    assert!(
        matches!(&error, Error::Decode { reason, .. } if reason == "item 3 holds no vector"),
        "{error}"
    );
}

#[tokio::test]
async fn images_come_as_addresses_and_as_files() {
    let (mock, client) = mocked();
    mock.push(MockAnswer::json(
        200,
        r#"{"created":1,"data":[{"url":"http://a/b.png"},{"b64_json":"iVBORw=="}]}"#,
    ));
    let ask = ImageRequest::new("m", "a swan").with_n(2).as_bytes();
    let reply = client.images().create(&ask).await.unwrap();
    assert_eq!(reply.data[0].url.as_deref(), Some("http://a/b.png"));
    assert_eq!(reply.data[1].bytes().unwrap(), b"\x89PNG");
    let body = r#"{"model":"m","prompt":"a swan","n":2,"response_format":"b64_json"}"#;
    assert_eq!(
        sent(&mock),
        ("/v1/images/generations".to_owned(), body.to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn recordings_go_out_as_forms_and_come_back_in_every_format() {
    let (mock, client) = mocked();
    let ask = TranscriptionRequest::new("whisper", "a.wav", Bytes::from_static(b"RIFF\x00\xff"));
    let ask = ask.with_language("de");
    mock.push(MockAnswer::json(
        200,
        r#"{"text":"hallo","usage":{"type":"duration","seconds":2,"cost":"0.5"}}"#,
    ));
    let wishes = ProviderPreferences::new().with_only(["attic"]);
    let handle = client.transcriptions().with_preferences(wishes);
    let reply = handle.create(&ask).await.unwrap();
    assert_eq!(
        (&*reply.text, reply.metadata().cost),
        ("hallo", amount("0.5"))
    );
    let (path, body) = sent(&mock);
    assert_eq!(path, "/v1/audio/transcriptions");
    for field in [
        "name=\"model\"\r\n\r\nwhisper\r\n",
        "name=\"language\"\r\n\r\nde\r\n",
        "name=\"response_format\"\r\n\r\njson\r\n",
        "name=\"provider\"\r\n\r\n{\"only\":[\"attic\"]}\r\n",
        "name=\"file\"; filename=\"a.wav\"\r\n",
    ] {
        assert!(body.contains(field), "{field}: {body}");
    }
    mock.push(MockAnswer::json(
        200,
        r#"{"text":"a b","duration":1.5,"words":[{"word":"a","start":0,"end":0.5}]}"#,
    ));
    let timed = client.transcriptions().create_timed(&ask).await.unwrap();
    assert_eq!(
        (timed.duration, timed.words.as_ref().unwrap()[0].end),
        (Some(1.5), Some(0.5))
    );

    // A form that is sent again is the same form.
    mock.push(MockAnswer::new(503));
    mock.push(
        MockAnswer::new(200)
            .with_header("content-type", "text/vtt")
            .then("WEBVTT\n"),
    );
    let text = client
        .transcriptions()
        .create_text(&ask, TextFormat::Vtt)
        .await
        .unwrap();
    assert_eq!((text.as_str(), text.metadata().attempts), ("WEBVTT\n", 2));
    let all = mock.requests();
    let [.., first, second] = &all[..] else {
        panic!("two attempts")
    };
    assert_eq!(
        (first.body(), first.headers()),
        (second.body(), second.headers())
    );
    let elsewhere = client
        .transcriptions()
        .with_models(["b"])
        .create(&ask)
        .await;
    assert!(matches!(
        elsewhere,
        Err(Error::Config {
            field: "models",
            ..
        })
    ));
}

#[tokio::test]
async fn quotes_and_records_tell_what_a_call_costs() {
    let (mock, client) = mocked();
    mock.push(MockAnswer::json(
        200,
        r#"{"object":"quote","model":"a/b","currency":"SWAN","worst":{"cost":"0.02","usage":{"prompt_tokens":9,"completion_tokens":200}},
            "expected":{"cost":"0.01","usage":{"prompt_tokens":9,"completion_tokens":80},"output":"typical"},
            "pricing":{"unit":"million_tokens","input":"0.01","output":"0.03","price":null},"new":1}"#,
    ));
    let quote = client
        .quotes()
        .with_payment(Currency::Swan)
        .chat(&request())
        .await
        .unwrap();
    assert_eq!(
        (quote.worst.cost, quote.expected.cost),
        (amount("0.02"), amount("0.01"))
    );
    assert_eq!(quote.expected.usage.completion_tokens, 80);
    assert_eq!(
        (quote.currency, quote.extra.read("new")),
        (Some(Currency::Swan), Some(1))
    );
    assert_eq!(sent(&mock).0, "/v1/quote?operation=chat/completions");
    let asked = &mock.requests()[0];
    assert!(
        !asked.headers().contains_key("idempotency-key"),
        "a quote buys nothing"
    );

    mock.push(MockAnswer::json(
        200,
        r#"{"data":{"id":"req-1","total_cost":"0.01","currency":"USD","attempts":[{"provider_id":"p","ending":"status","status":500},{"provider_id":"q","chosen":true}]}}"#,
    ));
    let record = client.generations().get("req 1").await.unwrap();
    assert_eq!(
        (record.total_cost, record.attempts[0].status),
        (amount("0.01"), Some(500))
    );
    assert_eq!(record.attempts[1].chosen, Some(true));
    assert_eq!(sent(&mock).0, "/v1/generation?id=req%201");
    mock.push(MockAnswer::json(
        200,
        r#"{"data":[{"id":"req-1"}],"has_more":true,"next":"req-0"}"#,
    ));
    let page = client.generations().list(1, Some("req-2")).await.unwrap();
    assert_eq!(page.next.as_deref(), Some("req-0"));
    assert_eq!(sent(&mock).0, "/v1/generations?limit=1&before=req-2");
}

#[tokio::test]
async fn models_tell_their_prices() {
    let (mock, client) = mocked();
    mock.push(MockAnswer::json(
        200,
        r#"{"data":[{"id":"a","tier":"B","context_length":4096,"providers_online":2,"available":true,
            "pricing":{"currency":"USD","input_per_million_tokens":"0.01"}},{"id":"b","pricing":{"prompt":"0.1"},"tier":7}]}"#,
    ));
    let list = client.models().list_available().await.unwrap();
    let [a, b] = &list.data[..] else {
        panic!("two models")
    };
    let prices = a.pricing.as_ref().unwrap();
    assert_eq!(
        (prices.input_per_million_tokens, prices.per_image),
        (amount("0.01"), None)
    );
    assert_eq!(
        (a.tier.as_deref(), a.providers_online),
        (Some("B"), Some(2))
    );
    let foreign = b.pricing.as_ref().unwrap();
    assert_eq!(
        foreign.extra.read::<String>("prompt").as_deref(),
        Some("0.1")
    );
    assert!(b.tier.is_none() && b.extra.get("tier").is_some());
    assert_eq!(sent(&mock).0, "/v1/models?available=true");
}

#[tokio::test]
async fn wishes_are_those_that_a_hub_reads() {
    let wishes = ProviderPreferences::new()
        .with_order(["attic", "cellar"])
        .with_only(["attic", "cellar", "prov-1f"])
        .with_ignored(["shed"])
        .with_fallbacks(false)
        .with_required_parameters()
        .without_data_collection()
        .with_zero_retention()
        .with_quantizations(["fp8", "bf16"])
        .with_sort(SortBy::Throughput)
        .with_max_token_prices("0.05".parse().unwrap(), "0.1".parse().unwrap())
        .with_max_image_price("0.5".parse().unwrap());
    let (mock, client) = mocked();
    mock.push(MockAnswer::json(200, super::ANSWER));
    let handle = client
        .chat()
        .with_preferences(wishes)
        .with_models(["b", "c"])
        .with_session("s")
        .with_trace();
    handle.create(&request()).await.unwrap();
    let asked = mock.requests().pop().unwrap();
    assert_eq!(asked.headers()["x-swan-trace"], "1");
    let body: ChatRequest = serde_json::from_slice(asked.body()).unwrap();
    assert_eq!(
        body.extra.read::<Vec<String>>("models").unwrap(),
        ["b", "c"]
    );
    assert_eq!(body.extra.read::<String>("session_id").unwrap(), "s");
    let read = RoutePreferences::parse(body.extra.get("provider").unwrap().as_str()).unwrap();
    assert_eq!(
        (read.order().len(), read.only().len(), read.ignore().len()),
        (2, 3, 1)
    );
    assert!(
        !read.allows_fallbacks()
            && read.requires_parameters()
            && read.sort() == Some(SortBy::Throughput)
    );
    let most = read.max_price();
    assert_eq!(
        (most.prompt, most.completion, most.image),
        (amount("0.05"), amount("0.1"), amount("0.5"))
    );

    // What the request says itself comes first.
    mock.push(MockAnswer::json(200, super::ANSWER));
    let own = ChatRequest::new("m", vec![Message::user("hi")])
        .with("models", &["x"])
        .unwrap();
    client.chat().with_models(["b"]).create(&own).await.unwrap();
    assert!(sent(&mock).1.ends_with(r#""models":["x"]}"#));
}

#[tokio::test]
async fn what_a_hub_says_of_an_answer_is_read() {
    let (mock, client) = mocked();
    let answer = MockAnswer::json(200, super::ANSWER)
        .with_header("x-swan-model", "a/b")
        .with_header("x-swan-trace", "{}")
        .with_header("idempotency-replayed", "true");
    mock.push(answer);
    let reply = client.chat().create(&request()).await.unwrap();
    let told = reply.metadata();
    assert_eq!(
        (told.model.as_deref(), told.trace.as_deref(), told.replayed),
        (Some("a/b"), Some("{}"), true)
    );
}

#[test]
fn recordings_are_not_shown() {
    let client = Client::builder("http://mock", "k").build().unwrap();
    let ask = TranscriptionRequest::new("m", "hush.wav", "hush").with_prompt("hush");
    assert!(!format!("{ask:?} {:?}", client.transcriptions()).contains("hush"));
}
