//! From flags to backends.

use super::args::SourceArgs;
use crate::{
    ProviderError,
    backend::{Backend, EchoBackend, HttpBackend, discover_local},
    models_file::{self, Category},
};
use std::{path::PathBuf, sync::Arc};

/// Where models come from.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) backends: Vec<Arc<dyn Backend>>,
    pub(super) models_json: Option<PathBuf>,
}

/// One model that is known before anything is served.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) model: String,
    pub(super) local_model: String,
    pub(super) category: Category,
    pub(super) backend: Arc<dyn Backend>,
    pub(super) engine: String,
    pub(super) context_length: Option<u64>,
}

/// What was named, or else what is found on this machine.
pub(super) async fn sources(args: &SourceArgs) -> Result<Sources, ProviderError> {
    let mut backends: Vec<Arc<dyn Backend>> = Vec::new();
    for url in &args.backends {
        let mut builder = HttpBackend::builder(url);
        if let Some(key) = &args.backend_key {
            builder = builder.with_api_key(key);
        }
        backends.push(Arc::new(builder.build()?));
    }
    if args.echo {
        backends.push(Arc::new(EchoBackend::of_every_kind()));
    }
    if backends.is_empty() && args.models_json.is_none() {
        for found in discover_local().await {
            backends.push(Arc::new(found.backend));
        }
    }
    if backends.is_empty() && args.models_json.is_none() {
        return Err(ProviderError::NothingToServe);
    }
    Ok(Sources {
        backends,
        models_json: args.models_json.clone(),
    })
}

impl Sources {
    /// Asks every backend; those that do not answer come with the reason.
    pub(super) async fn known(&self) -> Result<(Vec<Known>, Vec<(String, String)>), ProviderError> {
        let (mut known, mut silent) = (Vec::new(), Vec::new());
        for backend in &self.backends {
            match backend.discover().await {
                Ok(told) => known.extend(told.models.into_iter().map(|model| Known {
                    category: Category::of(&model),
                    local_model: model.id.clone(),
                    model: model.id,
                    backend: Arc::clone(backend),
                    engine: told.engine.to_string(),
                    context_length: model.context_length,
                })),
                Err(error) => silent.push((backend.label().to_owned(), error.to_string())),
            }
        }
        if let Some(path) = &self.models_json {
            for (model, entry) in models_file::load(path).await? {
                known.push(Known {
                    local_model: entry.local_model.clone().unwrap_or_else(|| model.clone()),
                    model,
                    category: entry.category,
                    backend: Arc::new(entry.backend()?),
                    engine: "models.json".to_owned(),
                    context_length: entry.context_length,
                });
            }
        }
        Ok((known, silent))
    }
}
