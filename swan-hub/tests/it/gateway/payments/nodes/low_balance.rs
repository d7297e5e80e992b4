//! An account that both hubs spend has fallen below its threshold: one of them says so, once until it was above again.

use std::time::{Duration, Instant};

use serde_json::json;

use super::Tills;

impl Tills {
    /// Waits until one has told of this balance, and the other has not.
    async fn told(&self, usd: &str) {
        let begun = Instant::now();
        loop {
            let told = self.all.iter().flat_map(|till| till.told());
            let told = told
                .filter(|told| *told == (usd.into(), "5".into()))
                .count();
            match told {
                0 => assert!(begun.elapsed() < Duration::from_secs(10)),
                _ => return assert_eq!(told, 1),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until the database says that an account has enough.
    async fn is_above(&self) {
        let begun = Instant::now();
        let client = crate::postgres::server::connect(&self.url).await.unwrap();
        let low = "SELECT low FROM swan.funds LEFT JOIN swan.low_balances USING (account, currency) WHERE free > 0";
        while client
            .query_one(low, &[])
            .await
            .unwrap()
            .get::<_, Option<bool>>(0)
            != Some(false)
        {
            assert!(begun.elapsed() < Duration::from_secs(10));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn a_balance_that_falls_at_both_hubs_is_told_by_one_and_again_after_it_rose() {
    let tills = Tills::open().await;
    tills.paid().await;
    tills.is_above().await;
    tokio::join!(tills.spend(0, "8"), tills.spend(1, "8"));
    tills.told("4").await;
    tokio::join!(tills.spend(0, "1"), tills.spend(1, "1"));
    tills.have("2").await;
    // What is paid in counts, and so does what goes back to the card.
    let (other, _) = tills.all[1].paid("22").await;
    tills.is_above().await;
    let answer = tills.all[0].refund(&other, json!({"amount": "21"})).await;
    assert_eq!(answer.json()["state"], "succeeded", "{answer:?}");
    tills.told("3").await;
    let all = tills.all.iter().flat_map(|till| till.told());
    let below = all.filter(|(has, _)| ["2", "3"].contains(&has.as_str()));
    assert_eq!(below.count(), 1, "one told of what was below already");
}
