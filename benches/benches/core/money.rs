use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion};
use swan_core::ledger::{ChargeRecord, Group, Ledger, UsageBasis, entries};
use swan_core::{
    AccountId, Amount, Currency, ModelId, Policy, Pricing as _, ProviderId, RequestId,
    RevenueSplit as _, SeedPricing, Split, StampedRate, Terms, Timestamp, TransferId, Usage,
};

const USAGE: Usage = Usage::tokens(812, 96, 346);
const ACCOUNT: AccountId = AccountId::from_u128(1);
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

pub(crate) fn benches(criterion: &mut Criterion) {
    let policy = Policy::swan_2_0();
    let model = policy.model("qwen3-8b").expect("a model of the catalogue");
    let terms = SeedPricing::new()
        .terms(&policy, model, Currency::Usd, None, NOW)
        .expect("a price per token");
    let shares = policy.split();
    criterion.bench_function("price and split of one request", |bench| {
        bench.iter(|| shares.split(terms.price(black_box(&USAGE)).expect("a price")));
    });
    each_unit(criterion, &policy);
    let gross = terms.price(&USAGE).expect("a price");
    split_phases(criterion, &policy, gross);
    let record = record(&model.id, gross, shares.split(gross));
    criterion.bench_function("ledger: hold and settle of one request", |bench| {
        bench.iter_batched_ref(
            funded,
            |(ledger, next)| pay(ledger, next, &terms, &record),
            BatchSize::NumIterations(10_000),
        );
    });
}

/// Every phase of the split schedule (Seed 001): two, three and four parts of one charge.
fn split_phases(criterion: &mut Criterion, policy: &Policy, gross: Amount) {
    let mut group = criterion.benchmark_group("split of one charge");
    for phase in policy.split_schedule().phases() {
        let shares = phase.shares();
        group.bench_function(phase.name(), |bench| {
            bench.iter(|| shares.split(black_box(gross)));
        });
    }
    group.finish();
}

/// Quote and charge for tokens, images and audio, in dollars and in SWAN.
fn each_unit(criterion: &mut Criterion, policy: &Policy) {
    let rate = "0.0005016".parse().expect("a rate");
    let rate = StampedRate::new(rate, "bench", NOW);
    for (name, used) in [
        ("qwen3-8b", USAGE),
        ("sdxl", Usage::of_images(4)),
        ("whisper-1", Usage::of_audio_ms(95_400)),
    ] {
        let model = policy.model(name).expect("a model of the catalogue");
        for payment in Currency::ALL {
            let terms = || {
                SeedPricing::new()
                    .terms(policy, model, payment, Some(&rate), NOW)
                    .expect("terms")
            };
            let agreed = terms();
            criterion.bench_function(&format!("quote of {name} in {payment}"), |bench| {
                bench.iter(|| terms().quote(black_box(used)).expect("a quote"));
            });
            criterion.bench_function(&format!("charge of {name} in {payment}"), |bench| {
                bench.iter(|| agreed.price(black_box(&used)).expect("a price"));
            });
        }
    }
}

/// A ledger with one rich consumer, and the number of the next request.
fn funded() -> (Ledger, u128) {
    let mut ledger = Ledger::new();
    let amount: Amount = "1000000".parse().expect("an amount");
    let grant = entries::grant(
        TransferId::from_u128(7),
        ACCOUNT,
        Currency::Usd,
        amount,
        "bench",
    );
    apply(&mut ledger, &grant);
    (ledger, 1)
}

fn record(model: &ModelId, gross: Amount, split: Split) -> ChargeRecord {
    ChargeRecord {
        model: model.clone(),
        provider: Some(ProviderId::from_u128(2)),
        prompt_tokens: USAGE.prompt_tokens,
        cached_tokens: USAGE.cached_tokens,
        completion_tokens: USAGE.completion_tokens,
        images: 0,
        audio_ms: 0,
        basis: UsageBasis::Reported,
        gross,
        provider_share: split.provider,
        growth_fund: split.growth_fund,
        treasury: split.treasury,
        burn: split.burn,
        key: None,
        usd: None,
    }
}

fn pay(ledger: &mut Ledger, next: &mut u128, terms: &Terms, record: &ChargeRecord) {
    *next += 1;
    let worst = Usage::tokens(4096, 0, 4096);
    let hold = entries::HoldTerms {
        request: RequestId::from_u128(*next),
        account: ACCOUNT,
        currency: Currency::Usd,
        amount: terms.price(&worst).expect("a price"),
        expires: NOW.after(Duration::from_secs(600)),
        policy: None,
        extended: 0,
    };
    apply(ledger, &entries::hold(&hold));
    let settle = entries::settle(&hold, record.clone()).expect("a whole record");
    apply(ledger, &settle);
}

fn apply(ledger: &mut Ledger, group: &Group) {
    let applied = ledger.apply(group, NOW).expect("a group that can stand");
    let _seen = black_box(applied);
}
