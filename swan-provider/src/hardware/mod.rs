//! What machine is this? Asked of the vendors' own tools, each with a bound on time and output.

mod apple;
mod nvidia;

use std::{collections::BTreeMap, process::Stdio, time::Duration};
use swan_core::protocol::Hardware;
use tokio::{io::AsyncReadExt, process::Command, time};

/// A tool that hangs, as `nvidia-smi` does with a broken driver, must not hold up the provider.
const TOOL_TIMEOUT: Duration = Duration::from_secs(10);
/// More than any of the tools prints.
const OUTPUT_MAX: u64 = 256 * 1024;

/// One look at the machine.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    /// The cards, if there are any; `None` when no tool found one.
    pub(crate) hardware: Option<Hardware>,
    /// The load figures of a heartbeat (public-swan.md 1.4).
    pub(crate) metrics: BTreeMap<String, f64>,
}

/// Describes the machine's GPUs and how busy they are: NVIDIA, Apple, or none.
pub(crate) async fn report() -> Report {
    if let Some(report) = nvidia::report().await {
        return report;
    }
    if cfg!(target_os = "macos") {
        return apple::report().await.unwrap_or_default();
    }
    Report::default()
}

/// What a tool prints, or `None` when it is not there, fails, or takes too long.
async fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let mut printed = Vec::new();
    let finished = async {
        child
            .stdout
            .take()?
            .take(OUTPUT_MAX)
            .read_to_end(&mut printed)
            .await
            .ok()?;
        child.wait().await.ok()?.success().then_some(())
    };
    time::timeout(TOOL_TIMEOUT, finished).await.ok()??;
    Some(String::from_utf8_lossy(&printed).into_owned())
}

/// Megabytes in whole gigabytes, to the nearest: cards report a little less than their name says.
const fn gigabytes(megabytes: u64) -> u64 {
    (megabytes + 512) / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tool_that_is_missing_or_fails_is_no_answer() {
        assert_eq!(output("there-is-no-such-tool", &[]).await, None);
        assert_eq!(output("false", &[]).await, None);
        assert_eq!(output("echo", &["7"]).await.as_deref(), Some("7\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_tool_that_hangs_is_left_behind() {
        assert_eq!(output("sleep", &["1000"]).await, None);
    }

    #[tokio::test]
    async fn a_tool_that_prints_for_ever_is_cut() {
        assert_eq!(output("yes", &[]).await, None);
    }
}
