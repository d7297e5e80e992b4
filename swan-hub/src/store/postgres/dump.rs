use std::pin::pin;

use futures::StreamExt as _;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Transaction};

use super::failures::failed;
use super::rows::get;
use super::{PostgresOptions, PostgresPlace, PostgresStore};
use crate::store::dump::{
    Block, Blocks, Gatherer, Incoming, Shape, TABLES, Table, Value, broken_off, known, misplaced,
    occupied,
};
use crate::store::{Store as _, StoreError};

/// All rows are of one moment, and nobody waits for the one who reads them.
const MOMENT: &str = "SET search_path TO swan; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// What follows from the rest.
const DERIVED: &str = "UPDATE generation_size SET bytes = (SELECT coalesce(sum(length(body)), 0) FROM generations);
    INSERT INTO document_numbers (kind, last) SELECT kind, max(number) FROM documents GROUP BY kind;
    SELECT setval(pg_get_serial_sequence('swan.inbox', 'number'), coalesce((SELECT max(number) FROM inbox), 0) + 1, false);
    UPDATE changes SET number = number + 1";

impl PostgresStore {
    /// Says everything that the database has at one moment.
    pub(in crate::store) async fn pour_out(
        place: &PostgresPlace,
        blocks: Blocks,
    ) -> Result<(), StoreError> {
        let store = Self::open(place, PostgresOptions::default()).await?;
        let (client, _task) = store.target.connect().await?;
        client.batch_execute(MOMENT).await.map_err(failed)?;
        let say = async |block: Option<Block>| match block {
            Some(block) => blocks.send(Ok(block)).await.map_err(|_| broken_off()),
            None => Ok(()),
        };
        let mut gathered = Gatherer::default();
        for table in TABLES {
            say(Some(table.head())).await?;
            let all = select(table);
            let rows = client.query_raw(&all, None::<&str>).await.map_err(failed)?;
            let mut rows = pin!(rows);
            while let Some(row) = rows.next().await {
                say(gathered.add(values(&row.map_err(failed)?, table)?)).await?;
            }
            say(gathered.rest()).await?;
        }
        say(Some(gathered.end())).await
    }

    /// Takes everything into an empty database.
    pub(in crate::store) async fn pour_in(
        place: &PostgresPlace,
        mut incoming: Incoming,
    ) -> Result<u64, StoreError> {
        let store = Self::open(place, PostgresOptions::default()).await?;
        let _lease = store.lease().await?;
        let (mut client, _task) = store.target.connect().await?;
        let transaction = client.transaction().await.map_err(failed)?;
        claim(&transaction).await?;
        let mut current: Option<(&Table, Vec<usize>)> = None;
        while let Some(block) = incoming.recv().await {
            match block? {
                Block::Table { name, columns } => current = Some(known(&name, &columns)?),
                Block::Rows(rows) => {
                    let (table, places) = current.as_ref().ok_or_else(|| misplaced("any table"))?;
                    insert(&transaction, table, places, rows).await?;
                }
                Block::End { rows } => {
                    transaction.batch_execute(DERIVED).await.map_err(failed)?;
                    transaction.commit().await.map_err(failed)?;
                    return Ok(rows);
                }
            }
        }
        Err(broken_off())
    }
}

fn select(table: &Table) -> String {
    let columns = table.columns.iter().map(|(name, shape)| match shape {
        Shape::Number => format!("{name}::bigint"),
        Shape::Amount => format!("{name}::text"),
        Shape::Moment => format!("(extract(epoch FROM {name}) * 1000000)::bigint"),
        Shape::Flag => format!("{name}::int::bigint"),
        Shape::Text | Shape::Bytes => (*name).to_owned(),
    });
    let columns: Vec<_> = columns.collect();
    let key = table.columns.iter().take(table.key);
    // In the order of their bytes, whatever the language of the database.
    let key = key.map(|(name, shape)| match shape {
        Shape::Text => format!("{name} COLLATE \"C\""),
        _ => (*name).to_owned(),
    });
    let key: Vec<_> = key.collect();
    let (columns, key) = (columns.join(", "), key.join(", "));
    format!("SELECT {columns} FROM {} ORDER BY {key}", table.name)
}

fn values(row: &Row, table: &Table) -> Result<Vec<Value>, StoreError> {
    let cells = table.columns.iter().enumerate();
    let cells = cells.map(|(n, (_, shape))| {
        let value = match shape {
            Shape::Number | Shape::Moment | Shape::Flag => {
                get::<Option<i64>>(row, n)?.map(Value::Number)
            }
            Shape::Text => get::<Option<String>>(row, n)?.map(Value::Text),
            Shape::Bytes => get::<Option<Vec<u8>>>(row, n)?.map(Value::Bytes),
            Shape::Amount => {
                let pico = get::<Option<&str>>(row, n)?.map(str::parse).transpose();
                let odd = |_| StoreError::corrupt("an amount is not a whole number");
                pico.map_err(odd)?.map(Value::Amount)
            }
        };
        Ok(value.unwrap_or(Value::Null))
    });
    cells.collect()
}

