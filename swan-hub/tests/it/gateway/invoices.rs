//! Invoices: their sums are those of the ledger, their numbers have no gap, and nothing in them is anything but text.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use swan_core::ledger::ChargeRecord;
use swan_core::testkit::ManualClock;
use swan_core::{AccountId, Amount, Clock, Currency, KeyId, ModelId, RequestId, Timestamp};
use swan_hub::documents::{Billing, Month, invoice};
use swan_hub::ledger::HoldRequest;
use swan_hub::store::{AccountRecord, KeyKind, Store};

use super::Market;
use super::http::{Answer, Call};
use super::papers::{amount, get};
use crate::ledger::{charge, request};

/// 1 October 2026.
const OCTOBER: Timestamp = Timestamp::from_millis(1_790_812_800_000);
const DAY: Duration = Duration::from_secs(24 * 3_600);

struct Books {
    market: Market,
    clock: Arc<ManualClock>,
    next: u128,
}

impl Books {
    async fn start() -> Self {
        let clock = Arc::new(ManualClock::new(OCTOBER));
        let own = Arc::clone(&clock) as Arc<dyn Clock>;
        let market = Market::with(|builder| builder.with_clock(own)).await;
        Self {
            market,
            clock,
            next: 100,
        }
    }

    /// A charge of an account, in pico-units.
    async fn charge(&mut self, account: AccountId, key: u128, model: &str, pico: i128) {
        self.next += 1;
        let gross = Amount::from_pico(pico).unwrap();
        self.market
            .grant_to(account, Currency::Usd, &gross.to_string())
            .await;
        let asked = HoldRequest {
            request: RequestId::from_u128(self.next),
            account,
            expires: Timestamp::MAX,
            ..request(self.next, pico)
        };
        let record = ChargeRecord {
            key: Some(KeyId::from_u128(key)),
            model: ModelId::new(model).unwrap(),
            ..charge(pico)
        };
        let settled = self.market.hub.books().hold(asked).unwrap().settle(record);
        settled.unwrap().durable().await.unwrap();
    }

    fn store(&self) -> &Arc<dyn Store> {
        self.market.hub.store()
    }

    /// What the statement has of charges.
    async fn charged(&self, from: &str, to: &str) -> Amount {
        let path = format!("/v1/statement?from={from}&to={to}");
        let statement = self.read(&path).await.json();
        let lines = statement["data"].as_array().unwrap().iter();
        let charges = lines.filter(|line| line["rule"] == "charge");
        let charged = Amount::checked_sum(charges.map(|line| amount(&line["amount"])));
        Amount::ZERO.checked_sub(charged.unwrap()).unwrap()
    }

    async fn read(&self, path: &str) -> Answer {
        get(&self.market, &self.market.key, path).await
    }

    async fn page(&self, path: &str) -> String {
        let call = Call::get(self.market.address, path);
        let call = call.header("authorization", &format!("Bearer {}", self.market.key));
        let answer = call
            .header("accept", "text/html,application/xhtml+xml")
            .send()
            .await;
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'none'")
        );
        answer.text().to_owned()
    }
}

/// Who runs the hub.
fn seller() -> Billing {
    Billing {
        name: "Hub & Sons".into(),
        address: vec!["1 Main Street".into()],
        tax_id: Some("DE1".into()),
        taxes: vec!["VAT:19".parse().unwrap()],
        invoice_prefix: Some("H-".into()),
    }
}

fn sum(values: &Value, field: &str) -> Amount {
    let rows = values.as_array().unwrap().iter();
    Amount::checked_sum(rows.map(|row| amount(&row[field]))).unwrap()
}

