//! Makes a receipt from what is kept: the charge from the journal, price, hashes and the provider's half
//! from the record of the request.

use swan_core::ledger::{ChargeRecord, Detail, Entry};
use swan_core::receipt::{
    Digest, Finding, HalfTold, Receipt, ReceiptPrice, SignedReceipt, SignedStatement,
};
use swan_core::{AccountId, Currency, ModelPrice, PolicyStamp, RequestId, Usage};

use super::{Came, ReceiptSigner, fits};
use crate::generations::{Generation, Generations, ended_at};
use crate::ledger::{entries_of, owner};
use crate::providers::Signers;
use crate::store::{Store, StoreError};

/// Where what receipts are made of is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) generations: &'a Generations,
    pub(crate) signers: &'a Signers,
}

/// The receipt of a request that was served; `None` for others, and for requests of other accounts than `reader`.
pub(crate) async fn issue(
    kept: Kept<'_>,
    signer: &ReceiptSigner,
    (request, reader): (RequestId, Option<AccountId>),
) -> Result<Option<SignedReceipt>, StoreError> {
    let entries = entries_of(kept.store, request).await?;
    let record = kept.generations.find(request, None).await?;
    let record = record.as_deref();
    let payer = owner(&entries).or_else(|| record?.account);
    if reader.is_some() && payer != reader {
        return Ok(None);
    }
    let hub = &signer.published().hub;
    let charged = entries
        .iter()
        .find_map(|entry| charged(hub, request, entry));
    let free = || free(hub, record.filter(|_| entries.is_empty())?);
    let Some(mut receipt) = charged.or_else(free) else {
        return Ok(None);
    };
    if let Some(record) = record {
        complete(&mut receipt, record);
    }
    let statement = attest(kept.signers, &mut receipt, record).await?;
    Ok(Some(SignedReceipt {
        provider_signature: statement,
        ..signer.sign(&receipt)
    }))
}

/// Says in the receipt what there is of the provider's half, and gives what the provider signed.
async fn attest(
    signers: &Signers,
    receipt: &mut Receipt,
    record: Option<&Generation>,
) -> Result<Option<SignedStatement>, StoreError> {
    let mut half = HalfTold {
        sent_sha256: None,
        received_sha256: None,
        finding: absent(record),
        statement_sha256: None,
        provider_key: None,
    };
    let attested = record.and_then(|record| record.attested.as_deref());
    if let Some(attested) = attested {
        half.sent_sha256 = Some(Digest::from_bytes(attested.sent));
        half.received_sha256 = attested.received.map(Digest::from_bytes);
    }
    // It is held against what the receipt says of the bytes.
    receipt.provider_half = Some(half.clone());
    let (Some(Came::Signed(signed)), Some(provider)) =
        (attested.map(|attested| &attested.came), receipt.provider)
    else {
        return Ok(None);
    };
    let keys = signers.keys(provider).await?;
    half.finding = signed.examine(receipt, &keys, fits);
    half.statement_sha256 = Some(Digest::of(signed.statement.as_bytes()));
    half.provider_key = Some(signed.key).filter(|key| keys.iter().any(|one| one.key == *key));
    receipt.provider_half = Some(half);
    Ok(Some(signed.clone()))
}

/// Why there is nothing that the provider signed.
fn absent(record: Option<&Generation>) -> Finding {
    let Some(record) = record else {
        return Finding::NotKept;
    };
    let [asked, _] = record.priced.digests();
    let is_external = record.decisive().is_some_and(|served| served.is_external);
    match (&record.attested, asked) {
        (Some(attested), _) => match attested.came {
            Came::Malformed => Finding::Malformed,
            Came::Nothing | Came::Signed(_) => Finding::Missing,
        },
        (None, None) => Finding::NotAsked,
        (None, Some(_)) if is_external => Finding::Endpoint,
        (None, Some(_)) => Finding::NoKey,
    }
}

/// A listed price as receipts have it.
pub(crate) fn listed(price: &ModelPrice) -> Option<ReceiptPrice> {
    match price {
        ModelPrice::Tokens(tokens) => Some(ReceiptPrice::Tokens {
            input: tokens.input_per_million(),
            cached: tokens.cached_per_million(),
            output: tokens.output_per_million(),
        }),
        ModelPrice::PerMinute(price) => Some(ReceiptPrice::Minute(price.usd())),
        ModelPrice::PerImage(price) => Some(ReceiptPrice::Image(price.usd())),
        _ => None,
    }
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
        provider_half: None,
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
        provider_half: None,
    })
}

/// Adds what only the record knows.
fn complete(receipt: &mut Receipt, record: &Generation) {
    let priced = &record.priced;
    receipt.price = priced.price().as_ref().and_then(listed);
    receipt.usd_per_swan = priced.rate().map(|rate| rate.rate().usd());
    if receipt.price.is_some() {
        receipt.discount_bps = record.discount;
    }
    let [asked, answered] = priced.digests();
    receipt.request_sha256 = asked.map(Digest::from_bytes);
    receipt.answer_sha256 = answered.map(Digest::from_bytes);
}
