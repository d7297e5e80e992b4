//! Which server is this?

use axum::{Router, http::header, routing::get};
use std::time::Duration;
use swan_provider::{Backend, BackendModel, Engine, HttpBackend, discover_local};
use tokio::{net::TcpListener, task::JoinHandle};

type Routes = &'static [(&'static str, &'static str)];

async fn serve(routes: Routes, server: &'static str) -> (HttpBackend, JoinHandle<()>) {
    let mut app = Router::new();
    for (path, body) in routes {
        let headers = [
            (header::CONTENT_TYPE, "application/json"),
            (header::SERVER, server),
        ];
        app = app.route(path, get(move || async move { (headers, *body) }));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (HttpBackend::new(&url).unwrap(), task)
}

/// Engine, window, `Server` header, and what it answers.
const ENGINES: [(Engine, Option<u64>, &str, Routes); 9] = [
    (
        Engine::Vllm,
        Some(8192),
        "",
        &[(
            "/v1/models",
            r#"{"data":[{"id":"m","owned_by":"vllm","max_model_len":8192}]}"#,
        )],
    ),
    (
        Engine::Sglang,
        Some(65536),
        "",
        &[(
            "/v1/models",
            r#"{"data":[{"id":"m","owned_by":"sglang","max_model_len":65536}]}"#,
        )],
    ),
    (
        Engine::LlamaCpp,
        Some(2048),
        "",
        &[
            (
                "/v1/models",
                r#"{"data":[{"id":"m","owned_by":"llamacpp","meta":{"n_ctx_train":9}}]}"#,
            ),
            (
                "/props",
                r#"{"default_generation_settings":{"n_ctx":2048}}"#,
            ),
        ],
    ),
    (
        Engine::LlamaCpp,
        None,
        "llama.cpp",
        &[("/v1/models", r#"{"data":[{"id":"m"}]}"#)],
    ),
    (
        Engine::Ollama,
        None,
        "",
        &[(
            "/v1/models",
            r#"{"data":[{"id":"m","owned_by":"library"}]}"#,
        )],
    ),
    (
        Engine::Ollama,
        None,
        "",
        &[
            (
                "/v1/models",
                r#"{"data":[{"id":"m","owned_by":"someone"}]}"#,
            ),
            ("/api/version", r#"{"version":"0.9.0"}"#),
        ],
    ),
    (
        Engine::Tgi,
        Some(4096),
        "",
        &[
            ("/v1/models", r#"{"data":[{"id":"m","owned_by":"m"}]}"#),
            ("/info", r#"{"model_id":"m","max_total_tokens":4096}"#),
        ],
    ),
    (
        Engine::Tgi,
        Some(1024),
        "",
        &[("/info", r#"{"model_id":"m","max_total_tokens":1024}"#)],
    ),
    (
        Engine::Unknown,
        None,
        "nginx",
        &[("/v1/models", r#"{"data":[{"id":"m"}]}"#)],
    ),
];

#[tokio::test]
async fn each_engine_is_told_by_what_it_answers() {
    for (engine, window, server, routes) in ENGINES {
        let (backend, task) = serve(routes, server).await;
        let told = backend.discover().await.unwrap();
        let mut model = BackendModel::new("m");
        model.context_length = window;
        assert_eq!(
            (told.engine, told.models),
            (engine, vec![model]),
            "{routes:?}"
        );
        task.abort();
    }
}

#[tokio::test]
async fn what_is_no_model_server_is_said_to_be_none() {
    let cases: [Routes; 4] = [
        &[("/", "<html>")],
        &[("/v1/models", "<html>")],
        &[("/v1/models", r#"{"error":"no"}"#)],
        &[("/info", r#"{"name":"something else"}"#)],
    ];
    for routes in cases {
        let (backend, task) = serve(routes, "").await;
        let error = backend.discover().await.unwrap_err();
        assert!(error.to_string().contains("nonsense"), "{error}");
        task.abort();
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_not_to_be() {
    let (backend, task) = serve(&[], "").await;
    task.abort();
    let _ = task.await;
    let error = backend.discover().await.unwrap_err();
    assert!(
        error.to_string().contains("cannot be reached") && error.is_retryable(),
        "{error}"
    );
}

#[tokio::test]
async fn looking_around_on_this_machine_is_quick_whatever_is_there() {
    let found = tokio::time::timeout(Duration::from_secs(10), discover_local())
        .await
        .unwrap();
    assert!(
        found
            .iter()
            .all(|server| !server.discovery.models.is_empty())
    );
}
