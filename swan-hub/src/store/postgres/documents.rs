use async_trait::async_trait;
use tokio_postgres::Row;

use super::PostgresStore;
use super::failures::is_taken;
use super::rows::{as_i64, blob, get, id};
use crate::store::{DocumentKind, DocumentRecord, Documents, NewDocument, StoreError};

/// The row of the kind's number is locked until the document stands, and a statement that fails gives its number back: numbers
/// have no gap.
const ADD: &str = "WITH old AS (SELECT 1 FROM documents WHERE kind = $1 AND name = $3),
    counted AS (INSERT INTO document_numbers (kind, last) SELECT $1, 1 WHERE NOT EXISTS (SELECT FROM old)
        ON CONFLICT (kind) DO UPDATE SET last = document_numbers.last + 1 RETURNING last)
    INSERT INTO documents (kind, number, owner, name, body) SELECT $1, last, $2, $3, $4 FROM counted";
const CHANGE: &str =
    "UPDATE documents SET body = $3 WHERE kind = $1 AND number = $2 RETURNING true";
const ONE: &str = "SELECT number, owner, name, body FROM documents WHERE kind = $1 AND number = $2";
const NAMED: &str = "SELECT number, owner, name, body FROM documents WHERE kind = $1 AND name = $2";
const ALL: &str = "SELECT number, owner, name, body FROM documents WHERE kind = $1 AND number < $2
    ORDER BY number DESC LIMIT $3";
const OWN: &str = "SELECT number, owner, name, body FROM documents
    WHERE kind = $1 AND number < $2 AND owner = $4 ORDER BY number DESC LIMIT $3";

#[async_trait]
impl Documents for PostgresStore {
    async fn add_document(&self, new: &NewDocument) -> Result<DocumentRecord, StoreError> {
        let (kind, owner) = (new.kind.as_str(), blob(new.owner));
        let row: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&kind, &&owner[..], &new.name, &new.body];
        match self.writer.query(ADD, &row).await {
            Ok(_) => {}
            // Another has added it meanwhile.
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error),
        }
        let rows = self.writer.query(NAMED, &[&kind, &new.name]).await?;
        let there = rows
            .first()
            .map(|row| document(row, new.kind))
            .transpose()?;
        there.ok_or_else(|| StoreError::corrupt("a document that was written is not there"))
    }

    async fn change_document(
        &self,
        kind: DocumentKind,
        number: u64,
        body: &str,
    ) -> Result<bool, StoreError> {
        let row: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&kind.as_str(), &as_i64(number), &body];
        Ok(!self.writer.query(CHANGE, &row).await?.is_empty())
    }

    async fn document(
        &self,
        kind: DocumentKind,
        number: u64,
    ) -> Result<Option<DocumentRecord>, StoreError> {
        let rows = self
            .reader
            .query(ONE, &[&kind.as_str(), &as_i64(number)])
            .await?;
        rows.first().map(|row| document(row, kind)).transpose()
    }

    async fn document_named(
        &self,
        kind: DocumentKind,
        name: &str,
    ) -> Result<Option<DocumentRecord>, StoreError> {
        let rows = self.reader.query(NAMED, &[&kind.as_str(), &name]).await?;
        rows.first().map(|row| document(row, kind)).transpose()
    }

    async fn page(
        &self,
        kind: DocumentKind,
        owner: Option<u128>,
        before: u64,
        limit: u32,
    ) -> Result<Vec<DocumentRecord>, StoreError> {
        let (before, limit) = (as_i64(before), i64::from(limit));
        let rows = match owner {
            Some(owner) => {
                let owner = blob(owner);
                self.reader
                    .query(OWN, &[&kind.as_str(), &before, &limit, &&owner[..]])
                    .await
            }
            None => {
                self.reader
                    .query(ALL, &[&kind.as_str(), &before, &limit])
                    .await
            }
        };
        rows?.iter().map(|row| document(row, kind)).collect()
    }
}

fn document(row: &Row, kind: DocumentKind) -> Result<DocumentRecord, StoreError> {
    let number: i64 = get(row, 0)?;
    Ok(DocumentRecord {
        number: number.unsigned_abs(),
        document: NewDocument {
            kind,
            owner: id(row, 1)?,
            name: get(row, 2)?,
            body: get(row, 3)?,
        },
    })
}
