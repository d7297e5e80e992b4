//! What was written down about a penalty, from the accusation to the end.

use std::collections::BTreeSet;

use swan_core::ledger::entries;
use swan_core::{CaseId, Currency, PolicyStamp, ProviderId, Timestamp, TransferId};

use super::bond::{Bond, Happened, Penalty};
use super::record::{Act, Record};
use crate::store::{DocumentKind, Store, StoreError};

/// A penalty with all that was written down about it.
#[derive(Debug)]
pub(crate) struct CaseFile {
    pub(crate) provider: ProviderId,
    pub(crate) currency: Currency,
    pub(crate) penalty: Penalty,
    pub(crate) facts: Vec<CaseFact>,
}

/// One thing that somebody said or did about it.
#[derive(Debug)]
pub(crate) struct CaseFact {
    pub(crate) at: Timestamp,
    pub(crate) by: String,
    pub(crate) policy: Option<PolicyStamp>,
    /// `accused`, `appealed`, `decided` or `lapsed`.
    pub(crate) what: &'static str,
    pub(crate) says: String,
    /// By which transfer money moved for it.
    pub(crate) transfer: Option<TransferId>,
}

/// Records read at a time.
const PAGE: u32 = 100;
/// Records of a provider that are looked through for one transfer, where that has an end.
const LOOKED: usize = 2_000;

/// All that was written down about a penalty.
pub(crate) async fn case_file(
    store: &dyn Store,
    case: CaseId,
) -> Result<Option<CaseFile>, StoreError> {
    let mut records = Vec::new();
    for name in ["penalty", "appeal", "decision", "lapse"] {
        let name = format!("{name} {case}");
        let known = store
            .documents()
            .document_named(DocumentKind::Collateral, &name)
            .await?;
        if let Some(known) = known {
            records.push((known.number, Record::read(&known)?));
        }
    }
    records.sort_by_key(|(number, _)| *number);
    let Some((_, first)) = records.first() else {
        return Ok(None);
    };
    let (provider, currency) = (first.provider, first.currency);
    // Its state follows from these records alone; how much was there to be taken is in the ledger.
    let mut bond = Bond::new(provider, currency);
    let facts = records.iter().map(|(_, record)| fact(&mut bond, record));
    let facts = facts.collect();
    let penalty = bond.penalties.remove(&case);
    Ok(penalty.map(|penalty| CaseFile {
        provider,
        currency,
        penalty,
        facts,
    }))
}

fn fact(bond: &mut Bond, record: &Record) -> CaseFact {
    let (what, moves, says) = match &record.act {
        Act::Penalised { reason, .. } => ("accused", true, reason.clone()),
        Act::Appealed { reason, .. } => ("appealed", false, reason.clone()),
        Act::Decided {
            is_upheld: true,
            reason,
            ..
        } => ("decided", true, format!("the appeal is upheld: {reason}")),
        Act::Decided { reason, .. } => ("decided", true, format!("the appeal is denied: {reason}")),
        _ => (
            "lapsed",
            true,
            "the time in which something could be said was over".to_owned(),
        ),
    };
    let says = match bond.apply(record) {
        Ok(Happened::Moved(_)) => says,
        Ok(Happened::Exists) => format!("{says}; it changed nothing"),
        Err(error) => format!("{says}; it came too late and changed nothing: {error}"),
    };
    CaseFact {
        at: record.at,
        by: record.by.clone(),
        policy: record.policy.clone(),
        what,
        says,
        transfer: moves.then(|| record.act.transfer()),
    }
}

/// What has moved something of a provider's collateral by this transfer. `all` says whether all of its records are looked through, or
/// the latest.
pub(crate) async fn act_of(
    store: &dyn Store,
    provider: ProviderId,
    transfer: TransferId,
    all: bool,
) -> Result<Option<Act>, StoreError> {
    let firsts: BTreeSet<TransferId> = entries::collateral_of(transfer).collect();
    let mut found = None;
    look_through(store, provider, all, |record| {
        if firsts.contains(&record.act.transfer()) {
            found = Some(record.act);
        }
        found.is_none()
    })
    .await?;
    Ok(found)
}

/// The records of a provider that are of this kind, the oldest first.
pub(crate) async fn records_of(
    store: &dyn Store,
    provider: ProviderId,
    all: bool,
    is_of: impl Fn(&Act) -> bool + Send + Sync,
) -> Result<Vec<Record>, StoreError> {
    let mut found = Vec::new();
    look_through(store, provider, all, |record| {
        if is_of(&record.act) {
            found.push(record);
        }
        true
    })
    .await?;
    found.reverse();
    Ok(found)
}

/// The record of this name, of whichever provider.
pub(crate) async fn record_named(
    store: &dyn Store,
    name: &str,
) -> Result<Option<Record>, StoreError> {
    let known = store
        .documents()
        .document_named(DocumentKind::Collateral, name)
        .await?;
    known.as_ref().map(Record::read).transpose()
}

/// Hands on the records of a provider, the latest first, as long as `each` wants more.
async fn look_through(
    store: &dyn Store,
    provider: ProviderId,
    all: bool,
    mut each: impl FnMut(Record) -> bool + Send,
) -> Result<(), StoreError> {
    let (owner, mut before, mut looked) = (Some(provider.as_u128()), u64::MAX, 0);
    loop {
        let kind = DocumentKind::Collateral;
        let page = store.documents().page(kind, owner, before, PAGE).await?;
        for document in &page {
            before = document.number;
            if !each(Record::read(document)?) {
                return Ok(());
            }
        }
        looked += page.len();
        if page.len() < PAGE as usize || looked >= LOOKED && !all {
            return Ok(());
        }
    }
}
