//! What the ledger does in a second: the rules alone, paid requests through the books on SQLite and PostgreSQL, and naive versions
//! beside them.

mod engine;
mod memory;
mod naive;
mod naive_postgres;
mod paid;
mod recovery;
mod report;
mod tables;

use std::path::{Path, PathBuf};
use std::time::Duration;

use swan_core::ledger::entries::HoldTerms;
use swan_core::ledger::{ChargeRecord, UsageBasis};
use swan_core::{AccountId, Amount, Currency, KeyId, ModelId, ProviderId, RequestId, Timestamp};
use swan_hub::store::{Durability, StorePlace};

use self::report::{Report, float};
use crate::Failure;

/// How many requests are under way at once.
const AT_ONCE: [usize; 3] = [1, 64, 1_000];
const PROVIDER: ProviderId = ProviderId::from_u128(2);
/// What one request pays.
const GROSS: i128 = 1_000_000;

/// How much to measure, and where the files go.
#[derive(Debug, Clone, clap::Parser)]
#[non_exhaustive]
pub struct LedgerArgs {
    /// Seconds for each measurement.
    #[arg(long, default_value_t = 5)]
    pub seconds: u64,
    /// Transfers in the journal that is recovered, and accounts whose memory is counted.
    #[arg(long, default_value_t = 1_000_000)]
    pub size: usize,
    /// The folder of the databases, on the disk that is to be measured; a temporary one when it is not given.
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// The URL of a database on a PostgreSQL server, beside which others are made; without it nothing is measured over one.
    #[arg(long)]
    pub postgres: Option<String>,
    /// A fraction of a second each, to see that everything works; the figures mean nothing.
    #[arg(long)]
    pub smoke: bool,
}

impl LedgerArgs {
    /// Measures everything and answers the report, in Markdown.
    ///
    /// # Errors
    /// When a database cannot be used, or money does not come out right.
    pub fn run(&self) -> Result<String, Failure> {
        let time = if self.smoke {
            Duration::from_millis(200)
        } else {
            Duration::from_secs(self.seconds)
        };
        let size = if self.smoke { 4_000 } else { self.size };
        let folder = match &self.folder {
            Some(folder) => tempfile::tempdir_in(folder)?,
            None => tempfile::tempdir()?,
        };
        let mut report = Report::default();
        // First, while nothing else has touched the memory of this process.
        report.memory(memory::bytes_per_account(size)?);
        report.engine(engine::transfers_per_second(time)?);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        for at_once in AT_ONCE {
            // One after the other, so that whatever disturbs the machine disturbs all of them.
            runtime.block_on(paid_on_files(folder.path(), at_once, time, &mut report))?;
            if let Some(url) = &self.postgres {
                runtime.block_on(paid_on_postgres(url, at_once, time, &mut report))?;
            }
        }
        let path = folder.path().join("recovery.db");
        report.recovery(&runtime.block_on(recovery::measure(path.clone(), size))?);
        report.tables(&runtime.block_on(tables::measure(path, size))?);
        Ok(report.markdown())
    }
}

async fn paid_on_files(
    folder: &Path,
    at_once: usize,
    time: Duration,
    report: &mut Report,
) -> Result<(), Failure> {
    for durability in [Durability::Strict, Durability::Relaxed] {
        let place = StorePlace::Sqlite(folder.join(format!("{durability:?}-{at_once}.db")));
        let paid = paid::measure(&place, durability, at_once, time).await?;
        report.paid(durability, at_once, &paid);
    }
    let path = folder.join(format!("naive-{at_once}.db"));
    report.naive(
        "SQLite",
        at_once,
        &naive::measure(path, at_once, time).await?,
    );
    Ok(())
}

async fn paid_on_postgres(
    url: &str,
    at_once: usize,
    time: Duration,
    report: &mut Report,
) -> Result<(), Failure> {
    let place = naive_postgres::database(url, &format!("swan_{at_once}")).await?;
    let paid = paid::measure(&place.parse()?, Durability::Strict, at_once, time).await?;
    report.on_postgres(at_once, &paid);
    let beside = naive_postgres::database(url, &format!("naive_{at_once}")).await?;
    let paid = naive_postgres::measure(&beside, at_once, time).await?;
    report.naive("PostgreSQL", at_once, &paid);
    Ok(())
}

fn account(number: usize) -> AccountId {
    AccountId::from_u128(1 + number as u128)
}

fn pico(pico: i128) -> Result<Amount, Failure> {
    Ok(Amount::from_pico(pico)?)
}

/// A request by its number; its id is spread as those of a hub are.
fn terms(number: u64, payer: AccountId) -> Result<HoldTerms, Failure> {
    let spread = u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    Ok(HoldTerms {
        request: RequestId::from_u128(spread | 1),
        account: payer,
        currency: Currency::Usd,
        amount: pico(4 * GROSS)?,
        expires: Timestamp::from_millis(u64::MAX >> 16),
        policy: None,
        extended: 0,
    })
}

/// The charge of each request: 95 % for the provider, 5 % for the growth fund.
fn record() -> Result<ChargeRecord, Failure> {
    Ok(ChargeRecord {
        model: ModelId::new("qwen3-8b")?,
        provider: Some(PROVIDER),
        prompt_tokens: 812,
        cached_tokens: 96,
        completion_tokens: 346,
        images: 0,
        audio_ms: 0,
        basis: UsageBasis::Reported,
        gross: pico(GROSS)?,
        provider_share: pico(GROSS / 20 * 19)?,
        growth_fund: pico(GROSS / 20)?,
        treasury: Amount::ZERO,
        burn: Amount::ZERO,
        key: Some(KeyId::from_u128(3)),
        usd: Some(pico(GROSS)?),
    })
}
