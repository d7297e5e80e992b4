//! Statements, exports and reports: what they sum up is what the ledger has.

use std::sync::Arc;

use serde_json::Value;
use swan_core::{
    AccountId, Amount, Clock as _, Currency, Day, ExchangeRate, Policy, ProviderId,
    RevenueSplit as _,
};
use swan_hub::store::KeyKind;
use swan_hub::{FixedPrice, SystemClock};

use super::http::{Answer, Call};
use super::provider::{Provider, refusal, reply};
use super::{MODEL, Market, ask, completion};

pub(super) async fn get(market: &Market, key: &str, path: &str) -> Answer {
    let call = Call::get(market.address, path);
    let call = call.header("authorization", &format!("Bearer {key}"));
    call.send().await
}

async fn json(market: &Market, key: &str, path: &str) -> Value {
    let answer = get(market, key, path).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

pub(super) fn amount(value: &Value) -> Amount {
    value.as_str().unwrap().parse().unwrap()
}

fn sum<'a, I: IntoIterator<Item = &'a Value>>(rows: I, field: &str) -> Amount {
    Amount::checked_sum(rows.into_iter().map(|row| amount(&row[field]))).unwrap()
}

/// A request of `tokens` tokens that is served.
pub(super) async fn served(
    market: &Market,
    provider: &mut Provider,
    key: &str,
    payment: &str,
    tokens: u64,
) {
    let call = market
        .with_key(key, ask(""))
        .header("x-swan-payment", payment);
    let answer = call.background();
    let text = "four words of text";
    provider.serve(reply(completion(text, 20, tokens))).await;
    assert_eq!(answer.await.unwrap().status, 200);
}

struct Busy {
    market: Market,
    second: String,
    days: String,
}

/// A market where two keys of an account have paid in both currencies, and a stranger too.
async fn busy() -> Busy {
    let rate = ExchangeRate::usd_per_swan("0.5".parse().unwrap()).unwrap();
    let market =
        Market::with(|builder| builder.with_price_oracle(Arc::new(FixedPrice::new(rate)))).await;
    let from = SystemClock::new().now().day();
    market.grant_to(market.account, Currency::Swan, "5").await;
    let second = market.issue(KeyKind::Consumer(market.account), 2).await;
    let stranger = AccountId::from_u128(78);
    let strangers = market.issue(KeyKind::Consumer(stranger), 60).await;
    market.grant_to(stranger, Currency::Usd, "1").await;
    let mut provider = market.provider(1).await;
    for (key, payment, tokens) in [
        (&market.key, "USD", 4),
        (&market.key, "USD", 3),
        (&second, "USD", 2),
        (&second, "SWAN", 4),
        (&strangers, "USD", 4),
    ] {
        served(&market, &mut provider, key, payment, tokens).await;
    }
    let refused = market.chat(ask("")).background();
    provider.serve(refusal(400, "{}")).await;
    refused.await.unwrap();
    market.settled().await;
    let to = SystemClock::new().now().day();
    let days = format!("from={from}&to={to}");
    Busy {
        market,
        second,
        days,
    }
}

#[tokio::test]
async fn pages_of_a_statement_go_from_the_grant_to_the_balance_of_the_ledger() {
    let Busy { market, days, .. } = busy().await;
    let whole = json(&market, &market.key, &format!("/v1/statement?{days}")).await;
    let lines = whole["data"].as_array().unwrap();
    let rules: Vec<_> = lines
        .iter()
        .map(|line| line["rule"].as_str().unwrap())
        .collect();
    assert_eq!(rules, ["grant", "charge", "charge", "charge"]);
    assert_eq!(
        (&whole["opening"], &whole["has_more"]),
        (&"0".into(), &false.into())
    );
    assert_eq!(
        (&lines[0]["amount"], &lines[0]["note"]),
        (&"5".into(), &"test".into())
    );
    assert_eq!(lines[1]["model"], MODEL);
    assert_eq!(amount(&whole["closing"]), market.available());

    let (mut found, mut path) = (Vec::new(), format!("/v1/statement?{days}&limit=1"));
    loop {
        let page = json(&market, &market.key, &path).await;
        let data = page["data"].as_array().unwrap();
        assert!(data.len() <= 1);
        for line in data {
            assert_eq!(line["balance"], page["closing"]);
        }
        found.extend(data.iter().cloned());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/v1/statement?{days}&limit=1&cursor={next}");
    }
    assert_eq!(&found, lines);

    let swan = json(
        &market,
        &market.key,
        &format!("/v1/statement?{days}&currency=swan"),
    )
    .await;
    let balance = market.hub.books().available(market.account, Currency::Swan);
    assert_eq!(amount(&swan["closing"]), balance);
    assert!(balance < "5".parse().unwrap());

    // An administrator reads everybody's, a provider nobody's.
    let admin = market.issue(KeyKind::Admin, 61).await;
    let path = format!("/v1/statement?{days}&account={}", market.account);
    assert_eq!(json(&market, &admin, &path).await, whole);
    let stranger = format!("/v1/statement?{days}&account={}", AccountId::from_u128(78));
    let own = json(&market, &market.key, &stranger).await;
    assert_eq!(own["account"], market.account.to_string(), "only one's own");
    let provider = market
        .issue(KeyKind::Provider(ProviderId::from_u128(9)), 62)
        .await;
    assert_eq!(get(&market, &provider, &path).await.status, 403);
    assert_eq!(get(&market, "sk-swan-none", &path).await.status, 401);
}

#[tokio::test]
async fn the_sums_of_an_export_are_those_of_ledger_and_statement() {
    let Busy { market, days, .. } = busy().await;
    let all = json(&market, &market.key, &format!("/v1/usage/export?{days}")).await;
    let rows = all["data"].as_array().unwrap();
    assert_eq!(rows.len(), 4, "what cost nothing was not used: {all}");
    for row in rows {
        assert_eq!(
            (&row["requests"], &row["prompt_tokens"]),
            (&1.into(), &20.into())
        );
        assert!(row["request"].is_string() && row["time"].is_string());
    }
    let totals = all["totals"].as_array().unwrap();
    assert_eq!(totals.len(), 2);
    for total in totals {
        let code = total["currency"].as_str().unwrap();
        let currency: Currency = code.parse().unwrap();
        let cost = amount(&total["cost"]);
        assert!(!cost.is_zero());
        let ledger = market.hub.books().balance(market.account, currency);
        assert_eq!(cost, ledger.debits_posted);
        let path = format!(
            "/v1/statement?{days}&currency={}",
            code.to_ascii_lowercase()
        );
        let statement = json(&market, &market.key, &path).await;
        let charges = statement["data"].as_array().unwrap().iter();
        let charged = sum(charges.filter(|line| line["rule"] == "charge"), "amount");
        assert_eq!(Amount::ZERO.checked_sub(charged).unwrap(), cost);
        let own = rows.iter().filter(|row| row["currency"] == code);
        assert_eq!(sum(own, "cost"), cost);
    }
}

#[tokio::test]
async fn an_export_is_summed_up_filtered_and_written_as_it_was_asked_for() {
    let Busy {
        market,
        second,
        days,
    } = busy().await;
    let all = json(&market, &market.key, &format!("/v1/usage/export?{days}")).await;
    let by = format!("/v1/usage/export?{days}&group=key,model");
    let grouped = json(&market, &market.key, &by).await;
    let groups = grouped["data"].as_array().unwrap();
    assert_eq!(
        groups.len(),
        3,
        "two keys, one of which paid in both: {grouped}"
    );
    assert_eq!(grouped["totals"], all["totals"]);
    let first = groups.iter().find(|row| row["requests"] == 2).unwrap();
    assert_eq!(
        (&first["completion_tokens"], &first["model"]),
        (&7.into(), &MODEL.into())
    );
    assert!(first["time"].is_null() && first["request"].is_null());

    let key = market.hub.keys().authenticate(&second).unwrap().id;
    let own = format!(
        "/v1/usage/export?{days}&key={key}&model={}&format=jsonl",
        MODEL.replace('/', "%2F")
    );
    let own = get(&market, &market.key, &own).await;
    assert_eq!(own.header("content-type"), "application/x-ndjson");
    let own: Vec<Value> = own
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(own.len(), 2);

    let csv = format!("/v1/usage/export?{days}&group=day&format=csv");
    let csv = get(&market, &market.key, &csv).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let text = csv.text().to_owned();
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[0].starts_with("time,request,key_id,model,requests,"),
        "{lines:?}"
    );
    let costs = lines[1..].iter().filter(|line| line.contains(",USD,"));
    let costs = costs.map(|line| line.rsplit(',').next().unwrap().parse().unwrap());
    assert_eq!(Amount::checked_sum(costs).unwrap(), market.spent("5"));
}

