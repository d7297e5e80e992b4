//! A real hub over a real database, killed hundreds of times under load; afterwards its journal must be what consumers saw.

mod consumer;
mod verdict;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::Value;
use swan_hub::Durability;
use swan_hub::store::StorePlace;

use self::consumer::{Consumer, Deeds};
use self::verdict::{Charges, Verdict};
use crate::Failure;
use crate::market::{Market, listens, programs};
use crate::process::{Process, output_of};
use crate::soak::dice::Dice;

/// Enough that nobody runs out of money.
const GRANT: &str = "1000000";
/// How long a life lasts at least, once the hub serves, and by how much it may be longer.
const LIFE_MS: [u64; 2] = [50, 850];

/// What is killed, how often, and with which luck.
#[derive(Debug, Clone, clap::Parser)]
#[non_exhaustive]
pub struct KillsArgs {
    /// The store: `sqlite` for a file in a temporary folder, or the URL of an empty database.
    #[arg(long, default_value = "sqlite")]
    pub store: String,
    /// How often the hub is killed.
    #[arg(long, default_value_t = 200)]
    pub kills: u32,
    /// Five kills, to see that everything works.
    #[arg(long)]
    pub smoke: bool,
    /// What the dice are made from: when the hub is killed, and what consumers ask.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Consumers at once; every third has a key for each request and asks until it is answered.
    #[arg(long, default_value_t = 12)]
    pub consumers: usize,
    /// The folder of the programs; that of this program when it is not given.
    #[arg(long)]
    pub programs: Option<PathBuf>,
}

/// A hub that is started again on the same store and the same ports.
struct Hub<'a> {
    market: &'a Market<'a>,
    config: PathBuf,
    store: String,
    process: Process,
    listens: (SocketAddr, SocketAddr),
}

impl Hub<'_> {
    async fn serve(
        market: &Market<'_>,
        config: &Path,
        store: &str,
        listen: [String; 2],
    ) -> Result<(Process, (SocketAddr, SocketAddr)), Failure> {
        let [consumers, providers] = listen;
        let config = config.to_str().ok_or("the folder's name is not text")?;
        let args = [
            ["serve", "--config", config].map(str::to_owned),
            [
                "--store".to_owned(),
                store.to_owned(),
                "--listen".to_owned(),
            ],
            [consumers, "--provider-listen".to_owned(), providers],
        ];
        let program = market.programs.join("swan-hub");
        let mut process = Process::start("hub", &program, &args.concat(), market.folder)?;
        let listens = process.line(listens).await?;
        Ok((process, listens))
    }

    /// Kills it and starts it again; answers how long the start took.
    async fn kill(&mut self) -> Result<Duration, Failure> {
        self.process.alive()?;
        self.process.kill().await?;
        let begun = Instant::now();
        let listen = [self.listens.0, self.listens.1].map(|address| address.to_string());
        let again = Self::serve(self.market, &self.config, &self.store, listen).await?;
        (self.process, _) = again;
        Ok(begun.elapsed())
    }
}

impl KillsArgs {
    /// Runs the load, kills the hub, and compares: the report in Markdown, and whether everything was as it must be.
    ///
    /// # Errors
    /// When a part does not start or cannot be asked.
    pub async fn run(&self) -> Result<(String, bool), Failure> {
        let folder = tempfile::tempdir()?;
        let programs = programs(self.programs.as_deref())?;
        let mock = programs.join("mock-model-server");
        let mut mock = Process::start::<&str>("mock", &mock, &[], folder.path())?;
        let market = Market {
            programs: &programs,
            folder: folder.path(),
            mock: mock.listening().await?,
            at_once: 64,
        };
        let store = match self.store.as_str() {
            "sqlite" => format!("sqlite:{}/swan.db", folder.path().display()),
            url => url.to_owned(),
        };
        let config = market.config("hub", true, "strict")?;
        let keys = [
            self.key(&market, &store, "plain").await?,
            self.key(&market, &store, "keyed").await?,
        ];
        let any = "127.0.0.1:0".to_owned();
        let (process, listens) = Hub::serve(&market, &config, &store, [any.clone(), any]).await?;
        let mut hub = Hub {
            market: &market,
            config,
            store,
            process,
            listens,
        };
        let (deeds, kills) = self.load(&mut hub, &keys).await?;
        hub.process.stop(Duration::from_secs(20)).await?;
        let program = programs.join("swan-hub");
        let audit = output_of(&program, &["audit", "--json", "--store", &hub.store]).await?;
        let audit: Value = serde_json::from_str(&audit)?;
        let place: StorePlace = hub.store.parse()?;
        let charges = Charges::read(&*place.open(Durability::Strict).await?).await?;
        let verdict = Verdict {
            deeds,
            kills,
            audit,
            charges,
        };
        Ok(verdict.report(self.seed))
    }

    async fn key(&self, market: &Market<'_>, store: &str, name: &str) -> Result<String, Failure> {
        let program = market.programs.join("swan-hub");
        let create = [
            "key", "create", "consumer", "--name", name, "--grant", GRANT, "--store", store,
        ];
        output_of(&program, &create).await
    }

    /// The load and the kills; answers what consumers saw, and how long each start took.
    async fn load(
        &self,
        hub: &mut Hub<'_>,
        keys: &[String; 2],
    ) -> Result<(Deeds, Vec<Duration>), Failure> {
        let over = Arc::new(AtomicBool::new(false));
        let [plain, keyed] = keys;
        let consumers = (0..self.consumers).map(|number| {
            let dice = Dice::new(self.seed, 100 + number as u64);
            let has_keys = number % 3 == 2;
            let key = if has_keys { keyed } else { plain };
            let consumer = Consumer::new(hub.listens.0, key, dice, number, has_keys);
            tokio::spawn(consumer.run(Arc::clone(&over)))
        });
        let consumers: Vec<_> = consumers.collect();
        let mut dice = Dice::new(self.seed, 1);
        let mut kills = Vec::new();
        for _ in 0..if self.smoke { 5 } else { self.kills } {
            let [least, more] = LIFE_MS;
            tokio::time::sleep(Duration::from_millis(least + dice.below(more))).await;
            kills.push(hub.kill().await?);
        }
        over.store(true, Ordering::Relaxed);
        let mut deeds = Deeds::default();
        for done in join_all(consumers).await {
            deeds.add(done?);
        }
        Ok((deeds, kills))
    }
}
