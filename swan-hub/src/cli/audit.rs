//! Rebuilds the ledger from the journal and checks every invariant.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use swan_core::ledger::{AuditReport, Breach, JournalAudit};

use super::admin::{AdminError, Place, Terminal};
use super::table::Table;
use crate::ledger::{CheckedSnapshot, SnapshotCheck, read_journal};
#[cfg(feature = "postgres")]
use crate::store::{PostgresOptions, PostgresStore, StorePlace};
use crate::store::{Store, StoreError};

/// `swan-hub audit`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct AuditArgs {
    #[command(flatten)]
    place: Place,
}

/// What is checked, and which breaches say that it is not so.
const CHECKS: [(&str, &[&str]); 8] = [
    ("nobody spent more than they had", &["overspent"]),
    (
        "each hold ended at most once",
        &["entry_rejected", "entry_repeated", "foreign_hold"],
    ),
    (
        "holds and pending counters agree",
        &["pending_differs", "expiry_lost"],
    ),
    (
        "each currency sums to zero",
        &["unbalanced", "clearing_not_empty"],
    ),
    ("no request was charged twice", &["charged_twice"]),
    ("each split sums to its charge", &["split_differs"]),
    (
        "everybody got what the split says",
        &["moved_differs", "malformed"],
    ),
    (
        "the journal has no gap and no step back",
        &["sequence_broken", "time_went_back"],
    ),
];

/// What the journal and its snapshots come to.
struct Findings {
    report: AuditReport,
    damage: Option<String>,
    snapshots: Vec<CheckedSnapshot>,
}

impl Findings {
    fn is_clean(&self) -> bool {
        self.report.is_clean() && self.damage.is_none() && self.wrong_snapshots() == 0
    }

    fn wrong_snapshots(&self) -> usize {
        let wrong = self.snapshots.iter();
        wrong.filter(|snapshot| snapshot.problem.is_some()).count()
    }

    fn snapshots_result(&self) -> String {
        match (self.wrong_snapshots(), self.snapshots.len()) {
            (0, 0) => "ok, there is none".into(),
            (0, _) => "ok".into(),
            (wrong, of) => format!("{wrong} of {of} WRONG"),
        }
    }
}

pub(super) async fn run(
    args: AuditArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    of_place(&args.place, terminal).await
}

/// Audits what is there: of several hubs that share a database, all.
pub(super) async fn of_place(
    place: &Place,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let json = place.json;
    #[cfg(feature = "postgres")]
    if let StorePlace::Postgres(place) = place.resolve()? {
        let store = PostgresStore::open(&place, PostgresOptions::default()).await?;
        if !store.nodes().await?.is_empty() {
            return super::audit_nodes::look(&store, json, terminal).await;
        }
    }
    look(place.open().await?, json, terminal).await
}

/// Audits a store and tells what was found.
pub(super) async fn look(
    store: Arc<dyn Store>,
    json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    let mut snapshots = SnapshotCheck::load(&*store).await?;
    let mut audit = JournalAudit::new();
    let read = read_journal(&*store, 1, |entry| {
        audit.observe(&entry);
        snapshots.observe(&entry, audit.ledger());
    })
    .await;
    let damage = match read {
        Ok(_) => None,
        Err(error @ StoreError::Corrupt { .. }) => Some(error.to_string()),
        Err(error) => return Err(error.into()),
    };
    let found = Findings {
        report: audit.finish(),
        damage,
        snapshots: snapshots.finish(),
    };
    if json {
        terminal.json(&as_json(&found))?;
    } else {
        as_tables(&found, terminal)?;
    }
    Ok(if found.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn as_tables(found: &Findings, terminal: &mut Terminal<'_>) -> Result<(), AdminError> {
    let report = &found.report;
    let out = &mut *terminal.out;
    let AuditReport {
        entries,
        transfers,
        holds,
        pending,
        ..
    } = report;
    writeln!(
        out,
        "{entries} entries, {transfers} transfers, {holds} holds, {pending} pending"
    )?;
    let mut sums = Table::new(&[
        "CURRENCY", "ACCOUNTS", "CREDITS", "DEBITS", "PENDING", "SUM",
    ]);
    for row in &report.trial_balance {
        let sum = row.credits_posted.checked_sub(row.debits_posted);
        sums.row([
            row.currency.to_string(),
            row.accounts.to_string(),
            row.credits_posted.to_string(),
            row.debits_posted.to_string(),
            row.debits_pending.to_string(),
            sum.map_or_else(|error| error.to_string(), |sum| sum.to_string()),
        ]);
    }
    sums.write(out, "no money has moved")?;
    writeln!(out)?;
    let breaches_of = count(report);
    let mut checks = Table::new(&["CHECK", "RESULT"]);
    for (check, names) in CHECKS {
        let breaches: u64 = names.iter().filter_map(|name| breaches_of.get(name)).sum();
        let result = if breaches == 0 {
            "ok".into()
        } else {
            format!("{breaches} BREACHES")
        };
        checks.row([check.to_owned(), result]);
    }
    let readable = if found.damage.is_some() {
        "DAMAGED"
    } else {
        "ok"
    };
    checks.row(["the journal can be read".to_owned(), readable.to_owned()]);
    checks.row([
        "each snapshot is what the journal comes to".to_owned(),
        found.snapshots_result(),
    ]);
    checks.write(out, "")?;
    for breach in &report.breaches {
        writeln!(out, "{}: {breach}", breach.name())?;
    }
    if report.more_breaches > 0 {
        writeln!(out, "and {} more", report.more_breaches)?;
    }
    if let Some(damage) = &found.damage {
        writeln!(out, "damaged: {damage}")?;
    }
    for snapshot in &found.snapshots {
        if let Some(problem) = &snapshot.problem {
            writeln!(out, "snapshot of entry {}: {problem}", snapshot.seq)?;
        }
    }
    Ok(())
}

fn count(report: &AuditReport) -> BTreeMap<&'static str, u64> {
    let mut found = BTreeMap::new();
    for breach in &report.breaches {
        *found.entry(breach.name()).or_default() += 1;
    }
    found
}

fn as_json(found: &Findings) -> Value {
    let report = &found.report;
    let breach = |breach: &Breach| json!({ "name": breach.name(), "text": breach.to_string() });
    let snapshot =
        |snapshot: &CheckedSnapshot| json!({ "entry": snapshot.seq, "problem": snapshot.problem });
    let groups: BTreeMap<_, _> = report
        .groups
        .iter()
        .map(|(rule, count)| (rule.as_str(), *count))
        .collect();
    let sums = report.trial_balance.iter().map(|row| {
        json!({
            "currency": row.currency,
            "accounts": row.accounts,
            "credits_posted": row.credits_posted,
            "debits_posted": row.debits_posted,
            "credits_pending": row.credits_pending,
            "debits_pending": row.debits_pending,
        })
    });
    json!({
        "clean": found.is_clean(),
        "entries": report.entries,
        "transfers": report.transfers,
        "holds": report.holds,
        "pending": report.pending,
        "groups": groups,
        "trial_balance": sums.collect::<Vec<_>>(),
        "breaches": report.breaches.iter().map(breach).collect::<Vec<_>>(),
        "more_breaches": report.more_breaches,
        "damage": found.damage,
        "snapshots": found.snapshots.iter().map(snapshot).collect::<Vec<_>>(),
    })
}
