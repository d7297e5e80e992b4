//! An hour's worth of bad days in a few minutes: consumers who hang up, read slowly or send nonsense, providers that are
//! killed, an endpoint that fails; afterwards memory must be flat, nothing held, the ledger clean and the bill right.

pub(crate) mod ask;
mod chaos;
mod consumer;
pub(crate) mod dice;
mod flaky;
pub(crate) mod verdict;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;

use self::chaos::Chaos;
use self::consumer::{Consumer, Deeds};
use self::dice::Dice;
use self::verdict::{Memory, Verdict};
use crate::Failure;
use crate::market::{EMBEDDER, MODEL, Market, create_key, programs};
use crate::process::{Process, output_of};

/// Requests that a provider takes at once: few, so that there is saturation, too.
const CAPACITY: usize = 16;
/// Enough that nobody runs out of money.
const GRANT: &str = "1000000";

/// How long, and with which luck.
#[derive(Debug, Clone, clap::Parser)]
#[non_exhaustive]
pub struct SoakArgs {
    /// Minutes of load.
    #[arg(long, default_value_t = 5)]
    pub minutes: u64,
    /// Ten seconds, to see that everything works; memory is not judged.
    #[arg(long)]
    pub smoke: bool,
    /// What the dice are made from; the same seed makes the same plans.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Consumers at once.
    #[arg(long, default_value_t = 32)]
    pub consumers: usize,
    /// When a charge counts as safe: relaxed or strict.
    #[arg(long, default_value = "relaxed")]
    pub durability: String,
    /// The folder of the programs; that of this program when it is not given.
    #[arg(long)]
    pub programs: Option<PathBuf>,
}

impl SoakArgs {
    fn lasts(&self) -> Duration {
        match self.smoke {
            true => Duration::from_secs(10),
            false => Duration::from_secs(60 * self.minutes),
        }
    }

    /// Runs the load and judges what is left of it: the report in Markdown, and whether everything was as it must be.
    ///
    /// # Errors
    /// When a part does not start or cannot be asked.
    pub async fn run(&self) -> Result<(String, bool), Failure> {
        let folder = tempfile::tempdir()?;
        let programs = programs(self.programs.as_deref())?;
        let mock = &programs.join("mock-model-server");
        let models = ["--model", MODEL, "--embedding-model", EMBEDDER];
        let mut mock = Process::start("mock", mock, &models, folder.path())?;
        let market = Market {
            programs: &programs,
            folder: folder.path(),
            mock: mock.listening().await?,
            at_once: CAPACITY,
        };
        let flaky = flaky::serve(market.mock, Dice::new(self.seed, 1)).await?;
        let data = folder.path().join("data");
        let hub = programs.join("swan-hub");
        let grant = ["consumer", "--name", "soak", "--grant", GRANT];
        let key = create_key(&hub, &data, &grant).await?;
        let mut provider_keys = Vec::new();
        for name in ["one", "two", "three"] {
            provider_keys.push(create_key(&hub, &data, &["provider", "--name", name]).await?);
        }
        let config = self.config(&market, flaky)?;
        let (mut hub, target, sockets) = market.serve("hub", &config, &data).await?;
        let chaos = Chaos::new(&market, sockets, provider_keys, Dice::new(self.seed, 2))?;
        let (deeds, memory, kills) = self.load(target, &key, &hub, chaos).await?;
        let gauges = verdict::gauges_at_rest(target).await?;
        hub.stop(Duration::from_secs(20)).await?;
        let program = programs.join("swan-hub");
        let show = |what: &[&str]| {
            let mut args: Vec<std::ffi::OsString> = what.iter().map(Into::into).collect();
            args.extend(["--json".into(), "--data-dir".into(), data.clone().into()]);
            args
        };
        let verdict = Verdict {
            deeds,
            memory,
            kills,
            gauges,
            audit: serde_json::from_str(&output_of(&program, &show(&["audit"])).await?)?,
            accounts: serde_json::from_str(
                &output_of(&program, &show(&["account", "show"])).await?,
            )?,
            judge_memory: !self.smoke,
        };
        Ok(verdict.report())
    }

    fn config(&self, market: &Market<'_>, flaky: SocketAddr) -> Result<PathBuf, Failure> {
        let file = market.config("hub", false, &self.durability)?;
        let mut text = std::fs::read_to_string(&file)?;
        // What is kept of idempotency keys, for a day by default, comes to its bound within the first half.
        text.push_str(&format!(
            "[metrics]\npublic = true\n[idempotency]\nttl_secs = 20\n[[external]]\nname = \"flaky\"\nurl = \"http://{flaky}/v1\"\nmodels = [\"{MODEL}\"]\n"
        ));
        std::fs::write(&file, text)?;
        Ok(file)
    }

    async fn load(
        &self,
        target: SocketAddr,
        key: &str,
        hub: &Process,
        mut chaos: Chaos<'_>,
    ) -> Result<(Deeds, Memory, u32), Failure> {
        chaos.all_up().await?;
        consumer::wait_for_an_answer(target, key).await?;
        let over = Arc::new(AtomicBool::new(false));
        let consumers = (0..self.consumers).map(|number| {
            let dice = Dice::new(self.seed, 100 + number as u64);
            let consumer = Consumer::new(target, key, dice, number);
            tokio::spawn(consumer.run(Arc::clone(&over)))
        });
        let consumers: Vec<_> = consumers.collect();
        let mut memory = Memory::default();
        let started = Instant::now();
        while started.elapsed() < self.lasts() {
            tokio::time::sleep(Duration::from_millis(500)).await;
            chaos.step()?;
            memory.sample(started.elapsed(), hub.resident_mib()?);
        }
        over.store(true, Ordering::Relaxed);
        let mut deeds = Deeds::default();
        for done in join_all(consumers).await {
            deeds.add(done?);
        }
        Ok((deeds, memory, chaos.kills()))
    }
}