#[tokio::test]
async fn an_invoice_is_a_draft_until_its_month_is_over_and_then_stays_as_it_is() {
    let mut books = Books::start().await;
    let account = books.market.account;
    books
        .charge(account, 1, "qwen3-8b", 11_000_000_000_000)
        .await;
    books.charge(account, 2, "qwen3-8b", 900_000_000_000).await;
    books.charge(account, 1, "qwen3-32b", 1).await;
    let seller = seller();
    seller.save(&**books.store(), None).await.unwrap();
    let path = "/v1/invoices/2026-10";
    let draft = books.read(path).await.json();
    assert_eq!(
        (&draft["status"], &draft["number"]),
        (&"draft".into(), &Value::Null)
    );
    assert_eq!(books.read("/v1/invoices").await.json()["data"], json!([]));

    books.clock.advance(DAY * 30);
    books.charge(account, 1, "qwen3-8b", 5).await;
    books.clock.advance(DAY + Duration::from_secs(3_599));
    assert_eq!(
        books.read(path).await.json()["status"],
        "draft",
        "clocks may differ by an hour"
    );
    books.charge(account, 1, "qwen3-8b", 7).await;
    books.clock.advance(Duration::from_secs(1));
    let issued = books.read(path).await.json();
    assert_eq!(
        (&issued["status"], &issued["number"]),
        (&"issued".into(), &"H-000001".into())
    );
    let section = &issued["sections"][0];
    assert_eq!(section["lines"].as_array().unwrap().len(), 3);
    assert_eq!(sum(&section["lines"], "amount"), amount(&section["total"]));
    assert_eq!(
        (&section["total"], &section["rounded"]),
        (&"11.900000000006".into(), &"11.9".into())
    );
    assert_eq!(section["rounding"], "-0.000000000006");
    assert_eq!(
        (&section["taxes"][0]["amount"], &section["net"]),
        (&"1.9".into(), &"10".into())
    );
    assert_eq!(
        books.charged("2026-10-01", "2026-10-31").await,
        amount(&section["total"])
    );

    // Whatever changes, an invoice stays.
    Billing {
        name: "Others".into(),
        ..seller.clone()
    }
    .save(&**books.store(), None)
    .await
    .unwrap();
    books.clock.advance(DAY);
    assert_eq!(books.read(path).await.json(), issued);
    assert_eq!(books.read("/v1/invoices/H-000001").await.json(), issued);
    assert_eq!(
        books.read("/v1/invoices").await.json()["data"],
        json!([issued])
    );
    let page = books.page("/v1/invoices/H-000001?paper=letter").await;
    assert!(
        page.contains("Hub &amp; Sons") && page.contains("size:letter"),
        "{page}"
    );
}

