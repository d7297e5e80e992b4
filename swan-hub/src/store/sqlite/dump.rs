use std::path::Path;

use rusqlite::types::{ToSqlOutput, Value as Cell, ValueRef};
use rusqlite::{Connection, ToSql, TransactionBehavior};
use tokio::task;

use super::inbox::{pico_blob, pico_of};
use super::open::{self, failed};
use super::{SqliteOptions, SqliteStore};
use crate::store::dump::{
    Block, Blocks, Gatherer, Incoming, NODE, Shape, TABLES, Table, Value, broken_off, known,
    misplaced, occupied, shared,
};
use crate::store::{Store as _, StoreError};

impl SqliteStore {
    /// Says everything that the file has at one moment.
    pub(in crate::store) async fn pour_out(path: &Path, blocks: Blocks) -> Result<(), StoreError> {
        if !path.is_file() {
            return Err(open::refused(path, "there is no such file"));
        }
        // Brings the tables up to date.
        let store = Self::open(path, SqliteOptions::default()).await?;
        let path = path.to_owned();
        let reading = task::spawn_blocking(move || read_all(&path, &blocks));
        let read = reading.await.unwrap_or_else(|_| Err(broken_off()));
        drop(store);
        read
    }

    /// Takes everything into an empty file.
    pub(in crate::store) async fn pour_in(
        path: &Path,
        incoming: Incoming,
    ) -> Result<u64, StoreError> {
        let store = Self::open(path, SqliteOptions::default()).await?;
        let _lease = store.lease().await?;
        let path = path.to_owned();
        let writing = task::spawn_blocking(move || write_all(&path, incoming));
        writing.await.unwrap_or_else(|_| Err(broken_off()))
    }
}

fn read_all(path: &Path, blocks: &Blocks) -> Result<(), StoreError> {
    let mut connection = open::reader(path, SqliteOptions::default())?;
    // Deferred: the first look fixes the moment, and nobody waits for it.
    let moment = connection.transaction().map_err(failed)?;
    let say = |block: Option<Block>| match block {
        Some(block) => blocks.blocking_send(Ok(block)).map_err(|_| broken_off()),
        None => Ok(()),
    };
    let mut gathered = Gatherer::default();
    for table in TABLES {
        say(Some(table.head()))?;
        if table.is_shared {
            continue;
        }
        let columns = table.columns.iter();
        let columns: Vec<_> = columns.map(|column| own(table, *column)).collect();
        let key = columns.get(..table.key).unwrap_or_default().join(", ");
        let all = format!(
            "SELECT {} FROM {} ORDER BY {key}",
            columns.join(", "),
            table.name
        );
        let mut query = moment.prepare(&all).map_err(failed)?;
        let mut rows = query.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let cells = (0..).zip(table.columns);
            let cells =
                cells.map(|(n, (_, shape))| value(row.get_ref(n).map_err(failed)?, *shape, table));
            say(gathered.add(cells.collect::<Result<_, StoreError>>()?))?;
        }
        say(gathered.rest())?;
    }
    say(Some(gathered.end()))
}

/// The column in SQLite: named before PostgreSQL had a word against it, or of what a file has one.
fn own(table: &Table, column: (&'static str, Shape)) -> &'static str {
    match (table.name, column) {
        ("sessions", ("user_id", _)) => "user",
        (_, NODE) => "''",
        (_, (name, _)) => name,
    }
}

fn value(cell: ValueRef<'_>, shape: Shape, table: &Table) -> Result<Value, StoreError> {
    let odd = || StoreError::corrupt(format!("a value in `{}` makes no sense", table.name));
    Ok(match (cell, shape) {
        (ValueRef::Null, _) => Value::Null,
        (ValueRef::Integer(number), Shape::Number) => Value::Number(number),
        (ValueRef::Text(text), Shape::Text) => {
            Value::Text(String::from_utf8(text.to_vec()).map_err(|_| odd())?)
        }
        (ValueRef::Blob(bytes), Shape::Bytes) => Value::Bytes(bytes.to_vec()),
        (ValueRef::Blob(bytes), Shape::Amount) => {
            let bytes: [u8; 16] = bytes.try_into().map_err(|_| odd())?;
            Value::Amount(pico_of(bytes))
        }
        _ => return Err(odd()),
    })
}

fn write_all(path: &Path, mut incoming: Incoming) -> Result<u64, StoreError> {
    let mut connection = open::writer(path, SqliteOptions::default())?;
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    for table in TABLES.iter().filter(|table| !table.is_shared) {
        let any = format!("SELECT EXISTS (SELECT 1 FROM {})", table.name);
        let any = transaction.query_row(&any, [], |row| row.get::<_, bool>(0));
        if any.map_err(failed)? {
            return Err(occupied(table.name));
        }
    }
    let mut current: Option<(&Table, Vec<usize>)> = None;
    while let Some(block) = incoming.blocking_recv() {
        match block? {
            Block::Table { name, columns } => current = Some(known(&name, &columns)?),
            Block::Rows(rows) => {
                let (table, places) = current.as_ref().ok_or_else(|| misplaced("any table"))?;
                insert(&transaction, table, places, rows)?;
            }
            Block::End { rows } => {
                // It follows from the rest.
                let size = "UPDATE generation_size SET bytes = (SELECT coalesce(sum(length(body)), 0) FROM generations)";
                transaction.execute(size, []).map_err(failed)?;
                transaction.commit().map_err(failed)?;
                return Ok(rows);
            }
        }
    }
    Err(broken_off())
}

fn insert(
    connection: &Connection,
    table: &Table,
    places: &[usize],
    rows: Vec<Vec<Value>>,
) -> Result<(), StoreError> {
    if table.is_shared {
        return Err(shared());
    }
    let columns = places.iter().filter_map(|place| table.columns.get(*place));
    let columns: Vec<_> = columns.collect();
    let kept = columns.iter().filter(|column| ***column != NODE);
    let names: Vec<_> = kept.map(|column| own(table, **column)).collect();
    let marks = vec!["?"; names.len()].join(", ");
    let insert = format!(
        "INSERT INTO {} ({}) VALUES ({marks})",
        table.name,
        names.join(", ")
    );
    let mut insert = connection.prepare_cached(&insert).map_err(failed)?;
    for row in rows {
        if row.len() != columns.len() {
            return Err(misplaced(table.name));
        }
        let mut cells = Vec::with_capacity(names.len());
        for (value, column) in row.into_iter().zip(&columns) {
            match value {
                Value::Text(node) if **column == NODE && !node.is_empty() => return Err(shared()),
                value if !value.fits(column.1) => return Err(misplaced(table.name)),
                value if **column != NODE => cells.push(Kept(value)),
                _ => {}
            }
        }
        insert
            .execute(rusqlite::params_from_iter(cells))
            .map_err(failed)?;
    }
    Ok(())
}

struct Kept(Value);

impl ToSql for Kept {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match &self.0 {
            Value::Null => ToSqlOutput::Owned(Cell::Null),
            Value::Number(number) => ToSqlOutput::Owned(Cell::Integer(*number)),
            Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Value::Amount(pico) => ToSqlOutput::Owned(Cell::Blob(pico_blob(*pico).to_vec())),
        })
    }
}
