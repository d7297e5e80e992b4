use rusqlite::types::Null;
use rusqlite::{Connection, OptionalExtension as _, Row};
use swan_core::{AccountId, Amount};

use super::directory::{blob, id, millis, time};
use super::open::failed;
use crate::store::{Command, CommandKind, ExchangeOrder, PayoutOrder, StoreError, StoredCommand};

const GRANT: &str = "grant";
const REFRESH: &str = "refresh";
const PAYOUT: &str = "payout";
const EXCHANGE: &str = "exchange";

const PUSH: &str = "INSERT INTO inbox (id, sent_ms, kind, account, currency, amount, note)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO NOTHING";
const PENDING: &str = "SELECT id, sent_ms, kind, account, currency, amount, note, answer FROM inbox
    WHERE answer IS NULL ORDER BY number LIMIT ?1";
const FIND: &str =
    "SELECT id, sent_ms, kind, account, currency, amount, note, answer FROM inbox WHERE id = ?1";
const ANSWER: &str = "UPDATE inbox SET answer = ?2 WHERE id = ?1 AND answer IS NULL";

pub(super) fn push(connection: &Connection, command: &Command) -> Result<(), StoreError> {
    let (id, sent) = (blob(command.id), millis(command.sent));
    let pushed = match &command.kind {
        CommandKind::Grant {
            account,
            currency,
            amount,
            note,
        } => {
            let (account, amount) = (blob(account.as_u128()), pico_blob(amount.pico()));
            let row = (id, sent, GRANT, account, currency.code(), amount, note);
            connection.execute(PUSH, row)
        }
        CommandKind::Refresh => {
            connection.execute(PUSH, (id, sent, REFRESH, Null, Null, Null, Null))
        }
        CommandKind::Payout(order) => {
            let order = order.write();
            connection.execute(PUSH, (id, sent, PAYOUT, Null, Null, Null, order))
        }
        CommandKind::Exchange(order) => {
            let order = order.write();
            connection.execute(PUSH, (id, sent, EXCHANGE, Null, Null, Null, order))
        }
    };
    pushed.map(drop).map_err(failed)
}

pub(super) fn pending(connection: &Connection, limit: u32) -> Result<Vec<Command>, StoreError> {
    let mut query = connection.prepare_cached(PENDING).map_err(failed)?;
    let rows = query.query_map([limit], command_row).map_err(failed)?;
    rows.map(|row| Ok(row.map_err(failed)??.command)).collect()
}

pub(super) fn find(connection: &Connection, id: u128) -> Result<Option<StoredCommand>, StoreError> {
    let mut query = connection.prepare_cached(FIND).map_err(failed)?;
    query
        .query_row([blob(id)], command_row)
        .optional()
        .map_err(failed)?
        .transpose()
}

pub(super) fn answer(connection: &Connection, id: u128, answer: &str) -> Result<(), StoreError> {
    connection
        .execute(ANSWER, (blob(id), answer))
        .map(drop)
        .map_err(failed)
}

fn command_row(row: &Row<'_>) -> rusqlite::Result<Result<StoredCommand, StoreError>> {
    let number = id(row, 0)?;
    let kind: String = row.get(2)?;
    let sense = match kind.as_str() {
        GRANT => grant(row)?,
        REFRESH => Some(CommandKind::Refresh),
        PAYOUT => {
            let order: String = row.get(6)?;
            PayoutOrder::read(&order).map(CommandKind::Payout)
        }
        EXCHANGE => {
            let order: String = row.get(6)?;
            ExchangeOrder::read(&order).map(CommandKind::Exchange)
        }
        _ => None,
    };
    let Some(kind) = sense else {
        return Ok(Err(StoreError::corrupt(format!(
            "command {number:032x} makes no sense"
        ))));
    };
    let command = Command {
        id: number,
        sent: time(row.get(1)?),
        kind,
    };
    Ok(Ok(StoredCommand {
        command,
        answer: row.get(7)?,
    }))
}

fn grant(row: &Row<'_>) -> rusqlite::Result<Option<CommandKind>> {
    let (currency, amount): (String, [u8; 16]) = (row.get(4)?, row.get(5)?);
    let (Ok(currency), Some(amount)) = (currency.parse(), amount_of(amount)) else {
        return Ok(None);
    };
    Ok(Some(CommandKind::Grant {
        account: AccountId::from_u128(id(row, 3)?),
        currency,
        amount,
        note: row.get(6)?,
    }))
}

/// Pico-units as 16 bytes, shifted so that the order of the bytes is the order of the amounts.
pub(super) const fn pico_blob(pico: i128) -> [u8; 16] {
    (pico.cast_unsigned() ^ (1 << 127)).to_be_bytes()
}

pub(super) const fn pico_of(bytes: [u8; 16]) -> i128 {
    (u128::from_be_bytes(bytes) ^ (1 << 127)).cast_signed()
}

fn amount_of(bytes: [u8; 16]) -> Option<Amount> {
    Amount::from_pico(pico_of(bytes)).ok()
}
