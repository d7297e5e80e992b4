//! Exact percentiles: a round has some hundred thousand samples, so keeping them all is cheaper than being clever.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Durations of one kind, in the order they were taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples {
    micros: Vec<u32>,
}

impl Samples {
    pub(crate) fn push(&mut self, taken: Duration) {
        self.micros
            .push(u32::try_from(taken.as_micros()).unwrap_or(u32::MAX));
    }

    pub(crate) fn len(&self) -> usize {
        self.micros.len()
    }

    pub(crate) fn extend(&mut self, other: &Self) {
        self.micros.extend_from_slice(&other.micros);
    }

    pub(crate) fn percentiles(mut self) -> Percentiles {
        self.micros.sort_unstable();
        let at = |permille: usize| {
            let index =
                (self.micros.len() * permille / 1000).min(self.micros.len().saturating_sub(1));
            f64::from(self.micros.get(index).copied().unwrap_or(0)) / 1000.0
        };
        Percentiles {
            p50_ms: at(500),
            p90_ms: at(900),
            p99_ms: at(990),
        }
    }
}

/// Half, nine tenths and ninety-nine hundredths of the samples took at most so many milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Percentiles {
    /// The median, in milliseconds.
    pub p50_ms: f64,
    /// The ninth decile, in milliseconds.
    pub p90_ms: f64,
    /// The last percentile, in milliseconds.
    pub p99_ms: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_a_thousand_samples_are_exact() {
        let mut samples = Samples::default();
        for micros in (0..1000).rev() {
            samples.push(Duration::from_micros(micros));
        }
        let percentiles = samples.percentiles();
        assert!((percentiles.p50_ms - 0.5).abs() < 1e-9);
        assert!((percentiles.p90_ms - 0.9).abs() < 1e-9);
        assert!((percentiles.p99_ms - 0.99).abs() < 1e-9);
    }

    #[test]
    fn no_samples_are_zero() {
        assert!(Samples::default().percentiles().p99_ms.abs() < 1e-9);
    }
}
