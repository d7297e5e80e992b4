//! Two hubs in one process do not see each other: whatever one knows, counts, keeps or is told, the other does not.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use swan_core::testkit::ManualClock;
use swan_core::{Amount, Policy, PolicyChange, PolicyVersion, RequestId, Timestamp};
use swan_hub::store::{MemoryStore, Store};
use swan_hub::{FixedPrice, HubBuilder};

use super::http::{Answer, Call};
use super::limits::served;
use super::provider::reply;
use super::{Market, ask, completion};

/// Two hubs with a consumer of the same number and, by chance, the same name of everything; only what is said differs.
async fn pair(
    first: impl FnOnce(HubBuilder) -> HubBuilder,
    second: impl FnOnce(HubBuilder) -> HubBuilder,
) -> (Market, Market) {
    (Market::with(first).await, Market::with(second).await)
}

/// The `/metrics` of a hub.
async fn figures(market: &Market) -> String {
    let settings = market.hub.settings().with_public_metrics(true);
    market.hub.reload(settings).unwrap();
    Call::get(market.address, "/metrics")
        .send()
        .await
        .text()
        .to_owned()
}

/// The sum of a counter over all of its labels.
fn sum(figures: &str, counter: &str) -> u64 {
    let of = |line: &str| line.starts_with(counter) && !line.starts_with('#');
    let lines = figures.lines().filter(|line| of(line));
    let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    values.sum()
}

fn remaining(answer: &Answer) -> String {
    answer.header("x-ratelimit-remaining-requests").to_owned()
}

#[tokio::test]
async fn stores_clocks_and_policies_are_each_hubs_own() {
    let policy = Policy::swan_2_0();
    let version = PolicyVersion::new("other-1").unwrap();
    let change = PolicyChange::new("payment.swan_discount_bps", 5_000);
    let other = policy.amended(version, &[change]).unwrap();
    let stores: [Arc<dyn Store>; 2] = [Arc::new(MemoryStore::new()), Arc::new(MemoryStore::new())];
    let past = Timestamp::from_millis(1_600_000_000_000);
    let price = || Arc::new(FixedPrice::new("0.5".parse().unwrap()));
    let [store_one, store_two] = stores.clone();
    let (one, two) = pair(
        |hub| hub.with_store(store_one).with_price_oracle(price()),
        |hub| {
            let clock = Arc::new(ManualClock::new(past));
            let hub = hub.with_store(store_two).with_price_oracle(price());
            hub.with_policy(other).with_clock(clock)
        },
    )
    .await;
    let quote = async |market: &Market| {
        let asked = market.post("/v1/quote", ask("\"payment\":\"SWAN\",\"max_tokens\":1000"));
        let answer = asked.send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let id: RequestId = answer.header("x-request-id").parse().unwrap();
        let told = answer.json();
        let cost: Amount = told["worst"]["cost"].as_str().unwrap().parse().unwrap();
        (
            cost,
            told["policy"]["version"].as_str().unwrap().to_owned(),
            id.as_u128() >> 80,
        )
    };
    let (listed, halved) = (quote(&one).await, quote(&two).await);
    assert!(halved.0 < listed.0, "{halved:?} {listed:?}");
    assert_eq!((&*listed.1, &*halved.1), ("swan-2.0", "other-1"));
    assert_eq!(halved.2, 1_600_000_000_000, "ids carry the hub's own time");
    assert!(listed.2 > halved.2);
    // Keys and credit are in one store each, and with different secrets.
    let [kept_one, kept_two] = stores.map(|store| async move { store.keys().await.unwrap() });
    let (kept_one, kept_two) = (kept_one.await, kept_two.await);
    assert_eq!((kept_one.len(), kept_two.len()), (1, 1));
    assert_ne!(kept_one[0].0, kept_two[0].0);
}

