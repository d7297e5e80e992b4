//! Papers that are numbered once and stay: invoices, what invoices say of a buyer, requests for payouts.

use std::fmt;

use async_trait::async_trait;

use super::StoreError;

/// What a document is. Each kind counts its documents by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DocumentKind {
    /// An invoice, which never changes.
    Invoice,
    /// Who an account's owner is on its invoices.
    Billing,
    /// A request of a provider to be paid.
    Payout,
    /// Something that happened to a provider's collateral, which never changes.
    Collateral,
    /// A key with which a node of a provider signs, and its time.
    ProviderKey,
    /// What a provider would rather be paid in.
    Preference,
}

impl DocumentKind {
    /// The kind's name in stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Billing => "billing",
            Self::Payout => "payout",
            Self::Collateral => "collateral",
            Self::ProviderKey => "provider_key",
            Self::Preference => "preference",
        }
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A document without its number.
#[derive(Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores build records; a new field is a new schema"
)]
pub struct NewDocument {
    /// What it is.
    pub kind: DocumentKind,
    /// The account or provider it is for.
    pub owner: u128,
    /// What it is found by: one document of a kind has this name.
    pub name: String,
    /// What it says; a store keeps the text as it is.
    pub body: String,
}

impl fmt::Debug for NewDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewDocument")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A document with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores build records; a new field is a new schema"
)]
pub struct DocumentRecord {
    /// Counts the documents of a kind from 1, without a gap.
    pub number: u64,
    /// What it says.
    pub document: NewDocument,
}

/// Durable storage of documents; part of every [`Store`](super::Store), under the same contract.
///
/// What is written here does not change [`Store::version`](super::Store::version).
#[async_trait]
pub trait Documents: fmt::Debug + Send + Sync + 'static {
    /// Adds a document under the next number of its kind, unless one of this kind has its name. Answers the one that is there now,
    /// so that of many who add it at once all get the same.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn add_document(&self, new: &NewDocument) -> Result<DocumentRecord, StoreError>;

    /// Replaces what a document says and nothing else; answers whether there is such a document.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn change_document(
        &self,
        kind: DocumentKind,
        number: u64,
        body: &str,
    ) -> Result<bool, StoreError>;

    /// The document of this kind and number.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn document(
        &self,
        kind: DocumentKind,
        number: u64,
    ) -> Result<Option<DocumentRecord>, StoreError>;

    /// The document of this kind and name.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn document_named(
        &self,
        kind: DocumentKind,
        name: &str,
    ) -> Result<Option<DocumentRecord>, StoreError>;

    /// Up to `limit` documents of this kind with a number below `before`, of `owner` where one is named; the youngest first.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn page(
        &self,
        kind: DocumentKind,
        owner: Option<u128>,
        before: u64,
        limit: u32,
    ) -> Result<Vec<DocumentRecord>, StoreError>;
}
