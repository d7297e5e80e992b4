//! Vectors, pictures and recordings by the official OpenAI SDKs, from a model server that tells in its list alone what its models
//! do: as an endpoint of the hub, and behind a provider. And recordings by the built-in model.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::hub::{TestHub, pico};
use super::part::{Part, until};
use super::stand_in::{self, EARS, JUDGE, PICTURES, SAID, VECTORS};
use super::tools::{self, Sdk};
use super::wire;

/// 0.003 USD for an image, and for a minute.
const UNIT_PICO: i128 = 3_000_000_000;
/// 0.005 USD for a million tokens.
const VECTOR_PICO: i128 = 5_000;

/// A recording of a second and a half: 16-bit mono at 8 kHz.
fn recording(folder: &TempDir) -> PathBuf {
    const BYTES: u32 = 8_000 * 2 * 3 / 2;
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + BYTES).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data");
    wav.extend(BYTES.to_le_bytes());
    wav.resize(wav.len() + BYTES as usize, 0);
    let file = folder.path().join("call.wav");
    std::fs::write(&file, wav).unwrap();
    file
}

/// A provider with this flag for where its models are, and its data.
async fn provider(hub: &TestHub, models: &str) -> (Part, TempDir) {
    let data = tempfile::tempdir().unwrap();
    let key = hub.provider_key("gpu").await;
    let mut command = tools::provider();
    command
        .args(["run", models])
        .arg(format!("--hub={}", hub.socket_url()))
        .arg(format!("--key={key}"))
        .arg(format!("--data-dir={}", data.path().display()));
    (Part::start("gpu", &mut command), data)
}

/// Waits until the hub lists a model, and answers its entry.
async fn listed(hub: &TestHub, model: &str) -> Value {
    until("the hub lists the model", || async {
        let models = wire::get(&hub.url(), "/v1/models", None).await.json().await;
        let found = models["data"].as_array()?.iter();
        found.clone().find(|one| one["id"] == model).cloned()
    })
    .await
}

async fn assert_listed(hub: &TestHub) {
    for (model, kind, route) in [
        (VECTORS, "embedding", "/v1/embeddings"),
        (PICTURES, "image", "/v1/images/generations"),
        (EARS, "audio", "/v1/audio/transcriptions"),
    ] {
        let entry = listed(hub, model).await;
        assert_eq!(entry["modality"], kind, "{entry}");
        assert_eq!(entry["operations"], json!([route]), "{entry}");
        assert_eq!(entry["available"], true, "{entry}");
    }
    let answer = wire::get(&hub.url(), &format!("/v1/models/{JUDGE}"), None).await;
    assert_eq!(answer.status, 404, "nobody can ask for a ranking here");
}

/// Vectors in both forms and pictures in both, and what they cost.
async fn makes_vectors_and_pictures(hub: &TestHub, mode: &str) {
    let consumer = hub.consumer("alice", "5").await;
    let ask = async |path: &str, body: Value| {
        let answer = wire::post(&hub.url(), path, &consumer.key, &body).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("x-swan-connection-mode"), Some(mode));
        answer.json().await
    };
    let texts = json!({"model": VECTORS, "input": ["one", "two", "three"]});
    let plain = ask("/v1/embeddings", texts.clone()).await;
    assert_eq!(plain["data"][2]["embedding"], json!([0.5, -0.25]));
    assert_eq!(pico(&plain["usage"]["cost"]), 3 * VECTOR_PICO);
    let mut packed = texts;
    packed["encoding_format"] = json!("base64");
    let packed = ask("/v1/embeddings", packed).await;
    assert_eq!(packed["data"][2]["embedding"], "AAAAPwAAgL4=");
    for (form, member, picture) in [
        ("b64_json", "b64_json", "iVBORw0KGgo="),
        ("url", "url", "https://pictures.example.com/swan.png"),
    ] {
        let body = json!({"model": PICTURES, "prompt": "a swan", "n": 2, "response_format": form});
        let pictures = ask("/v1/images/generations", body).await;
        assert_eq!(pictures["data"][1][member], picture, "{pictures}");
        assert_eq!(pico(&pictures["usage"]["cost"]), 2 * UNIT_PICO);
    }
    // Such a model is asked for what it does, and nothing else.
    let body = json!({"model": PICTURES, "messages": [{"role": "user", "content": "hello"}]});
    let answer = wire::post(&hub.url(), "/v1/chat/completions", &consumer.key, &body).await;
    let refused = answer.json().await;
    assert_eq!(
        refused["error"]["code"], "unsupported_operation",
        "{refused}"
    );
    let spent = hub.settled_funds(&consumer, 4).await.spent;
    assert_eq!(spent, 6 * VECTOR_PICO + 4 * UNIT_PICO);
    hub.audit().await;
}

