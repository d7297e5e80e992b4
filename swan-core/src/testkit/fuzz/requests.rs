//! What the fuzz targets of request bodies run, shared with the ordinary tests.

use bytes::Bytes;

use crate::multipart::{Boundary, Form};
use crate::openai::{
    Asks, ChunkFacts, DataFacts, RequestHead, Rewrite, TranscriptFacts, with_cost,
};
use crate::protocol::Operation;

/// The name by which the provider of the tests knows every model.
const UPSTREAM: &str = "up/stream \"quoted\"";

/// Reads arbitrary bytes as the body of a request, and writes into it what a hub does.
///
/// # Panics
/// When what goes to the provider is not JSON any more, names another model, tells it what only a hub may know, or asks for more than
/// was found in it.
pub fn request(script: &[u8]) {
    let Some((choice, body)) = script.split_first() else {
        return;
    };
    let operations = [
        Operation::ChatCompletions,
        Operation::Completions,
        Operation::Embeddings,
        Operation::ImagesGenerations,
    ];
    let Some(operation) = operations.get(usize::from(*choice) % operations.len()) else {
        return;
    };
    let body = Bytes::copy_from_slice(body);
    let _ = RequestHead::parameters(&body);
    let Ok(head) = RequestHead::parse(operation, &body) else {
        return;
    };
    let rewrite = Rewrite::new()
        .with_model(UPSTREAM)
        .with_include_usage()
        .without_market_fields();
    let sent = rewrite.apply(&body, &head).concat();
    let Ok(sent) = serde_json::from_slice::<serde_json::Value>(&sent) else {
        // A reader of values gives up on depth and on numbers beyond its own; a rewrite changes neither.
        assert!(
            serde_json::from_slice::<serde_json::Value>(&body).is_err(),
            "a body that was JSON is none any more"
        );
        return;
    };
    assert_eq!(
        sent.get("model").and_then(|name| name.as_str()),
        Some(UPSTREAM),
        "another model"
    );
    assert_eq!(
        sent.get("payment"),
        None,
        "the provider is told of the money"
    );
    assert_eq!(sent.get("provider"), None, "the provider is told of others");
    if head.stream && head.asks.generation().is_some() {
        let asked = sent.pointer("/stream_options/include_usage");
        assert_eq!(
            asked,
            Some(&serde_json::Value::Bool(true)),
            "usage was not asked for"
        );
    }
}

/// Reads arbitrary bytes as a form with a recording, and writes into it what a hub does.
///
/// # Panics
/// When the form is none any more, or more of it has changed than the name of the model.
pub fn form(script: &[u8]) {
    const TYPE: &str = "multipart/form-data; boundary=b";
    if let Some((length, text)) = script.split_first() {
        let end = usize::from(*length).min(text.len());
        let _ = Boundary::of(&String::from_utf8_lossy(
            text.get(..end).unwrap_or_default(),
        ));
    }
    let body = Bytes::copy_from_slice(script);
    let Ok(head) = RequestHead::form(TYPE, &body) else {
        return;
    };
    let Asks::Transcription(wanted) = &head.asks else {
        unreachable!("a form asks for something else");
    };
    let recording = body.slice(wanted.file.clone());
    let rewrite = Rewrite::new().with_model(UPSTREAM).without_market_fields();
    let sent = rewrite.apply(&body, &head).concat();
    let boundary = Boundary::of(TYPE).ok();
    let form = boundary.and_then(|boundary| Form::parse(&sent, &boundary).ok());
    let Some(form) = form else {
        unreachable!("a form that was one is none any more");
    };
    let content = |name: &str| {
        let part = form.only(name).ok().flatten();
        part.map(|part| part.bytes(&sent))
    };
    assert_eq!(content("model"), Some(UPSTREAM.as_bytes()), "another model");
    assert_eq!(content("file"), Some(&*recording), "another recording");
    assert_eq!(
        (content("payment"), content("provider")),
        (None, None),
        "the provider is told of the market"
    );
}

/// Reads arbitrary bytes as the answer of a model server, and writes the cost into it.
///
/// # Panics
/// When an answer that was JSON is none any more, or names another cost.
pub fn answer(script: &[u8]) {
    let body = Bytes::copy_from_slice(script);
    let _ = (DataFacts::read(&body), TranscriptFacts::read(&body));
    let Some(facts) = ChunkFacts::read(&body) else {
        return;
    };
    let is_usage = facts.usage.is_some();
    let answer = with_cost(&body, "0.25").concat();
    let Ok(answer) = serde_json::from_slice::<serde_json::Value>(&answer) else {
        assert!(
            serde_json::from_slice::<serde_json::Value>(&body).is_err(),
            "an answer that was JSON is none any more"
        );
        return;
    };
    if is_usage {
        let cost = answer.pointer("/usage/cost").and_then(|cost| cost.as_str());
        assert_eq!(cost, Some("0.25"), "another cost");
    }
}
