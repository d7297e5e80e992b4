//! What tests of this family and of integrators share: a clock moved by hand and ready-made fixtures.

mod clock;
mod fixtures;

pub use clock::ManualClock;
pub use fixtures::{amount, model, swan_2_0};