#[tokio::test]
async fn models_of_every_kind_are_found_at_an_endpoint() {
    let server = stand_in::start().await;
    let flag = format!("own={server}");
    let hub = TestHub::start_flagged(&["--external", &flag]).await;
    assert_listed(&hub).await;
    makes_vectors_and_pictures(&hub, "external").await;
}

#[tokio::test]
async fn models_of_every_kind_are_found_behind_a_provider() {
    let server = stand_in::start().await;
    let hub = TestHub::start().await;
    let _provider = provider(&hub, &format!("--backend={server}")).await;
    assert_listed(&hub).await;
    makes_vectors_and_pictures(&hub, "websocket").await;
}

#[tokio::test]
async fn the_python_sdk_has_recordings_written_down() {
    has_recordings_written_down(Sdk::Python).await;
}

#[tokio::test]
async fn the_node_sdk_has_recordings_written_down() {
    has_recordings_written_down(Sdk::Node).await;
}

/// By a model server at an endpoint, by the same behind a provider, and by the built-in model, which tells how many bytes it got.
async fn has_recordings_written_down(sdk: Sdk) {
    let server = stand_in::start().await;
    let flag = format!("own={server}");
    let folder = tempfile::tempdir().unwrap();
    let file = recording(&folder);
    let bytes = std::fs::metadata(&file).unwrap().len();
    let at_endpoint = TestHub::start_flagged(&["--external", &flag]).await;
    let (behind_provider, built_in) = (TestHub::start().await, TestHub::start().await);
    let _provider = provider(&behind_provider, &format!("--backend={server}")).await;
    let _echo = provider(&built_in, "--echo").await;
    let heard = format!("A recording of {bytes} bytes.");
    for (hub, model, mode, text) in [
        (&at_endpoint, EARS, "external", SAID),
        (&behind_provider, EARS, "websocket", SAID),
        (&built_in, "swan/echo-audio", "websocket", heard.as_str()),
    ] {
        listed(hub, model).await;
        let consumer = hub.consumer("alice", "5").await;
        let url = format!("{}/v1", hub.url());
        let arguments = [model, file.to_str().unwrap()];
        let seen = sdk
            .run("transcriptions", &url, &consumer.key, &arguments)
            .await;
        assert_written_down(&seen, mode, text);
        // A second and a half each, at the price of a minute.
        let spent = hub.settled_funds(&consumer, 5).await.spent;
        assert_eq!(spent, 5 * UNIT_PICO * 1_500 / 60_000);
        hub.audit().await;
    }
}

fn assert_written_down(seen: &Value, mode: &str, text: &str) {
    for (form, content_type, opening) in [
        ("json", "application/json", ""),
        ("verbose_json", "application/json", ""),
        ("text", "text/plain; charset=utf-8", text),
        ("srt", "text/plain; charset=utf-8", "1\n00:00:00,000 --> "),
        ("vtt", "text/vtt; charset=utf-8", "WEBVTT\n\n00:00"),
    ] {
        let one = &seen[form];
        assert_eq!(
            one["headers"]["content-type"], content_type,
            "{form}: {one}"
        );
        assert_eq!(one["headers"]["x-swan-connection-mode"], mode, "{form}");
        assert_eq!(pico(&one["headers"]["x-swan-cost"]), UNIT_PICO / 40);
        match one["said"].as_str() {
            Some(said) => assert!(said.starts_with(opening) && said.contains(text), "{said:?}"),
            None => assert_eq!(one["said"]["text"], text, "{form}: {one}"),
        }
    }
    let verbose = &seen["verbose_json"]["said"];
    assert_eq!(verbose["segments"][0]["text"], text, "{verbose}");
    let refused = &seen["no_recording"];
    assert_eq!(refused["class"], "BadRequestError", "{refused}");
    assert!(
        refused["message"].as_str().unwrap().contains("file"),
        "{refused}"
    );
}
