//! `swan-provider models`.

use super::{
    Exit,
    args::ModelsArgs,
    print, say,
    sources::{Known, sources},
};
use crate::ProviderError;
use serde_json::json;

/// Lists what would be served; nothing is run.
pub(super) async fn models(args: ModelsArgs) -> Result<Exit, ProviderError> {
    let (known, silent) = sources(&args.sources).await?.known().await?;
    for (backend, reason) in &silent {
        say(&format!("no models from {backend}: {reason}"));
    }
    if args.json {
        let list: Vec<_> = known.iter().map(as_json).collect();
        print(&json!({ "models": list }).to_string());
    } else {
        table(&known);
    }
    Ok(if known.is_empty() {
        Exit::NothingToServe
    } else {
        Exit::Done
    })
}

fn as_json(known: &Known) -> serde_json::Value {
    json!({
        "id": known.model,
        "local_model": known.local_model,
        "engine": known.engine,
        "backend": known.backend.label(),
        "context_length": known.context_length,
    })
}

fn table(known: &[Known]) {
    let width = known
        .iter()
        .map(|k| k.model.chars().count())
        .max()
        .unwrap_or(0)
        .max(5);
    if !known.is_empty() {
        print(&format!(
            "{:width$}  {:24}  {:>9}  BACKEND",
            "MODEL", "ENGINE", "CONTEXT"
        ));
    }
    for k in known {
        let window = k
            .context_length
            .map_or("?".to_owned(), |tokens| tokens.to_string());
        let backend = k.backend.label();
        print(&format!(
            "{:width$}  {:24}  {window:>9}  {backend}",
            k.model, k.engine
        ));
    }
}
