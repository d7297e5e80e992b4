mod airdrop;
mod flows;
mod supply;
mod vesting;

use swan_core::tokenomics::TokenRules;
use swan_core::{Amount, Day, Policy};

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn units(units: i64) -> Amount {
    Amount::from_units(units).unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn rules() -> TokenRules {
    Policy::swan_1_0().tokenomics().unwrap().clone()
}

/// An amount to the cent, half to even, as pages print it.
fn cents(amount: Amount) -> String {
    let cent = Amount::PICO_PER_UNIT / 100;
    let (whole, rest) = (amount.pico() / cent, amount.pico() % cent);
    let up = rest * 2 > cent || (rest * 2 == cent && whole % 2 == 1);
    Amount::from_pico((whole + i128::from(up)) * cent)
        .unwrap()
        .to_string()
}
