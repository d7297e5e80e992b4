use serde::{Deserialize, Serialize};

/// Why a deposit is nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unmatched {
    /// The token is none that this hub takes.
    UnknownToken,
    /// It went to the treasury past the contract, so that it names nobody.
    PlainTransfer,
    /// Its reference is none of this hub's.
    UnknownReference,
    /// Its reference names an account that this hub does not know.
    UnknownAccount,
    /// Its reference names a provider that this hub does not know.
    UnknownProvider,
    /// Its reference names a provider whose collateral does not take it.
    CollateralRefused,
    /// The contract tells of it and the token does not.
    NoTransfer,
    /// It is more than the books can hold.
    OutOfRange,
    /// It is less than the books can count.
    BelowPico,
}

impl Unmatched {
    /// The reason in words.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::UnknownToken => "the token is none that this hub takes",
            Self::PlainTransfer => "it went to the treasury past the contract, so it names nobody",
            Self::UnknownReference => "its reference is none of this hub's",
            Self::UnknownAccount => "its reference names an account that this hub does not know",
            Self::UnknownProvider => "its reference names a provider that this hub does not know",
            Self::CollateralRefused => {
                "its reference names a provider whose collateral does not take it"
            }
            Self::NoTransfer => "the contract tells of it and the token does not",
            Self::OutOfRange => "it is more than the books can hold",
            Self::BelowPico => "it is less than the books can count",
        }
    }

    /// Whether an operator can say whose it is: what it is worth is known, and nobody disputes that it came in.
    #[must_use]
    pub const fn is_assignable(self) -> bool {
        matches!(
            self,
            Self::PlainTransfer
                | Self::UnknownReference
                | Self::UnknownAccount
                | Self::UnknownProvider
                | Self::CollateralRefused
        )
    }
}
