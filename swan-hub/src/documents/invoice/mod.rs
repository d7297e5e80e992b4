//! Monthly invoices: what an account was charged in a month, by model and key.
//!
//! Requests are paid from credit as they are served, so an invoice asks for nothing: it tells what was paid. Its lines and its total
//! are those of the ledger to the last unit; where it rounds, it says by how much. Once a month is over its invoice gets the next
//! number of the hub and is kept as it is, whatever changes afterwards; before that it is a draft.

mod html;
mod party;
mod totals;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swan_core::{AccountId, Amount, Currency, KeyId, ModelId, Timestamp};

pub(crate) use self::html::CONTENT_POLICY;
pub use self::html::Paper;
pub use self::party::{Billing, BillingError, Tax, TaxError};
pub use self::totals::{Section, TaxLine};
use super::usage::GROUPS_MAX;
use super::{Charged, Month, Sum, UsageError};
use crate::gateway::iso;
use crate::ledger::Walk;
use crate::store::{DocumentKind, DocumentRecord, NewDocument, Store, StoreError};

/// How long after its end a month gets its number, so that clocks that differ a little do not matter.
const GRACE: Duration = Duration::from_secs(3_600);

/// An invoice, or the draft of one. Amounts are decimal strings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Invoice {
    /// `invoice`.
    pub object: String,
    /// Its number; a draft has none.
    pub number: Option<String>,
    /// `issued` or `draft`.
    pub status: String,
    /// The account that was charged.
    pub account: String,
    /// The month in UTC, such as `2026-10`.
    pub month: String,
    /// When it got its number.
    pub issued_at: Option<String>,
    /// Who runs the hub.
    pub seller: Billing,
    /// Whose account it is.
    pub buyer: Billing,
    /// One for each currency that was paid in.
    pub sections: Vec<Section>,
}

/// What was used of one model with one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct InvoiceLine {
    /// The model.
    pub model: String,
    /// The key.
    pub key_id: Option<String>,
    /// What its owner calls it.
    pub key_name: Option<String>,
    /// How many requests.
    pub requests: u64,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// How many of them came from a cache.
    pub cached_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// Images made.
    pub images: u64,
    /// Milliseconds of audio.
    pub audio_ms: u64,
    /// What was charged, exactly.
    #[schemars(with = "String")]
    pub amount: Amount,
}

/// The invoice of a month: the one that was issued, or a draft while the month is not over. `None` when nothing was charged.
///
/// The first time that it is asked for after the month is over, it gets its number and is kept.
///
/// # Errors
/// [`UsageError::Groups`], or when the store cannot serve.
pub async fn invoice(
    store: &Arc<dyn Store>,
    account: AccountId,
    month: Month,
    now: Timestamp,
) -> Result<Option<Invoice>, UsageError> {
    let name = format!("{account}/{month}");
    let kind = DocumentKind::Invoice;
    if let Some(kept) = store.documents().document_named(kind, &name).await? {
        return Ok(Some(read(&kept)?));
    }
    let Some(mut made) = draft(store, account, month).await? else {
        return Ok(None);
    };
    if now < month.end().after(GRACE) {
        return Ok(Some(made));
    }
    made.status = "issued".to_owned();
    made.issued_at = Some(iso(now));
    let new = NewDocument {
        kind,
        owner: account.as_u128(),
        name,
        // Texts and numbers always serialise.
        body: serde_json::to_string(&made).unwrap_or_default(),
    };
    let kept = store.documents().add_document(&new).await?;
    Ok(Some(read(&kept)?))
}

/// The issued invoice with this number.
///
/// # Errors
/// When the store cannot serve.
pub async fn invoice_numbered(
    store: &dyn Store,
    number: &str,
) -> Result<Option<(AccountId, Invoice)>, StoreError> {
    let digits = number.trim_start_matches(|c: char| !c.is_ascii_digit());
    let counted = digits.rsplit(|c: char| !c.is_ascii_digit()).next();
    let Some(counted) = counted.and_then(|digits| digits.parse().ok()) else {
        return Ok(None);
    };
    let kept = store
        .documents()
        .document(DocumentKind::Invoice, counted)
        .await?;
    let Some(kept) = kept else { return Ok(None) };
    let found = read(&kept)?;
    let is_it = found.number.as_deref() == Some(number);
    let account = AccountId::from_u128(kept.document.owner);
    Ok(is_it.then_some((account, found)))
}

