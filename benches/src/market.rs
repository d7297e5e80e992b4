//! The parts of a market as processes: hubs, providers, keys.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::Failure;
use crate::process::{Process, output_of};

/// The chat model that the mock serves.
pub(crate) const MODEL: &str = "Qwen3-8B";
/// The model of its embeddings.
pub(crate) const EMBEDDER: &str = "BAAI/bge-large-en-v1.5";

/// Where the parts of a market are, and what they share.
pub(crate) struct Market<'a> {
    pub(crate) programs: &'a Path,
    pub(crate) folder: &'a Path,
    pub(crate) mock: SocketAddr,
    /// Requests that a provider or an endpoint takes at once.
    pub(crate) at_once: usize,
}

impl Market<'_> {
    /// Starts a hub; answers where consumers and providers reach it.
    pub(crate) async fn serve(
        &self,
        label: &str,
        config: &Path,
        data: &Path,
    ) -> Result<(Process, SocketAddr, SocketAddr), Failure> {
        let any = "127.0.0.1:0";
        let args: [&std::ffi::OsStr; 9] = [
            "serve".as_ref(),
            "--config".as_ref(),
            config.as_ref(),
            "--data-dir".as_ref(),
            data.as_ref(),
            "--listen".as_ref(),
            any.as_ref(),
            "--provider-listen".as_ref(),
            any.as_ref(),
        ];
        let program = self.programs.join("swan-hub");
        let mut hop = Process::start(label, &program, &args, self.folder)?;
        let (target, sockets) = hop.line(listens).await?;
        Ok((hop, target, sockets))
    }

    pub(crate) fn config(
        &self,
        label: &str,
        external: bool,
        durability: &str,
    ) -> Result<PathBuf, Failure> {
        let file = self.folder.join(format!("{label}.toml"));
        let mut text = format!("drain_secs = 1\ndurability = \"{durability}\"\n");
        if external {
            text.push_str(&format!(
                "[[external]]\nname = \"mock\"\nurl = \"http://{}/v1\"\ncapacity = {}\n",
                self.mock, self.at_once
            ));
        }
        std::fs::write(&file, text)?;
        Ok(file)
    }

    pub(crate) fn provider(
        &self,
        label: &str,
        dialect: &str,
        hub: SocketAddr,
        key: &str,
    ) -> Result<Process, Failure> {
        let mut args = vec![
            "run".to_owned(),
            format!("--hub=ws://{hub}"),
            format!("--key={key}"),
            format!("--backend=http://{}", self.mock),
            format!("--data-dir={label}-provider-data"),
            format!("--concurrency={}", self.at_once),
            format!("--max-in-flight={}", self.at_once),
        ];
        if dialect == "v1" {
            args.push("--v1-only".to_owned());
        }
        Process::start(
            &format!("{label}-provider"),
            &self.programs.join("swan-provider"),
            &args,
            self.folder,
        )
    }
}

/// The addresses in the line that says that a hub serves.
pub(crate) fn listens(line: &str) -> Option<(SocketAddr, SocketAddr)> {
    let between = |before, after| {
        let (_, rest) = line.split_once(before)?;
        rest.split_once(after)?.0.parse().ok()
    };
    Some((
        between("consumers at http://", "/v1")?,
        between("providers at ws://", "/ws")?,
    ))
}

pub(crate) async fn create_key(
    program: &Path,
    data: &Path,
    what: &[&str],
) -> Result<String, Failure> {
    let mut args = vec!["key", "create"];
    args.extend(what);
    let data = data
        .to_str()
        .ok_or("the temporary folder's name is not text")?;
    args.extend(["--data-dir", data]);
    output_of(program, &args).await
}

/// The folder of the programs that belong together: the one that is given, or that of this program.
pub(crate) fn programs(given: Option<&Path>) -> Result<PathBuf, Failure> {
    Ok(match given {
        Some(folder) => folder.canonicalize()?,
        None => std::env::current_exe()?
            .parent()
            .ok_or("this program has no folder")?
            .to_owned(),
    })
}
