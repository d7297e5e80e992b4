//! `swan-provider doctor`: is everything as it should be, and if not, what to do?

use super::{
    Exit,
    args::DoctorArgs,
    print,
    run::state_folder,
    sources::{Known, sources},
};
use crate::{
    ProviderBuilder, ProviderError,
    connection::{DialError, Socket},
    hardware,
    hub_url::HubUrl,
    preflight::{self, Verdict},
    roster::probe,
    signing,
};
use std::time::Duration;

/// Loading a model into a GPU may take this long.
const PROBE_TIMEOUT: Duration = Duration::from_secs(120);
/// For a goodbye to the hub.
const GOODBYE: Duration = Duration::from_secs(1);

/// Checks in the order in which things depend on each other; exits with 1 when one of them is wrong.
pub(super) async fn doctor(args: DoctorArgs) -> Result<Exit, ProviderError> {
    let mut report = Report::default();
    machine(&mut report).await;
    backends(&args, &mut report).await;
    signing_key(&args, &mut report);
    match (&args.hub, &args.key) {
        (Some(hub), Some(key)) => check_hub(hub, args.hub_http.as_deref(), key, &mut report).await,
        _ => report.skip(
            "hub",
            "not checked: give --hub and --key (or SWAN_HUB and SWAN_PROVIDER_KEY)",
        ),
    }
    Ok(if report.wrong == 0 {
        Exit::Done
    } else {
        Exit::Failed
    })
}

/// Prints as it goes, since some checks take a while.
#[derive(Debug, Default)]
struct Report {
    wrong: u32,
}

impl Report {
    fn good(&self, what: &str, words: &str) {
        print(&format!("ok     {what}: {words}"));
    }

    fn skip(&self, what: &str, words: &str) {
        print(&format!("note   {what}: {words}"));
    }

    fn bad(&mut self, what: &str, words: &str, advice: &str) {
        self.wrong += 1;
        print(&format!("WRONG  {what}: {words}"));
        print(&format!("       {advice}"));
    }
}

async fn machine(report: &mut Report) {
    match hardware::report().await.hardware {
        Some(found) => {
            let memory = match found.vram_gb {
                0 => "memory unknown".to_owned(),
                gb => format!("{gb} GB each"),
            };
            report.good(
                "machine",
                &format!("{} × {}, {memory}", found.gpu_count, found.gpu_model),
            );
        }
        None => report.skip(
            "machine",
            "no NVIDIA or Apple GPU found; models can be served all the same",
        ),
    }
}

async fn backends(args: &DoctorArgs, report: &mut Report) {
    let found = match sources(&args.sources).await {
        Ok(found) => found.known().await,
        Err(error) => Err(error),
    };
    let (known, silent) = match found {
        Ok(found) => found,
        Err(error) => {
            let advice = "start a model server, name one with --backend URL, or try --echo";
            return report.bad("models", &error.to_string(), advice);
        }
    };
    for (backend, reason) in silent {
        let advice = "start it, or correct the address; it needs OpenAI's routes under /v1";
        report.bad(&backend, &reason, advice);
    }
    for model in known {
        try_model(&model, report).await;
    }
}

/// Looks at what is there, and makes nothing.
fn signing_key(args: &DoctorArgs, report: &mut Report) {
    let folder = args.own.data_dir.clone().unwrap_or_else(state_folder);
    let file = signing::path(args.own.signing_key.clone(), Some(&folder));
    let Some(file) = file.filter(|file| file.exists()) else {
        return report.skip("signing key", "none yet; the first run makes it");
    };
    match signing::load_or_create(&file) {
        Ok(key) => report.good("signing key", &key.public().to_string()),
        Err(error) => report.bad(
            "signing key",
            &error.to_string(),
            "correct it, or move the file away to get a new key",
        ),
    }
}

async fn try_model(model: &Known, report: &mut Report) {
    let what = format!("{} on {}", model.model, model.backend.label());
    match probe(
        &*model.backend,
        &model.local_model,
        model.category,
        PROBE_TIMEOUT,
    )
    .await
    {
        Ok(()) => report.good(&what, &format!("answers ({})", model.engine)),
        Err(reason) => {
            let served = model
                .backend
                .discover()
                .await
                .map(|told| told.models)
                .unwrap_or_default();
            let names: Vec<_> = served.iter().map(|m| m.id.as_str()).take(20).collect();
            let advice = if names.is_empty() || names.contains(&model.local_model.as_str()) {
                "try the same request with curl, and look into the model server's log".to_owned()
            } else {
                format!("set local_model to one that it has: {}", names.join(", "))
            };
            report.bad(&what, &reason, &advice);
        }
    }
}

async fn check_hub(hub: &str, http: Option<&str>, key: &str, report: &mut Report) {
    let url = match ProviderBuilder::new(hub, key).check(http) {
        Ok(url) => url,
        Err(error) => {
            return report.bad("settings", &error.to_string(), "correct it and try again");
        }
    };
    match preflight::ask(&url.http, key).await {
        Verdict::Welcome { status, message } => {
            report.good(
                "key",
                &format!("accepted by {} (status {status}) {message}", url.http),
            );
        }
        Verdict::Refused { message } => {
            report.bad("key", &message, "ask the hub's operator for a provider key");
        }
        Verdict::Silent { reason } => {
            let words = format!("{} does not tell: {reason}", url.http);
            report.skip(
                "key",
                &format!("{words}; `run` will show whether it is accepted"),
            );
        }
    }
    dial(&url, report).await;
}

async fn dial(url: &HubUrl, report: &mut Report) {
    match Socket::dial(url, true).await {
        Ok(socket) => {
            let dialect = socket.dialect().as_str();
            report.good(
                "hub",
                &format!("{} opens a socket, protocol {dialect}", url.socket),
            );
            socket.finish(GOODBYE).await;
        }
        Err(DialError::Busy { message, .. }) => {
            report.bad(
                "hub",
                &message,
                "it is busy or you have tried too often: wait a minute",
            );
        }
        Err(DialError::Unreachable(reason)) => {
            let words = format!("{}: {reason}", url.socket);
            report.bad(
                "hub",
                &words,
                "check the address, the port, and any firewall on the way out",
            );
        }
    }
}
