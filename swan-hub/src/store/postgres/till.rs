//! What nodes book together, in a journal that none of them keeps, and what they have earned for it.

use std::collections::BTreeMap;

use swan_core::ledger::{Account, AccountKey};
use swan_core::{Amount, ProviderId};
use tokio_postgres::Row;

use super::failures::{is_beyond, is_taken};
use super::journal;
use super::link::{Link, Params};
use super::node::{amount, owner};
use super::rows::{as_i64, blob, get, id};
use crate::store::{JournalRecord, PoolGrant, StoreError};

/// Under what the till stands among the journals; no node can be called so.
pub(super) const TILL: &str = "~till";

/// One statement, so one transaction: of two that append the same entry at once, the second waits for the first and then does nothing.
const BOOK: &str = "WITH appended AS (
        INSERT INTO journal (node, first_seq, count, body)
        SELECT $4::text, $1::bigint, $2::int, $3::bytea WHERE $2::int > 0 AND $1::bigint =
            coalesce((SELECT first_seq + count FROM journal WHERE node = $4 ORDER BY first_seq DESC LIMIT 1), 1)
        ON CONFLICT (node, first_seq) DO NOTHING RETURNING true),
    given AS (
        INSERT INTO grants (id, account, currency, amount, note)
        SELECT $5::bytea, $6::bytea, $7::text, $8::text::numeric, $9::text FROM appended WHERE $5::bytea IS NOT NULL
        RETURNING account, currency, amount),
    credited AS (
        INSERT INTO funds (account, currency, free) SELECT account, currency, amount FROM given WHERE amount > 0
        ON CONFLICT (account, currency) DO UPDATE SET free = funds.free + excluded.free),
    taken AS (
        UPDATE funds SET free = funds.free + given.amount FROM given
        WHERE given.amount < 0 AND funds.account = given.account AND funds.currency = given.currency)
    SELECT FROM appended";
const TELL: &str = "INSERT INTO earned (node, provider, currency, amount)
    SELECT $1::text, t.* FROM unnest($2::bytea[], $3::text[], $4::text[]::numeric[]) AS t
    ON CONFLICT (node, provider, currency) DO UPDATE SET amount = excluded.amount WHERE earned.amount < excluded.amount";
const EARNED: &str =
    "SELECT coalesce(sum(amount), 0)::text, coalesce(sum(amount) FILTER (WHERE node = $3), 0)::text
    FROM earned WHERE provider = $1 AND currency = $2";
const FREE: &str = "SELECT free::text FROM funds WHERE account = $1 AND currency = $2";
const ALL: &str = "SELECT provider, currency, amount::text, node FROM earned";

pub(super) async fn book(
    link: &Link,
    record: &JournalRecord,
    credit: Option<&PoolGrant>,
) -> Result<bool, StoreError> {
    let (first, count) = (as_i64(record.first_seq), i32::try_from(record.count));
    // A count that no column holds is refused as one that follows nothing.
    let count = count.unwrap_or(0);
    let ids = credit.map(|grant| [grant.id.as_u128(), grant.account.as_u128()].map(blob));
    let [grant, account] =
        [0, 1].map(|n| ids.as_ref().and_then(|ids| ids.get(n)).map(|id| &id[..]));
    let currency = credit.map(|grant| grant.currency.code());
    let amount = credit.map(|grant| grant.amount.pico().to_string());
    let note = credit.map(|grant| grant.note.as_str());
    let params: Params<'_> = &[
        &first,
        &count,
        &record.body,
        &TILL,
        &grant,
        &account,
        &currency,
        &amount,
        &note,
    ];
    match link.query(BOOK, params).await {
        Ok(appended) if appended.is_empty() => {
            journal::repeated(link, TILL, record).await.map(|()| false)
        }
        Ok(_) => Ok(true),
        Err(error) if is_taken(&error) => Err(StoreError::Conflict {
            what: "the id of this credit was used for another".into(),
        }),
        // There is less than is to be taken.
        Err(error) if is_beyond(&error) => Err(StoreError::Gap {
            expected: record.first_seq,
            found: record.first_seq,
        }),
        Err(error) => Err(error),
    }
}

pub(super) async fn free(link: &Link, of: AccountKey) -> Result<Amount, StoreError> {
    let account = owner(&of)?;
    let rows = link
        .query(FREE, &[&&account[..], &of.currency.code()])
        .await?;
    let free = rows.first().map(|row| amount(get(row, 0)?)).transpose()?;
    Ok(free.unwrap_or_default())
}

/// In the order of their keys, so that two who tell the same do not wait for each other.
pub(super) async fn tell(
    link: &Link,
    node: &str,
    earned: &[(AccountKey, Amount)],
) -> Result<(), StoreError> {
    let sorted: BTreeMap<_, _> = earned.iter().copied().collect();
    let (mut providers, mut currencies, mut amounts) = (Vec::new(), Vec::new(), Vec::new());
    for (of, amount) in sorted {
        providers.push(blob(provider(&of)?.as_u128()).to_vec());
        currencies.push(of.currency.code());
        amounts.push(amount.pico().to_string());
    }
    let params: Params<'_> = &[&node, &providers, &currencies, &amounts];
    link.query(TELL, params).await.map(drop)
}

pub(super) async fn earned(
    link: &Link,
    node: &str,
    of: AccountKey,
) -> Result<[Amount; 2], StoreError> {
    let provider = blob(provider(&of)?.as_u128());
    let rows = link
        .query(EARNED, &[&&provider[..], &of.currency.code(), &node])
        .await?;
    let both = |row: &Row| Ok([amount(get(row, 0)?)?, amount(get(row, 1)?)?]);
    Ok(rows.first().map(both).transpose()?.unwrap_or_default())
}

/// What each node has told to have earned for whom.
pub(super) async fn all(link: &Link) -> Result<Vec<(String, AccountKey, Amount)>, StoreError> {
    let rows = link.query(ALL, &[]).await?;
    let of = |row: &Row| {
        let account = Account::ProviderEarnings(ProviderId::from_u128(id(row, 0)?));
        let code: &str = get(row, 1)?;
        let unknown =
            |_| StoreError::corrupt(format!("earnings are in {code}, which is no currency"));
        let of = account.in_currency(code.parse().map_err(unknown)?);
        Ok((get(row, 3)?, of, amount(get(row, 2)?)?))
    };
    rows.iter().map(of).collect()
}

fn provider(of: &AccountKey) -> Result<ProviderId, StoreError> {
    match of.account {
        Account::ProviderEarnings(provider) => Ok(provider),
        other => Err(StoreError::Conflict {
            what: format!("{other} is not earned"),
        }),
    }
}