/// Keeps everybody else from writing, and makes sure that nobody has.
async fn claim(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let names: Vec<_> = TABLES.iter().map(|table| table.name).collect();
    let lock = format!(
        "SET LOCAL search_path TO swan; SET LOCAL lock_timeout = 5000; LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE",
        names.join(", ")
    );
    transaction.batch_execute(&lock).await.map_err(failed)?;
    for name in names {
        let any = format!("SELECT EXISTS (SELECT FROM {name})");
        let row = transaction.query_one(&any, &[]).await.map_err(failed)?;
        if get(&row, 0)? {
            return Err(occupied(name));
        }
    }
    Ok(())
}

/// One column of several rows, as an array.
enum Column {
    Numbers(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Column {
    const fn new(shape: Shape) -> Self {
        match shape {
            Shape::Number | Shape::Moment | Shape::Flag => Self::Numbers(Vec::new()),
            Shape::Text | Shape::Amount => Self::Texts(Vec::new()),
            Shape::Bytes => Self::Bytes(Vec::new()),
        }
    }

    /// Adds a value; answers whether it is of this column's kind.
    fn push(&mut self, value: Value) -> bool {
        match (self, value) {
            (Self::Numbers(column), Value::Null) => column.push(None),
            (Self::Numbers(column), Value::Number(number)) => column.push(Some(number)),
            (Self::Texts(column), Value::Null) => column.push(None),
            (Self::Texts(column), Value::Text(text)) => column.push(Some(text)),
            (Self::Texts(column), Value::Amount(pico)) => column.push(Some(pico.to_string())),
            (Self::Bytes(column), Value::Null) => column.push(None),
            (Self::Bytes(column), Value::Bytes(bytes)) => column.push(Some(bytes)),
            _ => return false,
        }
        true
    }

    fn param(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Numbers(column) => column,
            Self::Texts(column) => column,
            Self::Bytes(column) => column,
        }
    }
}

async fn insert(
    transaction: &Transaction<'_>,
    table: &Table,
    places: &[usize],
    rows: Vec<Vec<Value>>,
) -> Result<(), StoreError> {
    let columns: Vec<_> = places
        .iter()
        .filter_map(|place| table.columns.get(*place))
        .collect();
    let mut arrays: Vec<_> = columns
        .iter()
        .map(|(_, shape)| Column::new(*shape))
        .collect();
    for row in rows {
        let fits = row
            .iter()
            .zip(&columns)
            .all(|(value, (_, shape))| value.fits(*shape));
        if row.len() != columns.len() || !fits {
            return Err(misplaced(table.name));
        }
        for (array, value) in arrays.iter_mut().zip(row) {
            if !array.push(value) {
                return Err(misplaced(table.name));
            }
        }
    }
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    let given = (1..).zip(&columns);
    let given = given.map(|(n, (_, shape))| match shape {
        Shape::Number | Shape::Moment | Shape::Flag => format!("${n}::bigint[]"),
        Shape::Text | Shape::Amount => format!("${n}::text[]"),
        Shape::Bytes => format!("${n}::bytea[]"),
    });
    // What becomes of a value `c1`, `c2`... of those arrays.
    let values = (1..).zip(&columns);
    let values = values.map(|(n, (name, shape))| match shape {
        Shape::Number if *name == "count" => format!("c{n}::int"),
        Shape::Number | Shape::Text | Shape::Bytes => format!("c{n}"),
        Shape::Amount => format!("c{n}::numeric"),
        Shape::Moment => format!("'epoch'::timestamptz + c{n} * interval '1 microsecond'"),
        Shape::Flag => format!("c{n} <> 0"),
    });
    let (given, values): (Vec<_>, Vec<_>) = (given.collect(), values.collect());
    let aliases: Vec<_> = (1..=columns.len()).map(|n| format!("c{n}")).collect();
    let insert = format!(
        "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM unnest({}) AS t ({})",
        table.name,
        names.join(", "),
        values.join(", "),
        given.join(", "),
        aliases.join(", ")
    );
    let params: Vec<_> = arrays.iter().map(Column::param).collect();
    transaction
        .execute(&insert, &params)
        .await
        .map_err(failed)?;
    Ok(())
}
