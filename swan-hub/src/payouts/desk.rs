use std::sync::Arc;

use arc_swap::ArcSwapOption;
use swan_core::ledger::entries;
use swan_core::payout::{PayoutEvent, PayoutRules, PayoutState};
use swan_core::{AccountId, Amount, Clock, Currency, Policy, PolicyStamp, ProviderId, TransferId};
use tokio::sync::Mutex;

use super::standing::{read, standing};
use super::{Asked, End, Paper, Payout, PayoutError};
use crate::collateral;
use crate::hub::Shared;
use crate::ledger::{Books, LedgerError, Mark};
use crate::store::{DocumentKind, DocumentRecord, NewDocument, PayoutOrder, Store, StoreError};

/// How often is decided anew where other hubs book at the same time.
const TRIES: u32 = 64;
/// Payouts of a page, and those of a provider that are looked at before it asks for another.
const PAGE: u32 = 100;

/// Where payouts are asked for and ended, by whichever way. Clones are handles to the same desk.
#[derive(Debug, Clone)]
pub(crate) struct Payouts(Arc<Desk>);

#[derive(Debug)]
struct Desk {
    store: Arc<dyn Store>,
    books: Books,
    clock: Arc<dyn Clock>,
    /// Without one, nothing is asked for; what was asked for can be ended.
    policy: ArcSwapOption<Policy>,
    /// Held while a payout is asked for or ended, so that those who ask here do not decide anew for each other.
    turn: Mutex<()>,
}

impl Payouts {
    pub(crate) fn new(store: &Arc<dyn Store>, books: &Books, policy: Option<Arc<Policy>>) -> Self {
        Self(Arc::new(Desk {
            store: Arc::clone(store),
            books: books.clone(),
            clock: Arc::clone(books.clock()),
            policy: ArcSwapOption::new(policy),
            turn: Mutex::default(),
        }))
    }

    /// By these rules from now on.
    pub(crate) fn set_policy(&self, policy: &Arc<Policy>) {
        self.0.policy.store(Some(Arc::clone(policy)));
    }

    fn stamp(&self) -> Option<PolicyStamp> {
        let policy = self.0.policy.load();
        policy.as_ref().map(|policy| policy.stamp().clone())
    }

    /// Does what the command line asks for; `None` when that has to wait for a hub, which alone knows its rules.
    pub(crate) async fn obey(
        &self,
        command: u128,
        order: PayoutOrder,
    ) -> Option<Result<Payout, PayoutError>> {
        let (payout, event, says) = match order {
            PayoutOrder::Request { .. } if self.0.policy.load().is_none() => return None,
            PayoutOrder::Request {
                provider,
                currency,
                amount,
                destination,
            } => {
                let asked = Asked {
                    id: TransferId::from_u128(command),
                    provider,
                    currency,
                    amount,
                    destination,
                    by: "the command line",
                };
                return Some(self.request(&asked).await);
            }
            PayoutOrder::Paid { payout, reference } => (payout, PayoutEvent::Pay, reference),
            PayoutOrder::Failed { payout, reason } => (payout, PayoutEvent::Fail, reason),
            PayoutOrder::Cancelled { payout } => {
                let says = "an administrator took it back";
                (payout, PayoutEvent::Cancel, says.to_owned())
            }
        };
        Some(self.end(None, payout, event, &says).await)
    }

    /// Sets an amount apart to be paid; the answer survives a crash.
    pub(crate) async fn request(&self, asked: &Asked) -> Result<Payout, PayoutError> {
        let policy = self.0.policy.load_full();
        let rules = policy.as_ref().and_then(|policy| policy.payout().copied());
        let rules = rules.ok_or(PayoutError::None)?;
        let _turn = self.0.turn.lock().await;
        let (provider, currency) = (asked.provider, asked.currency);
        self.0.books.gather_earnings(provider, currency).await?;
        for _ in 0..TRIES {
            let mark = self.0.books.read_on().await?;
            if let Some(payout) = self.request_at(mark, asked, &rules).await? {
                return Ok(payout);
            }
        }
        Err(overtaken())
    }

    /// Decides by what was read up to `mark`; `None` when another hub has booked something since.
    async fn request_at(
        &self,
        mark: Mark,
        asked: &Asked,
        rules: &PayoutRules,
    ) -> Result<Option<Payout>, PayoutError> {
        if self.0.books.moved(asked.id).is_none() {
            rules.check(asked.currency, asked.amount)?;
            self.check_pace(asked, rules).await?;
            let available = self.0.books.owed(asked.provider, asked.currency);
            if available < asked.amount {
                let wanted = asked.amount;
                return Err(PayoutError::TooLittle { available, wanted });
            }
        }
        let paper = Paper {
            provider: asked.provider,
            currency: asked.currency,
            amount: asked.amount,
            fee: rules.fee(asked.currency),
            destination: asked.destination.clone(),
            requested: self.0.clock.now(),
            end: None,
            collateral: None,
        };
        let new = NewDocument {
            kind: DocumentKind::Payout,
            owner: asked.provider.as_u128(),
            name: asked.id.to_string(),
            body: paper.write(),
        };
        let record = self.0.store.documents().add_document(&new).await?;
        let (id, paper) = read(&record)?;
        let terms = paper.terms(id, self.stamp());
        let note = format!("asked for by {}", asked.by);
        let group = entries::payout(&terms, &note);
        let posted = self.0.books.post_at(mark, group).await;
        if posted.map_err(too_little)?.is_none() {
            return Ok(None);
        }
        let standing = self.standing(&record)?;
        standing.map(Some).ok_or(PayoutError::Unknown)
    }

