//! `swan-hub serve` as a process: what it says when it cannot run, and how it ends.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

fn serve(data_dir: &Path, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swan-hub"));
    command
        .args([
            "serve",
            "--listen",
            listen,
            "--provider-listen",
            "127.0.0.1:0",
            "--data-dir",
        ])
        .arg(data_dir)
        .env_remove("SWAN_LOG")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// The one line and the exit code of a hub that cannot run.
async fn refused(mut command: Command) -> (String, i32) {
    let output = tokio::time::timeout(Duration::from_secs(30), command.output()).await;
    let output = output.unwrap().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    (text, output.status.code().unwrap())
}

/// Waits for the line that says where the hub listens.
async fn started(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = tokio::time::timeout(Duration::from_secs(30), lines.next_line()).await;
    line.unwrap().unwrap().unwrap()
}

#[tokio::test]
async fn what_stands_in_the_way_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (text, code) = refused(serve(folder.path(), &address)).await;
    assert_eq!((text.lines().count(), code), (1, 1), "{text}");
    assert!(text.contains(&address) && text.contains("in use") && text.contains("--listen"));

    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let (text, code) = refused(serve(&file.join("below"), "127.0.0.1:0")).await;
    assert_eq!((text.lines().count(), code), (1, 1), "{text}");
    assert!(
        text.contains("cannot write") && text.contains("--data-dir"),
        "{text}"
    );

    let mut wrong = serve(folder.path(), "127.0.0.1:0");
    wrong.env("SWAN_LIMITS_IN_FLIGHT", "many");
    let (text, code) = refused(wrong).await;
    assert!(text.contains("SWAN_LIMITS_IN_FLIGHT"), "{text}");
    assert_eq!(code, 2);

    let mut unknown = Command::new(env!("CARGO_BIN_EXE_swan-hub"));
    unknown
        .args(["serve", "--lisen", "x"])
        .stderr(Stdio::piped());
    let (text, code) = refused(unknown).await;
    assert!(
        text.contains("--lisen") && text.contains("--listen"),
        "{text}"
    );
    assert_eq!(code, 2);
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_drains_and_ends_in_good_order_and_a_second_hub_waits_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = serve(folder.path(), "127.0.0.1:0").spawn().unwrap();
    let line = started(&mut first).await;
    assert!(
        line.contains("http://127.0.0.1:") && line.contains("/ws"),
        "{line}"
    );
    let (text, code) = refused(serve(folder.path(), "127.0.0.1:0")).await;
    assert!(text.contains("in use by another hub"), "{text}");
    assert_eq!(code, 1);

    let pid = first.id().unwrap().to_string();
    let killed = Command::new("kill")
        .args(["-TERM", &pid])
        .status()
        .await
        .unwrap();
    assert!(killed.success());
    let status = tokio::time::timeout(Duration::from_secs(20), first.wait()).await;
    assert_eq!(status.unwrap().unwrap().code(), Some(0));

    let mut again = serve(folder.path(), "127.0.0.1:0").spawn().unwrap();
    started(&mut again).await;
    again.kill().await.unwrap();
}
