use std::time::Duration;

use swan_core::Amount;

/// What an operator decides about payments by card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PaymentOptions {
    /// The least that one order may be for, in US dollars. 1.
    pub least: Amount,
    /// The most that one order may be for, in US dollars. 10,000.
    pub most: Amount,
    /// The most orders of one account that nobody has paid yet. 20.
    pub open_max: u32,
    /// How often the hub looks whether the processor is to be asked about an order. 10 s.
    pub look_every: Duration,
    /// How many orders the processor is asked about in one turn. 50.
    pub looks_max: u32,
}

impl Default for PaymentOptions {
    fn default() -> Self {
        Self {
            least: Amount::from_units(1).unwrap_or(Amount::ZERO),
            most: Amount::from_units(10_000).unwrap_or(Amount::MAX),
            open_max: 20,
            look_every: Duration::from_secs(10),
            looks_max: 50,
        }
    }
}

impl PaymentOptions {
    /// The same, with these bounds on an order.
    #[must_use]
    pub const fn with_bounds(mut self, least: Amount, most: Amount) -> Self {
        self.least = least;
        self.most = most;
        self
    }

    /// The same, looking this often.
    #[must_use]
    pub const fn with_look_every(mut self, every: Duration) -> Self {
        self.look_every = every;
        self
    }
}
