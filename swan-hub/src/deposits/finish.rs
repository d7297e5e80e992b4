//! Moves the money of a deposit whose row says that it is to move, and notes that it has: after a crash between the two it is
//! done again, which moves nothing twice.

use swan_core::ledger::{Applied, BonusTerms, ChainRecord, DepositKind, DepositTerms};

use super::watch::{Ground, WatchError};
use super::{Deposit, DepositEvent, DepositNews, DepositState};

/// Writes the next revision of a row.
pub(super) async fn keep(ground: &Ground, deposit: &mut Deposit) -> Result<(), WatchError> {
    let record = deposit.record();
    ground.store.deposits().put_deposit(&record).await?;
    deposit.revision = record.revision;
    Ok(())
}

/// Tells everybody.
pub(super) fn tell(ground: &Ground, event: &DepositEvent) {
    ground.desk.count(event.news);
    ground.events.on_deposit(event);
}

/// Does what the state of a deposit asks for.
pub(super) async fn finish(ground: &Ground, deposit: &mut Deposit) -> Result<(), WatchError> {
    let (kind, after, news) = match deposit.state {
        DepositState::Crediting => (
            DepositKind::Credited,
            DepositState::Credited,
            DepositNews::Credited,
        ),
        DepositState::Reversing => (
            DepositKind::Reversed,
            DepositState::Reversed,
            DepositNews::Reversed,
        ),
        _ => return Ok(()),
    };
    let Some(terms) = terms(deposit, kind) else {
        return Err(WatchError::Unsound {
            deposit: deposit.id,
        });
    };
    let begun = ground.clock.now();
    let was_frozen = ground.books.is_frozen(terms.account);
    let applied = ground.books.deposit(&terms).await?;
    give_bonus(ground, deposit, &terms).await?;
    deposit.state = after;
    // The first time stands, so that the entry is not before it.
    let at = match kind {
        DepositKind::Credited => &mut deposit.credited_at,
        _ => &mut deposit.reversed_at,
    };
    *at = Some(begun);
    keep(ground, deposit).await?;
    if applied == Applied::Created {
        tell(ground, &DepositEvent::of(news, deposit));
        if !was_frozen && ground.books.is_frozen(terms.account) {
            let owed = ground.books.shortfall(terms.account, terms.currency);
            let mut event = DepositEvent::of(DepositNews::Frozen, deposit);
            event.amount = Some(owed);
            tell(ground, &event);
        }
    }
    Ok(())
}

/// Does with the bonus of a deposit what was done with the deposit. A bonus that a crash has kept from being given is not taken
/// back.
async fn give_bonus(
    ground: &Ground,
    deposit: &Deposit,
    of: &DepositTerms,
) -> Result<(), WatchError> {
    let Some(record) = deposit.bonus_record() else {
        return Ok(());
    };
    let id = match of.kind {
        DepositKind::Credited => deposit.bonus_credit(),
        _ if ground.books.knows(deposit.bonus_credit()) => deposit.bonus_reversal(),
        _ => return Ok(()),
    };
    let terms = BonusTerms {
        id,
        kind: of.kind,
        account: of.account,
        currency: of.currency,
        policy: deposit.bonus.as_ref().map(|bonus| bonus.policy.clone()),
        record,
    };
    let _applied = ground.books.deposit_bonus(&terms).await?;
    Ok(())
}

fn terms(deposit: &Deposit, kind: DepositKind) -> Option<DepositTerms> {
    let id = match kind {
        DepositKind::Credited => deposit.credit(),
        _ => deposit.reversal(),
    };
    let told_by = match &deposit.assigned_by {
        Some(by) => format!("{}; assigned by {by}", deposit.told_by),
        None => deposit.told_by.clone(),
    };
    Some(DepositTerms {
        id,
        kind,
        account: deposit.account?,
        currency: deposit.currency?,
        amount: deposit.amount?,
        record: ChainRecord {
            deposit: deposit.id,
            chain: deposit.chain,
            block: deposit.block,
            block_hash: *deposit.block_hash.bytes(),
            transaction: *deposit.transaction.bytes(),
            log: deposit.log,
            token: deposit.token_name(),
            units: deposit.units.to_string(),
            told_by,
        },
    })
}
