//! Records of before charges named the key that was used, and their worth in US dollars. They are read, never written.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;
use swan_core::ledger::{self, Entry, UsageBasis};
use swan_core::{Amount, ModelId, ProviderId};

use super::version_3;

/// Reads the entries with these numbers and answers what comes after them.
pub(super) fn read<'a>(
    content: &'a [u8],
    numbers: Range<u64>,
    entries: &mut Vec<Entry>,
) -> postcard::Result<&'a [u8]> {
    version_3::read_with::<Detail>(content, numbers, entries)
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
    images: u64,
    audio_ms: u64,
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
            images: old.images,
            audio_ms: old.audio_ms,
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
