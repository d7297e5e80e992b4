use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};

use super::SqliteStore;
use super::directory::{blob, id};
use super::open::failed;
use crate::store::{DocumentKind, DocumentRecord, Documents, NewDocument, StoreError};

/// One statement, so that no other process takes the number between looking and writing.
const ADD: &str = "INSERT INTO documents (kind, number, owner, name, body)
    SELECT ?1, (SELECT coalesce(max(number), 0) + 1 FROM documents WHERE kind = ?1), ?2, ?3, ?4
    WHERE NOT EXISTS (SELECT 1 FROM documents WHERE kind = ?1 AND name = ?3)";
const CHANGE: &str = "UPDATE documents SET body = ?3 WHERE kind = ?1 AND number = ?2";
const ONE: &str = "SELECT number, owner, name, body FROM documents WHERE kind = ?1 AND number = ?2";
const NAMED: &str = "SELECT number, owner, name, body FROM documents WHERE kind = ?1 AND name = ?2";
const ALL: &str = "SELECT number, owner, name, body FROM documents WHERE kind = ?1 AND number < ?2
    ORDER BY number DESC LIMIT ?3";
const OWN: &str = "SELECT number, owner, name, body FROM documents
    WHERE kind = ?1 AND number < ?2 AND owner = ?4 ORDER BY number DESC LIMIT ?3";

#[async_trait]
impl Documents for SqliteStore {
    async fn add_document(&self, new: &NewDocument) -> Result<DocumentRecord, StoreError> {
        let new = new.clone();
        let add = move |connection: &mut Connection| {
            let row = (new.kind.as_str(), blob(new.owner), &new.name, &new.body);
            connection.execute(ADD, row).map_err(failed)?;
            let there = one(connection, new.kind, NAMED, (new.kind.as_str(), &new.name))?;
            there.ok_or_else(|| StoreError::corrupt("a document that was written is not there"))
        };
        self.writer.run(add).await
    }

    async fn change_document(
        &self,
        kind: DocumentKind,
        number: u64,
        body: &str,
    ) -> Result<bool, StoreError> {
        let body = body.to_owned();
        let change = move |connection: &mut Connection| {
            let changed = connection.execute(CHANGE, (kind.as_str(), signed(number), body));
            changed.map(|changed| changed > 0).map_err(failed)
        };
        self.writer.run(change).await
    }

    async fn document(
        &self,
        kind: DocumentKind,
        number: u64,
    ) -> Result<Option<DocumentRecord>, StoreError> {
        let by = (kind.as_str(), signed(number));
        self.reader
            .run(move |connection| one(connection, kind, ONE, by))
            .await
    }

    async fn document_named(
        &self,
        kind: DocumentKind,
        name: &str,
    ) -> Result<Option<DocumentRecord>, StoreError> {
        let by = (kind.as_str(), name.to_owned());
        self.reader
            .run(move |connection| one(connection, kind, NAMED, by))
            .await
    }

    async fn page(
        &self,
        kind: DocumentKind,
        owner: Option<u128>,
        before: u64,
        limit: u32,
    ) -> Result<Vec<DocumentRecord>, StoreError> {
        let before = signed(before);
        let read = move |connection: &mut Connection| match owner {
            Some(owner) => {
                let by = (kind.as_str(), before, limit, blob(owner));
                many(connection, kind, OWN, by)
            }
            None => many(connection, kind, ALL, (kind.as_str(), before, limit)),
        };
        self.reader.run(read).await
    }
}

/// Numbers here stay far below 2^63.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn one(
    connection: &Connection,
    kind: DocumentKind,
    query: &str,
    by: impl Params,
) -> Result<Option<DocumentRecord>, StoreError> {
    let mut query = connection.prepare_cached(query).map_err(failed)?;
    let found = query.query_row(by, |row| document(row, kind));
    found.optional().map_err(failed)
}

fn many(
    connection: &Connection,
    kind: DocumentKind,
    query: &str,
    by: impl Params,
) -> Result<Vec<DocumentRecord>, StoreError> {
    let mut query = connection.prepare_cached(query).map_err(failed)?;
    let rows = query
        .query_map(by, |row| document(row, kind))
        .map_err(failed)?;
    rows.collect::<rusqlite::Result<_>>().map_err(failed)
}

fn document(row: &Row<'_>, kind: DocumentKind) -> rusqlite::Result<DocumentRecord> {
    let number: i64 = row.get(0)?;
    Ok(DocumentRecord {
        number: number.unsigned_abs(),
        document: NewDocument {
            kind,
            owner: id(row, 1)?,
            name: row.get(2)?,
            body: row.get(3)?,
        },
    })
}
