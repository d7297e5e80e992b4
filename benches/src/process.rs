//! A measured program: started with its output in a file, watched through `/proc`, killed when it is dropped.

use std::ffi::OsStr;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use crate::Failure;

/// Linux reports CPU time in hundredths of a second to every program, whatever its kernel's own tick is.
const TICKS_PER_SECOND: f64 = 100.0;

#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program whose output goes to `NAME.log` in `folder`.
    pub(crate) fn start<A: AsRef<OsStr>>(
        name: &str,
        program: &Path,
        args: &[A],
        folder: &Path,
    ) -> Result<Self, Failure> {
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log)?;
        let child = Command::new(program)
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stderr(output.try_clone()?)
            .stdout(output)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log,
        })
    }

    /// Waits for the line `listening on http://ADDRESS`.
    pub(crate) async fn listening(&mut self) -> Result<SocketAddr, Failure> {
        let address =
            self.line(|line| line.strip_prefix("listening on http://").map(str::to_owned));
        Ok(address.await?.parse()?)
    }

    /// Waits for a whole line of which `pick` makes something.
    pub(crate) async fn line<T>(&mut self, pick: impl Fn(&str) -> Option<T>) -> Result<T, Failure> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let text = std::fs::read_to_string(&self.log)?;
            let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            if let Some(picked) = whole.lines().find_map(&pick) {
                return Ok(picked);
            }
            self.alive()?;
            if Instant::now() > deadline {
                return Err(format!("{} is not ready after 20 s:\n{text}", self.name).into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// An error with the end of its output when the program has ended.
    pub(crate) fn alive(&mut self) -> Result<(), Failure> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                Err(format!("{} ended with {status}:\n{}", self.name, self.output()).into())
            }
        }
    }

    /// Tells it to end, as an operator would, and waits until it has.
    ///
    /// # Errors
    /// When it does not, or ends with a failure.
    pub(crate) async fn stop(&mut self, within: Duration) -> Result<(), Failure> {
        let pid = self.child.id().ok_or("it has ended already")?;
        let told = Command::new("kill").arg(pid.to_string()).status().await?;
        if !told.success() {
            return Err(format!("{} cannot be told to end", self.name).into());
        }
        let status = tokio::time::timeout(within, self.child.wait()).await??;
        match status.success() {
            true => Ok(()),
            false => Err(format!("{} ended with {status}:\n{}", self.name, self.output()).into()),
        }
    }

    /// `SIGKILL`: no goodbye. Answers when it is gone.
    pub(crate) async fn kill(&mut self) -> Result<(), Failure> {
        Ok(self.child.kill().await?)
    }

    /// The last lines of what it printed.
    pub(crate) fn output(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines
            .get(lines.len().saturating_sub(15)..)
            .unwrap_or_default()
            .join("\n")
    }

    /// CPU seconds, of the program and in the kernel for it, since it started.
    pub(crate) fn cpu_seconds(&self) -> Result<f64, Failure> {
        let stat = std::fs::read_to_string(self.proc("stat")?)?;
        // The program's name stands in parentheses and may hold anything; the numbers start behind it.
        let (_, numbers) = stat.rsplit_once(')').ok_or("no process name in /proc")?;
        let ticks: Vec<f64> = numbers
            .split_ascii_whitespace()
            .skip(11)
            .take(2)
            .flat_map(str::parse)
            .collect();
        Ok(ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
    }

    /// Resident memory in MiB.
    pub(crate) fn resident_mib(&self) -> Result<f64, Failure> {
        let status = std::fs::read_to_string(self.proc("status")?)?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .ok_or("no VmRSS in /proc")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }

    fn proc(&self, file: &str) -> Result<PathBuf, Failure> {
        let pid = self
            .child
            .id()
            .ok_or_else(|| format!("{} has ended:\n{}", self.name, self.output()))?;
        Ok(PathBuf::from(format!("/proc/{pid}/{file}")))
    }
}

/// Runs a program to its end and answers its standard output.
pub(crate) async fn output_of<A: AsRef<OsStr>>(
    program: &Path,
    args: &[A],
) -> Result<String, Failure> {
    let done = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|error| format!("{}: {error}", program.display()))?;
    if !done.status.success() {
        let words = String::from_utf8_lossy(&done.stderr).into_owned();
        return Err(format!("{} ended with {}: {words}", program.display(), done.status).into());
    }
    Ok(String::from_utf8(done.stdout)?.trim().to_owned())
}
