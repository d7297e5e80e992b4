//! Sums of money that grow for as long as a hub runs.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use swan_core::Amount;

const PICO_PER_MICRO: u128 = 1_000_000;

/// A sum in two counters without a carry between them: 10^-6 of the currency, and what is left of each amount in 10^-12.
///
/// Each holds for more than 10^13 of the currency, or as many amounts.
#[derive(Debug, Default)]
pub(super) struct Money {
    micro: AtomicU64,
    pico: AtomicU64,
}

impl Money {
    /// Adds what was charged, which is never negative.
    pub(super) fn add(&self, amount: Amount) {
        let pico = u128::try_from(amount.pico()).unwrap_or_default();
        let micro = u64::try_from(pico / PICO_PER_MICRO).unwrap_or(u64::MAX);
        if micro > 0 {
            self.micro.fetch_add(micro, Relaxed);
        }
        let rest = u64::try_from(pico % PICO_PER_MICRO).unwrap_or_default();
        if rest > 0 {
            self.pico.fetch_add(rest, Relaxed);
        }
    }

    /// The sum in 10^-12 of the currency.
    pub(super) fn pico(&self) -> u128 {
        let micro = u128::from(self.micro.load(Relaxed));
        micro * PICO_PER_MICRO + u128::from(self.pico.load(Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_go_beyond_64_bits_of_pico_units_to_the_last_digit() {
        let money = Money::default();
        let amount: Amount = "9999999.000000000007".parse().unwrap();
        for _ in 0..10 {
            money.add(amount);
        }
        let sum = Amount::from_pico(i128::try_from(money.pico()).unwrap()).unwrap();
        assert!(money.pico() > u128::from(u64::MAX));
        assert_eq!(sum.to_string(), "99999990.00000000007");
    }
}