#[tokio::test]
async fn a_provider_and_the_growth_fund_read_what_they_have_got() {
    let Busy { market, days, .. } = busy().await;
    let id = ProviderId::from_u128(1);
    let key = market.issue(KeyKind::Provider(id), 70).await;
    let statement = json(&market, &key, &format!("/v1/provider/statement?{days}")).await;
    assert_eq!(statement["account"], id.to_string());
    assert_eq!(statement["data"].as_array().unwrap().len(), 4);
    assert_eq!(amount(&statement["closing"]), market.earned(1));
    let by = format!("/v1/provider/statement?{days}&by=day,model");
    let sums = json(&market, &key, &by).await;
    let rows = sums["data"].as_array().unwrap();
    assert_eq!(sum(rows, "earned"), market.earned(1));
    assert_eq!(sums["closing"], statement["closing"]);
    assert_eq!(rows[0]["model"], MODEL);

    let admin = market.issue(KeyKind::Admin, 71).await;
    let named = format!("{by}&provider={id}");
    assert_eq!(json(&market, &admin, &named).await, sums);
    let unnamed = get(&market, &admin, &by).await;
    assert_eq!(unnamed.json()["error"]["param"], "provider");
    assert_eq!(get(&market, &market.key, &by).await.status, 403);

    let path = "/api/v1/admin/reports/growth-fund";
    let report = json(&market, &admin, path).await;
    assert_eq!(report["is_final"], false);
    let trial = market.hub.books().trial_balance();
    assert_eq!(trial.len(), 2);
    for fund in report["currencies"].as_array().unwrap() {
        let income = fund["income_by"].as_array().unwrap();
        let gross = sum(income, "gross");
        let policy = market.hub.policy();
        assert_eq!(sum(income, "amount"), amount(&fund["closing"]));
        assert!(amount(&fund["closing"]) < gross);
        assert!(policy.split().split(gross).growth_fund >= amount(&fund["closing"]));
        assert_eq!(
            (&fund["opening"], &fund["spent"]),
            (&"0".into(), &"0".into())
        );
    }
    assert_eq!(get(&market, &market.key, path).await.status, 403);
    let wrong = get(&market, &admin, &format!("{path}?month=2026-13")).await;
    assert_eq!(wrong.json()["error"]["param"], "month");
}

