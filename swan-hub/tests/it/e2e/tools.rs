//! Where the real parts are: installed by `.ci/tools/setup`, or built beside the hub's binary.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use tokio::process::Command;

use super::part::within;

/// A file that must be there.
fn present(file: PathBuf, remedy: &str) -> PathBuf {
    assert!(file.exists(), "{} is missing: {remedy}", file.display());
    file
}

fn target() -> PathBuf {
    let hub = Path::new(env!("CARGO_BIN_EXE_swan-hub"));
    hub.parent().unwrap().to_owned()
}

/// The folder that `.ci/tools/setup` fills.
pub(crate) fn installed(file: &str) -> PathBuf {
    let folder = match std::env::var_os("SWAN_TEST_TOOLS") {
        Some(folder) => PathBuf::from(folder),
        None => target().parent().unwrap().join("test-tools"),
    };
    present(folder.join(file), "run .ci/tools/setup")
}

/// A file of `.ci/tools`.
pub(crate) fn script(file: &str) -> PathBuf {
    present(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../.ci/tools")
            .join(file),
        "it is part of the repository",
    )
}

/// The hub's binary.
pub(crate) fn hub() -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_swan-hub")))
}

/// The provider's binary.
pub(crate) fn provider() -> Command {
    let file = target().join("swan-provider");
    clean(Command::new(present(
        file,
        "run cargo build -p swan-provider --features cli",
    )))
}

/// The Python that has the OpenAI SDK.
pub(crate) fn python() -> PathBuf {
    installed("python/bin/python")
}

/// A script of ours under Node, with the packages that it imports.
pub(crate) fn node(file: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(script(file)).env(
        "SWAN_TEST_TOOLS",
        installed("node_modules").parent().unwrap(),
    );
    command
}

/// Without the settings of whoever runs the tests.
fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SWAN_") {
            command.env_remove(name);
        }
    }
    command
}

/// One of the official SDKs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sdk {
    Python,
    Node,
}

impl Sdk {
    /// Makes every kind of call once (`.ci/tools/sdk/chat.*`) and answers what the SDK saw.
    pub(crate) async fn chat(self, base_url: &str, key: &str, model: &str) -> Value {
        self.run("chat", base_url, key, &[model]).await
    }

    /// Runs one of the scripts in `.ci/tools/sdk` with these models, and answers what the SDK saw.
    pub(crate) async fn run(self, name: &str, url: &str, key: &str, models: &[&str]) -> Value {
        let mut command = match self {
            Self::Python => {
                let mut command = Command::new(python());
                command.arg(script(&format!("sdk/{name}.py")));
                command
            }
            Self::Node => node(&format!("sdk/{name}.js")),
        };
        let done = output(command.args([url, key]).args(models)).await;
        serde_json::from_slice(&done.stdout).unwrap_or_else(|error| {
            panic!(
                "{self:?}: {error}\n{}",
                String::from_utf8_lossy(&done.stderr)
            )
        })
    }
}

/// What the Python SDK saw of repeated requests (`.ci/tools/sdk/idempotency.py`).
pub(crate) async fn repeated(base_url: &str, key: &str, model: &str) -> Value {
    let mut command = Command::new(python());
    command.arg(script("sdk/idempotency.py"));
    let done = output(command.args([base_url, key, model])).await;
    serde_json::from_slice(&done.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(&done.stderr)))
}

/// Runs a program to its end.
pub(crate) async fn output(command: &mut Command) -> Output {
    within("the end of a program", command.kill_on_drop(true).output())
        .await
        .unwrap()
}
