//! Columns and what they mean.

use swan_core::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::store::StoreError;

/// A column of a row.
pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, StoreError> {
    row.try_get(column)
        .map_err(|error| StoreError::corrupt(error.to_string()))
}

/// A column of as many bytes as it should have.
pub(super) fn bytes<const N: usize>(row: &Row, column: usize) -> Result<[u8; N], StoreError> {
    let bytes: &[u8] = get(row, column)?;
    exactly(bytes)
}

/// The same, where there may be none.
pub(super) fn optional_id(row: &Row, column: usize) -> Result<Option<u128>, StoreError> {
    let bytes: Option<&[u8]> = get(row, column)?;
    let id = bytes.map(exactly).transpose()?;
    Ok(id.map(u128::from_be_bytes))
}

fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], StoreError> {
    bytes.try_into().map_err(|_| {
        let found = bytes.len();
        StoreError::corrupt(format!("{found} bytes stand where {N} were written"))
    })
}

pub(super) fn id(row: &Row, column: usize) -> Result<u128, StoreError> {
    bytes(row, column).map(u128::from_be_bytes)
}

/// Identifiers are 16 bytes, first byte first, so that their order in the database is their own.
pub(super) const fn blob(id: u128) -> [u8; 16] {
    id.to_be_bytes()
}

/// Numbers here stay far below 2^63.
pub(super) fn as_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn millis(at: Timestamp) -> i64 {
    as_i64(at.as_millis())
}

pub(super) fn time(row: &Row, column: usize) -> Result<Timestamp, StoreError> {
    Ok(optional_time(row, column)?.unwrap_or(Timestamp::from_millis(0)))
}

pub(super) fn optional_time(row: &Row, column: usize) -> Result<Option<Timestamp>, StoreError> {
    let millis: Option<i64> = get(row, column)?;
    Ok(millis.map(|millis| Timestamp::from_millis(u64::try_from(millis).unwrap_or(0))))
}