/// Up to `limit` issued invoices below number `before`, of an account where one is named, the youngest first; with where the next
/// page begins.
///
/// # Errors
/// When the store cannot serve.
pub async fn invoices(
    store: &dyn Store,
    account: Option<AccountId>,
    before: u64,
    limit: u32,
) -> Result<(Vec<Invoice>, Option<u64>), StoreError> {
    let owner = account.map(AccountId::as_u128);
    let kept = store
        .documents()
        .page(DocumentKind::Invoice, owner, before, limit)
        .await?;
    let next = kept.last().map(|last| last.number);
    let is_full = kept.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let all: Result<_, _> = kept.iter().map(read).collect();
    Ok((all?, next.filter(|next| is_full && *next > 1)))
}

/// The invoice that was kept, with its number.
fn read(kept: &DocumentRecord) -> Result<Invoice, StoreError> {
    let found = serde_json::from_str(&kept.document.body);
    let mut found: Invoice = found.map_err(|error| {
        StoreError::corrupt(format!("invoice {} cannot be read: {error}", kept.number))
    })?;
    let prefix = found.seller.invoice_prefix.as_deref().unwrap_or("INV-");
    found.number = Some(format!("{prefix}{:06}", kept.number));
    Ok(found)
}

type Lines = BTreeMap<Currency, BTreeMap<(ModelId, Option<KeyId>), Sum>>;

async fn draft(
    store: &Arc<dyn Store>,
    account: AccountId,
    month: Month,
) -> Result<Option<Invoice>, UsageError> {
    let mut walk = Walk::begin(store, month.start(), month.end()).await?;
    let mut lines = Lines::new();
    while let Some(page) = walk.page().await? {
        let own = page.iter().filter_map(Charged::of);
        for charge in own.filter(|charge| charge.account == account) {
            let of_currency = lines.entry(charge.currency).or_default();
            if of_currency.len() >= GROUPS_MAX {
                return Err(UsageError::Groups);
            }
            let line = (charge.record.model.clone(), charge.record.key);
            let sum = of_currency.entry(line).or_default();
            sum.add(charge.record, charge.record.gross);
        }
    }
    if lines.is_empty() {
        return Ok(None);
    }
    let seller = party::read(&**store, party::SELLER).await?;
    let mut buyer = party::read(&**store, &account.to_string()).await?;
    if buyer.name.is_empty() {
        let accounts = store.accounts().await?;
        let own = accounts.into_iter().find(|record| record.id == account);
        buyer.name = own.map_or_else(|| account.to_string(), |record| record.name);
    }
    let keys = store.keys().await?.into_iter();
    let names: BTreeMap<KeyId, String> = keys.map(|(_, key)| (key.id, key.name)).collect();
    let mut sections = Vec::new();
    for (currency, of_currency) in lines {
        let lines = of_currency.into_iter();
        let lines = lines.map(|((model, key), sum)| line(&model, key, &names, &sum));
        sections.push(Section::of(currency, lines.collect(), &seller.taxes)?);
    }
    Ok(Some(Invoice {
        object: "invoice".to_owned(),
        number: None,
        status: "draft".to_owned(),
        account: account.to_string(),
        month: month.to_string(),
        issued_at: None,
        seller,
        buyer,
        sections,
    }))
}

fn line(
    model: &ModelId,
    key: Option<KeyId>,
    names: &BTreeMap<KeyId, String>,
    sum: &Sum,
) -> InvoiceLine {
    InvoiceLine {
        model: model.to_string(),
        key_id: key.map(|key| key.to_string()),
        key_name: key.and_then(|key| names.get(&key).cloned()),
        requests: sum.requests,
        prompt_tokens: sum.prompt_tokens,
        cached_tokens: sum.cached_tokens,
        completion_tokens: sum.completion_tokens,
        images: sum.images,
        audio_ms: sum.audio_ms,
        amount: sum.cost,
    }
}
