//! Audits a database that several hubs share: the journal of each and of their till, and whether what they share adds up.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use swan_core::Amount;
use swan_core::ledger::{Account, AccountKey, JournalAudit, Ledger};

use super::admin::{AdminError, Terminal};
use super::audit;
use crate::ledger::read_journal;
use crate::store::{PostgresStore, Store, StoreError};

/// Each node by itself and the till, then what is between them. With `--json` one object a line: each node's, that of the till, and then
/// that of the shared funds.
pub(super) async fn look(
    store: &PostgresStore,
    json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let (mut clean, mut wrong) = (true, Vec::new());
    let mut spent: BTreeMap<(String, AccountKey), Amount> = BTreeMap::new();
    // Read before the journals: what was told was durable.
    let told = store.earned_at_nodes().await?;
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
        let ledger = ledger_of(&node).await?;
        for (_, of, amount) in told.iter().filter(|(node, ..)| *node == name) {
            let earned = ledger.balance(of).credits_posted;
            if earned < *amount {
                wrong.push(format!(
                    "node {name} has told {amount} of {of} and has earned {earned}"
                ));
            }
        }
        spent_by(&ledger, &name, &mut spent);
    }
    clean &= till(store, json, &mut wrong, terminal).await?;
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

/// The till by itself, and that it has taken over no more than nodes have earned, and credited no more than was granted.
async fn till(
    store: &PostgresStore,
    json: bool,
    wrong: &mut Vec<String>,
    terminal: &mut Terminal<'_>,
) -> Result<bool, AdminError> {
    let Some(till) = store.till().await? else {
        return Ok(true);
    };
    if !json {
        writeln!(terminal.out, "the till")?;
    }
    let code = audit::look(Arc::new(till.clone()), json, terminal).await?;
    if !json {
        writeln!(terminal.out)?;
    }
    let ledger = ledger_of(&till).await?;
    // Read after the till: whatever it says was there before.
    let mut earned: BTreeMap<AccountKey, Amount> = BTreeMap::new();
    for (_, of, amount) in store.earned_at_nodes().await? {
        let sum = earned.entry(of).or_default();
        *sum = sum.checked_add(amount).unwrap_or(Amount::MAX);
    }
    let granted: BTreeMap<_, _> = store.shared_accounts().await?.into_iter().collect();
    for (key, balance) in ledger.accounts() {
        let (of, has, there) = match key.account {
            Account::Earned(provider) => {
                let of = Account::ProviderEarnings(provider).in_currency(key.currency);
                (of, balance.given(), earned.get(&of).copied())
            }
            Account::Shared(account) => {
                let of = Account::Consumer(account).in_currency(key.currency);
                let granted = granted.get(&of).map(|[.., granted]| *granted);
                (of, balance.posted(), granted)
            }
            _ => continue,
        };
        let there = there.unwrap_or_default();
        if there < has {
            wrong.push(format!(
                "the till has {has} of {of}, of which there is {there}"
            ));
        }
    }
    Ok(code == ExitCode::SUCCESS)
}

async fn ledger_of(node: &PostgresStore) -> Result<Ledger, StoreError> {
    let node: &dyn Store = node;
    let mut audit = JournalAudit::new();
    read_journal(node, 1, |entry| audit.observe(&entry)).await?;
    Ok(audit.finish().ledger)
}

/// What a node has spent of each account, by its journal.
fn spent_by(ledger: &Ledger, name: &str, spent: &mut BTreeMap<(String, AccountKey), Amount>) {
    for (key, balance) in ledger.accounts() {
        if let Account::Slice(account) = key.account {
            let of = Account::Consumer(account).in_currency(key.currency);
            let left = ledger.balance(&of).posted();
            let own = balance.given().checked_sub(left).unwrap_or(Amount::ZERO);
            spent.insert((name.to_owned(), of), own);
        }
    }
}
