//! Why money moved: from any request, transfer or balance back to the facts that led to it.

mod arithmetic;
mod balance;
mod charge;
mod deposit;
mod facts;
mod find;
mod text;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use swan_core::ledger::{Account, Entry};
use swan_core::{AccountId, DepositId, IdError, ProviderId, RequestId, TransferId};

pub(crate) use balance::{counters, of_counters};
pub(crate) use charge::owner;
pub use facts::{BalanceOf, ByRule, Charge, Explanation, Listed, Moved, Part, Step, Try};
pub(crate) use find::of_request as entries_of;

use crate::generations::{Generation, Generations, GenerationsOptions};
use crate::store::{Store, StoreError};

/// What is to be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// Everything that a request caused.
    Request(RequestId),
    /// One transfer or hold, with all that happened with it.
    Transfer(TransferId),
    /// The balance of a consumer.
    Account(AccountId),
    /// What a provider has earned.
    Provider(ProviderId),
    /// What came in on a chain.
    Deposit(DepositId),
}

impl FromStr for Subject {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let request = text.parse().map(Self::Request);
        let transfer = request.or_else(|_| text.parse().map(Self::Transfer));
        let account = transfer.or_else(|_| text.parse().map(Self::Account));
        account
            .or_else(|_| text.parse().map(Self::Provider))
            .or_else(|_| text.parse().map(Self::Deposit))
            .map_err(|_: IdError| IdError::Malformed {
                kind: "subject",
                expected: "the id of a request (a UUID), of a transfer or hold (32 hexadecimal digits), of an account (acc-…), of \
                           a provider (prov-…) or of a deposit (dep-…)",
            })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(id) => id.fmt(f),
            Self::Transfer(id) => id.fmt(f),
            Self::Account(id) => id.fmt(f),
            Self::Provider(id) => id.fmt(f),
            Self::Deposit(id) => id.fmt(f),
        }
    }
}

/// Explains from a store, whether a hub runs on it or not.
#[derive(Debug)]
pub struct Explainer {
    store: Arc<dyn Store>,
    generations: Generations,
}

impl Explainer {
    /// Explains from this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        let generations = Generations::new(&store, GenerationsOptions::default());
        Self { store, generations }
    }

    /// The chain of facts that led to `subject`; `None` when nothing is known of it.
    ///
    /// Requests and their transfers are found by the time in their ids, without reading the rest of the journal. Balances are
    /// sums over all of it, and so is the search for a transfer that neither a request nor a command caused.
    ///
    /// # Errors
    /// When the store cannot serve, or its journal is damaged.
    pub async fn explain(&self, subject: Subject) -> Result<Option<Explanation>, StoreError> {
        anything(&*self.store, &self.generations, subject).await
    }
}

/// Explains whatever it is, however much must be read for that.
pub(crate) async fn anything(
    store: &dyn Store,
    generations: &Generations,
    subject: Subject,
) -> Result<Option<Explanation>, StoreError> {
    match subject {
        Subject::Account(id) => balance::of(store, Account::Consumer(id)).await,
        Subject::Provider(id) => balance::of(store, Account::ProviderEarnings(id)).await,
        movement => of_movement(store, generations, movement, true).await,
    }
}

/// Explains a request or transfer; without `may_walk` only what is found without walking through the journal.
pub(crate) async fn of_movement(
    store: &dyn Store,
    generations: &Generations,
    subject: Subject,
    may_walk: bool,
) -> Result<Option<Explanation>, StoreError> {
    let (request, entries) = match subject {
        Subject::Request(id) => (id, find::of_request(store, id).await?),
        Subject::Transfer(id) => match find::of_its_request(store, id).await? {
            Some(found) => found,
            None => {
                let entry = find::other(store, id, may_walk).await?;
                return Ok(entry.map(|entry| charge::of_entry(subject, &entry)));
            }
        },
        Subject::Deposit(id) => return deposit::of(store, id).await,
        Subject::Account(_) | Subject::Provider(_) => return Ok(None),
    };
    let record = generations.find(request, None).await?;
    Ok(of_request(subject, request, &entries, record.as_deref()))
}

fn of_request(
    subject: Subject,
    request: RequestId,
    entries: &[Entry],
    record: Option<&Generation>,
) -> Option<Explanation> {
    if entries.is_empty() && record.is_none() {
        return None;
    }
    Some(charge::of_request(subject, request, entries, record))
}
