use core::fmt;

use serde::{Deserialize, Serialize};

/// Where a hold stands. All but [`HoldState::Pending`] are final. The order of the variants is part of the format of snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a hold has these states and no others (DESIGN section 5)"
)]
pub enum HoldState {
    /// The amount is set aside.
    Pending,
    /// It was charged, wholly or partly.
    Posted,
    /// It was released.
    Voided,
    /// Its time passed.
    Expired,
}

/// What can happen to a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a hold has these events and no others (DESIGN section 5)"
)]
pub enum HoldEvent {
    /// Charge it.
    Post,
    /// Release it.
    Void,
    /// Its time has passed.
    Expire,
}

/// A hold that has ended cannot end again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the hold is already {state}")]
#[non_exhaustive]
pub struct HoldOver {
    /// How it ended.
    pub state: HoldState,
}

impl HoldState {
    /// The state after `event`.
    ///
    /// # Errors
    /// [`HoldOver`] when the hold has ended; a late event never changes how.
    pub const fn on(self, event: HoldEvent) -> Result<Self, HoldOver> {
        match (self, event) {
            (Self::Pending, HoldEvent::Post) => Ok(Self::Posted),
            (Self::Pending, HoldEvent::Void) => Ok(Self::Voided),
            (Self::Pending, HoldEvent::Expire) => Ok(Self::Expired),
            (
                Self::Posted | Self::Voided | Self::Expired,
                HoldEvent::Post | HoldEvent::Void | HoldEvent::Expire,
            ) => Err(HoldOver { state: self }),
        }
    }
}

impl fmt::Display for HoldState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Posted => "posted",
            Self::Voided => "voided",
            Self::Expired => "expired",
        })
    }
}
