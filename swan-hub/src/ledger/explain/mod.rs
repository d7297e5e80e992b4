//! Why money moved: from any request, transfer or balance back to the facts that led to it.

mod arithmetic;
mod balance;
mod charge;
mod deposit;
mod facts;
mod find;
mod orders;
mod own;
mod owners;
mod penalty;
mod pledge;
mod text;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use swan_core::ledger::{Account, Detail, Entry};
use swan_core::{
    AccountId, CaseId, DepositId, IdError, ProviderId, RequestId, TopupId, TransferId,
};

pub(crate) use balance::{beside, counters, of_counters};
pub(crate) use charge::owner;
pub use facts::{BalanceOf, ByRule, Charge, Explanation, Listed, Moved, Part, Said, Step, Try};
pub(crate) use find::of_request as entries_of;
pub use own::OwnAccount;
pub(crate) use owners::{Asker, Owners};

use super::Books;
use crate::generations::{Generation, Generations, GenerationsOptions};
use crate::store::{Store, StoreError};

/// What is to be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// Everything that a request caused.
    Request(RequestId),
    /// One transfer or hold, with all that happened with it; a payout; or a refund by its number.
    Transfer(TransferId),
    /// An order to pay in by card, with all that it has moved.
    Topup(TopupId),
    /// The balance of a consumer.
    Account(AccountId),
    /// What a provider has earned.
    Provider(ProviderId),
    /// What came in on a chain.
    Deposit(DepositId),
    /// A penalty, with all that was said about it and all that it has moved.
    Case(CaseId),
    /// The balance of an account that is nobody's but the hub's, such as the growth fund.
    Own(OwnAccount),
}

impl FromStr for Subject {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let request = text.parse().map(Self::Request);
        let transfer = request.or_else(|_| text.parse().map(Self::Transfer));
        let account = transfer.or_else(|_| text.parse().map(Self::Account));
        let provider = account.or_else(|_| text.parse().map(Self::Provider));
        provider
            .or_else(|_| text.parse().map(Self::Topup))
            .or_else(|_| text.parse().map(Self::Deposit))
            .or_else(|_| text.parse().map(Self::Case))
            .or_else(|_| text.parse().map(Self::Own))
            .map_err(|_: IdError| IdError::Malformed {
                kind: "subject",
                expected: "the id of a request (a UUID), of a transfer, hold, payout or refund (32 hexadecimal digits), of an order to \
                           pay in (top-…), of an account (acc-…), of a provider (prov-…), of a deposit (dep-…) or of a penalty (case-…), or the name of an account of \
                           the hub itself, such as growth-fund",
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
            Self::Topup(id) => id.fmt(f),
            Self::Case(id) => id.fmt(f),
            Self::Own(own) => own.fmt(f),
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
        Subject::Own(own) => balance::of(store, own.account()).await,
        movement => of_movement(store, generations, movement, &Look::EVERYWHERE).await,
    }
}

/// Where a transfer is looked for that no request caused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look<'a> {
    /// Whose it is, as far as that is known: then only the orders of this account are looked through.
    pub(crate) account: Option<AccountId>,
    /// The provider whose it is.
    pub(crate) provider: Option<ProviderId>,
    /// Whether orders of everybody may be looked through where that is not known.
    pub(crate) all_orders: bool,
    /// Whether the whole journal may be walked, and all orders instead of the latest.
    pub(crate) may_walk: bool,
    /// Where there are books: what they do not remember did not happen.
    pub(crate) books: Option<&'a Books>,
}

impl Look<'_> {
    const EVERYWHERE: Self = Self {
        account: None,
        provider: None,
        all_orders: true,
        may_walk: true,
        books: None,
    };

    /// Whether such a transfer may have happened.
    fn may_have(&self, transfer: TransferId) -> bool {
        let known = |books: &Books| books.moved(transfer).is_some();
        self.books.is_none_or(known)
    }
}

/// Explains whatever is no balance.
pub(crate) async fn of_movement(
    store: &dyn Store,
    generations: &Generations,
    subject: Subject,
    look: &Look<'_>,
) -> Result<Option<Explanation>, StoreError> {
    let (request, entries) = match subject {
        Subject::Request(id) => (id, find::of_request(store, id).await?),
        Subject::Transfer(id) => match find::of_its_request(store, id).await? {
            Some(found) => found,
            None => return of_order(store, subject, id, look).await,
        },
        Subject::Deposit(id) => return deposit::of(store, subject, id).await,
        Subject::Case(id) => return penalty::of(store, subject, id, look).await,
        Subject::Topup(id) => return orders::topup(store, subject, id, look).await,
        Subject::Account(_) | Subject::Provider(_) | Subject::Own(_) => return Ok(None),
    };
    let record = generations.find(request, None).await?;
    match of_request(subject, request, &entries, record.as_deref()) {
        // A job may be one that no request of this hub stands for.
        None => pledge::of_job(store, subject, request, look).await,
        told => Ok(told),
    }
}

/// Explains a transfer that no request caused, or a refund, in whichever journal on the store it is.
async fn of_order(
    store: &dyn Store,
    subject: Subject,
    id: TransferId,
    look: &Look<'_>,
) -> Result<Option<Explanation>, StoreError> {
    let mut found = of_order_at(store, subject, id, look).await?;
    if found.is_none() {
        for other in store.others().await? {
            found = of_order_at(&*other, subject, id, look).await?;
            if found.is_some() {
                break;
            }
        }
    }
    Ok(found)
}

async fn of_order_at(
    store: &dyn Store,
    subject: Subject,
    id: TransferId,
    look: &Look<'_>,
) -> Result<Option<Explanation>, StoreError> {
    if let Some(told) = orders::payout(store, subject, id, look).await? {
        return Ok(Some(told));
    }
    if let Some(told) = orders::topup_with(store, subject, id, look).await? {
        return Ok(Some(told));
    }
    if let Some(told) = deposit::with(store, subject, id, look).await? {
        return Ok(Some(told));
    }
    if let Some(told) = pledge::with(store, subject, id, look).await? {
        return Ok(Some(told));
    }
    let Some(entry) = find::other(store, id, look).await? else {
        return Ok(None);
    };
    let told = match &entry.group.cause.detail {
        Detail::Payment(record) => orders::topup(store, subject, record.topup, look).await?,
        Detail::Chain(record) => deposit::of(store, subject, record.deposit).await?,
        Detail::Bonus(record) => deposit::of(store, subject, record.deposit).await?,
        _ if entry.group.cause.rule.is_collateral() => {
            let provider = Owners::of(std::slice::from_ref(&entry)).provider;
            pledge::with(store, subject, id, &Look { provider, ..*look }).await?
        }
        _ => None,
    };
    Ok(Some(
        told.unwrap_or_else(|| charge::of_entry(subject, &entry)),
    ))
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
