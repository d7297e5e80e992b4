//! Providers that serve at several hubs on one database, and come to their money at any of them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use swan_core::{Amount, Currency, ProviderId, Timestamp};
use swan_hub::store::KeyKind;

use super::Market;
use super::http::Answer;
use super::nodes::hub;
use super::papers::get;
use super::payouts::{PROVIDER, earn, id, post, refused};
use crate::postgres::command::run;
use crate::postgres::server::Server;

/// Hubs on one database, and keys that all of them know.
pub(super) struct Hubs {
    pub(super) url: String,
    pub(super) all: Vec<Market>,
    pub(super) provider: String,
    pub(super) admin: String,
}

impl Hubs {
    pub(super) async fn start(names: &[&str]) -> Self {
        let url = Server::shared().await.database().await;
        let mut all = Vec::new();
        for name in names {
            all.push(hub(&url, name).await);
        }
        let provider = all[0].issue(KeyKind::Provider(PROVIDER), 70).await;
        let admin = all[0].issue(KeyKind::Admin, 71).await;
        for market in &all {
            know(market).await;
        }
        Self {
            url,
            all,
            provider,
            admin,
        }
    }

    pub(super) async fn ask(&self, at: usize, usd: &str) -> Answer {
        ask(&self.all[at], &self.provider, usd).await
    }

    pub(super) async fn end(&self, at: usize, id: &str, how: &str) -> Answer {
        end(&self.all[at], &self.admin, id, how).await
    }