    /// One that waits in each currency at a time, and a while from one to the next.
    async fn check_pace(&self, asked: &Asked, rules: &PayoutRules) -> Result<(), PayoutError> {
        let now = self.0.clock.now();
        let (latest, _) = self.page(Some(asked.provider), u64::MAX).await?;
        for payout in latest {
            if payout.paper.currency != asked.currency || payout.paper.collateral.is_some() {
                continue;
            }
            if payout.state == PayoutState::Requested {
                return Err(PayoutError::Pending(payout.id));
            }
            let again = payout.paper.requested.after(rules.wait());
            if now < again {
                let left = again.since(now).as_secs().max(1);
                return Err(PayoutError::TooSoon(rules.wait(), left));
            }
        }
        Ok(())
    }

    /// Notes that an amount which was set apart elsewhere is to be paid.
    pub(crate) async fn add(&self, id: TransferId, paper: &Paper) -> Result<(), StoreError> {
        let new = NewDocument {
            kind: DocumentKind::Payout,
            owner: paper.provider.as_u128(),
            name: id.to_string(),
            body: paper.write(),
        };
        self.0.store.documents().add_document(&new).await.map(drop)
    }

    /// Ends a payout: with what it was paid by, or why it was not. The same end twice is one. What pays collateral back goes
    /// back to that, for which it needs the hub.
    pub(crate) async fn end(
        &self,
        hub: Option<&Shared>,
        id: TransferId,
        event: PayoutEvent,
        says: &str,
    ) -> Result<Payout, PayoutError> {
        let _turn = self.0.turn.lock().await;
        for _ in 0..TRIES {
            let mark = self.0.books.read_on().await?;
            if let Some(payout) = self.end_at(mark, hub, (id, event), says).await? {
                return Ok(payout);
            }
        }
        Err(overtaken())
    }

    /// Decides by what was read up to `mark`; `None` when another hub has booked something since.
    async fn end_at(
        &self,
        mark: Mark,
        hub: Option<&Shared>,
        (id, event): (TransferId, PayoutEvent),
        says: &str,
    ) -> Result<Option<Payout>, PayoutError> {
        let found = self.record(id).await?.map(|record| self.standing(&record));
        let found = found.transpose()?.flatten();
        let mut payout = found.ok_or(PayoutError::Unknown)?;
        let before = payout.state;
        let state = before.on(event).map_err(|_| PayoutError::Ended(before))?;
        let terms = payout.paper.terms(id, self.stamp());
        let group = match (event, payout.paper.collateral) {
            (PayoutEvent::Pay, _) => Some(entries::payout_paid(&terms, says)),
            (PayoutEvent::Fail | PayoutEvent::Cancel, Some(withdrawal)) => {
                let hub = hub.ok_or(PayoutError::OfCollateral)?;
                collateral::unpaid(hub, &payout.paper, withdrawal, says).await?;
                None
            }
            (PayoutEvent::Fail | PayoutEvent::Cancel, None) => {
                Some(entries::payout_returned(&terms, says))
            }
        };
        if let Some(group) = group
            && self.0.books.post_at(mark, group).await?.is_none()
        {
            return Ok(None);
        }
        payout.state = state;
        // What was said first stays.
        if payout.paper.end.is_none() {
            payout.paper.end = Some(End {
                state: state.as_str().to_owned(),
                at: self.0.clock.now(),
                says: says.to_owned(),
            });
            let (kind, body) = (DocumentKind::Payout, payout.paper.write());
            let store = &self.0.store;
            let _there = store
                .documents()
                .change_document(kind, payout.number, &body)
                .await?;
        }
        Ok(Some(payout))
    }

    /// Makes earnings into credit of the provider's own account.
    pub(crate) async fn to_credit(
        &self,
        whose: (TransferId, ProviderId, AccountId),
        sum: (Currency, Amount),
    ) -> Result<(), PayoutError> {
        let credited = self.0.books.credit_earnings(whose, sum).await;
        credited.map(drop).map_err(too_little)
    }

    /// The payout with this id, if it happened.
    pub(crate) async fn find(&self, id: TransferId) -> Result<Option<Payout>, StoreError> {
        let Some(record) = self.record(id).await? else {
            return Ok(None);
        };
        self.0.books.read_on().await?;
        self.standing(&record)
    }

    async fn record(&self, id: TransferId) -> Result<Option<DocumentRecord>, StoreError> {
        let (kind, name) = (DocumentKind::Payout, id.to_string());
        self.0.store.documents().document_named(kind, &name).await
    }

    /// A page of payouts with numbers below `before`, the youngest first, and where the next one begins.
    pub(crate) async fn page(
        &self,
        provider: Option<ProviderId>,
        before: u64,
    ) -> Result<(Vec<Payout>, Option<u64>), StoreError> {
        let (kind, owner) = (DocumentKind::Payout, provider.map(ProviderId::as_u128));
        let records = self
            .0
            .store
            .documents()
            .page(kind, owner, before, PAGE)
            .await?;
        let is_full = records.len() >= PAGE as usize;
        let next = records.last().map(|last| last.number);
        self.0.books.read_on().await?;
        let all = records.iter().map(|record| self.standing(record));
        let all: Vec<Option<Payout>> = all.collect::<Result<_, _>>()?;
        let next = next.filter(|next| is_full && *next > 1);
        Ok((all.into_iter().flatten().collect(), next))
    }

    fn standing(&self, record: &DocumentRecord) -> Result<Option<Payout>, StoreError> {
        standing(record, |id| self.0.books.moved(id))
    }
}

fn too_little(error: LedgerError) -> PayoutError {
    match error {
        LedgerError::InsufficientFunds { available, wanted } => {
            PayoutError::TooLittle { available, wanted }
        }
        error => error.into(),
    }
}

fn overtaken() -> PayoutError {
    let why = "other hubs book at the same time";
    LedgerError::Unavailable { why }.into()
}
