/// Why what a provider reports about its machine is no description of a machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HardwareError {
    /// The text is no name of a card.
    #[error("the GPU name is not valid: {reason}")]
    Name {
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// A number that no machine has.
    #[error("{field} = {value} is not believable: {rule}")]
    Absurd {
        /// What was reported, as the protocol names it.
        field: &'static str,
        /// The value as reported.
        value: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
}
