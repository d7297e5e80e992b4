//! What a provider would rather be paid in, as a document of the store.

use serde::{Deserialize, Serialize};
use swan_core::{Currency, ProviderId, Timestamp};

use crate::store::{DocumentKind, DocumentRecord, NewDocument, Store, StoreError};

/// What is kept of it, as JSON. Fields are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Paper {
    /// `None` for what was earned, in whatever that was paid.
    currency: Option<Currency>,
    #[serde(rename = "set_ms")]
    set: Timestamp,
    /// Who said so.
    by: String,
}

impl Paper {
    fn read(record: &DocumentRecord) -> Result<Self, StoreError> {
        serde_json::from_str(&record.document.body)
            .map_err(|error| StoreError::corrupt(format!("a preference cannot be read: {error}")))
    }
}

/// What a provider would rather be paid in; `None` when it takes what it is paid in.
pub(crate) async fn preferred(
    store: &dyn Store,
    provider: ProviderId,
) -> Result<Option<Currency>, StoreError> {
    let name = provider.to_string();
    let record = store
        .documents()
        .document_named(DocumentKind::Preference, &name)
        .await?;
    match record {
        Some(record) => Ok(Paper::read(&record)?.currency),
        None => Ok(None),
    }
}

/// Whether a provider has ever said what it would rather be paid in.
pub(crate) async fn has_said(store: &dyn Store, provider: ProviderId) -> Result<bool, StoreError> {
    let (kind, name) = (DocumentKind::Preference, provider.to_string());
    let said = store.documents().document_named(kind, &name).await?;
    Ok(said.is_some())
}

/// Writes down what a provider would rather be paid in.
pub(crate) async fn prefer(
    store: &dyn Store,
    provider: ProviderId,
    currency: Option<Currency>,
    (by, now): (&str, Timestamp),
) -> Result<(), StoreError> {
    let paper = Paper {
        currency,
        set: now,
        by: by.to_owned(),
    };
    // A code and a number always serialise.
    let body = serde_json::to_string(&paper).unwrap_or_default();
    let new = NewDocument {
        kind: DocumentKind::Preference,
        owner: provider.as_u128(),
        name: provider.to_string(),
        body: body.clone(),
    };
    let there = store.documents().add_document(&new).await?;
    if there.document.body != body {
        let _changed = store
            .documents()
            .change_document(DocumentKind::Preference, there.number, &body)
            .await?;
    }
    Ok(())
}

/// Providers that prefer a currency, of those with a number below `before`; and where the next page begins.
pub(crate) async fn preferring(
    store: &dyn Store,
    before: u64,
) -> Result<(Vec<(ProviderId, Currency)>, Option<u64>), StoreError> {
    const PAGE: u32 = 200;
    let kind = DocumentKind::Preference;
    let records = store.documents().page(kind, None, before, PAGE).await?;
    let next = records.last().map(|last| last.number);
    let is_full = records.len() >= PAGE as usize;
    let mut found = Vec::new();
    for record in &records {
        if let Some(currency) = Paper::read(record)?.currency {
            found.push((ProviderId::from_u128(record.document.owner), currency));
        }
    }
    Ok((found, next.filter(|next| is_full && *next > 1)))
}
