use swan_core::free_tier::{FreeTier, Limit, Refused, Registration};
use swan_core::{AccountId, Day, Policy, Timestamp};

use super::{at, model, noon, roomy};

const ACCOUNT: AccountId = AccountId::from_u128(7);

fn limit<T: std::fmt::Debug>(answer: Result<T, Refused>) -> Limit {
    answer.unwrap_err().limit()
}

#[test]
fn the_rules_are_the_seeds() {
    let policy = Policy::swan_2_0();
    let rules = policy.free_tier().unwrap();
    let free = ["stheno-8b", "qwen3:8b"].map(|name| model(&policy, name));
    assert_eq!(rules.models(), free);
    let limits = (
        rules.tokens_per_day(),
        rules.requests_per_minute(),
        rules.concurrent_requests(),
    );
    assert_eq!(limits, (50_000, 5, 1));
    assert_eq!(rules.registration(), Registration::ApiKey);
    assert_eq!(rules.upgrade(), "top up in USDC or pay with SWAN");
    let none = Policy::swan_1_0();
    assert!(
        none.free_tier()
            .unwrap_err()
            .to_string()
            .contains("free_tier")
    );
    let qwen = model(&policy, "qwen3:8b");
    let refused = FreeTier::new(ACCOUNT)
        .admit(&none, noon(), &qwen, 1)
        .unwrap_err();
    assert_eq!(
        (refused.limit(), refused.retry_after_secs()),
        (Limit::NoFreeTier, None)
    );
}

#[test]
fn other_models_and_requests_beyond_a_day_are_refused_for_good() {
    let policy = Policy::swan_2_0();
    let (qwen, dear) = (model(&policy, "qwen3:8b"), model(&policy, "qwen3:32b"));
    let mut account = FreeTier::new(ACCOUNT);
    let refused = account.admit(&policy, noon(), &dear, 1).unwrap_err();
    assert_eq!(
        (
            refused.limit(),
            refused.resets(),
            refused.retry_after_secs()
        ),
        (Limit::Model, None, None)
    );
    assert_eq!(
        refused.to_string(),
        format!(
            "not free: Seed 001, Free Tier: available models of {}: model was Qwen/Qwen3-32B, needed one of \
             Sao10K/L3-8B-Stheno-v3.2, Qwen/Qwen3-8B; to go on now, top up in USDC or pay with SWAN",
            policy.stamp()
        )
    );
    assert_eq!(
        limit(account.admit(&policy, noon(), &qwen, 50_001)),
        Limit::RequestTokens
    );
    let pass = account.admit(&policy, noon(), &qwen, 50_000).unwrap();
    assert_eq!(
        (account.used_tokens(), account.reserved_tokens()),
        (0, 50_000)
    );
    assert_eq!(
        account.settle(pass, 60_000),
        Ok(50_000),
        "no more than was set aside"
    );
    assert_eq!(
        (account.used_tokens(), account.reserved_tokens()),
        (50_000, 0)
    );
}

#[test]
fn a_days_tokens_end_at_the_last_and_come_back_at_midnight() {
    let policy = Policy::swan_2_0();
    let qwen = model(&policy, "qwen3:8b");
    let mut account = FreeTier::new(ACCOUNT);
    let pass = account.admit(&policy, noon(), &qwen, 49_990).unwrap();
    assert_eq!(account.settle(pass, 49_990), Ok(49_990));
    let refused = account.admit(&policy, at(500), &qwen, 11).unwrap_err();
    let midnight = noon().day().end();
    assert_eq!(
        (refused.limit(), refused.resets()),
        (Limit::TokensPerDay, Some(midnight))
    );
    assert_eq!(
        refused.retry_after_secs(),
        Some(43_200),
        "half a second more is rounded up"
    );
    assert_eq!(refused.upgrade(), "top up in USDC or pay with SWAN");
    let facts = refused.grounds().to_string();
    assert!(
        facts.contains("tokens used today was 49990, needed at most 49989"),
        "{facts}"
    );
    let pass = account.admit(&policy, at(1_000), &qwen, 10).unwrap();
    assert_eq!(account.settle(pass, 10), Ok(10));
    let last = Timestamp::from_millis(midnight.as_millis() - 1);
    let refused = account.admit(&policy, last, &qwen, 1).unwrap_err();
    assert_eq!(
        (refused.limit(), refused.retry_after_secs()),
        (Limit::TokensPerDay, Some(1))
    );
    let pass = account.admit(&policy, midnight, &qwen, 50_000).unwrap();
    assert_eq!(pass.day(), Day::from_date(2026, 4, 11).unwrap());
    assert_eq!(account.cancel(pass), Ok(()));
}

