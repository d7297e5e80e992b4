//! The books: holds under concurrency, group commit, and every way in which a store can let them down.

mod books;
mod crash;
pub(crate) mod faulty;
mod journal_format;
mod killed;
pub(crate) mod payments;
mod relaxed;
mod slices;
mod torn_log;

use std::sync::Arc;

use swan_core::ledger::{AuditReport, ChargeRecord, JournalAudit, UsageBasis};
use swan_core::testkit::ManualClock;
use swan_core::{
    AccountId, Amount, Currency, KeyId, ModelId, PolicyHash, PolicyStamp, PolicyVersion,
    ProviderId, RequestId, Timestamp, TransferId,
};
use swan_hub::ledger::{Books, BooksOptions, HoldRequest, LedgerError, Recovery, read_journal};
use swan_hub::store::Store;

pub(crate) const ACCOUNT: AccountId = AccountId::from_u128(1);
pub(crate) const KEY: KeyId = KeyId::from_u128(3);
pub(crate) const PROVIDER: ProviderId = ProviderId::from_u128(2);

pub(crate) fn pico(pico: i128) -> Amount {
    Amount::from_pico(pico).unwrap()
}

pub(crate) fn clock() -> ManualClock {
    ManualClock::new(Timestamp::from_millis(1_000))
}

pub(crate) async fn open(store: Arc<dyn Store>) -> Result<(Books, Recovery), LedgerError> {
    let options = BooksOptions::default().without_lease_wait();
    Books::open(store, Arc::new(clock()), options).await
}

/// Books on `store` in which the account has `funds`.
pub(crate) async fn funded(store: Arc<dyn Store>, funds: i128) -> Books {
    let (books, _) = open(store).await.unwrap();
    grant(&books, 1, funds).await.unwrap();
    books
}

pub(crate) async fn grant(books: &Books, id: u128, funds: i128) -> Result<(), LedgerError> {
    let id = TransferId::from_u128(id);
    books
        .grant(id, ACCOUNT, Currency::Usd, pico(funds), "test")
        .await
        .map(drop)
}

pub(crate) fn stamp() -> PolicyStamp {
    let version = PolicyVersion::new("swan-2.0").unwrap();
    PolicyStamp::new(version, PolicyHash::from_bytes([7; 32]))
}

pub(crate) fn request(id: u128, amount: i128) -> HoldRequest {
    HoldRequest {
        request: RequestId::from_u128(id),
        account: ACCOUNT,
        currency: Currency::Usd,
        amount: pico(amount),
        expires: Timestamp::from_millis(600_000),
        policy: Some(stamp()),
        extended: 0,
    }
}

/// A charge of `gross`, of which a twentieth, rounded down, goes to the growth fund.
pub(crate) fn charge(gross: i128) -> ChargeRecord {
    let fund = gross / 20;
    ChargeRecord {
        model: ModelId::new("qwen3-8b").unwrap(),
        provider: Some(PROVIDER),
        prompt_tokens: 10,
        cached_tokens: 0,
        completion_tokens: 5,
        images: 0,
        audio_ms: 0,
        basis: UsageBasis::Reported,
        gross: pico(gross),
        provider_share: pico(gross - fund),
        growth_fund: pico(fund),
        treasury: Amount::ZERO,
        burn: Amount::ZERO,
        key: Some(KEY),
        usd: Some(pico(gross)),
    }
}

pub(crate) async fn audit(store: &dyn Store) -> AuditReport {
    let mut audit = JournalAudit::new();
    read_journal(store, 1, |entry| audit.observe(&entry))
        .await
        .unwrap();
    audit.finish()
}
