//! What a store keeps of a key: a version byte, then this version's form.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use swan_core::{Amount, Currency, RequestId};

use super::key::{Fingerprint, Key};
use super::outcome::{Kept, Outcome};
use super::table::{Known, State};
use crate::store::IdempotencyRecord;

const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Body {
    request: RequestId,
    fingerprint: Fingerprint,
    state: KeptState,
}

/// The order of the variants is part of the format.
#[derive(Serialize, Deserialize)]
enum KeptState {
    Running,
    Done(Kept),
    TooLarge,
    Lost { cost: Amount, currency: Currency },
}

/// `None` for what cannot be written, which nothing here is.
pub(super) fn encode(key: Key, known: &Known) -> Option<IdempotencyRecord> {
    let body = Body {
        request: known.request,
        fingerprint: known.fingerprint.clone(),
        state: match &known.state {
            State::Running => KeptState::Running,
            State::Done(outcome) => KeptState::Done(outcome.kept()),
            State::TooLarge => KeptState::TooLarge,
            State::Lost { cost, currency } => KeptState::Lost {
                cost: *cost,
                currency: *currency,
            },
        },
    };
    Some(IdempotencyRecord {
        key: *key.as_bytes(),
        expires: known.expires,
        body: postcard::to_extend(&body, vec![VERSION]).ok()?,
    })
}

/// `None` for what this version did not write.
pub(super) fn decode(record: &IdempotencyRecord) -> Option<(Key, Known)> {
    let (version, body) = record.body.split_first()?;
    if *version != VERSION {
        return None;
    }
    let body: Body = postcard::from_bytes(body).ok()?;
    let state = match body.state {
        KeptState::Running => State::Running,
        KeptState::Done(kept) => State::Done(Arc::new(Outcome::of(kept)?)),
        KeptState::TooLarge => State::TooLarge,
        KeptState::Lost { cost, currency } => State::Lost { cost, currency },
    };
    let known = Known::kept(body.request, body.fingerprint, state, record.expires);
    Some((Key::from_bytes(record.key), known))
}
