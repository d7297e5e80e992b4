//! The ways from the load generator to the mock model server.

use std::net::SocketAddr;
use std::path::{Path as FilePath, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::CompareArgs;
use crate::Failure;
use crate::load::Load;
use crate::process::{Process, output_of};

const MODEL: &str = "Qwen3-8B";

/// CPU seconds so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cpu {
    pub(super) hop: Option<f64>,
    pub(super) provider: Option<f64>,
}

/// One way, with the processes that only it uses.
#[derive(Debug)]
pub(super) struct Path {
    name: &'static str,
    target: SocketAddr,
    key: Option<String>,
    hop: Option<Process>,
    provider: Option<Process>,
}

/// All ways; the folder and the mock go with them.
#[derive(Debug)]
pub(super) struct Paths {
    paths: Vec<Path>,
    mock: Process,
    _folder: TempDir,
}

struct Starter<'a> {
    programs: &'a FilePath,
    folder: &'a FilePath,
    mock: SocketAddr,
    at_once: usize,
}

impl Paths {
    pub(super) async fn start(programs: &FilePath, args: &CompareArgs) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let mut mock = Process::start(
            "mock",
            &programs.join("mock-model-server"),
            &["--model", MODEL],
            folder.path(),
        )?;
        let starter = Starter {
            programs,
            folder: folder.path(),
            mock: mock.listening().await?,
            at_once: args.most_at_once(),
        };
        let mut paths = Vec::new();
        for name in ["direct", "bare-proxy", "hub-v2", "hub-v1", "hub-external"] {
            if args.only.is_empty() || args.only.iter().any(|wanted| wanted == name) {
                let mut path = starter.start(name).await?;
                path.wait_for_an_answer().await?;
                paths.push(path);
            }
        }
        Ok(Self {
            paths,
            mock,
            _folder: folder,
        })
    }

    /// An error when a process that all ways use has ended.
    pub(super) fn alive(&mut self) -> Result<(), Failure> {
        self.mock.alive()
    }

    pub(super) fn each(&mut self) -> impl Iterator<Item = &mut Path> {
        self.paths.iter_mut()
    }
}

impl Starter<'_> {
    async fn start(&self, name: &'static str) -> Result<Path, Failure> {
        match name {
            "direct" => Ok(Path {
                name,
                target: self.mock,
                key: None,
                hop: None,
                provider: None,
            }),
            "bare-proxy" => self.proxy(name).await,
            "hub-external" => self.hub(name, None).await,
            "hub-v1" => self.hub(name, Some("v1")).await,
            _ => self.hub(name, Some("v2")).await,
        }
    }

    async fn proxy(&self, name: &'static str) -> Result<Path, Failure> {
        let args = ["--upstream".to_owned(), self.mock.to_string()];
        let mut hop = Process::start(name, &self.programs.join("bare-proxy"), &args, self.folder)?;
        let target = hop.listening().await?;
        Ok(Path {
            name,
            target,
            key: None,
            hop: Some(hop),
            provider: None,
        })
    }

    /// A hub with a data folder of its own, and a provider that speaks `dialect`, or the mock as an external endpoint.
    async fn hub(&self, name: &'static str, dialect: Option<&str>) -> Result<Path, Failure> {
        let program = self.programs.join("swan-hub");
        let data = self.folder.join(format!("{name}-data"));
        let consumer = create_key(
            &program,
            &data,
            &["consumer", "--name", "bench", "--grant", "1000000"],
        )
        .await?;
        let provider_key = create_key(&program, &data, &["provider", "--name", "bench"]).await?;
        let config = self.config(name, dialect.is_none())?;
        let args = [
            "serve".into(),
            "--config".into(),
            config,
            "--data-dir".into(),
            data,
            "--listen".into(),
            "127.0.0.1:0".into(),
            "--provider-listen".into(),
            "127.0.0.1:0".into(),
        ];
        let mut hop = Process::start(name, &program, &args, self.folder)?;
        let (target, sockets) = hop.line(listens).await?;
        let provider = match dialect {
            Some(dialect) => Some(self.provider(name, dialect, sockets, &provider_key)?),
            None => None,
        };
        Ok(Path {
            name,
            target,
            key: Some(consumer),
            hop: Some(hop),
            provider,
        })
    }

    fn config(&self, name: &str, external: bool) -> Result<PathBuf, Failure> {
        let file = self.folder.join(format!("{name}.toml"));
        let mut text = String::from("drain_secs = 1\n");
        if external {
            text.push_str(&format!(
                "[[external]]\nname = \"mock\"\nurl = \"http://{}/v1\"\nmodels = [\"{MODEL}\"]\n",
                self.mock
            ));
        }
        std::fs::write(&file, text)?;
        Ok(file)
    }

    fn provider(
        &self,
        name: &str,
        dialect: &str,
        hub: SocketAddr,
        key: &str,
    ) -> Result<Process, Failure> {
        let mut args = vec![
            "run".to_owned(),
            format!("--hub=ws://{hub}"),
            format!("--key={key}"),
            format!("--backend=http://{}", self.mock),
            format!("--data-dir={name}-provider-data"),
            format!("--concurrency={}", self.at_once),
            format!("--max-in-flight={}", self.at_once),
        ];
        if dialect == "v1" {
            args.push("--v1-only".to_owned());
        }
        Process::start(
            &format!("{name}-provider"),
            &self.programs.join("swan-provider"),
            &args,
            self.folder,
        )
    }
}

