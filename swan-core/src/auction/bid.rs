use sha2::{Digest as _, Sha256};

use crate::{Amount, ProviderId, RequestId, Timestamp};

/// What seals a bid until all bids are in: the SHA-256 of job, bidder, price and a random number of the bidder's.
///
/// Nobody learns the price from it, the hub included, and the bidder cannot change it afterwards. Job and bidder go in so
/// that nobody can copy another's commitment; the random number so that nobody can try all prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Commitment([u8; 32]);

impl Commitment {
    /// The commitment to `price`, in SWAN. The bidder draws `nonce` at random for each bid and keeps it until the reveal.
    #[must_use]
    pub fn to(job: RequestId, bidder: ProviderId, price: Amount, nonce: &[u8; 32]) -> Self {
        let mut digest = Sha256::new();
        digest.update(b"swan auction bid 1");
        digest.update(job.as_u128().to_be_bytes());
        digest.update(bidder.as_u128().to_be_bytes());
        digest.update(price.pico().to_be_bytes());
        digest.update(nonce);
        Self(digest.finalize().into())
    }

    /// The commitment with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Why a bid, a withdrawal or a reveal is not taken. It changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BidRefusal {
    /// The time for it is over.
    #[error("it came too late, at {now}; the time for it ended at {ended}")]
    Late {
        /// When it came.
        now: Timestamp,
        /// When the time ended.
        ended: Timestamp,
    },
    /// Bids are revealed only after the last one is in.
    #[error("bids are revealed from {from} on")]
    Early {
        /// From when.
        from: Timestamp,
    },
    /// The auction has been decided or cancelled.
    #[error("the auction takes nothing more")]
    Over,
    /// The bidder has a bid already.
    #[error("the bidder has a bid in this auction already")]
    Duplicate,
    /// The bidder withdrew its bid, and does not come back.
    #[error("the bidder withdrew from this auction")]
    Withdrawn,
    /// The bidder made no bid.
    #[error("the bidder has no bid in this auction")]
    NoBid,
    /// The bid was revealed already.
    #[error("the bid is revealed already")]
    Revealed,
    /// Price and random number are not those that were committed to.
    #[error("price and nonce are not those of the sealed bid")]
    Mismatch,
    /// A price of nothing or less, or above what the consumer pays at most.
    #[error("a price of {price} does not lie above 0 and up to {ceiling}")]
    Price {
        /// The price.
        price: Amount,
        /// The most that the consumer pays.
        ceiling: Amount,
    },
    /// Too little is at stake.
    #[error("a bidder needs a collateral of {needed}, and holds {held}")]
    Collateral {
        /// What it holds.
        held: Amount,
        /// What it needs.
        needed: Amount,
    },
    /// The auction has as many bids as the policy lets in.
    #[error("the auction takes {most} bids at most")]
    Full {
        /// How many.
        most: usize,
    },
}
