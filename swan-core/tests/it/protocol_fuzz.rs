//! A smoke of the fuzz targets: the same functions on seeded random scripts, and on whatever proptest finds.

use proptest::prelude::*;
use swan_core::testkit::fuzz;
use swan_core::{Rng, SeededRng};

fn random_script(rng: &mut SeededRng) -> Vec<u8> {
    let length = rng.below(2_000);
    // Mostly small numbers, so that choices and lengths stay in the range where things happen.
    (0..length)
        .map(|_| match rng.below(3) {
            0 => u8::try_from(rng.below(256)).unwrap(),
            1 => u8::try_from(rng.below(17)).unwrap(),
            _ => b"{}[]\":,datadone\n\r 01"[usize::try_from(rng.below(20)).unwrap()],
        })
        .collect()
}

#[test]
fn smoke_of_the_fuzz_targets() {
    for seed in 0..1_500 {
        let script = random_script(&mut SeededRng::new(seed));
        fuzz::hub_session(&script);
        fuzz::provider_session(&script);
        fuzz::sse(&script);
        fuzz::statement(&script);
    }
}

proptest! {
    #[test]
    fn no_script_breaks_a_hub_session(script in prop::collection::vec(any::<u8>(), 0..600)) {
        fuzz::hub_session(&script);
    }

    #[test]
    fn no_script_breaks_a_provider_session(script in prop::collection::vec(any::<u8>(), 0..600)) {
        fuzz::provider_session(&script);
    }
}
