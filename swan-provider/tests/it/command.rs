//! The `swan-provider` command as a user meets it.

use crate::support::{Hub, HubOptions, KEY, ModelServer};
use std::process::{Output, Stdio};
use swan_core::protocol::Dialect;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swan-provider"));
    command
        .args(arguments)
        .kill_on_drop(true)
        .stdin(Stdio::null());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SWAN_")) {
        command.env_remove(name);
    }
    command
}

async fn output(arguments: &[&str]) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command(arguments).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[tokio::test]
async fn models_are_listed_for_people_and_for_programs() {
    let server = ModelServer::start().await;
    let (code, out, _) = output(&["models", "--backend", &server.url]).await;
    assert_eq!(code, 0);
    assert!(
        out.contains("swan/echo") && out.contains("vLLM") && out.contains("4096"),
        "{out}"
    );
    let (code, out, _) = output(&["models", "--backend", &server.url, "--echo", "--json"]).await;
    assert_eq!(code, 0);
    let list: serde_json::Value = serde_json::from_str(&out).unwrap();
    // One of the server, and the four of the echo.
    assert_eq!(list["models"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn mistakes_are_one_clear_line_and_an_exit_code() {
    for (arguments, code, named) in [
        (
            &["run", "--hub", "nonsense", "--key", KEY, "--echo"][..],
            2,
            "ws://127.0.0.1:8081",
        ),
        (
            &[
                "run",
                "--hub",
                "ws://127.0.0.1:1",
                "--key",
                "sk-swan-1",
                "--echo",
            ],
            2,
            "consumer key",
        ),
        (&["run", "--key", KEY, "--echo"], 2, "--hub"),
        (
            &["run", "--hub", "ws://h", "--key", KEY, "--backend", "h:1"],
            2,
            "backend",
        ),
        (
            &[
                "run",
                "--hub",
                "ws://h",
                "--key",
                KEY,
                "--models-json",
                "/none/m.json",
            ],
            2,
            "/none/m.json",
        ),
        (
            &[
                "run",
                "--hub",
                "ws://h",
                "--key",
                KEY,
                "--echo",
                "--data-dir",
                "/dev/null/x",
            ],
            2,
            "--data-dir",
        ),
        (
            &["models", "--backend", "http://127.0.0.1:1"],
            4,
            "cannot be reached",
        ),
        (&["nonsense"], 2, "nonsense"),
        (&["--version"], 0, ""),
        (&["--help"], 0, ""),
    ] {
        let (found, out, words) = output(arguments).await;
        assert_eq!(found, code, "{arguments:?} {out} {words}");
        assert!(words.contains(named), "{arguments:?}: {words}");
        assert!(
            !words.contains("panicked") && !words.contains(KEY),
            "{words}"
        );
    }
}

#[tokio::test]
async fn a_refused_key_has_an_exit_code_of_its_own() {
    let reject = Some("unknown key".to_owned());
    let hub = Hub::start(HubOptions {
        reject,
        ..HubOptions::speaking(Dialect::V2)
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let arguments = [
        "run",
        "--hub",
        &hub.url,
        "--key",
        KEY,
        "--echo",
        "--data-dir",
        data,
    ];
    let (code, _, words) = output(&arguments).await;
    assert_eq!(code, 3, "{words}");
    assert!(words.contains("unknown key"), "{words}");
}

#[tokio::test]
async fn the_doctor_says_what_is_wrong_and_what_to_do() {
    let server = ModelServer::start().await;
    let hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let good = [
        "doctor",
        "--hub",
        &hub.url,
        "--key",
        KEY,
        "--backend",
        &server.url,
    ];
    let (code, out, words) = output(&good).await;
    assert_eq!(code, 0, "{out} {words}");
    assert!(
        out.contains("protocol v2") && out.contains("answers"),
        "{out}"
    );
    let bad = [
        "doctor",
        "--hub",
        "ws://127.0.0.1:1",
        "--key",
        KEY,
        "--backend",
        "http://127.0.0.1:1",
    ];
    let (code, out, _) = output(&bad).await;
    assert_eq!(code, 1);
    assert!(
        out.contains("start it") && out.contains("check the address"),
        "{out}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn it_serves_and_stops_well_on_sigterm() {
    let server = ModelServer::start().await;
    let mut hub = Hub::start(HubOptions::speaking(Dialect::V2)).await;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let mut child = command(&["run", "--backend", &server.url, "--data-dir", data])
        .env("SWAN_HUB", &hub.url)
        .env("SWAN_PROVIDER_KEY", KEY)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut connection = hub.next().await;
    let registration = connection.registered().await;
    let kept = std::fs::read_to_string(folder.path().join("node_id")).unwrap();
    assert_eq!(kept.trim(), registration.node_id);
    let body = r#"{"messages":[{"role":"user","content":"x"}]}"#;
    assert_eq!(
        connection
            .ask("swan/echo", false, body)
            .await
            .final_status(),
        200
    );
    let id = child.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .await
            .unwrap()
            .success()
    );
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut log = String::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        log += &line;
        log.push('\n');
    }
    assert_eq!(child.wait().await.unwrap().code(), Some(0), "{log}");
    assert!(
        log.contains("registered") && log.contains("stopping") && !log.contains(KEY),
        "{log}"
    );
}