#[test]
fn a_request_counts_for_the_day_in_which_it_began() {
    let policy = roomy();
    let qwen = model(&policy, "qwen3:8b");
    let mut account = FreeTier::new(ACCOUNT);
    let midnight = noon().day().end();
    let before = Timestamp::from_millis(midnight.as_millis() - 1);
    let first = account.admit(&policy, before, &qwen, 40_000).unwrap();
    let late = account.admit(&policy, before, &qwen, 10_000).unwrap();
    assert_eq!(account.settle(late, 9_000), Ok(9_000));
    let second = account.admit(&policy, midnight, &qwen, 50_000).unwrap();
    assert_eq!(
        (account.used_tokens(), account.reserved_tokens()),
        (0, 50_000)
    );
    assert_eq!(account.settle(first, 40_000), Ok(40_000));
    assert_eq!(account.used_tokens(), 0, "yesterday's");
    assert_eq!(account.settle(second, 1), Ok(1));
    assert_eq!(account.used_tokens(), 1);
}

#[test]
fn five_requests_begin_in_any_sixty_seconds() {
    let policy = Policy::swan_2_0();
    let qwen = model(&policy, "qwen3:8b");
    let mut account = FreeTier::new(ACCOUNT);
    for begun in [0, 100, 200, 300, 400] {
        let pass = account.admit(&policy, at(begun), &qwen, 10).unwrap();
        // A request that was cancelled has begun all the same.
        account.cancel(pass).unwrap();
    }
    let refused = account.admit(&policy, at(500), &qwen, 10).unwrap_err();
    assert_eq!(
        (refused.limit(), refused.resets()),
        (Limit::RequestsPerMinute, Some(at(60_000)))
    );
    assert_eq!(
        refused.retry_after_secs(),
        Some(60),
        "59.5 seconds are rounded up"
    );
    assert_eq!(
        limit(account.admit(&policy, at(59_999), &qwen, 10)),
        Limit::RequestsPerMinute
    );
    let pass = account.admit(&policy, at(60_000), &qwen, 10).unwrap();
    account.cancel(pass).unwrap();
    // The window slides: the next place is free when the second request is a minute old.
    let refused = account.admit(&policy, at(60_001), &qwen, 10).unwrap_err();
    assert_eq!(
        (refused.resets(), refused.retry_after_secs()),
        (Some(at(60_100)), Some(1))
    );
}

#[test]
fn one_request_runs_at_a_time() {
    let policy = Policy::swan_2_0();
    let qwen = model(&policy, "qwen3:8b");
    let mut account = FreeTier::new(ACCOUNT);
    let pass = account.admit(&policy, noon(), &qwen, 10).unwrap();
    let refused = account.admit(&policy, at(1), &qwen, 10).unwrap_err();
    assert_eq!(
        (refused.limit(), refused.resets()),
        (Limit::Concurrency, None)
    );
    assert_eq!(
        (refused.retry_after_secs(), account.running()),
        (Some(1), 1)
    );
    account.settle(pass, 10).unwrap();
    assert_eq!(account.running(), 0);
    assert!(account.admit(&policy, at(2), &qwen, 10).is_ok());
}

#[test]
fn tokens_of_running_requests_are_set_aside() {
    let policy = roomy();
    let qwen = model(&policy, "qwen3:8b");
    let mut account = FreeTier::new(ACCOUNT);
    let pass = account.admit(&policy, noon(), &qwen, 30_000).unwrap();
    let refused = account.admit(&policy, noon(), &qwen, 20_001).unwrap_err();
    assert_eq!(
        (refused.limit(), refused.resets()),
        (Limit::TokensReserved, None)
    );
    assert_eq!(refused.retry_after_secs(), Some(1));
    let other = account.admit(&policy, noon(), &qwen, 20_000).unwrap();
    account.settle(pass, 1_000).unwrap();
    account.settle(other, 2_000).unwrap();
    assert_eq!(
        (account.used_tokens(), account.reserved_tokens()),
        (3_000, 0)
    );
    // What lasts longest is told first: the day's tokens before the places.
    let passes = [0; 3].map(|_| account.admit(&policy, noon(), &qwen, 10).unwrap());
    assert_eq!(
        limit(account.admit(&policy, noon(), &qwen, 48_000)),
        Limit::TokensPerDay
    );
    assert_eq!(
        limit(account.admit(&policy, noon(), &qwen, 47_000)),
        Limit::Concurrency
    );
    passes
        .into_iter()
        .for_each(|pass| account.cancel(pass).unwrap());
}

