//! Records of before policies had hashes, and charges counts of images and audio: each entry names the version of its policy
//! alone. They are read, never written.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;
use swan_core::ledger::{self, Cause, Entry, Group, Rule, Transfer, UsageBasis};
use swan_core::{Amount, ModelId, PolicyStamp, PolicyVersion, ProviderId, RequestId, Timestamp};

/// The order of the fields is the format.
#[derive(Deserialize)]
struct Written {
    at: Timestamp,
    transfers: Vec<Transfer>,
    rule: Rule,
    request: Option<RequestId>,
    policy: Option<PolicyVersion>,
    detail: Detail,
}

/// Reads the entries with these numbers and answers what comes after them.
pub(super) fn read<'a>(
    mut content: &'a [u8],
    numbers: Range<u64>,
    entries: &mut Vec<Entry>,
) -> postcard::Result<&'a [u8]> {
    for seq in numbers {
        let (written, rest) = postcard::take_from_bytes::<Written>(content)?;
        content = rest;
        entries.push(Entry {
            seq,
            at: written.at,
            group: Group {
                transfers: written.transfers,
                cause: Cause {
                    rule: written.rule,
                    request: written.request,
                    policy: written.policy.map(PolicyStamp::without_hash),
                    detail: written.detail.into(),
                },
            },
        });
    }
    Ok(content)
}

#[derive(Deserialize)]
enum Detail {
    None,
    Note(Cow<'static, str>),
    Charge(ChargeRecord),
}

#[derive(Deserialize)]
struct ChargeRecord {
    model: ModelId,
    provider: Option<ProviderId>,
    prompt_tokens: u64,
    cached_tokens: u64,
    completion_tokens: u64,
    basis: UsageBasis,
    gross: Amount,
    provider_share: Amount,
    growth_fund: Amount,
    treasury: Amount,
    burn: Amount,
}

impl From<Detail> for ledger::Detail {
    fn from(old: Detail) -> Self {
        match old {
            Detail::None => Self::None,
            Detail::Note(text) => Self::Note(text),
            Detail::Charge(record) => Self::Charge(record.into()),
        }
    }
}

impl From<ChargeRecord> for ledger::ChargeRecord {
    fn from(old: ChargeRecord) -> Self {
        Self {
            model: old.model,
            provider: old.provider,
            prompt_tokens: old.prompt_tokens,
            cached_tokens: old.cached_tokens,
            completion_tokens: old.completion_tokens,
            images: 0,
            audio_ms: 0,
            basis: old.basis,
            gross: old.gross,
            provider_share: old.provider_share,
            growth_fund: old.growth_fund,
            treasury: old.treasury,
            burn: old.burn,
            key: None,
            usd: None,
        }
    }
}
