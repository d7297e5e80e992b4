//! Documents from a journal of several months: their sums are those of the ledger, whatever happened.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use swan_core::ledger::ChargeRecord;
use swan_core::testkit::ManualClock;
use swan_core::{Amount, Currency, Day, ModelId, Timestamp};
use swan_hub::documents::{
    EarningsQuery, UsageExport, UsageFormat, UsageQuery, earnings, growth_fund,
};
use swan_hub::ledger::{Books, BooksOptions, HoldRequest};
use swan_hub::store::{MemoryStore, SqliteOptions, SqliteStore, Store};
use tempfile::TempDir;

use crate::admin::run;
use crate::ledger::{ACCOUNT, PROVIDER, charge, grant, pico, request};

/// 1 October 2026.
const OCTOBER: Timestamp = Timestamp::from_millis(1_790_812_800_000);
const HOUR: Duration = Duration::from_secs(3_600);

/// A charge so many hours after the one before, of so much, of one of two models, or of another account.
#[derive(Clone, Debug)]
struct Served {
    hours: u32,
    gross: i128,
    model: &'static str,
    is_own: bool,
}

fn served() -> impl Strategy<Value = Served> {
    let models = prop::sample::select(vec!["qwen3-8b", "qwen3-32b"]);
    let parts = (0_u32..200, 0_i128..5_000, models, prop::bool::weighted(0.8));
    parts.prop_map(|(hours, gross, model, is_own)| Served {
        hours,
        gross,
        model,
        is_own,
    })
}

async fn serve(store: Arc<dyn Store>, all: &[Served]) -> (Books, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(OCTOBER));
    let own = Arc::clone(&clock);
    let (books, _) = Books::open(store, own, BooksOptions::default())
        .await
        .unwrap();
    grant(&books, 1, 1_000_000_000).await.unwrap();
    let stranger = swan_core::AccountId::from_u128(9);
    let id = swan_core::TransferId::from_u128(2);
    let granted = books.grant(id, stranger, Currency::Usd, pico(1_000_000_000), "x");
    let _applied = granted.await.unwrap();
    for (number, one) in (10_u128..).zip(all) {
        clock.advance(HOUR * one.hours);
        let asked = HoldRequest {
            account: if one.is_own { ACCOUNT } else { stranger },
            expires: Timestamp::MAX,
            ..request(number, one.gross.max(1))
        };
        let record = ChargeRecord {
            model: ModelId::new(one.model).unwrap(),
            ..charge(one.gross)
        };
        let _settled = books.hold(asked).unwrap().settle(record).unwrap();
    }
    books.flush().await.unwrap();
    (books, clock)
}

async fn export(store: &Arc<dyn Store>, query: UsageQuery) -> Value {
    let mut export = UsageExport::begin(store, query).await.unwrap();
    let mut text = Vec::new();
    while let Some(piece) = export.piece().await.unwrap() {
        text.extend_from_slice(&piece);
    }
    serde_json::from_slice(&text).unwrap()
}

fn amount(value: &Value) -> Amount {
    value.as_str().unwrap().parse().unwrap()
}

fn sum(values: impl IntoIterator<Item = Amount>) -> Amount {
    Amount::checked_sum(values).unwrap()
}

