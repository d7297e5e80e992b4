//! A program that takes part in a test: its lines are facts to wait for, and it does not outlive the test.

use std::fmt::Write as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// Longer than anything here takes on a busy machine; it only bounds how long a broken test takes to say so.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for something that must happen.
pub(crate) async fn within<T>(what: &str, happening: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, happening).await {
        Ok(done) => done,
        Err(_) => panic!("{what}: not within {PATIENCE:?}"),
    }
}

/// Asks again and again until the answer is there; the pause only spares the machine.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    within(what, async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
}

/// One running program.
#[derive(Debug)]
pub(crate) struct Part {
    name: &'static str,
    child: Child,
    lines: watch::Receiver<Vec<String>>,
    printed: watch::Receiver<Vec<String>>,
}

impl Part {
    /// Starts a program; it is killed when the part is dropped.
    pub(crate) fn start(name: &'static str, command: &mut Command) -> Self {
        let (all, lines) = watch::channel(Vec::new());
        let (output, printed) = watch::channel(Vec::new());
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        // What goes to standard output is known there first, so a line that was waited for is among it.
        tokio::spawn(collect(
            child.stdout.take().unwrap(),
            vec![output, all.clone()],
        ));
        tokio::spawn(collect(child.stderr.take().unwrap(), vec![all]));
        Self {
            name,
            child,
            lines,
            printed,
        }
    }

    /// Waits for a line of which `pick` makes something.
    pub(crate) async fn line<T>(&self, pick: impl Fn(&str) -> Option<T>) -> T {
        let mut lines = self.lines.clone();
        let found = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(found) = lines.borrow_and_update().iter().find_map(|line| pick(line)) {
                    return Some(found);
                }
                if lines.changed().await.is_err() {
                    return None;
                }
            }
        })
        .await;
        match found {
            Ok(Some(found)) => found,
            Ok(None) => panic!(
                "{} ended without the line that was waited for\n{}",
                self.name,
                self.output()
            ),
            Err(_) => panic!(
                "{} does not print the line that is waited for\n{}",
                self.name,
                self.output()
            ),
        }
    }

    /// Everything that it printed so far.
    pub(crate) fn output(&self) -> String {
        self.lines
            .borrow()
            .iter()
            .fold(String::new(), |mut all, line| {
                let _infallible = writeln!(all, "  {}| {line}", self.name);
                all
            })
    }

    /// What it printed on standard output so far.
    pub(crate) fn printed(&self) -> String {
        self.printed.borrow().join("\n")
    }

    /// `SIGKILL`, and waits until it is gone.
    pub(crate) async fn kill(&mut self) {
        within("the death of a killed program", self.child.kill())
            .await
            .unwrap();
    }

    /// Sends a signal by its name, such as `INT`.
    pub(crate) async fn signal(&self, name: &str) {
        let pid = self
            .child
            .id()
            .unwrap_or_else(|| panic!("{} has ended\n{}", self.name, self.output()));
        signal(pid, name).await;
    }

    /// Waits for its end.
    pub(crate) async fn end(&mut self) -> ExitStatus {
        within("the end of a program", self.child.wait())
            .await
            .unwrap()
    }
}

/// Sends a signal by its name to a program of which only the number is known.
pub(crate) async fn signal(pid: u32, name: &str) {
    let mut kill = Command::new("kill");
    let sent = kill.arg(format!("-{name}")).arg(pid.to_string());
    let sent = sent.status().await.unwrap();
    assert!(sent.success(), "kill -{name}: {sent}");
}

async fn collect(output: impl AsyncRead + Unpin, lists: Vec<watch::Sender<Vec<String>>>) {
    let mut reader = BufReader::new(output).lines();
    while let Ok(Some(line)) = reader.next_line().await {
        for list in &lists {
            list.send_modify(|all| all.push(line.clone()));
        }
    }
}
