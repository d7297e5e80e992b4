use super::Terms;
use crate::{Amount, Currency, Usage};

/// The most that a request may cost, and the terms by which it will be charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    terms: Terms,
    worst: Usage,
    amount: Amount,
}

impl Quote {
    pub(super) const fn new(terms: Terms, worst: Usage, amount: Amount) -> Self {
        Self {
            terms,
            worst,
            amount,
        }
    }

    /// The terms.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The most that the request may use.
    #[must_use]
    pub const fn worst(&self) -> &Usage {
        &self.worst
    }

    /// What that costs, in [`Quote::currency`].
    #[must_use]
    pub const fn amount(&self) -> Amount {
        self.amount
    }

    /// What is paid in.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.terms.currency()
    }
}
