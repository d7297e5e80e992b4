use crate::{AccountId, Day};

/// The leave for one free request. It ends exactly once: [`settle`](super::FreeTier::settle) and
/// [`cancel`](super::FreeTier::cancel) take it, and it cannot be copied.
///
/// Whoever carries it ends it when the request is dropped, since the account has one request less until then.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "until it is settled or cancelled its tokens and its place stay reserved"]
pub struct FreePass {
    pub(super) account: AccountId,
    pub(super) number: u64,
    pub(super) day: Day,
    pub(super) reserved: u64,
}

/// The pass is not one of this account's open requests: it comes from elsewhere. Nothing has been counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("free request {number} of account {account} is not open here")]
#[non_exhaustive]
pub struct PassError {
    /// The account that the pass is for.
    pub account: AccountId,
    /// Which of the account's requests it is.
    pub number: u64,
}

impl FreePass {
    /// Who was admitted.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The day in which it was admitted, and whose tokens it uses even when it ends on the next.
    #[must_use]
    pub const fn day(&self) -> Day {
        self.day
    }

    /// The tokens that are set aside for it.
    #[must_use]
    pub const fn reserved_tokens(&self) -> u64 {
        self.reserved
    }

    pub(super) const fn unknown(&self) -> PassError {
        PassError {
            account: self.account,
            number: self.number,
        }
    }
}