#[tokio::test]
async fn charges_are_split_as_the_phase_in_force_says() {
    let market = Market::start().await;
    let mut provider = market.provider(1).await;
    let id = ProviderId::from_u128(1);
    let key = market.issue(KeyKind::Provider(id), 70).await;
    let (mut earned, mut spent) = (Amount::ZERO, Amount::ZERO);
    let document = market.hub.policy().to_toml().to_owned();
    for (phase, percent) in [
        ("bootstrap", 95),
        ("growth", 90),
        ("maturity", 85),
        ("scale", 80),
    ] {
        let text = document.replace("phase = \"bootstrap\"", &format!("phase = \"{phase}\""));
        let policy = Policy::from_toml(&text).unwrap();
        market
            .hub
            .reload(market.hub.settings().with_policy(policy.clone()))
            .unwrap();
        served(&market, &mut provider, &market.key, "USD", 4).await;
        let cost = market.spent("5").checked_sub(spent).unwrap();
        let share = market.earned(1).checked_sub(earned).unwrap();
        (spent, earned) = (market.spent("5"), market.earned(1));
        assert_eq!(share, policy.split().split(cost).provider, "{phase}");
        assert_eq!(share.pico() * 100, cost.pico() * percent, "{phase}");
    }
    let statement = json(&market, &key, "/v1/provider/statement?by=model").await;
    assert_eq!(amount(&statement["earned"]), earned);
    assert_eq!(amount(&statement["data"][0]["gross"]), spent);
}

#[tokio::test]
async fn queries_that_make_no_sense_are_refused_by_name() {
    let market = Market::start().await;
    let today: Day = SystemClock::new().now().day();
    for (path, param) in [
        ("/v1/statement?from=yesterday", "from"),
        ("/v1/statement?to=2026-13-01", "to"),
        ("/v1/statement?from=2026-11-02&to=2026-11-01", "to"),
        ("/v1/statement?currency=eur", "currency"),
        ("/v1/statement?limit=0", "limit"),
        ("/v1/statement?limit=1001", "limit"),
        ("/v1/statement?cursor=1", "cursor"),
        ("/v1/statement?cursor=0_5", "cursor"),
        (
            "/v1/statement?cursor=1_99999999999999999999999999999999999999999",
            "cursor",
        ),
        ("/v1/usage/export?from=2020-01-01&to=2026-11-01", "to"),
        ("/v1/usage/export?group=colour", "group"),
        ("/v1/usage/export?group=day,hour", "group"),
        ("/v1/usage/export?format=pdf", "format"),
        ("/v1/usage/export?key=sk-swan-1", "key"),
    ] {
        let refused = get(&market, &market.key, path).await;
        assert_eq!(refused.status, 400, "{path}: {refused:?}");
        assert_eq!(refused.json()["error"]["param"], param, "{path}");
    }
    let admin = market.issue(KeyKind::Admin, 61).await;
    for path in ["/v1/statement", "/v1/usage/export"] {
        let refused = get(&market, &admin, path).await;
        assert_eq!(refused.json()["error"]["param"], "account");
    }
    // A time in which nothing was is no error.
    let path = format!("/v1/usage/export?from=2020-01-01&to=2020-01-02&format=csv&account={today}");
    let none = get(&market, &market.key, &path).await;
    assert_eq!(none.text().lines().count(), 1);
}
