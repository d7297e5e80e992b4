use std::collections::HashMap;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};
use swan_core::Amount;
use swan_core::ledger::{AccountKey, Entry};

use super::SqliteStore;
use super::open::failed;
use crate::store::StoreError;
use crate::store::tables::{EntryRow, Tables, kind, signed};

const LAST: &str = "SELECT coalesce(max(seq), 0) FROM ledger_entries";
const ENTRY: &str = "INSERT INTO ledger_entries
    (seq, at_ms, rule, request, policy, model, prompt_tokens, completion_tokens, note)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const TRANSFER: &str = "INSERT INTO ledger_transfers
    (seq, place, id, kind, hold, debit, credit, units, micros, picos)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
const ACCOUNT: &str = "SELECT number FROM ledger_accounts WHERE name = ?1 AND currency = ?2";
const NEW_ACCOUNT: &str =
    "INSERT INTO ledger_accounts (name, currency) VALUES (?1, ?2) RETURNING number";

#[async_trait]
impl Tables for SqliteStore {
    async fn tabulated(&self) -> Result<u64, StoreError> {
        self.reader.run(|connection| last(connection)).await
    }

    async fn tabulate(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        // Not counted as a change: nobody watches these tables.
        self.writer
            .run(move |connection| tabulate(connection, &entries))
            .await
    }
}

fn last(connection: &Connection) -> Result<u64, StoreError> {
    let last = connection.query_row(LAST, [], |row| row.get::<_, i64>(0));
    last.map(i64::cast_unsigned).map_err(failed)
}

fn tabulate(connection: &mut Connection, entries: &[Entry]) -> Result<(), StoreError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let expected = last(&transaction)? + 1;
    let mut numbers = HashMap::new();
    for (expected, entry) in (expected..).zip(entries) {
        if entry.seq != expected {
            let found = entry.seq;
            return Err(StoreError::Gap { expected, found });
        }
        add(&transaction, entry, &mut numbers)?;
    }
    transaction.commit().map_err(failed)
}

fn add(
    transaction: &Transaction<'_>,
    entry: &Entry,
    numbers: &mut HashMap<AccountKey, i64>,
) -> Result<(), StoreError> {
    let row = EntryRow::of(entry);
    let values = (
        row.seq,
        row.at_ms,
        row.rule,
        row.request,
        row.policy,
        row.model,
        row.prompt_tokens,
        row.completion_tokens,
        row.note,
    );
    let mut insert = transaction.prepare_cached(ENTRY).map_err(failed)?;
    insert.execute(values).map_err(failed)?;
    let mut insert = transaction.prepare_cached(TRANSFER).map_err(failed)?;
    for (place, transfer) in (0_i64..).zip(&entry.group.transfers) {
        let hold = transfer
            .kind
            .ends()
            .map(|hold| hold.as_u128().to_be_bytes());
        let (units, micros, picos) = limbs(transfer.amount)?;
        let values = (
            row.seq,
            place,
            transfer.id.as_u128().to_be_bytes(),
            kind(transfer)?,
            hold,
            number(transaction, transfer.debit, numbers)?,
            number(transaction, transfer.credit, numbers)?,
            units,
            micros,
            picos,
        );
        insert.execute(values).map_err(failed)?;
    }
    Ok(())
}

/// The number of an account, which it gets when it is seen first.
fn number(
    transaction: &Transaction<'_>,
    account: AccountKey,
    numbers: &mut HashMap<AccountKey, i64>,
) -> Result<i64, StoreError> {
    if let Some(number) = numbers.get(&account) {
        return Ok(*number);
    }
    let named = (account.account.to_string(), account.currency.code());
    let ask = |sql| {
        let mut query = transaction.prepare_cached(sql)?;
        query
            .query_row((&named.0, named.1), |row| row.get::<_, i64>(0))
            .optional()
    };
    let known = match ask(ACCOUNT).map_err(failed)? {
        Some(known) => known,
        None => ask(NEW_ACCOUNT).map_err(failed)?.unwrap_or_default(),
    };
    numbers.insert(account, known);
    Ok(known)
}

/// Units, millionths of them, and millionths of those; transfers are above zero.
fn limbs(amount: Amount) -> Result<(i64, i64, i64), StoreError> {
    const MILLION: u64 = 1_000_000;
    let pico = u128::try_from(amount.pico());
    let pico = pico.map_err(|_| StoreError::corrupt("a transfer is below zero"))?;
    let million = u128::from(MILLION);
    let small = |number: u128| signed(u64::try_from(number).unwrap_or(u64::MAX));
    Ok((
        small(pico / million / million),
        small(pico / million % million),
        small(pico % million),
    ))
}
