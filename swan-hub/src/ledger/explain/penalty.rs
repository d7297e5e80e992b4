//! Explains a penalty: who accused of what, by which rule, what was set aside, what was said against it, and where it went.

use swan_core::ledger::{Account, Entry, Rule};
use swan_core::standing::{Destination, Final, Lift, PenaltyState};
use swan_core::{Amount, CaseId};

use super::facts::{Explanation, Owners, Said};
use super::orders::of_entries;
use super::{Look, Subject, find};
use crate::collateral::{CaseFact, CaseFile, case_file};
use crate::gateway::iso;
use crate::store::{Store, StoreError};

/// All that is known of a penalty.
pub(super) async fn of(
    store: &dyn Store,
    subject: Subject,
    case: CaseId,
    look: &Look<'_>,
) -> Result<Option<Explanation>, StoreError> {
    let Some(file) = case_file(store, case).await? else {
        return Ok(None);
    };
    let mut entries: Vec<Entry> = Vec::new();
    for fact in &file.facts {
        if let Some(transfer) = fact.transfer {
            // Where it is booked, it was soon after it was written down.
            entries.extend(find::about(store, transfer, Some(fact.at), look).await?);
        }
    }
    let (summary, notes) = (summary(case, &file), notes(&file, &entries));
    let mut told = of_entries(subject, "penalty", (summary, notes), &entries);
    told.said = file.facts.iter().map(said).collect();
    told.owners = Owners {
        provider: Some(file.provider),
        ..Owners::default()
    };
    Ok(Some(told))
}

fn said(fact: &CaseFact) -> Said {
    let policy = fact.policy.as_ref();
    Said {
        at: iso(fact.at),
        what: fact.what,
        by: fact.by.clone(),
        says: fact.says.clone(),
        policy: policy.map(|stamp| stamp.version().to_string()),
        policy_hash: policy
            .and_then(|stamp| stamp.hash())
            .map(|hash| hash.to_string()),
    }
}

fn summary(case: CaseId, file: &CaseFile) -> String {
    let (amount, currency, provider) = (file.penalty.amount, file.currency, file.provider);
    let to = destination(file.penalty.destination);
    let state = match file.penalty.state {
        PenaltyState::Held { until } => {
            format!("set aside, and can be appealed until {}", iso(until))
        }
        PenaltyState::Appealed { decide_by } => {
            let by = iso(decide_by);
            format!("appealed, and lifted unless somebody decides until {by}")
        }
        PenaltyState::CarriedOut {
            why: Final::Lapsed, ..
        } => format!("went {to}, since nobody appealed in time"),
        PenaltyState::CarriedOut {
            why: Final::Denied, ..
        } => format!("went {to}, since the appeal was denied"),
        PenaltyState::Lifted {
            why: Lift::Upheld, ..
        } => "lifted, since the appeal was upheld".to_owned(),
        PenaltyState::Lifted {
            why: Lift::Undecided,
            ..
        } => "lifted, since nobody decided the appeal in time".to_owned(),
    };
    format!("{case}: {amount} {currency} of the collateral of {provider}: {state}")
}

const fn destination(to: Destination) -> &'static str {
    match to {
        Destination::Burn => "to be burnt",
        Destination::Treasury => "to the treasury",
        Destination::GrowthFund => "to the growth fund",
    }
}

fn notes(file: &CaseFile, entries: &[Entry]) -> Vec<String> {
    let penalty = &file.penalty;
    let mut notes = Vec::new();
    if let Some(offence) = &penalty.offence {
        notes.push(format!("the offence: {offence}"));
    }
    notes.push(format!("the rule: {}", penalty.rule));
    notes.push(format!(
        "what it punishes was done at {}",
        iso(penalty.conduct)
    ));
    let is_aside = |entry: &&Entry| entry.group.cause.rule == Rule::CollateralImpound;
    let Some(aside) = entries.iter().find(is_aside) else {
        return notes;
    };
    let transfers = &aside.group.transfers;
    let from = transfers.iter().map(|one| {
        let (amount, pocket) = (one.amount, pocket(one.debit.account));
        format!("{amount} {pocket}")
    });
    let from: Vec<String> = from.collect();
    notes.push(format!("it was taken from {}", from.join(", ")));
    let taken = Amount::checked_sum(transfers.iter().map(|one| one.amount));
    let missing = taken
        .ok()
        .and_then(|taken| penalty.amount.checked_sub(taken).ok());
    if let Some(missing) = missing.filter(|missing| *missing > Amount::ZERO) {
        notes.push(format!("{missing} of it was not there"));
    }
    notes
}

const fn pocket(account: Account) -> &'static str {
    match account {
        Account::CollateralLocked(_) => "that was bound to a job",
        Account::CollateralLeaving(_) => "that was asked back",
        _ => "that was free",
    }
}
