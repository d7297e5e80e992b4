//! Which accounts have less than their threshold, as all nodes together see it.

use swan_core::Amount;
use swan_core::ledger::AccountKey;

use super::link::{Link, Params};
use super::node::{owner, slice};
use super::rows::get;
use crate::store::StoreError;

const LOOK: &str = "SELECT account, currency, has::text, has < threshold, low
    FROM unnest($1::bytea[], $2::text[], $3::text[]::numeric[]) AS asked (account, currency, threshold)
    JOIN funds USING (account, currency) LEFT JOIN low_balances USING (account, currency),
    LATERAL (SELECT free + coalesce(sum(amount - spent), 0) AS has FROM slices
        WHERE slices.account = funds.account AND slices.currency = funds.currency) AS sums
    WHERE low IS DISTINCT FROM (has < threshold)";
/// Of two nodes that have seen the same one is first.
const NOTE: &str = "INSERT INTO low_balances AS old (account, currency, low) VALUES ($1, $2, $3)
    ON CONFLICT (account, currency) DO UPDATE SET low = excluded.low WHERE old.low = $4::boolean RETURNING true";

/// Those that had enough when anybody last looked, and what they have now.
pub(super) async fn fallen_below(
    link: &Link,
    thresholds: &[(AccountKey, Amount)],
) -> Result<Vec<(AccountKey, Amount)>, StoreError> {
    let (mut accounts, mut currencies, mut least) = (Vec::new(), Vec::new(), Vec::new());
    for (of, threshold) in thresholds {
        accounts.push(owner(of)?.to_vec());
        currencies.push(of.currency.code());
        least.push(threshold.pico().to_string());
    }
    let mut fallen = Vec::new();
    for row in link.query(LOOK, &[&accounts, &currencies, &least]).await? {
        let (of, has) = slice(&row)?;
        let (is_low, was_low): (bool, Option<bool>) = (get(&row, 3)?, get(&row, 4)?);
        let account = owner(&of)?;
        let params: Params<'_> = &[&&account[..], &of.currency.code(), &is_low, &was_low];
        let is_first = !link.query(NOTE, params).await?.is_empty();
        if is_first && is_low && was_low == Some(false) {
            fallen.push((of, has));
        }
    }
    Ok(fallen)
}
