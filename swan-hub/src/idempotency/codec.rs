//! What a store keeps of a key: a version byte, then this version's form.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use swan_core::{Amount, Currency, RequestId};

use super::Owner;
use super::key::{Fingerprint, Key};
use super::outcome::{Kept, Outcome};
use super::table::{Known, State};
use crate::store::IdempotencyRecord;

const VERSION: u8 = 2;
/// Without the owner.
const VERSION_1: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Body {
    owner: Owner,
    rest: Rest,
}

#[derive(Serialize, Deserialize)]
struct Rest {
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
    Withheld { made: String },
}

/// `None` for what cannot be written, which nothing here is.
pub(super) fn encode(key: Key, known: &Known) -> Option<IdempotencyRecord> {
    let rest = Rest {
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
            State::Withheld { made } => KeptState::Withheld { made: made.clone() },
        },
    };
    let owner = known.owner;
    let body = Body { owner, rest };
    Some(IdempotencyRecord {
        key: *key.as_bytes(),
        expires: known.expires,
        body: postcard::to_extend(&body, vec![VERSION]).ok()?,
    })
}

/// `None` for what this version did not write.
pub(super) fn decode(record: &IdempotencyRecord) -> Option<(Key, Known)> {
    let (version, body) = record.body.split_first()?;
    let Body { owner, rest } = match *version {
        VERSION => postcard::from_bytes(body).ok()?,
        VERSION_1 => Body {
            owner: Owner::UNKNOWN,
            rest: postcard::from_bytes(body).ok()?,
        },
        _ => return None,
    };
    let state = match rest.state {
        KeptState::Running => State::Running,
        KeptState::Done(kept) => State::Done(Arc::new(Outcome::of(kept)?)),
        KeptState::TooLarge => State::TooLarge,
        KeptState::Lost { cost, currency } => State::Lost { cost, currency },
        KeptState::Withheld { made } => State::Withheld { made },
    };
    let (request, print) = (rest.request, rest.fingerprint);
    let known = Known::kept(owner, request, print, state, record.expires);
    Some((Key::from_bytes(record.key), known))
}
