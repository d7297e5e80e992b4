//! Which server is this, and what does it serve?

use super::{Answer, HttpBackend};
use crate::backend::{BackendError, BackendModel, Discovery, Engine};
use serde_json::Value;
use swan_core::openai::ListedKind;

/// How many models of one server are read; a list longer than that is a mistake or an attack.
const MODELS_MAX: usize = 1_000;
/// How long a model's name may be (the limit of `swan_core::ModelId`).
const NAME_MAX: usize = 200;

/// Asks for the list of models first: it names the engine with all but Ollama's proxies and TGI.
pub(super) async fn discover(server: &HttpBackend) -> Result<Discovery, BackendError> {
    let list = server.get("/v1/models").await?;
    let Some(listed) = list.json() else {
        return older_tgi(server, &list).await;
    };
    let (models, owner) = read_list(&listed)
        .ok_or_else(|| server.nonsense("/v1/models is not a list of models".to_owned()))?;
    let engine = match by_name(owner.as_deref(), list.server.as_deref()) {
        Some(engine) => engine,
        None => by_questions(server).await,
    };
    let models = with_windows(server, engine, models).await;
    Ok(Discovery::new(engine, models))
}

/// Reads an OpenAI list; entries that are no models are left out. `None` when it is no list at all.
fn read_list(list: &Value) -> Option<(Vec<BackendModel>, Option<String>)> {
    // A server without models may answer null for its list, as Go programs do.
    let entries = match list.get("data").or_else(|| list.as_array().map(|_| list))? {
        Value::Array(entries) => entries.as_slice(),
        Value::Null => &[],
        _ => return None,
    };
    let mut models = Vec::new();
    let mut owner = None;
    for entry in entries.iter().take(MODELS_MAX) {
        let Some(id) = entry.get("id").and_then(Value::as_str) else {
            continue;
        };
        if id.is_empty() || id.len() > NAME_MAX || id.chars().any(|c| c.is_control() || c == ' ') {
            continue;
        }
        owner = owner.or_else(|| Some(entry.get("owned_by")?.as_str()?.to_owned()));
        let modality = match ListedKind::of(entry) {
            Some(ListedKind::Served(modality)) => Some(modality),
            // A model that ranks or speaks is asked for nothing here.
            Some(_) => continue,
            None => None,
        };
        let window = [entry.get("max_model_len"), entry.pointer("/meta/n_ctx")]
            .into_iter()
            .flatten()
            .find_map(Value::as_u64);
        models.push(BackendModel {
            modality,
            id: id.to_owned(),
            context_length: window,
        });
    }
    Some((models, owner))
}

fn by_name(owner: Option<&str>, server: Option<&str>) -> Option<Engine> {
    match owner.unwrap_or_default().to_ascii_lowercase().as_str() {
        "vllm" => return Some(Engine::Vllm),
        "sglang" => return Some(Engine::Sglang),
        "llamacpp" => return Some(Engine::LlamaCpp),
        "library" => return Some(Engine::Ollama),
        _ => {}
    }
    let server = server.unwrap_or_default().to_ascii_lowercase();
    server.contains("llama.cpp").then_some(Engine::LlamaCpp)
}

/// The telling routes of those whose list does not tell.
async fn by_questions(server: &HttpBackend) -> Engine {
    let has = async |path: &str, field: &str| {
        let answer = server.get(path).await.ok().and_then(|answer| answer.json());
        answer.is_some_and(|answer| answer.get(field).is_some())
    };
    if has("/api/version", "version").await {
        Engine::Ollama
    } else if has("/info", "model_id").await {
        Engine::Tgi
    } else if has("/get_model_info", "model_path").await {
        Engine::Sglang
    } else {
        Engine::Unknown
    }
}

/// The window that the server was started with, where the list does not say it.
///
/// Ollama tells only what a model could do, not what it is served with: that stays unknown rather than wrong.
async fn with_windows(
    server: &HttpBackend,
    engine: Engine,
    mut models: Vec<BackendModel>,
) -> Vec<BackendModel> {
    let (path, field) = match engine {
        Engine::LlamaCpp => ("/props", "/default_generation_settings/n_ctx"),
        Engine::Tgi => ("/info", "/max_total_tokens"),
        _ => return models,
    };
    if models.iter().all(|model| model.context_length.is_some()) {
        return models;
    }
    let answer = server.get(path).await.ok().and_then(|answer| answer.json());
    let window = answer
        .and_then(|answer| answer.pointer(field)?.as_u64())
        .filter(|n| *n > 0);
    for model in &mut models {
        model.context_length = model.context_length.or(window);
    }
    models
}

/// Versions of TGI before 2.x have no list: their one model stands in `/info`.
async fn older_tgi(server: &HttpBackend, list: &Answer) -> Result<Discovery, BackendError> {
    let info = match list.status {
        404 | 405 => server
            .get("/info")
            .await
            .ok()
            .and_then(|answer| answer.json()),
        _ => None,
    };
    let Some(info) = info else {
        return Err(server.nonsense(match list.status {
            200 => "/v1/models is not JSON; is this a model server?".to_owned(),
            401 | 403 => format!("/v1/models answers {}; give its api_key", list.status),
            status => format!("/v1/models answers {status}; is this a model server?"),
        }));
    };
    let Some(id) = info.get("model_id").and_then(Value::as_str) else {
        return Err(server.nonsense("/info names no model_id".to_owned()));
    };
    let context_length = info.get("max_total_tokens").and_then(Value::as_u64);
    let model = BackendModel {
        modality: None,
        id: id.to_owned(),
        context_length,
    };
    Ok(Discovery::new(Engine::Tgi, vec![model]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use swan_core::Modality;

    #[test]
    fn lists_of_all_servers_are_read() {
        for (list, owner, expected) in [
            (
                json!({"object":"list","data":[{"id":"m","owned_by":"vllm","max_model_len":4096}]}),
                Some("vllm"),
                vec![BackendModel::new("m").with_context_length(4096)],
            ),
            (
                json!({"data":[{"id":"a.gguf","owned_by":"llamacpp","meta":{"n_ctx_train":1}}]}),
                Some("llamacpp"),
                vec![BackendModel::new("a.gguf")],
            ),
            (
                json!({"data":[{"id":"house","mode":"embedding"},{"id":"judge","type":"rerank"}]}),
                None,
                vec![BackendModel::new("house").with_modality(Modality::Embedding)],
            ),
            (json!({"data":null}), None, vec![]),
            (
                json!([{"id":"bare"}]),
                None,
                vec![BackendModel::new("bare")],
            ),
            (
                json!({"data":[{}, 7, {"id":7}, {"id":""}, {"id":"a b"}, {"id":"x".repeat(201)}]}),
                None,
                vec![],
            ),
        ] {
            assert_eq!(read_list(&list), Some((expected, owner.map(str::to_owned))));
        }
        for no_list in [
            json!({}),
            json!({"data":{}}),
            json!("x"),
            json!({"error":"no"}),
        ] {
            assert_eq!(read_list(&no_list), None);
        }
    }
}
