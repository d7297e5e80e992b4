//! What the hub keeps for deposits, and what people ask of it.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use swan_core::{AccountId, DepositId, ProviderId};
use tokio::time;

use super::event::Counts;
use super::judge::is_provider;
use super::{
    Address, ChainNode, Deposit, DepositNews, DepositOptions, DepositOwner, DepositState, Status,
    Unmatched, verify_all,
};
use crate::error::HubError;
use crate::store::{KeyRing, Store, StoreError};

/// How long a start waits for nodes.
const CHECK: Duration = Duration::from_secs(15);

/// What is decided about deposits, and the nodes that tell of them.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    pub(crate) options: Arc<DepositOptions>,
    pub(crate) nodes: Vec<Arc<dyn ChainNode>>,
}

/// What the hub keeps for deposits.
#[derive(Debug, Default)]
pub(crate) struct Deposits {
    pub(crate) options: Option<Arc<DepositOptions>>,
    pub(super) nodes: Vec<Arc<dyn ChainNode>>,
    counts: Counts,
    status: Mutex<Status>,
}

impl Deposits {
    /// What a hub keeps that watches so, once the nodes that answer were found to be what is configured; the others are looked at
    /// later.
    pub(crate) async fn open(watched: Option<Watched>) -> Result<Arc<Self>, HubError> {
        let Some(watched) = watched else {
            return Ok(Arc::default());
        };
        let checked = verify_all(&watched.nodes, &watched.options);
        let checked = time::timeout(CHECK, checked).await;
        checked
            .unwrap_or(Ok(()))
            .map_err(|mismatch| HubError::Build(mismatch.to_string()))?;
        Ok(Arc::new(Self::new(watched)))
    }

    pub(super) fn new(watched: Watched) -> Self {
        Self {
            options: Some(watched.options),
            nodes: watched.nodes,
            ..Self::default()
        }
    }

    /// What is decided about deposits.
    ///
    /// # Errors
    /// [`DepositError::NotConfigured`] for a hub that takes none.
    pub(crate) fn options(&self) -> Result<&Arc<DepositOptions>, DepositError> {
        self.options.as_ref().ok_or(DepositError::NotConfigured)
    }

    pub(super) fn count(&self, news: DepositNews) {
        self.counts.count(news);
    }

    pub(crate) fn counted(&self, news: DepositNews) -> u64 {
        self.counts.of(news)
    }

    pub(crate) fn status(&self) -> Status {
        self.status.lock().clone()
    }

    pub(super) fn note(&self, status: Status) {
        *self.status.lock() = status;
    }
}

/// Why something was not done about a deposit.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DepositError {
    #[error("this hub takes no deposits on a chain")]
    NotConfigured,
    #[error("there is no such deposit")]
    Unknown,
    #[error("there is no account {account}")]
    NoAccount { account: AccountId },
    #[error("there is no provider {provider}")]
    NoProvider { provider: ProviderId },
    #[error("the deposit is {state}; only about one that is unmatched can be decided", state = .state.as_str())]
    NotUnmatched { state: DepositState },
    #[error(
        "the worth of {token} is not known: name it under chain.tokens of the hub, start that, and assign the deposit by its route"
    )]
    UnknownToken { token: Address },
    #[error("the deposit cannot be assigned: {why}")]
    NotAssignable { why: &'static str },
    #[error("somebody else is working on the same deposit; try again")]
    Busy,
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for DepositError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { .. } => Self::Busy,
            error => Self::Store(error),
        }
    }
}

/// The deposit with this id.
pub(crate) async fn find(store: &dyn Store, id: DepositId) -> Result<Deposit, DepositError> {
    let record = store.deposits().deposit(id).await?;
    Ok(Deposit::read(&record.ok_or(DepositError::Unknown)?)?)
}

/// Who decides about a deposit, and why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict<'a> {
    pub(crate) by: &'a str,
    pub(crate) why: Option<&'a str>,
}

/// Says whose an unmatched deposit is; the watch of the hub that runs credits it with its next turn. Saying the same again is no
/// error. One of an unknown token needs to be among those of `options` by now; the watch then reads it again.
pub(crate) async fn assign(
    (store, keys): (&dyn Store, &KeyRing),
    options: Option<&DepositOptions>,
    (id, owner): (DepositId, DepositOwner),
    verdict: Verdict<'_>,
) -> Result<Deposit, DepositError> {
    let mut deposit = find(store, id).await?;
    if deposit.assigned_by.is_some() && deposit.owner() == Some(owner) {
        return Ok(deposit);
    }
    let why = undecided(&deposit)?;
    let is_named = options.is_some_and(|all| all.token(deposit.token_address).is_some());
    if why == Some(Unmatched::UnknownToken) && !is_named {
        let token = deposit.token_address;
        return Err(DepositError::UnknownToken { token });
    }
    if let Some(why) = why.filter(|why| !why.is_assignable() && *why != Unmatched::UnknownToken) {
        return Err(DepositError::NotAssignable { why: why.says() });
    }
    match owner {
        DepositOwner::Account(account) if keys.account(account).is_none() => {
            return Err(DepositError::NoAccount { account });
        }
        DepositOwner::Provider(provider) if !is_provider((store, keys), provider).await? => {
            return Err(DepositError::NoProvider { provider });
        }
        _ => {}
    }
    deposit.belong_to(Some(owner));
    deposit.assigned_by = Some(verdict.by.to_owned());
    deposit.reason = verdict.why.map(str::to_owned);
    deposit.state = DepositState::Crediting;
    written(store, deposit).await
}

/// Says that an unmatched deposit is credited to nobody, for good. Saying it again is no error.
pub(crate) async fn refuse(
    store: &dyn Store,
    id: DepositId,
    verdict: Verdict<'_>,
) -> Result<Deposit, DepositError> {
    let mut deposit = find(store, id).await?;
    if deposit.state == DepositState::Refused {
        return Ok(deposit);
    }
    let _why = undecided(&deposit)?;
    deposit.refused_by = Some(verdict.by.to_owned());
    deposit.reason = verdict.why.map(str::to_owned);
    deposit.state = DepositState::Refused;
    written(store, deposit).await
}

/// Why an unmatched deposit is nobody's.
fn undecided(deposit: &Deposit) -> Result<Option<Unmatched>, DepositError> {
    match deposit.state {
        DepositState::Unmatched => Ok(deposit.why),
        state => Err(DepositError::NotUnmatched { state }),
    }
}

/// The store refuses when somebody else has decided meanwhile.
async fn written(store: &dyn Store, mut deposit: Deposit) -> Result<Deposit, DepositError> {
    let record = deposit.record();
    store.deposits().put_deposit(&record).await?;
    deposit.revision = record.revision;
    Ok(deposit)
}