#[test]
fn a_clock_that_goes_back_gives_nothing_twice() {
    let policy = roomy();
    let qwen = model(&policy, "qwen3:8b");
    let mut account = FreeTier::new(ACCOUNT);
    let midnight = noon().day().end();
    let pass = account.admit(&policy, midnight, &qwen, 50_000).unwrap();
    account.settle(pass, 50_000).unwrap();
    let refused = account.admit(&policy, noon(), &qwen, 1).unwrap_err();
    assert_eq!(
        (refused.limit(), refused.resets()),
        (Limit::TokensPerDay, Some(midnight.day().end()))
    );
    assert_eq!(
        refused.retry_after_secs(),
        Some(43_200 + 86_400),
        "as the clock that was asked counts"
    );
    assert!(account.admit(&policy, midnight, &qwen, 1).is_err());
    let next = account
        .admit(&policy, midnight.day().end(), &qwen, 50_000)
        .unwrap();
    assert_eq!(next.reserved_tokens(), 50_000);
    account.cancel(next).unwrap();
}

#[test]
fn a_pass_ends_where_it_came_from() {
    let policy = Policy::swan_2_0();
    let qwen = model(&policy, "qwen3:8b");
    let (mut one, mut other) = (
        FreeTier::new(ACCOUNT),
        FreeTier::new(AccountId::from_u128(8)),
    );
    let pass = one.admit(&policy, noon(), &qwen, 10).unwrap();
    let own = other.admit(&policy, noon(), &qwen, 10).unwrap();
    let error = other.settle(pass, 10).unwrap_err();
    assert_eq!((error.account, error.number), (ACCOUNT, 0));
    assert_eq!(other.running(), 1, "nothing changed");
    other.settle(own, 3).unwrap();
    // The same account in another machine does not know the request either.
    let stale = FreeTier::new(ACCOUNT)
        .admit(&policy, noon(), &qwen, 11)
        .unwrap();
    assert!(one.cancel(stale).is_err());
    assert_eq!(one.running(), 1);
}

#[test]
fn a_free_tier_that_makes_no_sense_is_refused() {
    for (original, replacement, told) in [
        (
            "\"Qwen/Qwen3-8B\"]",
            "\"nobody/knows\"]",
            "free_tier.models.2 = nobody/knows, but a free model stands in",
        ),
        (
            "\"Qwen/Qwen3-8B\"]",
            "\"Qwen/Qwen3-32B\"]",
            "free_tier.models.2 = Qwen/Qwen3-32B, but free models are of tier B",
        ),
        (
            "\"Qwen/Qwen3-8B\"]",
            "\"stheno-8b\"]",
            "free_tier.models.2 = stheno-8b, but each free model stands here once",
        ),
        (
            "tokens_per_day = 50_000",
            "tokens_per_day = 0",
            "free_tier.tokens_per_day = 0",
        ),
        (
            "requests_per_minute = 5",
            "requests_per_minute = 0",
            "free_tier.requests_per_minute = 0",
        ),
        (
            "concurrent_requests = 1",
            "concurrent_requests = 0",
            "free_tier.concurrent_requests = 0",
        ),
        (
            "registration = \"api_key\"",
            "registration = \"passport\"",
            "passport",
        ),
        (
            "upgrade = \"top up in USDC or pay with SWAN\"",
            "upgrade = \" \"",
            "free_tier.upgrade",
        ),
    ] {
        let text = Policy::SWAN_2_0_TOML.replacen(original, replacement, 1);
        assert_ne!(text, Policy::SWAN_2_0_TOML, "{original}");
        let error = Policy::from_toml(&text).unwrap_err().to_string();
        assert!(error.contains(told), "{told}: {error}");
    }
}
