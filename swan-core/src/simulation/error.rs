use crate::collateral::CollateralError;
use crate::split::RevenueError;
use crate::{MoneyError, PolicyError, PricingError};

/// Why a scenario cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// A number of the scenario is absurd.
    #[error("the scenario says {field} = {value}, but it lies between {least} and {most}")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// Its value.
        value: u64,
        /// The least that makes sense.
        least: u64,
        /// The most that can be played.
        most: u64,
    },
    /// The policy has no such model.
    #[error("the policy has no chat model {model:?}")]
    UnknownModel {
        /// The name.
        model: String,
    },
    /// The model has no price for what it does.
    #[error(transparent)]
    Pricing(#[from] PricingError),
    /// The collateral rule wants something that a simulation has not.
    #[error(transparent)]
    Collateral(#[from] CollateralError),
    /// The revenue of a day was not taken.
    #[error(transparent)]
    Revenue(#[from] RevenueError),
    /// An amount left the range of money.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The policy lacks something, or a remedy does not fit it.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}
