//! Audits a database that several hubs share: the journal of each, and whether the funds that they share add up.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use swan_core::Amount;
use swan_core::ledger::{Account, AccountKey, JournalAudit};

use super::admin::{AdminError, Terminal};
use super::audit;
use crate::ledger::read_journal;
use crate::store::{PostgresStore, Store, StoreError};

/// Each node by itself, then what is between them. With `--json` one object a line: each node's, and then that of the shared funds.
pub(super) async fn look(
    store: &PostgresStore,
    json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let (mut clean, mut wrong) = (true, Vec::new());
    let mut spent: BTreeMap<(String, AccountKey), Amount> = BTreeMap::new();
    for name in store.nodes().await? {
        let node = store.clone().as_node(&name, Duration::from_secs(10));
        if !json {
            writeln!(terminal.out, "node {name}")?;
        }
        let code = audit::look(Arc::new(node.clone()), json, terminal).await?;
        clean &= code == ExitCode::SUCCESS;
        if !json {
            writeln!(terminal.out)?;
        }
        spent_by(&node, &name, &mut spent).await?;
    }
    // Read after the journals: a slice is never below what was spent of it before.
    for name in store.nodes().await? {
        let node = store.clone().as_node(&name, Duration::from_secs(10));
        let Some(pool) = node.shared_funds() else {
            continue;
        };
        let slices: BTreeMap<AccountKey, [Amount; 2]> = pool.slices().await?.into_iter().collect();
        for ((_, of), spent) in spent.iter().filter(|((node, _), _)| *node == name) {
            let [slice, _] = slices.get(of).copied().unwrap_or_default();
            if slice < *spent {
                wrong.push(format!(
                    "node {name} has spent {spent} of {of} and has drawn {slice}"
                ));
            }
        }
    }
    let accounts = store.shared_accounts().await?;
    for (of, [free, slices, granted]) in &accounts {
        if free.checked_add(*slices).ok() != Some(*granted) {
            wrong.push(format!(
                "of {of} {granted} was granted, {free} is free and {slices} drawn"
            ));
        }
    }
    if json {
        terminal.json(&json!({ "accounts": accounts.len(), "wrong": wrong }))?;
    } else {
        let (count, result) = (
            accounts.len(),
            if wrong.is_empty() { "ok" } else { "WRONG" },
        );
        writeln!(
            terminal.out,
            "shared funds of {count} accounts add up: {result}"
        )?;
        for what in &wrong {
            writeln!(terminal.out, "{what}")?;
        }
    }
    Ok(match clean && wrong.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// What a node has spent of each account, by its journal.
async fn spent_by(
    node: &PostgresStore,
    name: &str,
    spent: &mut BTreeMap<(String, AccountKey), Amount>,
) -> Result<(), StoreError> {
    let node: &dyn Store = node;
    let mut audit = JournalAudit::new();
    read_journal(node, 1, |entry| audit.observe(&entry)).await?;
    let ledger = audit.finish().ledger;
    for (key, balance) in ledger.accounts() {
        if let Account::Slice(account) = key.account {
            let of = Account::Consumer(account).in_currency(key.currency);
            let left = ledger.balance(&of).posted();
            let own = balance.given().checked_sub(left).unwrap_or(Amount::ZERO);
            spent.insert((name.to_owned(), of), own);
        }
    }
    Ok(())
}
