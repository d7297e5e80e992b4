//! Sees one request go by, and says at its end what it was.

use super::SigningKey;
use crate::clock::wall_time;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use swan_core::ReportedUsage;
use swan_core::protocol::{Operation, Request};
use swan_core::receipt::{Digest, SignTerms, SignedStatement, StatedUsage, Statement};

use crate::jobs::Tail;

/// Of how long a whole answer the counts are read: beyond it they are not stated.
const WHOLE_MAX: usize = 4 * 1024 * 1024;

/// What is gathered of one request for which the hub has asked for a statement.
#[derive(Debug)]
pub(crate) struct Witness {
    key: Arc<SigningKey>,
    request_id: String,
    terms: SignTerms,
    asked: Bytes,
    operation: Operation,
    answered: Sha256,
    counts: Counts,
}

/// Where the counts stand.
#[derive(Debug)]
enum Counts {
    /// At the end of a stream.
    Stream(Tail),
    /// Somewhere in the answer, of which these are the pieces.
    Whole { pieces: Vec<Bytes>, length: usize },
}

/// The members of a whole answer that count.
#[derive(Debug, Deserialize)]
struct Facts<'a> {
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    data: Option<Vec<IgnoredAny>>,
}

impl Witness {
    /// Of a request, if it asks for a statement and there is a key to sign it with.
    pub(crate) fn of(request: &Request, key: Option<&Arc<SigningKey>>) -> Option<Box<Self>> {
        let (terms, key) = (request.sign.as_deref()?, key?);
        let counts = match request.streaming {
            true => Counts::Stream(Tail::default()),
            false => Counts::Whole {
                pieces: Vec::new(),
                length: 0,
            },
        };
        Some(Box::new(Self {
            key: Arc::clone(key),
            request_id: request.request_id.clone(),
            terms: terms.clone(),
            asked: request.body.clone(),
            operation: request.operation.clone(),
            answered: Sha256::new(),
            counts,
        }))
    }

    /// A piece of the answer that goes to the hub.
    pub(crate) fn saw(&mut self, piece: &Bytes) {
        self.answered.update(piece);
        match &mut self.counts {
            Counts::Stream(tail) => tail.push(piece),
            Counts::Whole { pieces, length } => {
                *length = length.saturating_add(piece.len());
                match *length > WHOLE_MAX {
                    true => pieces.clear(),
                    false => pieces.push(piece.clone()),
                }
            }
        }
    }

    /// The answer is whole.
    pub(crate) fn sign(self) -> SignedStatement {
        let usage = match &self.counts {
            Counts::Stream(tail) => tail.reported().map(stated).unwrap_or_default(),
            Counts::Whole { pieces, .. } => counted(&self.operation, pieces),
        };
        self.key.sign(&Statement {
            request: self.request_id,
            at: wall_time(),
            terms: self.terms,
            usage,
            request_sha256: Digest::of(&self.asked),
            answer_sha256: Digest::from_bytes(self.answered.finalize().into()),
        })
    }
}

fn counted(operation: &Operation, pieces: &[Bytes]) -> StatedUsage {
    let body = match pieces {
        [one] => one.clone(),
        many => many.concat().into(),
    };
    // Subtitles and such have no counts, and what was too long is not here any more.
    let Ok(facts) = serde_json::from_slice::<Facts<'_>>(&body) else {
        return StatedUsage::default();
    };
    let usage = facts.usage.map(|usage| usage.get().as_bytes());
    let usage = usage.and_then(|usage| ReportedUsage::from_json(usage).ok());
    let images = facts.data.map(|data| data.len() as u64);
    StatedUsage {
        images: images.filter(|_| *operation == Operation::ImagesGenerations),
        ..usage.map(stated).unwrap_or_default()
    }
}

fn stated(usage: ReportedUsage) -> StatedUsage {
    StatedUsage {
        prompt_tokens: usage.prompt_tokens(),
        cached_tokens: usage.cached_tokens(),
        completion_tokens: usage.completion_tokens(),
        images: None,
    }
}