    /// Waits until a hub tells this of what was earned.
    pub(super) async fn earned(&self, at: usize, usd: &str) {
        let (begun, usd) = (Instant::now(), usd.parse::<Amount>().unwrap());
        loop {
            let books = self.all[at].hub.books();
            let told = books.earnings_everywhere(PROVIDER, Currency::Usd).await;
            let told = told.unwrap().posted();
            if told == usd {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "{told}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn listed(&self, at: usize) -> Vec<String> {
        let told = get(&self.all[at], &self.provider, "/v1/provider/payouts").await;
        let told = told.json();
        let states = told["data"].as_array().unwrap().iter();
        states
            .map(|one| one["state"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Makes a hub know the keys that another has issued.
pub(super) async fn know(market: &Market) {
    let store = market.hub.store();
    market.hub.keys().refresh(&**store).await.unwrap();
}

pub(super) async fn ask(market: &Market, key: &str, usd: &str) -> Answer {
    let body = json!({"amount": usd, "destination": "0xabc"});
    post(market, key, "/v1/provider/payouts", &body).await
}

pub(super) async fn end(market: &Market, admin: &str, id: &str, how: &str) -> Answer {
    let body = match how {
        "paid" => json!({"reference": "0x77"}),
        _ => json!({"reason": "no such wallet"}),
    };
    let path = format!("/api/v1/admin/payouts/{id}/{how}");
    post(market, admin, &path, &body).await
}

/// Every journal is sound, and what they share adds up.
pub(super) async fn check(url: &str) {
    let told = run(url, "audit").await;
    assert!(told.contains("the till"), "{told}");
    assert!(
        told.contains("add up: ok") && !told.contains("BREACHES"),
        "{told}"
    );
}

#[tokio::test]
async fn what_was_earned_at_two_hubs_is_paid_at_a_third_and_ended_at_any() {
    let hubs = Hubs::start(&["a", "b", "c"]).await;
    earn(&hubs.all[0], PROVIDER, "40").await;
    earn(&hubs.all[1], PROVIDER, "40").await;
    // 95 parts of 100, twice.
    hubs.earned(2, "76").await;
    let much = hubs.ask(2, "76.01").await;
    assert_eq!(refused(&much), (409, "insufficient_earnings".into()));
    let first = id(&hubs.ask(2, "50").await);
    let waits = hubs.ask(0, "10").await;
    assert_eq!(refused(&waits), (409, "payout_pending".into()));
    assert_eq!(hubs.listed(1).await, ["requested"]);
    let paid = hubs.end(0, &first, "paid").await;
    assert_eq!((paid.status, &paid.json()["state"]), (200, &"paid".into()));
    let again = hubs.end(1, &first, "paid").await;
    assert_eq!(again.json(), paid.json(), "once");
    let failed = hubs.end(1, &first, "failed").await;
    assert_eq!(refused(&failed), (409, "payout_ended".into()));
    let soon = hubs.ask(1, "10").await;
    assert_eq!(refused(&soon), (429, "payout_too_soon".into()));
    for at in 0..3 {
        hubs.earned(at, "26").await;
        assert_eq!(hubs.listed(at).await, ["paid"]);
    }
    let path = "/v1/provider/statement?by=month";
    let sums = get(&hubs.all[1], &hubs.provider, path).await.json();
    assert_eq!(
        (&sums["earned"], &sums["closing"]),
        (&"76".into(), &"26".into()),
        "{sums}"
    );
    assert_eq!(sums["other"], json!([{"rule": "payout", "amount": "-50"}]));
    let told = hubs.all[1].hub.explain(first.parse().unwrap()).await;
    let told = told.unwrap().unwrap().to_string();
    assert!(told.contains("49 was paid by 0x77"), "{told}");
    let listed = run(&hubs.url, "payout list --json").await;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(
        (&listed[0]["state"], &listed[0]["pays"]),
        (&"paid".into(), &"49".into())
    );
    let earned = run(&hubs.url, "provider list --json").await;
    let is_sum = |rows: &Value| {
        rows.as_array()
            .unwrap()
            .iter()
            .all(|one| one["earned_usd"] == "76")
    };
    assert!(is_sum(&serde_json::from_str(&earned).unwrap()), "{earned}");
    check(&hubs.url).await;
}

#[tokio::test]
async fn of_requests_at_all_hubs_at_once_one_is_taken_and_the_others_wait() {
    let hubs = Hubs::start(&["a", "b", "c"]).await;
    for market in &hubs.all {
        earn(market, PROVIDER, "40").await;
    }
    hubs.earned(0, "114").await;
    let asked = (0..9).map(|n| hubs.ask(n % 3, "30"));
    let asked = futures::future::join_all(asked).await;
    let taken: Vec<_> = asked.iter().filter(|one| one.status == 201).collect();
    assert_eq!(taken.len(), 1, "{asked:?}");
    for one in asked.iter().filter(|one| one.status != 201) {
        assert_eq!(refused(one), (409, "payout_pending".into()));
    }
    // It is paid, and given back, and paid again: one of them.
    let payout = id(taken[0]);
    let ends = ["paid", "failed", "paid", "failed", "paid", "failed"];
    let ended = ends.iter().enumerate();
    let ended = ended.map(|(n, how)| hubs.end(n % 3, &payout, how));
    let ended = futures::future::join_all(ended).await;
    let states: Vec<_> = ended.iter().filter(|one| one.status == 200).collect();
    assert_eq!(states.len(), 3, "{ended:?}");
    let state = states[0].json()["state"].clone();
    assert!(states.iter().all(|one| one.json()["state"] == state));
    let left = match state == "paid" {
        true => "84",
        false => "114",
    };
    hubs.earned(1, left).await;
    check(&hubs.url).await;
}

#[tokio::test]
async fn earnings_of_two_hubs_become_credit_that_is_spent_at_a_third() {
    let hubs = Hubs::start(&["a", "b", "c"]).await;
    let user = json!({"email": "ada@example.org", "password": "correct horse battery"});
    let signed_up = post(&hubs.all[0], "none", "/api/v1/user/signup", &user).await;
    let signed_up = signed_up.json();
    let token = signed_up["token"].as_str().unwrap();
    let name = json!({"name": "rig"});
    let rig = post(
        &hubs.all[1],
        token,
        "/api/v1/user/upgrade-to-provider",
        &name,
    )
    .await;
    let provider: ProviderId = rig.json()["provider_id"].as_str().unwrap().parse().unwrap();
    earn(&hubs.all[0], provider, "40").await;
    earn(&hubs.all[1], provider, "40").await;
    let begun = Instant::now();
    let body = json!({"amount": "60"});
    let credited = loop {
        let credited = post(&hubs.all[2], token, "/v1/provider/credit", &body).await;
        if credited.status == 201 {
            break credited;
        }
        // The others tell a moment later.
        assert_eq!(refused(&credited), (409, "insufficient_earnings".into()));
        assert!(begun.elapsed() < Duration::from_secs(10));
    };
    let account = credited.json()["account"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    for market in &hubs.all {
        let books = market.hub.books();
        let all = books.balance_everywhere(account, Currency::Usd).await;
        assert_eq!(all.unwrap().available(), "60".parse().unwrap());
    }
    let shown = run(&hubs.url, &format!("account show {account}")).await;
    assert!(shown.contains("USD: balance 60"), "{shown}");
    let asked = swan_hub::ledger::HoldRequest {
        account,
        amount: "59".parse().unwrap(),
        expires: Timestamp::MAX,
        ..crate::ledger::request(77, 1)
    };
    let hold = hubs.all[1].hub.books().hold_or_draw(asked).await.unwrap();
    drop(hold);
    let much = post(&hubs.all[0], token, "/v1/provider/credit", &body).await;
    assert_eq!(refused(&much), (409, "insufficient_earnings".into()));
    check(&hubs.url).await;
}

#[tokio::test]
async fn a_hub_that_begins_again_finds_the_payouts_and_earnings_of_before() {
    let mut hubs = Hubs::start(&["a", "b"]).await;
    earn(&hubs.all[0], PROVIDER, "40").await;
    let first = hubs.all.remove(0);
    // Its own earnings are told before the others hear of them by themselves.
    let asked = ask(&first, &hubs.provider, "30").await;
    let payout = id(&asked);
    first.hub.books().close().await.unwrap();
    drop(first);
    let again = hub(&hubs.url, "a").await;
    know(&again).await;
    let explained = format!("/v1/provider/explain/{payout}");
    let explained = get(&again, &hubs.provider, &explained).await;
    assert_eq!(explained.status, 200, "{explained:?}");
    assert!(explained.text().contains("it waits"), "{explained:?}");
    let shown = get(
        &again,
        &hubs.provider,
        &format!("/v1/provider/payouts/{payout}"),
    )
    .await;
    assert_eq!(shown.json()["state"], "requested");
    let taken_back = format!("/v1/provider/payouts/{payout}/cancel");
    let taken_back = post(&again, &hubs.provider, &taken_back, &json!({})).await;
    assert_eq!(taken_back.json()["state"], "cancelled", "{taken_back:?}");
    hubs.earned(0, "38").await;
    check(&hubs.url).await;
}
