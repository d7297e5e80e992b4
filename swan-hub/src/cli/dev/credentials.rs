//! The keys of a development market, which last as long as its data folder.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use swan_core::{AccountId, Amount, Currency, KeyId, ProviderId, TransferId};

use crate::cli::CliError;
use crate::error::HubError;
use crate::hub::Hub;
use crate::seams::SystemClock;
use crate::store::{AccountRecord, KeyKind, KeyRecord, ProviderRecord, Secret};

/// The test credit of a new market's consumer.
const CREDIT_USD: i64 = 5;
/// Hubs keep only hashes of keys, so the ones that are shown at each start are kept here, readable by their owner alone.
const FILE: &str = "dev-keys.json";

/// Three keys, as their bearers send them.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Credentials {
    pub(super) admin: String,
    pub(super) consumer: String,
    pub(super) provider: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// The keys of the last start where they still open this hub, or new ones, with test credit for a new consumer.
pub(super) async fn prepare(hub: &Hub, folder: &Path) -> Result<Credentials, CliError> {
    let path = folder.join(FILE);
    let known = std::fs::read(&path).ok();
    let known = known.and_then(|text| serde_json::from_slice::<Credentials>(&text).ok());
    if let Some(known) = known.filter(|known| known.open(hub)) {
        return Ok(known);
    }
    let account = AccountId::from_u128(random()?);
    let provider = ProviderId::from_u128(random()?);
    let created = swan_core::Clock::now(&SystemClock::new());
    let store = hub.store();
    let name = "development".to_owned();
    store
        .put_account(&AccountRecord {
            id: account,
            name,
            created,
            limits: crate::admission::KeyLimits::default(),
        })
        .await?;
    let name = "this machine".to_owned();
    store
        .put_provider(&ProviderRecord {
            id: provider,
            name,
            created,
            last_seen: None,
        })
        .await?;
    let credentials = Credentials {
        admin: key(hub, KeyKind::Admin).await?,
        consumer: key(hub, KeyKind::Consumer(account)).await?,
        provider: key(hub, KeyKind::Provider(provider)).await?,
    };
    grant(hub, account).await?;
    write_private(&path, &credentials).map_err(|source| HubError::DataDir { path, source })?;
    Ok(credentials)
}

impl Credentials {
    /// Whether all three are still good.
    fn open(&self, hub: &Hub) -> bool {
        [&self.admin, &self.consumer, &self.provider]
            .into_iter()
            .all(|key| hub.keys().authenticate(key).is_ok())
    }

    /// What the consumer can still spend.
    pub(super) fn available(&self, hub: &Hub) -> Option<Amount> {
        let record = hub.keys().authenticate(&self.consumer).ok()?;
        match record.kind {
            KeyKind::Consumer(account) => Some(hub.books().available(account, Currency::Usd)),
            _ => None,
        }
    }
}

async fn key(hub: &Hub, kind: KeyKind) -> Result<String, CliError> {
    let secret = Secret::generate(kind).map_err(entropy)?;
    let record = KeyRecord {
        id: KeyId::from_u128(random()?),
        kind,
        name: "development".to_owned(),
        created: swan_core::Clock::now(&SystemClock::new()),
        revoked: None,
        limits: crate::admission::KeyLimits::default(),
    };
    hub.keys().insert(&**hub.store(), &secret, record).await?;
    Ok(secret.expose().to_owned())
}

async fn grant(hub: &Hub, account: AccountId) -> Result<(), CliError> {
    let id = TransferId::from_u128(random()?);
    let credit =
        Amount::from_units(CREDIT_USD).map_err(|error| HubError::Build(error.to_string()))?;
    let note = "test credit of a development market";
    let granted = hub.books().grant(id, account, Currency::Usd, credit, note);
    match granted.await {
        Ok(_) => Ok(()),
        Err(error) => Err(HubError::Books(Box::new(error)).into()),
    }
}

fn write_private(path: &PathBuf, credentials: &Credentials) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    serde_json::to_writer_pretty(&mut file, credentials)?;
    writeln!(file)
}

fn random() -> Result<u128, CliError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(entropy)?;
    Ok(u128::from_be_bytes(bytes))
}

fn entropy(error: getrandom::Error) -> CliError {
    CliError::Hub(HubError::Build(format!(
        "the system has no randomness to give: {error}"
    )))
}
