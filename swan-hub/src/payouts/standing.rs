use swan_core::ledger::{Account, AccountKey, entries};
use swan_core::payout::PayoutState;
use swan_core::{Amount, TransferId};

use super::{Paper, Payout};
use crate::store::{DocumentRecord, StoreError};

/// How a payout stands by the transfers of a ledger; `None` when its amount was never set apart.
pub(crate) fn standing(
    record: &DocumentRecord,
    moved: impl Fn(TransferId) -> Option<(AccountKey, AccountKey, Amount)>,
) -> Result<Option<Payout>, StoreError> {
    let (id, paper) = read(record)?;
    if moved(id).is_none() {
        return Ok(None);
    }
    let ended = moved(entries::payout_end_id(id));
    let said = paper.end.as_ref().map(|end| end.state.as_str());
    let state = match ended.map(|(_, credit, _)| credit.account) {
        None => PayoutState::Requested,
        Some(Account::Payouts) => PayoutState::Paid,
        Some(_) if said == Some(PayoutState::Cancelled.as_str()) => PayoutState::Cancelled,
        Some(_) => PayoutState::Failed,
    };
    Ok(Some(Payout {
        id,
        number: record.number,
        state,
        paper,
    }))
}

pub(super) fn read(record: &DocumentRecord) -> Result<(TransferId, Paper), StoreError> {
    let name = &record.document.name;
    let id = name.parse();
    let id = id.map_err(|_| StoreError::corrupt(format!("{name} is no payout")))?;
    Ok((id, Paper::read(&record.document.body)?))
}
