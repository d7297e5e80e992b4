//! `models.json`, read unchanged and read again.

use crate::support::{Hub, HubOptions, ModelServer, Running, builder};
use serde_json::Value;
use swan_core::protocol::Dialect;
use swan_provider::{Event, ProviderError};

fn write(path: &std::path::Path, models: &Value) {
    // As editors do it: a new file takes the old one's place.
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, models.to_string()).unwrap();
    std::fs::rename(&fresh, path).unwrap();
}

#[tokio::test]
async fn an_entry_is_honoured_in_all_its_fields() {
    let server = ModelServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("models.json");
    write(
        &file,
        &serde_json::json!({"org/Big-Model": {
            "endpoint": server.url, "gpu_memory": 24000, "category": "text-generation",
            "local_model": "swan/echo", "api_key": "local-secret", "quantization": "FP8",
            "context_length": 32768, "container": "c", "format": "safetensors",
        }}),
    );
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let _provider = Running::start(builder(&hub).with_models_file(&file));
    let mut connection = hub.next().await;
    let registration = connection.registered().await;
    assert_eq!(registration.models, ["org/Big-Model"]);
    assert_eq!(registration.context_length("org/Big-Model"), Some(32_768));
    assert_eq!(registration.model_declarations[0].quantization, "fp8");
    assert_eq!(
        registration.model_declarations[0].context_source,
        "override"
    );
    let body = r#"{"model":"org/Big-Model","messages":[{"role":"user","content":"x"}]}"#;
    assert_eq!(
        connection
            .ask("org/Big-Model", false, body)
            .await
            .final_status(),
        200
    );
    assert_eq!(
        server.last_body(),
        body.replace("org/Big-Model", "swan/echo")
    );
    let keys = server.state.authorizations.lock().unwrap().clone();
    assert_eq!(keys.last().unwrap().as_deref(), Some("Bearer local-secret"));
}

#[tokio::test]
async fn a_change_is_served_without_a_restart_and_a_bad_one_changes_nothing() {
    let server = ModelServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("models.json");
    let entry = serde_json::json!({"endpoint": server.url});
    write(&file, &serde_json::json!({"a": entry}));
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let provider = Running::start(builder(&hub).with_models_file(&file));
    let mut connection = hub.next().await;
    assert_eq!(connection.registered().await.models, ["a"]);
    write(&file, &serde_json::json!({"a": entry, "b": entry}));
    connection.registered_when(|r| r.models == ["a", "b"]).await;
    std::fs::write(&file, r#"{"a": {"endpoint": "nonsense"}}"#).unwrap();
    let error = provider.events.wait(|event| match event {
        Event::ModelsFileRefused { error } => Some(error.to_string()),
        _ => None,
    });
    let error = error.await;
    assert!(error.contains("\"a\": endpoint"), "{error}");
    let body = r#"{"messages":[{"role":"user","content":"x"}]}"#;
    assert_eq!(connection.ask("b", false, body).await.final_status(), 200);
    write(&file, &serde_json::json!({"b": entry}));
    connection.registered_when(|r| r.models == ["b"]).await;
    assert_eq!(connection.ask("b", false, body).await.final_status(), 200);
}

#[tokio::test]
async fn a_bad_file_at_the_start_is_an_error_that_names_the_entry() {
    let hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("models.json");
    for (text, named) in [
        (None, "cannot be read"),
        (Some(r#"{"m":{"endpoint":1}}"#), "\"m\": endpoint"),
    ] {
        if let Some(text) = text {
            std::fs::write(&file, text).unwrap();
        }
        let mut provider = Running::start(builder(&hub).with_models_file(&file));
        let error = provider.ended().await.unwrap_err();
        assert!(matches!(error, ProviderError::ModelsFile { .. }));
        assert!(error.to_string().contains(named), "{error}");
    }
}
