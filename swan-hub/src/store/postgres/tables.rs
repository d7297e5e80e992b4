use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use swan_core::ledger::Entry;
use tokio_postgres::Transaction;

use super::PostgresStore;
use super::failures::failed;
use super::rows::get;
use crate::store::StoreError;
use crate::store::tables::{EntryRow, Tables, kind};

const LAST: &str = "SELECT coalesce(max(seq), 0) FROM ledger_entries WHERE node = $1";
/// Of two that add rows at once, one waits.
const BEGIN: &str = "SET LOCAL search_path TO swan; SET LOCAL statement_timeout = 60000;
    LOCK TABLE ledger_entries IN SHARE ROW EXCLUSIVE MODE";
const ACCOUNTS: &str = "INSERT INTO ledger_accounts (name, currency)
    SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT (name, currency) DO NOTHING";
const ENTRIES: &str = "INSERT INTO ledger_entries
    (node, seq, at_ms, rule, request, policy, model, prompt_tokens, completion_tokens, note)
    SELECT $10::text, t.* FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::bigint[],
        $8::bigint[], $9::text[]) AS t";
const TRANSFERS: &str = "INSERT INTO ledger_transfers (node, seq, place, id, kind, hold, debit, credit, amount)
    SELECT $10::text, t.seq, t.place, t.id, t.kind, t.hold, d.number, c.number, t.pico * 0.000000000001
    FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::text[], $5::bytea[], $6::text[], $7::text[], $8::text[],
        $9::text[]::numeric[]) AS t (seq, place, id, kind, hold, debit, credit, currency, pico)
    JOIN ledger_accounts d ON d.name = t.debit AND d.currency = t.currency
    JOIN ledger_accounts c ON c.name = t.credit AND c.currency = t.currency";

impl PostgresStore {
    /// Itself, and itself as each of the nodes that share the database, and as their till.
    pub(in crate::store) async fn tables_of_all(&self) -> Result<Vec<Arc<dyn Tables>>, StoreError> {
        let nodes = self.nodes().await?.into_iter();
        // It takes no lease, so for how long one would last is all the same.
        let nodes = nodes.map(|name| self.clone().as_node(&name, Duration::ZERO));
        let till = self.till().await?;
        let all = std::iter::once(self.clone()).chain(nodes).chain(till);
        Ok(all
            .map(|store| Arc::new(store) as Arc<dyn Tables>)
            .collect())
    }
}

#[async_trait]
impl Tables for PostgresStore {
    async fn tabulated(&self) -> Result<u64, StoreError> {
        let rows = self.reader.query(LAST, &[&self.node_name()]).await?;
        let last = rows.first().map(|row| get::<i64>(row, 0)).transpose()?;
        Ok(last.unwrap_or(0).cast_unsigned())
    }

    async fn tabulate(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        let (mut client, _task) = self.target.connect().await?;
        let transaction = client.transaction().await.map_err(failed)?;
        transaction.batch_execute(BEGIN).await.map_err(failed)?;
        let last = transaction
            .query_one(LAST, &[&self.node_name()])
            .await
            .map_err(failed)?;
        let expected = get::<i64>(&last, 0)?.cast_unsigned() + 1;
        if let Some((expected, entry)) = (expected..)
            .zip(&entries)
            .find(|(expected, entry)| entry.seq != *expected)
        {
            let found = entry.seq;
            return Err(StoreError::Gap { expected, found });
        }
        add_entries(&transaction, self.node_name(), &entries).await?;
        add_transfers(&transaction, self.node_name(), &entries).await?;
        transaction.commit().await.map_err(failed)
    }
}

async fn add_entries(
    transaction: &Transaction<'_>,
    node: &str,
    entries: &[Entry],
) -> Result<(), StoreError> {
    let rows: Vec<_> = entries.iter().map(EntryRow::of).collect();
    let column = |of: fn(&EntryRow<'_>) -> i64| rows.iter().map(of).collect::<Vec<_>>();
    let counts = |of: fn(&EntryRow<'_>) -> Option<i64>| rows.iter().map(of).collect::<Vec<_>>();
    let requests: Vec<_> = rows
        .iter()
        .map(|row| row.request.as_ref().map(|id| &id[..]))
        .collect();
    let rules: Vec<_> = rows.iter().map(|row| row.rule).collect();
    let policies: Vec<_> = rows.iter().map(|row| row.policy.as_deref()).collect();
    let models: Vec<_> = rows.iter().map(|row| row.model).collect();
    let notes: Vec<_> = rows.iter().map(|row| row.note.as_deref()).collect();
    let (numbers, times) = (column(|row| row.seq), column(|row| row.at_ms));
    let prompts = counts(|row| row.prompt_tokens);
    let completions = counts(|row| row.completion_tokens);
    transaction
        .execute(
            ENTRIES,
            &[
                &numbers,
                &times,
                &rules,
                &requests,
                &policies,
                &models,
                &prompts,
                &completions,
                &notes,
                &node,
            ],
        )
        .await
        .map_err(failed)?;
    Ok(())
}

async fn add_transfers(
    transaction: &Transaction<'_>,
    node: &str,
    entries: &[Entry],
) -> Result<(), StoreError> {
    let all = || {
        entries.iter().flat_map(|entry| {
            (0_i64..)
                .zip(&entry.group.transfers)
                .map(move |found| (entry, found))
        })
    };
    let of_both = all().flat_map(|(_, (_, transfer))| [transfer.debit, transfer.credit]);
    let accounts: BTreeSet<_> = of_both.collect();
    let names: Vec<_> = accounts.iter().map(|key| key.account.to_string()).collect();
    let currencies: Vec<_> = accounts.iter().map(|key| key.currency.code()).collect();
    transaction
        .execute(ACCOUNTS, &[&names, &currencies])
        .await
        .map_err(failed)?;
    let numbers: Vec<_> = all()
        .map(|(entry, _)| super::rows::as_i64(entry.seq))
        .collect();
    let places: Vec<_> = all().map(|(_, (place, _))| place).collect();
    let ids: Vec<_> = all()
        .map(|(_, (_, t))| t.id.as_u128().to_be_bytes().to_vec())
        .collect();
    let kinds: Vec<_> = all().map(|(_, (_, t))| kind(t)).collect::<Result<_, _>>()?;
    let holds: Vec<_> = all()
        .map(|(_, (_, t))| {
            t.kind
                .ends()
                .map(|hold| hold.as_u128().to_be_bytes().to_vec())
        })
        .collect();
    let debits: Vec<_> = all()
        .map(|(_, (_, t))| t.debit.account.to_string())
        .collect();
    let credits: Vec<_> = all()
        .map(|(_, (_, t))| t.credit.account.to_string())
        .collect();
    let currencies: Vec<_> = all().map(|(_, (_, t))| t.debit.currency.code()).collect();
    let picos: Vec<_> = all()
        .map(|(_, (_, t))| t.amount.pico().to_string())
        .collect();
    transaction
        .execute(
            TRANSFERS,
            &[
                &numbers,
                &places,
                &ids,
                &kinds,
                &holds,
                &debits,
                &credits,
                &currencies,
                &picos,
                &node,
            ],
        )
        .await
        .map_err(failed)?;
    Ok(())
}