#[tokio::test]
async fn numbers_have_no_gap_and_strangers_see_none() {
    let mut books = Books::start().await;
    let others: Vec<AccountId> = (1_000..1_010).map(AccountId::from_u128).collect();
    let own = books.market.account;
    for account in others.iter().chain([&own]) {
        books.charge(*account, 1, "qwen3-8b", 3).await;
    }
    books.clock.advance(DAY * 40);
    let (store, now) = (Arc::clone(books.store()), books.clock.now());
    let month: Month = "2026-10".parse().unwrap();
    // Each is asked for by two at once.
    let all = others
        .iter()
        .chain(&others)
        .map(|account| invoice(&store, *account, month, now));
    let mut numbers: Vec<String> = Vec::new();
    for made in futures::future::join_all(all).await {
        numbers.push(made.unwrap().unwrap().number.unwrap());
    }
    numbers.sort_unstable();
    numbers.dedup();
    let expected: Vec<String> = (1..=10).map(|n| format!("INV-{n:06}")).collect();
    assert_eq!(numbers, expected);

    let none = "/v1/invoices/INV-000001";
    for path in [
        none,
        "/v1/invoices/2026-09",
        "/v1/invoices/INV-1",
        "/v1/invoices/x",
        "/v1/invoices/INV-000099",
    ] {
        let refused = books.read(path).await;
        assert_eq!(
            (refused.status, refused.error_code()),
            (404, "invoice_not_found".into()),
            "{path}"
        );
    }
    assert_eq!(
        books.read("/v1/invoices/2026-10").await.json()["number"],
        "INV-000011"
    );
    assert_eq!(
        books.read("/v1/invoices").await.json()["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let admin = books.market.issue(KeyKind::Admin, 71).await;
    assert_eq!(get(&books.market, &admin, none).await.status, 200);
    let page = get(&books.market, &admin, "/v1/invoices?limit=4")
        .await
        .json();
    assert_eq!(
        (&page["data"][0]["number"], &page["next"]),
        (&"INV-000011".into(), &"8".into())
    );
    let rest = get(&books.market, &admin, "/v1/invoices?limit=100&before=8")
        .await
        .json();
    assert_eq!(
        (rest["data"].as_array().unwrap().len(), &rest["has_more"]),
        (7, &false.into())
    );
}

#[tokio::test]
async fn names_of_strangers_are_only_text_on_the_page() {
    let mut books = Books::start().await;
    let account = books.market.account;
    let evil = "<script>alert(1)</script>\"'&\u{202E}";
    let record = AccountRecord {
        id: account,
        name: evil.into(),
        created: OCTOBER,
        limits: swan_hub::KeyLimits::default(),
    };
    books.store().put_account(&record).await.unwrap();
    books.charge(account, 1, "qwen3-8b", 3).await;
    let page = books.page("/v1/invoices/2026-10").await;
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp; "),
        "{page}"
    );
    for bad in ["<script", "\u{202E}", "http", "url(", "@import", "src="] {
        assert!(!page.contains(bad), "{bad}: {page}");
    }
    for wrong in [
        Billing {
            name: "x".repeat(201),
            ..Billing::default()
        },
        Billing {
            name: "a\nb".into(),
            ..Billing::default()
        },
        Billing {
            address: vec![String::new(); 9],
            ..Billing::default()
        },
        Billing {
            invoice_prefix: Some("2026-".into()),
            ..Billing::default()
        },
        Billing {
            invoice_prefix: Some("INV".into()),
            ..Billing::default()
        },
        Billing {
            tax_id: Some("\u{0}".into()),
            ..Billing::default()
        },
    ] {
        assert!(wrong.check().is_err(), "{wrong:?}");
    }
    assert!(Billing::default().check().is_ok());
}

#[tokio::test]
async fn an_owner_says_who_stands_on_its_invoices_and_nobody_else_does() {
    let mut books = Books::start().await;
    let account = books.market.account;
    let key = books.market.key.clone();
    let put = async |key: &str, body: Value| {
        let call = Call::new(books.market.address, "PUT", "/v1/billing");
        let call = call.header("authorization", &format!("Bearer {key}"));
        let call = call.header("content-type", "application/json");
        call.body(body.to_string()).send().await
    };
    let nothing = get(&books.market, &key, "/v1/billing").await.json();
    let empty = json!({"account": account.to_string(), "name": "", "address": [], "tax_id": null});
    assert_eq!(nothing, empty);
    let all = json!({"name": "Ada <b>", "address": ["1 Swan Lake", "Paris"], "tax_id": "FR 12"});
    let said = put(&key, all).await;
    assert_eq!(said.status, 200, "{said:?}");
    assert_eq!(
        get(&books.market, &key, "/v1/billing").await.json(),
        said.json()
    );
    for (body, param) in [
        (json!({}), "name"),
        (json!({"name": ""}), "name"),
        (json!({"name": "x".repeat(201)}), "name"),
        (json!({"name": "a\nb"}), "name"),
        (json!({"name": "a", "address": "one line"}), "address"),
        (json!({"name": "a", "address": vec!["x"; 9]}), "address"),
        (json!({"name": "a", "address": [7]}), "address"),
        (json!({"name": "a", "address": [""]}), "address"),
        (json!({"name": "a", "address": ["x\u{0}"]}), "address"),
        (json!({"name": "a", "tax_id": "x".repeat(41)}), "tax_id"),
        (json!({"name": "a", "taxes": []}), "taxes"),
        (
            json!({"name": "a", "invoice_prefix": "MY-"}),
            "invoice_prefix",
        ),
    ] {
        let refused = put(&key, body.clone()).await;
        assert_eq!(refused.status, 400, "{body}");
        assert_eq!(refused.json()["error"]["param"], param, "{body}");
    }
    let provider = books
        .market
        .issue(KeyKind::Provider(swan_core::ProviderId::from_u128(4)), 91)
        .await;
    assert_eq!(put(&provider, json!({"name": "x"})).await.status, 403);
    assert_eq!(put("sk-swan-none", json!({"name": "x"})).await.status, 401);

    books
        .charge(account, 1, "qwen3-8b", 5_000_000_000_000)
        .await;
    let draft = get(&books.market, &books.market.key, "/v1/invoices/2026-10")
        .await
        .json();
    assert_eq!(draft["buyer"]["name"], "Ada <b>", "{draft}");
    assert_eq!(draft["buyer"]["address"], json!(["1 Swan Lake", "Paris"]));
    assert_eq!(draft["buyer"]["tax_id"], "FR 12");
}
