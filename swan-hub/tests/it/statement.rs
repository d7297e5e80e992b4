//! `swan-hub statement` on a real file.

use tempfile::TempDir;

use crate::admin::{consumer, run};

#[tokio::test]
async fn a_statement_lists_what_moved_with_the_balance_after_it() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let (_, account) = consumer(folder).await;
    run(folder, &format!("account grant {account} 2")).await;
    let page = run(folder, &format!("statement {account} --limit 1 --json"))
        .await
        .json();
    let opened = page["lines"][0].clone();
    assert_eq!(
        (&page["opening"], &opened["rule"]),
        (&"0".into(), &"grant".into())
    );
    assert_eq!(opened["amount"], opened["balance"]);
    let next = page["next"].as_u64().unwrap();
    let rest = format!("statement {account} --from-entry {next} --json");
    let rest = run(folder, &rest).await.json();
    assert_eq!(rest["opening"], page["closing"]);
    assert_eq!(rest["lines"][0]["amount"], "2");
    assert_eq!(rest["closing"], rest["lines"][0]["balance"]);
    assert!(rest["next"].is_null());

    let told = run(folder, &format!("statement {account} --limit 1")).await;
    assert!(told.out.starts_with("opening balance 0\n"), "{}", told.out);
    assert!(told.err.contains("--from-entry"), "{}", told.err);
    let empty = format!("statement {account} --from 2020-01-01 --to 2020-01-31");
    let empty = run(folder, &empty).await.out;
    assert!(empty.contains("nothing has moved"), "{empty}");
}
