//! The ways from the load generator to the mock model server.

use std::net::SocketAddr;
use std::path::Path as FilePath;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::CompareArgs;
use crate::Failure;
use crate::load::{Load, Operation};
use crate::market::{EMBEDDER, MODEL, Market, create_key};
use crate::process::Process;

/// High enough that no request is refused, so that what is measured is the counting.
const LIMITS: [&str; 6] = [
    "--rpm",
    "60000000",
    "--tpm",
    "1000000000",
    "--concurrency",
    "1000",
];

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
    /// That of the hub, where there is one.
    durability: Option<String>,
    target: SocketAddr,
    key: Option<String>,
    hop: Option<Process>,
    provider: Option<Process>,
    /// Whether it answers requests for embeddings.
    embeds: bool,
}

/// All ways; the folder and the mock go with them.
#[derive(Debug)]
pub(super) struct Paths {
    paths: Vec<Path>,
    mock: Process,
    _folder: TempDir,
}

const HUBS: [(&str, Option<&str>); 3] = [
    ("hub-external", None),
    ("hub-v2", Some("v2")),
    ("hub-v1", Some("v1")),
];

impl Paths {
    pub(super) async fn start(programs: &FilePath, args: &CompareArgs) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let args_of_mock = ["--model", MODEL, "--embedding-model", EMBEDDER];
        let mut mock = Process::start(
            "mock",
            &programs.join("mock-model-server"),
            &args_of_mock,
            folder.path(),
        )?;
        let market = Market {
            programs,
            folder: folder.path(),
            mock: mock.listening().await?,
            at_once: args.most_at_once(),
        };
        let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|one| one == name);
        let mut paths = Vec::new();
        if wanted("direct") {
            paths.push(market.direct());
        }
        if wanted("bare-proxy") {
            paths.push(market.proxy().await?);
        }
        for (name, dialect) in HUBS.into_iter().filter(|(name, _)| wanted(name)) {
            for durability in &args.durability {
                paths.push(market.hub(name, dialect, durability).await?);
            }
        }
        for path in &mut paths {
            path.wait_for_an_answer().await?;
            let asked = path.load(Operation::Embeddings).run().await?;
            path.embeds = asked.errors == 0 && asked.requests > 0;
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

impl Market<'_> {
    fn direct(&self) -> Path {
        Path {
            name: "direct",
            durability: None,
            target: self.mock,
            key: None,
            hop: None,
            provider: None,
            embeds: false,
        }
    }

    async fn proxy(&self) -> Result<Path, Failure> {
        let name = "bare-proxy";
        let args = ["--upstream".to_owned(), self.mock.to_string()];
        let mut hop = Process::start(name, &self.programs.join(name), &args, self.folder)?;
        let target = hop.listening().await?;
        Ok(Path {
            name,
            durability: None,
            target,
            key: None,
            hop: Some(hop),
            provider: None,
            embeds: false,
        })
    }

    /// A hub with a data folder of its own, and a provider that speaks `dialect`, or the mock as an external endpoint.
    async fn hub(
        &self,
        name: &'static str,
        dialect: Option<&str>,
        durability: &str,
    ) -> Result<Path, Failure> {
        let label = format!("{name}-{durability}");
        let data = self.folder.join(format!("{label}-data"));
        let program = self.programs.join("swan-hub");
        let mut grant = vec!["consumer", "--name", "bench", "--grant", "1000000"];
        grant.extend(LIMITS);
        let consumer = create_key(&program, &data, &grant).await?;
        let provider_key = create_key(&program, &data, &["provider", "--name", "bench"]).await?;
        let config = self.config(&label, dialect.is_none(), durability)?;
        let (hop, target, sockets) = self.serve(&label, &config, &data).await?;
        let provider = match dialect {
            Some(dialect) => Some(self.provider(&label, dialect, sockets, &provider_key)?),
            None => None,
        };
        Ok(Path {
            name,
            durability: Some(durability.to_owned()),
            target,
            key: Some(consumer),
            hop: Some(hop),
            provider,
            embeds: false,
        })
    }
}

impl Path {
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn durability(&self) -> Option<&str> {
        self.durability.as_deref()
    }

    /// Whether this way has an answer to such requests.
    pub(super) fn serves(&self, operation: Operation) -> bool {
        operation == Operation::Chat || self.embeds
    }

    pub(super) fn load(&self, operation: Operation) -> Load {
        let model = match operation {
            Operation::Chat => MODEL,
            Operation::Embeddings => EMBEDDER,
        };
        Load {
            target: self.target,
            key: self.key.clone(),
            model: model.to_owned(),
            operation,
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
        let load = self.load(Operation::Chat);
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
