//! The first ten minutes: `swan-hub dev`, and what it prints, copied as it stands.

use std::path::Path;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::Command;

use super::model_server::{MODEL, ModelServer};
use super::part::Part;
use super::tools;

const README: &str = include_str!("../../../../README.md");

#[tokio::test]
async fn what_dev_prints_works_as_it_stands_with_a_model_server() {
    let model_server = ModelServer::start(8).await;
    let folder = tempfile::tempdir().unwrap();
    let mut dev = Dev::start(folder.path(), &["--backend", &model_server.url]).await;
    assert!(dev.printed.contains(MODEL), "{}", dev.printed);
    let answer: serde_json::Value = serde_json::from_str(&dev.run_curl().await).unwrap();
    assert_eq!(answer["model"], MODEL);
    let content = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(
        content.split(' ').count() > 5,
        "a real answer, not {content:?}"
    );
    let said = dev.run_python(&folder).await;
    assert!(
        said.lines().count() == 2 && said.contains(" tokens, $0.00000"),
        "{said:?}"
    );
    dev.stop().await;
}

#[tokio::test]
async fn without_a_model_server_an_echo_answers_that_says_so_and_the_key_lasts() {
    let folder = tempfile::tempdir().unwrap();
    let mut dev = Dev::start(folder.path(), &[]).await;
    assert!(
        dev.printed.contains("echo"),
        "this test needs a machine without a model server on its usual ports:\n{}",
        dev.printed
    );
    assert!(dev.run_curl().await.contains("Say hello to Swan."));
    let said = dev.run_python(&folder).await;
    assert!(said.contains("Say hello to Swan."), "{said:?}");
    let key = dev.key();
    dev.stop().await;

    let mut again = Dev::start(folder.path(), &[]).await;
    assert_eq!(again.key(), key, "the key lasts as long as the data folder");
    again.stop().await;
}

#[tokio::test]
async fn each_curl_line_of_the_readme_works_with_the_built_in_models() {
    let folder = tempfile::tempdir().unwrap();
    let mut dev = Dev::start(folder.path(), &[]).await;
    let url = dev.line_with("API ");
    let hub = url.strip_suffix("/v1").unwrap();
    std::fs::write(folder.path().join("speech.wav"), second()).unwrap();
    let (_, rest) = README.split_once("**From any program**").unwrap();
    let block = rest.split("```").nth(1).unwrap();
    let lines: Vec<&str> = block
        .lines()
        .filter(|line| line.starts_with("curl "))
        .collect();
    assert_eq!(lines.len(), 5, "{block}");
    let mut id = String::new();
    for line in lines {
        let mut command = Command::new("bash");
        command
            .args(["-c", &line.replacen("curl ", "curl -sS -D head ", 1)])
            .current_dir(folder.path())
            .env("HUB", hub)
            .env("KEY", dev.key())
            .env("REQUEST_ID", &id);
        let said = succeed(&mut command).await;
        let head = std::fs::read_to_string(folder.path().join("head")).unwrap();
        // Behind what curl is asked to go on with.
        let head = head.rsplit("HTTP/1.1 ").next().unwrap();
        assert!(head.starts_with("200"), "{line}\n{head}{said}");
        let header = head
            .lines()
            .find_map(|line| line.strip_prefix("x-request-id: "));
        header.unwrap().clone_into(&mut id);
    }
    dev.stop().await;
}

/// A second of silence: 16-bit mono at 8 kHz.
fn second() -> Vec<u8> {
    let mut wav = b"RIFF\xa4\x3e\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x80\x3e\0\0".to_vec();
    wav.resize(wav.len() + 16_000, 0);
    wav
}

#[tokio::test]
async fn what_stands_in_the_way_is_one_line_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refused(folder.path(), &["--listen", &address]).await;
    assert!(
        said.contains(&address) && said.contains("--listen"),
        "{said}"
    );
    drop(taken);

    let dead = format!("http://{address}");
    let said = refused(
        folder.path(),
        &["--listen", "127.0.0.1:0", "--backend", &dead],
    )
    .await;
    assert!(said.contains(&dead) && said.contains("--backend"), "{said}");

    let file = folder.path().join("file");
    std::fs::write(&file, "no folder").unwrap();
    let said = refused(&file, &["--listen", "127.0.0.1:0"]).await;
    assert!(said.contains(file.to_str().unwrap()), "{said}");
}

/// Runs `dev` where it cannot start, and answers the line that it says on standard error.
async fn refused(data: &Path, flags: &[&str]) -> String {
    let mut command = tools::hub();
    command
        .arg("dev")
        .arg("--data-dir")
        .arg(data)
        .args(["--provider-listen", "127.0.0.1:0"])
        .args(flags);
    let done = tools::output(&mut command).await;
    assert!(!done.status.success(), "{flags:?}: {}", done.status);
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(said.trim_end().lines().count(), 1, "{flags:?}: {said}");
    said
}

/// A running `swan-hub dev`.
#[derive(Debug)]
struct Dev {
    part: Part,
    printed: String,
}

impl Dev {
    async fn start(folder: &Path, flags: &[&str]) -> Self {
        let mut command = tools::hub();
        command
            .arg("dev")
            .arg("--data-dir")
            .arg(folder.join("data"));
        command
            .args([
                "--listen",
                "127.0.0.1:0",
                "--provider-listen",
                "127.0.0.1:0",
            ])
            .args(flags);
        let part = Part::start("dev", &mut command);
        // The last line of the snippet is the last line of all.
        part.line(|line| line.contains("chunk.usage.cost").then_some(()))
            .await;
        let printed = part.printed();
        Self { part, printed }
    }

    /// The consumer's key as it is shown.
    fn key(&self) -> String {
        self.line_with("Key ")
    }

    /// The first word behind this one.
    fn line_with(&self, word: &str) -> String {
        let mut lines = self.printed.lines();
        let rest = lines.find_map(|line| line.trim().strip_prefix(word));
        rest.unwrap().split_whitespace().next().unwrap().to_owned()
    }

    /// Runs the printed `curl` line in a shell.
    async fn run_curl(&self) -> String {
        let line = self
            .printed
            .lines()
            .find(|line| line.starts_with("curl "))
            .unwrap();
        succeed(Command::new("bash").args(["-c", line])).await
    }

    /// Runs the printed Python snippet.
    async fn run_python(&self, folder: &TempDir) -> String {
        let import = "from openai import";
        let (_, rest) = self.printed.split_once(import).unwrap();
        let file = folder.path().join("snippet.py");
        std::fs::write(&file, format!("{import}{rest}")).unwrap();
        succeed(Command::new(tools::python()).arg(file)).await
    }

    /// `Ctrl-C` drains and stops, with success.
    async fn stop(&mut self) {
        self.part.signal("INT").await;
        let status = self.part.end().await;
        assert!(status.success(), "{status}\n{}", self.part.output());
    }
}

async fn succeed(command: &mut Command) -> String {
    let done = tools::output(command).await;
    let words = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(
        done.status.success(),
        "{command:?}: {}\n{words}",
        done.status
    );
    String::from_utf8(done.stdout).unwrap()
}
