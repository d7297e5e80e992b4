use swan_core::{AccountId, Amount};
use tokio_postgres::Row;

use super::link::Link;
use super::rows::{blob, get, id, millis, optional_id, time};
use crate::store::{Command, CommandKind, ExchangeOrder, PayoutOrder, StoreError, StoredCommand};

const GRANT: &str = "grant";
const REFRESH: &str = "refresh";
const PAYOUT: &str = "payout";
const EXCHANGE: &str = "exchange";

// Amounts are NUMERIC in the database, and text on the way: no number of this language is both exact and known to the driver.
const PUSH: &str = "WITH counted AS (UPDATE changes SET number = number + 1)
    INSERT INTO inbox (id, sent_ms, kind, account, currency, amount, note)
    VALUES ($1, $2, $3, $4, $5, $6::text::numeric, $7) ON CONFLICT (id) DO NOTHING";
const PENDING: &str =
    "SELECT id, sent_ms, kind, account, currency, amount::text, note, answer FROM inbox
    WHERE answer IS NULL ORDER BY number LIMIT $1";
const FIND: &str = "SELECT id, sent_ms, kind, account, currency, amount::text, note, answer FROM inbox WHERE id = $1";
const ANSWER: &str = "UPDATE inbox SET answer = $2 WHERE id = $1 AND answer IS NULL";

pub(super) async fn push(link: &Link, command: &Command) -> Result<(), StoreError> {
    let (id, sent) = (blob(command.id), millis(command.sent));
    let pushed = match &command.kind {
        CommandKind::Grant {
            account,
            currency,
            amount,
            note,
        } => {
            let (account, amount) = (blob(account.as_u128()), amount.pico().to_string());
            let (account, code) = (&account[..], currency.code());
            link.query(
                PUSH,
                &[&&id[..], &sent, &GRANT, &account, &code, &amount, note],
            )
            .await
        }
        CommandKind::Refresh => {
            let (bytes, text) = (None::<&[u8]>, None::<&str>);
            link.query(
                PUSH,
                &[&&id[..], &sent, &REFRESH, &bytes, &text, &text, &text],
            )
            .await
        }
        CommandKind::Payout(order) => {
            let (bytes, text, order) = (None::<&[u8]>, None::<&str>, order.write());
            link.query(
                PUSH,
                &[&&id[..], &sent, &PAYOUT, &bytes, &text, &text, &order],
            )
            .await
        }
        CommandKind::Exchange(order) => {
            let (bytes, text, order) = (None::<&[u8]>, None::<&str>, order.write());
            link.query(
                PUSH,
                &[&&id[..], &sent, &EXCHANGE, &bytes, &text, &text, &order],
            )
            .await
        }
    };
    pushed.map(drop)
}

pub(super) async fn pending(link: &Link, limit: u32) -> Result<Vec<Command>, StoreError> {
    let rows = link.query(PENDING, &[&i64::from(limit)]).await?;
    rows.iter()
        .map(|row| Ok(command_row(row)?.command))
        .collect()
}

pub(super) async fn find(link: &Link, id: u128) -> Result<Option<StoredCommand>, StoreError> {
    let rows = link.query(FIND, &[&&blob(id)[..]]).await?;
    rows.first().map(command_row).transpose()
}

pub(super) async fn answer(link: &Link, id: u128, answer: &str) -> Result<(), StoreError> {
    let answered = link.query(ANSWER, &[&&blob(id)[..], &answer]).await;
    answered.map(drop)
}

fn command_row(row: &Row) -> Result<StoredCommand, StoreError> {
    let number = id(row, 0)?;
    let sense = match get(row, 2)? {
        GRANT => grant(row)?,
        REFRESH => Some(CommandKind::Refresh),
        PAYOUT => PayoutOrder::read(get(row, 6)?).map(CommandKind::Payout),
        EXCHANGE => ExchangeOrder::read(get(row, 6)?).map(CommandKind::Exchange),
        _ => None,
    };
    let Some(kind) = sense else {
        let what = format!("command {number:032x} makes no sense");
        return Err(StoreError::corrupt(what));
    };
    let command = Command {
        id: number,
        sent: time(row, 1)?,
        kind,
    };
    Ok(StoredCommand {
        command,
        answer: get(row, 7)?,
    })
}

fn grant(row: &Row) -> Result<Option<CommandKind>, StoreError> {
    let (currency, pico): (Option<&str>, Option<&str>) = (get(row, 4)?, get(row, 5)?);
    let account = optional_id(row, 3)?.map(AccountId::from_u128);
    let amount = |pico: &str| Amount::from_pico(pico.parse().ok()?).ok();
    let sense = || Some((account?, currency?.parse().ok()?, amount(pico?)?));
    let Some((account, currency, amount)) = sense() else {
        return Ok(None);
    };
    Ok(Some(CommandKind::Grant {
        account,
        currency,
        amount,
        note: get(row, 6)?,
    }))
}
