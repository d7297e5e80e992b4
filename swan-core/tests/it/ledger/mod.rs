//! The rules of the ledger: tables of single steps, a random workload against an auditor, and what is always true.

mod always;
mod deposits;
mod exchange;
mod journal;
mod payments;
mod report;
mod requests;
mod snapshots;
mod steps;
mod workload;

use swan_core::ledger::{ChargeRecord, UsageBasis, entries::HoldTerms};
use swan_core::{
    AccountId, Amount, Currency, ModelId, PolicyHash, PolicyStamp, PolicyVersion, ProviderId,
    RequestId, Timestamp,
};

fn pico(pico: i128) -> Amount {
    Amount::from_pico(pico).unwrap()
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn account(n: u128) -> AccountId {
    AccountId::from_u128(n)
}

fn provider(n: u128) -> ProviderId {
    ProviderId::from_u128(n)
}

fn stamp() -> PolicyStamp {
    let version = PolicyVersion::new("swan-2.0").unwrap();
    PolicyStamp::new(version, PolicyHash::from_bytes([7; 32]))
}

fn terms(request: u128, account_no: u128, amount: i128, expires: u64) -> HoldTerms {
    HoldTerms {
        request: RequestId::from_u128(request),
        account: account(account_no),
        currency: Currency::Usd,
        amount: pico(amount),
        expires: at(expires),
        policy: Some(stamp()),
        extended: 0,
    }
}

/// A charge whose parts go to the provider, growth fund, treasury and burn.
fn record(provider: Option<ProviderId>, parts: [Amount; 4]) -> ChargeRecord {
    let [provider_share, growth_fund, treasury, burn] = parts;
    ChargeRecord {
        model: ModelId::new("qwen3-8b").unwrap(),
        provider,
        prompt_tokens: 10,
        cached_tokens: 2,
        completion_tokens: 5,
        images: 0,
        audio_ms: 0,
        basis: UsageBasis::Reported,
        gross: Amount::checked_sum(parts).unwrap(),
        provider_share,
        growth_fund,
        treasury,
        burn,
        key: None,
        usd: None,
    }
}
