use std::fmt;

use super::Rational;
use super::scan::Found;

/// The number that answers an item, and how far off an answer may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    value: Rational,
    within: Option<Rational>,
}

impl Expected {
    /// A whole number, exactly.
    #[must_use]
    pub const fn whole(number: i64) -> Self {
        Self {
            value: Rational::whole(number),
            within: None,
        }
    }

    /// A fraction, exactly; a denominator of zero counts as one.
    #[must_use]
    pub fn ratio(numerator: i64, denominator: i64) -> Self {
        let value = Rational::new(numerator.into(), denominator.into());
        Self {
            value: value.unwrap_or(Rational::whole(numerator)),
            within: None,
        }
    }

    /// The same, where `numerator / denominator` more or less will do, such as 1/100 where the question asks for cents.
    #[must_use]
    pub fn within(self, numerator: i64, denominator: i64) -> Self {
        Self {
            within: Rational::new(numerator.into(), denominator.into()),
            ..self
        }
    }

    /// The number.
    #[must_use]
    pub const fn value(&self) -> Rational {
        self.value
    }

    /// How far off an answer may be; nothing when it must be exact.
    #[must_use]
    pub const fn tolerance(&self) -> Option<Rational> {
        self.within
    }

    /// Whether what was found in an answer is the number. A percentage may stand for its fraction or for its figure.
    pub(super) fn accepts(&self, found: &Found) -> bool {
        let hundredth = Rational::new(1, 100);
        let fraction = hundredth.and_then(|part| found.value.times(part));
        let readings = [Some(found.value), fraction.filter(|_| found.is_percent)];
        readings.into_iter().flatten().any(|value| {
            value == self.value
                || self
                    .within
                    .is_some_and(|distance| value.is_within(self.value, distance))
        })
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)?;
        match self.within {
            Some(distance) => write!(f, " within {distance}"),
            None => Ok(()),
        }
    }
}
