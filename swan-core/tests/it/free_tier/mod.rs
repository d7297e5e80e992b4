//! The free tier of Seed 001: what is free, how much of it, and that nobody gets more.

mod always;
mod book;
mod limits;

use swan_core::{Day, ModelId, Policy, Timestamp};

/// Noon of 10 April 2026.
fn noon() -> Timestamp {
    let day = Day::from_date(2026, 4, 10).unwrap();
    Timestamp::from_millis(day.start().as_millis() + 43_200_000)
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(noon().as_millis() + millis)
}

fn model(policy: &Policy, name: &str) -> ModelId {
    policy.model(name).unwrap().id.clone()
}

/// The built-in policy with more requests a minute and at once, so that other limits show.
fn roomy() -> Policy {
    let text = Policy::SWAN_2_0_TOML
        .replacen("requests_per_minute = 5", "requests_per_minute = 1_000", 1)
        .replacen("concurrent_requests = 1", "concurrent_requests = 3", 1);
    Policy::from_toml(&text).unwrap()
}
