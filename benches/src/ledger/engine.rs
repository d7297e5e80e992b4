//! The rules alone: groups that are ready are applied on one core.

use std::time::{Duration, Instant};

use swan_core::ledger::{Group, Ledger, entries};
use swan_core::{Currency, Timestamp, TransferId};

use super::{account, float, record, terms};
use crate::Failure;

const ACCOUNTS: usize = 1_000;
/// Requests of one round, each a hold and a charge.
const ROUND: u64 = 50_000;

/// Transfers a second, the making of their groups not counted.
pub(super) fn transfers_per_second(time: Duration) -> Result<f64, Failure> {
    let now = Timestamp::from_millis(1_000);
    let mut ledger = Ledger::new();
    for number in 0..ACCOUNTS {
        let id = TransferId::from_u128(1 + number as u128);
        let funds = "1000000".parse()?;
        let grant = entries::grant(id, account(number), Currency::Usd, funds, "bench");
        let _ = ledger.apply(&grant, now)?;
    }
    let (mut spent, mut transfers, mut next) = (Duration::ZERO, 0, 0);
    while spent < time {
        let groups = groups(next)?;
        next += ROUND;
        let begun = Instant::now();
        for group in &groups {
            let _ = ledger.apply(group, now)?;
        }
        spent += begun.elapsed();
        transfers += groups
            .iter()
            .map(|group| group.transfers.len())
            .sum::<usize>();
    }
    if !ledger.audit().is_empty() {
        return Err("the ledger does not balance".into());
    }
    Ok(float(transfers) / spent.as_secs_f64())
}

fn groups(next: u64) -> Result<Vec<Group>, Failure> {
    let mut groups = Vec::new();
    for number in next..next + ROUND {
        let payer = account(usize::try_from(number)? % ACCOUNTS);
        let terms = terms(number, payer)?;
        groups.push(entries::hold(&terms));
        groups.push(entries::settle(&terms, record()?)?);
    }
    Ok(groups)
}