/// The addresses in the line that says that a hub serves.
fn listens(line: &str) -> Option<(SocketAddr, SocketAddr)> {
    let between = |before, after| {
        let (_, rest) = line.split_once(before)?;
        rest.split_once(after)?.0.parse().ok()
    };
    Some((
        between("consumers at http://", "/v1")?,
        between("providers at ws://", "/ws")?,
    ))
}

async fn create_key(program: &FilePath, data: &FilePath, what: &[&str]) -> Result<String, Failure> {
    let mut args = vec!["key", "create"];
    args.extend(what);
    let data = data
        .to_str()
        .ok_or("the temporary folder's name is not text")?;
    args.extend(["--data-dir", data]);
    output_of(program, &args).await
}

impl Path {
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn load(&self) -> Load {
        Load {
            target: self.target,
            key: self.key.clone(),
            model: MODEL.to_owned(),
            connections: 1,
            millis: 1,
            stream: false,
            pace_ms: 0,
        }
    }

    pub(super) fn alive(&mut self) -> Result<(), Failure> {
        self.hop
            .iter_mut()
            .chain(&mut self.provider)
            .try_for_each(Process::alive)
    }

    pub(super) fn output(&self) -> String {
        self.hop
            .iter()
            .chain(&self.provider)
            .map(Process::output)
            .collect::<Vec<_>>()
            .join("\n")
    }

    pub(super) fn cpu(&self) -> Result<Cpu, Failure> {
        let of = |process: &Option<Process>| process.as_ref().map(Process::cpu_seconds).transpose();
        Ok(Cpu {
            hop: of(&self.hop)?,
            provider: of(&self.provider)?,
        })
    }

    pub(super) fn resident(&self) -> Result<Option<f64>, Failure> {
        self.hop.as_ref().map(Process::resident_mib).transpose()
    }

    async fn wait_for_an_answer(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + Duration::from_secs(30);
        let load = self.load();
        loop {
            self.alive()?;
            let last = match load.run().await {
                Ok(report) if report.errors == 0 && report.requests > 0 => return Ok(()),
                Ok(report) => report.first_error.unwrap_or_default(),
                Err(error) => error.to_string(),
            };
            if Instant::now() > deadline {
                return Err(format!(
                    "{} gives no answer after 30 s, the last: {last}\n{}",
                    self.name,
                    self.output()
                )
                .into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
