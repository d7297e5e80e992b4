//! `swan-hub benchmark`: the real program asks a server over HTTP and grades what comes back.

use std::collections::BTreeMap;
use std::process::Output;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Router, routing::post};
use serde_json::{Value, json};
use swan_core::benchmark::{Item, ItemKind, ItemSeed, Key};
use swan_core::{Rng as _, SeededRng};
use tokio::process::Command;

const SEED: u64 = 42;
const SAMPLES: u64 = 12;
const MODEL: &str = "some-model";
const SECRET: &str = "sk-very-secret";

/// What the server knows: the answer to each request, byte for byte.
type Answers = BTreeMap<Vec<u8>, String>;

/// The items that the program draws from the seed, in its order.
fn items() -> Vec<Item> {
    let mut draws = SeededRng::new(SEED);
    let mut items = Vec::new();
    for _ in 0..SAMPLES {
        for kind in [ItemKind::Math, ItemKind::Code] {
            items.push(Item::from_seed(kind, ItemSeed::new(draws.next_u64())));
        }
    }
    items
}

fn right(item: &Item) -> String {
    match item.key() {
        Key::Number(expected) => format!("Let us see. The answer is {}.", expected.value()),
        Key::Program(wanted) => format!("Of course:\n\n```python\n{}\n```\n", wanted.solution),
    }
}

fn answers(of: impl Fn(&Item) -> String) -> Answers {
    items()
        .iter()
        .map(|item| (item.request(MODEL), of(item)))
        .collect()
}

/// A server that knows only these questions and only this key; it streams where it is asked to.
async fn server(answers: Answers) -> String {
    let answers = Arc::new(answers);
    let chat = move |headers: HeaderMap, body: Bytes| {
        let answers = Arc::clone(&answers);
        async move {
            if headers
                .get("authorization")
                .is_none_or(|key| key != &format!("Bearer {SECRET}"))
            {
                return StatusCode::UNAUTHORIZED.into_response();
            }
            let asked: Value = serde_json::from_slice(&body).unwrap();
            match answers.get(body.as_ref()) {
                Some(text) if asked["stream"] == true => stream(text),
                Some(text) => json!({"choices": [{"message": {"content": text}}]})
                    .to_string()
                    .into_response(),
                None => StatusCode::NOT_FOUND.into_response(),
            }
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/v1/chat/completions", post(chat));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/v1")
}

fn stream(text: &str) -> Response {
    let chunks: String = text
        .split_inclusive(' ')
        .map(|word| {
            format!(
                "data: {}\n\n",
                json!({"choices": [{"delta": {"content": word}}]})
            )
        })
        .collect();
    (
        [("content-type", "text/event-stream")],
        chunks + "data: [DONE]\n\n",
    )
        .into_response()
}

async fn run(url: &str, more: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_swan-hub"));
    program
        .args([
            "benchmark",
            "--url",
            url,
            "--model",
            MODEL,
            "--key-env",
            "THE_KEY",
        ])
        .args([
            "--seed",
            &SEED.to_string(),
            "--samples",
            &SAMPLES.to_string(),
        ])
        .args(more)
        .env("THE_KEY", SECRET)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}

fn said(ran: &Output) -> String {
    let both = [ran.stdout.as_slice(), ran.stderr.as_slice()].concat();
    String::from_utf8(both).unwrap()
}

#[tokio::test]
async fn right_answers_pass_and_the_same_seed_asks_the_same() {
    let url = server(answers(right)).await;
    let ran = run(&url, &["--json"]).await;
    assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(report["verdict"], "pass");
    assert_eq!(report["grounds"]["policy"]["version"], "swan-2.0");
    let asked = report["items"].as_array().unwrap();
    let questions = items();
    assert_eq!(asked.len(), questions.len());
    for (item, drawn) in asked.iter().zip(&questions) {
        assert_eq!(item["question"], drawn.question());
        assert_eq!(item["evidence"]["outcome"], "right", "{item}");
    }
    let words = run(&url, &[]).await;
    assert!(said(&words).contains("verdict: pass"), "{}", said(&words));
    for ran in [ran, words] {
        assert!(!said(&ran).contains(SECRET), "the key stays a secret");
    }
}

#[tokio::test]
async fn wrong_and_hostile_answers_fail_and_harm_nobody() {
    let hostile = [
        "```python\nwhile True:\n    pass\n```",
        "```python\ndef f(*a):\n    return f(*a)\n```",
        "```python\nx = 'a' * 10**12\n```",
        "```python\nimport os\nos.system('touch /tmp/owned')\n```",
        "I would rather not say.",
        "",
    ];
    let of = |item: &Item| match item.kind() {
        ItemKind::Math => "The answer is -987654321.".to_owned(),
        ItemKind::Code => {
            hostile[usize::from(item.seed().get().to_le_bytes()[0]) % hostile.len()].to_owned()
        }
    };
    let ran = run(&server(answers(of)).await, &["--json"]).await;
    assert_eq!(ran.status.code(), Some(1), "{}", said(&ran));
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(report["verdict"], "fail");
    let outcomes = report["items"].as_array().unwrap();
    assert!(
        outcomes
            .iter()
            .all(|item| item["evidence"]["outcome"] != "right")
    );
    let evidence = report["grounds"]["evidence"].to_string();
    assert!(
        evidence.contains("math accuracy") && evidence.contains("at least 50"),
        "{evidence}"
    );
}

#[tokio::test]
async fn a_server_that_fails_or_is_not_there_and_wrong_use_are_told_apart() {
    // It knows no question, so every answer is a 404 by its own fault.
    let ran = run(&server(Answers::new()).await, &[]).await;
    assert_eq!(ran.status.code(), Some(1));
    assert!(said(&ran).contains("status 404"), "{}", said(&ran));

    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let ran = run(&format!("http://{address}/v1"), &[]).await;
    assert_eq!(ran.status.code(), Some(1));
    assert!(said(&ran).contains("no connection to"), "{}", said(&ran));

    for (url, more, words) in [
        (
            "ftp://host/v1",
            ["--samples", "3"],
            "neither http:// nor https://",
        ),
        (
            "http://127.0.0.1:1/v1",
            ["--key-env", "NO_SUCH"],
            "no such environment variable",
        ),
        (
            "http://127.0.0.1:1/v1",
            ["--samples", "0"],
            "0 is not in 1..=1000",
        ),
    ] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_swan-hub"));
        let ran = program
            .args(["benchmark", "--url", url, "--model", MODEL])
            .args(more)
            .output()
            .await
            .unwrap();
        assert_eq!(ran.status.code(), Some(2), "{}", said(&ran));
        assert!(said(&ran).contains(words), "{}", said(&ran));
    }
}
