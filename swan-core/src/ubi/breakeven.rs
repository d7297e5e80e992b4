use super::UbiError;
use crate::{Amount, BasisPoints, ExchangeRate};

/// What SWAN are worth in USD at a rate, rounded half to even to a pico-unit.
///
/// # Errors
///
/// [`UbiError::Negative`] below zero, [`UbiError::Money`] when the worth is no amount.
pub fn worth(swan: Amount, rate: ExchangeRate) -> Result<Amount, UbiError> {
    if swan.is_negative() {
        return Err(UbiError::Negative { what: "an income" });
    }
    let unit = Amount::PICO_PER_UNIT.unsigned_abs();
    Ok(swan.scaled(rate.usd().pico().unsigned_abs(), unit)?)
}

/// The least daily revenue of the network in USD at which each of `providers` equal providers earns `payout` USD from its
/// share: `payout x providers / share`, rounded up to a pico-unit.
///
/// Source: Seed 001, "Why Stop UBI": "the breakeven where inference revenue matches the best current UBI payout is just
/// $25/day". The seed does not say what the best payout was, so $25 is quoted and not derived. From the facts of SIP-003
/// (public record 3.5): the whole income, 58,369 SWAN at $0.0005016, is worth $29.28 a day, which 95 % of $30.82 match; the
/// quarter of it that reached providers with uptime matches at $7.70; its liquid 80 % (SIP-002) at $24.66, the only reading
/// that rounds to $25. Read backwards, $25 pay each of 6 operational providers $3.96 a day.
///
/// # Errors
///
/// [`UbiError::Negative`] for a payout below zero, [`UbiError::NoCapacity`] without providers or share,
/// [`UbiError::Money`] when the revenue is no amount.
pub fn breakeven(payout: Amount, providers: u32, share: BasisPoints) -> Result<Amount, UbiError> {
    if payout.is_negative() {
        return Err(UbiError::Negative { what: "a payout" });
    }
    if providers == 0 || share == BasisPoints::ZERO {
        return Err(UbiError::NoCapacity);
    }
    let whole = u128::from(BasisPoints::WHOLE.get());
    let needed = payout
        .pico()
        .unsigned_abs()
        .checked_mul(u128::from(providers) * whole);
    let needed = needed.ok_or(UbiError::TooLarge {
        what: "a breakeven",
    })?;
    Ok(Amount::from_pico(
        needed.div_ceil(u128::from(share.get())).cast_signed(),
    )?)
}