#[tokio::test]
async fn limits_counts_and_kept_answers_are_each_hubs_own() {
    let (one, two) = pair(|hub| hub, |hub| hub).await;
    let (mut first, mut second) = (one.provider(1).await, two.provider(1).await);
    // The same number of a key in both, and one request a minute.
    let key_one = one.limited(9, |limits| limits.rpm = Some(1)).await;
    let key_two = two.limited(9, |limits| limits.rpm = Some(1)).await;
    let spent = served(one.with_key(&key_one, ask("")), &mut first).await;
    assert_eq!((spent.status, &*remaining(&spent)), (200, "0"));
    let refused = one.with_key(&key_one, ask("")).send().await;
    assert_eq!(refused.status, 429);
    let fresh = served(two.with_key(&key_two, ask("")), &mut second).await;
    assert_eq!((fresh.status, &*remaining(&fresh)), (200, "0"));
    assert_ne!(one.hub.refused(), two.hub.refused());

    // The same idempotency key, account and body.
    let keyed = |market: &Market| market.chat(ask("")).header("idempotency-key", "order-7");
    let bought = served(keyed(&one), &mut first).await;
    let again = keyed(&one).send().await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.body, bought.body);
    let elsewhere = keyed(&two).background();
    second
        .serve(reply(completion("another answer", 7, 3)))
        .await;
    let elsewhere = elsewhere.await.unwrap();
    assert_eq!(elsewhere.header("idempotency-replayed"), "");
    assert!(elsewhere.text().contains("another answer"));

    // What is known of a request afterwards, and all figures.
    let id = bought.header("x-request-id");
    let lookup = async |market: &Market| {
        let path = format!("/v1/generation?id={id}");
        let call = Call::get(market.address, &path);
        let bearer = format!("Bearer {}", market.key);
        call.header("authorization", &bearer).send().await.status
    };
    assert_eq!((lookup(&one).await, lookup(&two).await), (200, 404));
    one.settled().await;
    two.settled().await;
    let (busy, quiet) = (figures(&one).await, figures(&two).await);
    let ended = |figures: &str| sum(figures, "swan_requests_total");
    assert_eq!(
        (ended(&busy), ended(&quiet)),
        (one.records.count() as u64, two.records.count() as u64)
    );
    assert!(ended(&busy) > ended(&quiet), "{busy}\n{quiet}");
    assert_eq!(
        one.spent("5"),
        Amount::checked_sum([one.price(7, 2); 2]).unwrap()
    );
    let two_spent = [two.price(7, 2), two.price(7, 3)];
    assert_eq!(two.spent("5"), Amount::checked_sum(two_spent).unwrap());
}

#[tokio::test]
async fn settings_and_an_end_are_each_hubs_own() {
    let (mut one, two) = pair(|hub| hub, |hub| hub).await;
    let mut limits = one.hub.settings().limits;
    limits.body_bytes = 10;
    one.hub
        .reload(one.hub.settings().with_limits(limits))
        .unwrap();
    assert_eq!(one.chat(ask("")).send().await.status, 413);
    assert_eq!(
        two.chat(ask("")).send().await.status,
        503,
        "nobody serves here, which is found out later"
    );
    one.begin_shutdown();
    one.stopped().await.unwrap();
    assert_eq!(Call::get(two.address, "/readyz").send().await.status, 200);
    let mut provider = two.provider(1).await;
    let answer = served(two.chat(ask("")), &mut provider).await;
    assert_eq!(answer.status, 200);
    tokio::time::timeout(Duration::from_secs(10), two.settled())
        .await
        .unwrap();
}

/// All that is shared by the hubs of a process. A new one is either a mistake or a line here and in `docs/EMBEDDING.md`.
const PROCESS_WIDE: [(&str, &str); 4] = [
    ("swan-core/src/policy/built_in.rs", "SWAN_1_0"),
    ("swan-core/src/policy/built_in.rs", "SWAN_2_0"),
    ("swan-hub/src/grading/gate.rs", "FREE"),
    ("swan-hub/src/grading/gate.rs", "FREED"),
];

#[test]
fn nothing_else_is_global() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for part in ["swan-core/src", "swan-hub/src"] {
        sources(&root.join(part), &mut |path| {
            let text = std::fs::read_to_string(path).unwrap();
            let place = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/");
            let lines = text
                .lines()
                .take_while(|line| !line.contains("#[cfg(test)]"));
            for line in lines.map(str::trim_start) {
                let line = line
                    .strip_prefix("pub ")
                    .or(line.strip_prefix("pub(crate) "))
                    .unwrap_or(line);
                if let Some(rest) = line.strip_prefix("static ") {
                    found.push((place.clone(), rest.split(':').next().unwrap().to_owned()));
                }
                for word in [
                    "thread_local!",
                    "install_default",
                    "set_global_default",
                    "set_var(",
                    "panic::set_hook",
                ] {
                    assert!(
                        !line.contains(word),
                        "{place}: {word} changes the whole process"
                    );
                }
            }
        });
    }
    found.sort();
    let stated = PROCESS_WIDE.map(|(place, name)| (place.to_owned(), name.to_owned()));
    assert_eq!(found, stated);
}

/// Every source file below a folder that is part of the library.
fn sources(folder: &Path, each: &mut dyn FnMut(&PathBuf)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        match path.is_dir() {
            // Tests and the command line are not in an embedder's process.
            true if matches!(name.as_str(), "tests" | "testkit" | "cli") => {}
            true => sources(&path, each),
            false if name.ends_with(".rs") && name != "main.rs" => each(&path),
            false => {}
        }
    }
}
