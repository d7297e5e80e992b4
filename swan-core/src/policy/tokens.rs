use super::{Policy, PolicyError};
use crate::auction::AuctionRules;
use crate::tokenomics::TokenRules;
use crate::ubi::UbiRules;

impl Policy {
    /// The basic income: curve, taper and how they are shared.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] when the policy has no `[ubi]`.
    pub fn ubi(&self) -> Result<&UbiRules, PolicyError> {
        self.ubi.as_ref().ok_or_else(|| PolicyError::missing("ubi"))
    }

    /// The token: supply, allocation, release, fees.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] when the policy has no `[tokenomics]`.
    pub fn tokenomics(&self) -> Result<&TokenRules, PolicyError> {
        self.tokenomics
            .as_ref()
            .ok_or_else(|| PolicyError::missing("tokenomics"))
    }

    /// How jobs are auctioned.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] when the policy has no `[auction]`; Swan 2.0 auctions nothing.
    pub fn auction(&self) -> Result<&AuctionRules, PolicyError> {
        self.auction
            .as_ref()
            .ok_or_else(|| PolicyError::missing("auction"))
    }
}