fn usage(from: Day, to: Day, group: Option<&str>) -> UsageQuery {
    UsageQuery {
        account: ACCOUNT,
        from,
        to,
        key: None,
        model: None,
        grouping: group.map(|group| group.parse().unwrap()),
        format: UsageFormat::Json,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn sums_are_those_of_the_ledger_however_they_are_cut(
        all in prop::collection::vec(served(), 0..30),
        cut in 0_u32..120,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
            let (books, clock) = serve(Arc::clone(&store), &all).await;
            let (first, last) = (OCTOBER.day(), swan_core::Clock::now(&*clock).day());
            let charged = books.balance(ACCOUNT, Currency::Usd).debits_posted;
            let own = all.iter().filter(|one| one.is_own).count();

            let whole = export(&store, usage(first, last, None)).await;
            let rows = whole["data"].as_array().unwrap();
            prop_assert_eq!(rows.len(), own);
            prop_assert_eq!(sum(rows.iter().map(|row| amount(&row["cost"]))), charged);
            for group in ["hour", "day,model", "month,key,model", "key", "model"] {
                let grouped = export(&store, usage(first, last, Some(group))).await;
                let rows = grouped["data"].as_array().unwrap();
                prop_assert_eq!(sum(rows.iter().map(|row| amount(&row["cost"]))), charged);
                let requests: u64 = rows.iter().map(|row| row["requests"].as_u64().unwrap()).sum();
                prop_assert_eq!(requests, own as u64);
                prop_assert_eq!(&grouped["totals"], &whole["totals"]);
            }
            // Two stretches side by side have what the whole has.
            let middle = first.plus(cut).min(last);
            let before = export(&store, usage(first, middle, None)).await;
            let mut both = before["data"].as_array().unwrap().clone();
            if middle < last {
                let after = export(&store, usage(middle.plus(1), last, None)).await;
                both.extend(after["data"].as_array().unwrap().iter().cloned());
            }
            prop_assert_eq!(&both, rows);

            let query = EarningsQuery {
                provider: PROVIDER,
                currency: Currency::Usd,
                from: first,
                to: last,
                grouping: "day,model".parse().unwrap(),
            };
            let earned = earnings(&store, &query).await.unwrap();
            let owed = books.earnings(PROVIDER, Currency::Usd).posted();
            prop_assert_eq!((earned.earned, earned.closing), (owed, owed));

            // Each month of the fund ends where the next one begins, and the last one at the ledger's balance.
            let mut month = "2026-10".parse().unwrap();
            let (mut balance, mut income) = (Amount::ZERO, Amount::ZERO);
            let now = swan_core::Clock::now(&*clock);
            for _ in 0..10 {
                let report = growth_fund(&store, month, now).await.unwrap();
                let fund = &report.currencies[0];
                prop_assert_eq!(fund.opening, balance);
                prop_assert_eq!(sum(fund.income_by.iter().map(|one| one.amount)), fund.income);
                balance = fund.closing;
                income = sum([income, fund.income]);
                month = month.following();
            }
            let fifths: i128 = all.iter().map(|one| one.gross / 20).sum();
            prop_assert_eq!((balance, income), (pico(fifths), pico(fifths)));
            Ok(())
        })?;
    }
}

async fn store(folder: &Path) -> Arc<dyn Store> {
    let path = folder.join("swan.db");
    Arc::new(
        SqliteStore::open(path, SqliteOptions::default())
            .await
            .unwrap(),
    )
}

#[tokio::test]
async fn the_commands_write_what_was_used_earned_and_put_by() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let one = |hours, gross, model| Served {
        hours,
        gross,
        model,
        is_own: true,
    };
    let all = [
        one(1, 100, "qwen3-8b"),
        one(30, 200, "qwen3-8b"),
        one(24 * 31, 400, "qwen3-32b"),
    ];
    let (books, _) = serve(store(folder).await, &all).await;
    books.close().await.unwrap();
    drop(books);

    let csv =
        format!("usage export {ACCOUNT} --from 2026-10-01 --to 2026-12-31 --group month,model");
    let csv = run(folder, &csv).await.out;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 3, "{csv}");
    assert!(
        lines[1].starts_with("2026-10,,,qwen3-8b,2,20,0,10,0,0,USD,0.0000000003"),
        "{csv}"
    );
    assert!(lines[2].starts_with("2026-11,,,qwen3-32b,1,"), "{csv}");

    let out = folder.join("usage.jsonl");
    let file = format!(
        "usage export {ACCOUNT} --from 2026-10-01 --to 2026-10-31 --format jsonl --out {}",
        out.display()
    );
    assert_eq!(run(folder, &file).await.out, "");
    let written = std::fs::read_to_string(out).unwrap();
    assert_eq!(written.lines().count(), 2, "{written}");

    let of_provider =
        format!("statement {PROVIDER} --by month --from 2026-10-01 --to 2026-12-31 --json");
    let told = run(folder, &of_provider).await.json();
    assert_eq!(
        (&told["data"][0]["gross"], &told["data"][0]["earned"]),
        (&"0.0000000003".into(), &"0.000000000285".into())
    );
    let plain = run(folder, &format!("statement {PROVIDER}")).await.out;
    assert!(plain.contains("closing balance 0.000000000665"), "{plain}");

    let report = run(folder, "report growth-fund --month 2026-11 --json")
        .await
        .json();
    let fund = &report["currencies"][0];
    assert_eq!(
        (&fund["opening"], &fund["closing"]),
        (&"0.000000000015".into(), &"0.000000000035".into())
    );
    let plain = run(folder, "report growth-fund --month 2026-10").await.out;
    assert!(plain.contains("growth fund in 2026-10"), "{plain}");
}
