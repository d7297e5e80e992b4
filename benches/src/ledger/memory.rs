//! What an account takes in memory.

use swan_core::ledger::{Ledger, entries};
use swan_core::{Currency, Timestamp, TransferId};

use super::{account, float, pico};
use crate::Failure;

/// Resident bytes for each of so many accounts in the ledger, with the one grant that opened it, whose id is kept for ever.
pub(super) fn bytes_per_account(accounts: usize) -> Result<f64, Failure> {
    let before = resident()?;
    let mut ledger = Ledger::new();
    for number in 0..accounts {
        let id = (1 + number as u128).wrapping_mul(0xD1B5_4A32_D192_ED03_AEF1_7502_108E_F2D9);
        let id = TransferId::from_u128(id);
        let grant = entries::grant(id, account(number), Currency::Usd, pico(1)?, "bench");
        let _ = ledger.apply(&grant, Timestamp::from_millis(1))?;
    }
    let after = resident()?;
    if ledger.trial_balance().iter().any(|row| !row.is_balanced()) {
        return Err("the ledger does not balance".into());
    }
    Ok((after - before) / float(accounts))
}

/// Resident memory of this process in bytes.
fn resident() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib: f64 = kib.ok_or("no VmRSS in /proc/self/status")?.parse()?;
    Ok(kib * 1024.0)
}
