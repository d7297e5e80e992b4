//! The hub of one life, with the bugs that are planted in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use swan_core::{
    Amount, Currency, Model, ModelPrice, Policy, Pricing, PricingError, RevenueSplit, SeedPricing,
    Split, StampedRate, Terms, Timestamp, TokenPrice,
};
use swan_hub::ledger::BooksOptions;
use swan_hub::store::StoreError;
use swan_hub::{Durability, Hub, HubError, IdempotencyOptions, KeyRules, Limits, SystemEntropy};
use tokio::time;

use super::prediction::SLICE;
use super::weather::Bug;
use crate::disk::SimStore;
use crate::gateway::market::Served;
use crate::life::Life;

/// Starts until it works, as an operator would.
pub(super) async fn opened(
    store: &SimStore,
    life: &Arc<Life>,
    (entropy, served, bug): (u64, Served, Option<Bug>),
) -> Result<Hub, HubError> {
    let mut rules = KeyRules::default();
    rules.free_tier = false;
    let mut limits = Limits::default();
    limits.stream_slice_tokens = u64::try_from(SLICE).unwrap();
    limits.retries_per_sec = 1_000;
    let mut keys = IdempotencyOptions::default();
    let mut books = BooksOptions::default();
    match bug {
        Some(Bug::ForgetsKeys) => keys.ttl = Duration::from_millis(1),
        Some(Bug::TellsEarly) => books = books.with_durability(Durability::Relaxed),
        _ => {}
    }
    loop {
        let mut builder = Hub::builder()
            .with_store(Arc::new(store.clone()))
            .with_clock(Arc::clone(life) as _)
            .with_entropy(Arc::new(SystemEntropy::seeded(entropy)))
            .with_key_rules(rules.clone())
            .with_hedging(served.hedging())
            .with_limits(limits.clone())
            .with_idempotency(keys)
            .with_books(books.clone());
        match bug {
            Some(Bug::ChargesDouble) => builder = builder.with_pricing(Arc::<Doubles>::default()),
            Some(Bug::SharesMore) => builder = builder.with_split(Arc::new(More)),
            _ => {}
        }
        match builder.build().await {
            Err(HubError::Store(StoreError::Unavailable { .. })) => {
                time::sleep(Duration::from_millis(50)).await;
            }
            opened => return opened,
        }
    }
}

/// Every hundredth price is twice what it should be.
#[derive(Debug, Default)]
struct Doubles(AtomicU64);

impl Pricing for Doubles {
    fn terms(
        &self,
        policy: &Policy,
        model: &Model,
        payment: Currency,
        rate: Option<&StampedRate>,
        now: Timestamp,
    ) -> Result<Terms, PricingError> {
        let mut model = model.clone();
        if self.0.fetch_add(1, Ordering::Relaxed) % 100 == 99 {
            model.price = doubled();
        }
        SeedPricing::new().terms(policy, &model, payment, rate, now)
    }
}

fn doubled() -> ModelPrice {
    let [input, output] = ["0.02", "0.06"].map(|price| price.parse().unwrap());
    ModelPrice::Tokens(TokenPrice::per_million(input, output).unwrap())
}

/// A hundredth that is the growth fund's goes to the provider.
#[derive(Debug)]
struct More;

impl RevenueSplit for More {
    fn split(&self, gross: Amount) -> Split {
        let part = |hundredths: i128| Amount::from_pico(gross.pico() * hundredths / 100).unwrap();
        let [provider, growth_fund] = [96, 4].map(part);
        Split {
            provider,
            growth_fund,
            ..Split::default()
        }
    }
}
