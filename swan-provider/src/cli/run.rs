//! `swan-provider run`.

use super::{Exit, args::RunArgs, say, sources::sources};
use crate::{Provider, ProviderError};
use std::{path::PathBuf, time::Duration};
use tokio::sync::mpsc;

/// Serves until a signal comes; a second one ends it at once.
pub(super) async fn run(args: RunArgs) -> Result<Exit, ProviderError> {
    let found = sources(&args.sources).await?;
    for backend in &found.backends {
        tracing::info!("using {}", backend.label());
    }
    let name = args.name.unwrap_or_else(host_name);
    let mut builder = Provider::builder(&args.hub, &args.key)
        .with_concurrency(args.concurrency)
        .with_max_in_flight(args.max_in_flight)
        .with_data_policy(args.data_collection.unwrap_or_default())
        .with_name(name)
        .with_data_dir(args.own.data_dir.unwrap_or_else(state_folder))
        .with_drain_timeout(Duration::from_secs(args.drain_secs));
    for backend in found.backends {
        builder = builder.with_shared_backend(backend);
    }
    if let Some(file) = found.models_json {
        builder = builder.with_models_file(file);
    }
    if let Some(http) = args.hub_http {
        builder = builder.with_hub_http(http);
    }
    if let Some(file) = args.own.signing_key {
        builder = builder.with_signing_key(file);
    }
    if args.v1_only {
        builder = builder.with_v1_only();
    }
    let provider = builder.build()?;
    let mut signals = signals();
    let (first, second) = tokio::sync::oneshot::channel();
    let watch = async move {
        signals.recv().await;
        let _ = first.send(());
        signals.recv().await;
    };
    let serve = Box::pin(provider.run(async { second.await.unwrap_or_default() }));
    tokio::select! {
        outcome = serve => outcome.map(|()| Exit::Done),
        () = watch => {
            say("stopped without finishing what was running");
            Ok(Exit::Failed)
        }
    }
}

/// Ctrl-C and, where there is such a thing, SIGTERM.
fn signals() -> mpsc::Receiver<()> {
    let (signal, signals) = mpsc::channel(2);
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal as listen};
        if let Ok(mut terminate) = listen(SignalKind::terminate()) {
            let signal = signal.clone();
            tokio::spawn(async move {
                while terminate.recv().await.is_some() && signal.send(()).await.is_ok() {}
            });
        }
    }
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() && signal.send(()).await.is_ok() {}
    });
    signals
}

/// The usual place for state that is no configuration; the working folder when there is no home.
pub(super) fn state_folder() -> PathBuf {
    let from = |variable: &str| {
        std::env::var_os(variable)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    from("XDG_STATE_HOME")
        .or_else(|| from("HOME").map(|home| home.join(".local/state")))
        .or_else(|| from("LOCALAPPDATA"))
        .map_or_else(
            || PathBuf::from("swan-provider-state"),
            |folder| folder.join("swan-provider"),
        )
}

fn host_name() -> String {
    let read = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = read
        .or_else(|| std::env::var("HOSTNAME").ok())
        .or_else(|| std::env::var("COMPUTERNAME").ok());
    name.map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "swan-provider".to_owned())
}
