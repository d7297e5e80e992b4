//! A running example, and the least of HTTP.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// Every wait ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// An example that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Program {
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Program {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            lines,
            _child: child,
        }
    }

    /// The next line that contains `text`.
    pub(crate) async fn line_with(&mut self, text: &str) -> String {
        let found = async {
            loop {
                let line = self.lines.next_line().await.unwrap();
                let line = line.unwrap_or_else(|| panic!("it ended without saying {text:?}"));
                if line.contains(text) {
                    return line;
                }
            }
        };
        timeout(PATIENCE, found).await.unwrap()
    }

    /// The word that follows `text` in the next line that contains it.
    pub(crate) async fn word_after(&mut self, text: &str) -> String {
        let line = self.line_with(text).await;
        let (_, after) = line.split_once(text).unwrap();
        after.split_whitespace().next().unwrap().to_owned()
    }
}

/// What a program says on both streams until it ends, which it must do well.
pub(crate) async fn output(command: &mut Command) -> String {
    let output = command.kill_on_drop(true).output();
    let done = timeout(PATIENCE, output).await.unwrap().unwrap();
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(done.status.success(), "{}: {said}", done.status);
    said
}

pub(crate) async fn get(url: &str, header: Option<&str>) -> String {
    ask("GET", url, "", header).await
}

pub(crate) async fn post(url: &str, body: &str, header: Option<&str>) -> String {
    ask("POST", url, body, header).await
}

async fn ask(method: &str, url: &str, body: &str, header: Option<&str>) -> String {
    let (host, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let header = header.map(|line| format!("{line}\r\n")).unwrap_or_default();
    let length = body.len();
    let request = format!(
        "{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{header}\r\n{body}"
    );
    let exchange = async {
        let mut socket = TcpStream::connect(host).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer
    };
    timeout(PATIENCE, exchange).await.unwrap()
}
