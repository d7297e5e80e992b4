//! Makes a receipt from what is kept: the charge from the journal, price and hashes from the record of the request.

use swan_core::ledger::{ChargeRecord, Detail, Entry};
use swan_core::receipt::{Digest, Receipt, ReceiptPrice, SignedReceipt};
use swan_core::{AccountId, Currency, ModelPrice, PolicyStamp, RequestId, Usage};

use super::ReceiptSigner;
use crate::generations::{Generation, Generations, ended_at};
use crate::ledger::{entries_of, owner};
use crate::store::{Store, StoreError};

/// The receipt of a request that was served; `None` for others, and for requests of other accounts than `reader`.
pub(crate) async fn issue(
    store: &dyn Store,
    generations: &Generations,
    signer: &ReceiptSigner,
    (request, reader): (RequestId, Option<AccountId>),
) -> Result<Option<SignedReceipt>, StoreError> {
    let entries = entries_of(store, request).await?;
    let record = generations.find(request, None).await?;
    let record = record.as_deref();
    let payer = owner(&entries).or_else(|| record?.account);
    if reader.is_some() && payer != reader {
        return Ok(None);
    }
    let hub = &signer.published().hub;
    let charged = entries
        .iter()
        .find_map(|entry| charged(hub, request, entry));
    let receipt = charged.or_else(|| free(hub, record.filter(|_| entries.is_empty())?));
    Ok(receipt.map(|mut receipt| {
        if let Some(record) = record {
            complete(&mut receipt, record);
        }
        signer.sign(&receipt)
    }))
}

/// What the journal says.
fn charged(hub: &str, request: RequestId, entry: &Entry) -> Option<Receipt> {
    let Detail::Charge(charge) = &entry.group.cause.detail else {
        return None;
    };
    let ChargeRecord {
        prompt_tokens,
        cached_tokens,
        completion_tokens,
        ..
    } = *charge;
    let policy = entry.group.cause.policy.as_ref();
    Some(Receipt {
        hub: hub.to_owned(),
        request,
        at: entry.at,
        model: charge.model.clone(),
        provider: charge.provider,
        usage: Usage {
            images: charge.images,
            audio_ms: charge.audio_ms,
            ..Usage::tokens(prompt_tokens, cached_tokens, completion_tokens)
        },
        basis: charge.basis,
        price: None,
        usd_per_swan: None,
        discount_bps: 0,
        cost: charge.gross,
        currency: entry.group.transfers.first()?.debit.currency,
        policy: policy.map(|stamp| stamp.version().clone()),
        policy_hash: policy.and_then(PolicyStamp::hash).copied(),
        request_sha256: None,
        answer_sha256: None,
    })
}

/// What the record says of a request of the free tier, of which the journal knows nothing.
fn free(hub: &str, record: &Generation) -> Option<Receipt> {
    let served = record.decisive()?;
    record.usage?;
    let policy = record.policy.as_ref();
    Some(Receipt {
        hub: hub.to_owned(),
        request: record.request,
        at: ended_at(record),
        model: record.model.clone()?,
        provider: Some(served.provider).filter(|_| !served.is_external),
        usage: record.usage(),
        basis: record.basis?.get(),
        price: None,
        usd_per_swan: None,
        discount_bps: 0,
        cost: record.charge,
        currency: Currency::Usd,
        policy: policy.map(|stamp| stamp.version().clone()),
        policy_hash: policy.and_then(PolicyStamp::hash).copied(),
        request_sha256: None,
        answer_sha256: None,
    })
}

/// Adds what only the record knows.
fn complete(receipt: &mut Receipt, record: &Generation) {
    let priced = &record.priced;
    receipt.price = priced.price().and_then(|price| match price {
        ModelPrice::Tokens(tokens) => Some(ReceiptPrice::Tokens {
            input: tokens.input_per_million(),
            cached: tokens.cached_per_million(),
            output: tokens.output_per_million(),
        }),
        ModelPrice::PerMinute(price) => Some(ReceiptPrice::Minute(price.usd())),
        ModelPrice::PerImage(price) => Some(ReceiptPrice::Image(price.usd())),
        _ => None,
    });
    receipt.usd_per_swan = priced.rate().map(|rate| rate.rate().usd());
    if receipt.price.is_some() {
        receipt.discount_bps = record.discount;
    }
    let [asked, answered] = priced.digests();
    receipt.request_sha256 = asked.map(Digest::from_bytes);
    receipt.answer_sha256 = answered.map(Digest::from_bytes);
}
