//! Moves the money of a deposit whose row says that it is to move, and notes that it has: after a crash between the two it is
//! done again, which moves nothing twice.

use swan_core::ledger::{Applied, BonusTerms, ChainRecord, DepositKind, DepositTerms};

use super::pledge::Pledged;
use super::watch::{Ground, WatchError};
use super::{Deposit, DepositEvent, DepositNews, DepositState, Unmatched};

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
    let begun = ground.clock.now();
    let is_frozen = |deposit: &Deposit| {
        let account = deposit.account;
        account.is_some_and(|account| ground.books.is_frozen(account))
    };
    let was_frozen = is_frozen(deposit);
    let applied = match (deposit.provider, terms(deposit, kind)) {
        (Some(_), _) => match ground.pledge(deposit, kind).await? {
            Pledged::Moved(applied) => applied,
            Pledged::Refused(why) => return refuse(ground, deposit, &why).await,
        },
        (None, Some(terms)) => {
            ground.settle_credit(deposit, kind).await?;
            let applied = ground.books.deposit(&terms).await?;
            give_bonus(ground, deposit, &terms).await?;
            applied
        }
        (None, None) => return Err(WatchError::unsound(deposit)),
    };
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
        if !was_frozen && is_frozen(deposit) {
            tell(ground, &frozen(ground, deposit));
        }
    }
    Ok(())
}

fn frozen(ground: &Ground, deposit: &Deposit) -> DepositEvent {
    let mut event = DepositEvent::of(DepositNews::Frozen, deposit);
    let whose = deposit.account.zip(deposit.currency);
    event.amount = whose.map(|(account, currency)| ground.books.shortfall(account, currency));
    event
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

/// Leaves to the operator what the collateral of a provider does not take. Whoever gets it then gets it by another transfer.
async fn refuse(ground: &Ground, deposit: &mut Deposit, why: &str) -> Result<(), WatchError> {
    tracing::warn!(target: "swan_hub::deposit", deposit = %deposit.id, provider = ?deposit.provider, why, "collateral does not take a deposit");
    deposit.belong_to(None);
    deposit.round = deposit.round.saturating_add(1);
    deposit.state = DepositState::Unmatched;
    deposit.why = Some(Unmatched::CollateralRefused);
    keep(ground, deposit).await?;
    tell(ground, &DepositEvent::of(DepositNews::Unmatched, deposit));
    Ok(())
}

fn terms(deposit: &Deposit, kind: DepositKind) -> Option<DepositTerms> {
    let id = match kind {
        DepositKind::Credited => deposit.credit(),
        _ => deposit.reversal(),
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
            told_by: deposit.evidence(),
        },
    })
}

impl Ground {
    /// Books what is to be taken back first, if nobody has, at one of several hubs: a hub that was overtaken may be about to book it, and
    /// then finds that it was.
    async fn settle_credit(&self, deposit: &Deposit, kind: DepositKind) -> Result<(), WatchError> {
        if kind != DepositKind::Reversed || !self.books.is_shared() {
            return Ok(());
        }
        self.books.read_on().await?;
        if self.books.knows(deposit.credit()) {
            return Ok(());
        }
        let credit = terms(deposit, DepositKind::Credited);
        let credit = credit.ok_or_else(|| WatchError::unsound(deposit))?;
        let _applied = self.books.deposit(&credit).await?;
        give_bonus(self, deposit, &credit).await
    }
}
