//! The right to write the journal, and what becomes of it when its connection is lost.

use std::time::{Duration, Instant};

use swan_hub::store::{Store, StoreError};
use tokio_postgres::Client;

use super::server::{Server, connect};
use super::{open, record};

/// Ends the session that holds the lock, as a lost network or an administrator does.
async fn end_holder(client: &Client) {
    let end =
        "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = database
        WHERE locktype = 'advisory' AND granted AND datname = current_database()";
    assert_eq!(client.query(end, &[]).await.unwrap().len(), 1);
}

/// The first answer that is not a passing trouble.
async fn settled(store: &dyn Store, first_seq: u64) -> Result<(), StoreError> {
    let begun = Instant::now();
    loop {
        match store.append(&record(first_seq)).await {
            Err(error) if error.is_retryable() && begun.elapsed() < Duration::from_secs(30) => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            answer => return answer,
        }
    }
}

/// The process of the server that holds the lock.
async fn holder(client: &Client) -> Option<i32> {
    let holder = "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database
        WHERE locktype = 'advisory' AND granted AND datname = current_database()";
    let row = client.query_opt(holder, &[]).await.unwrap();
    row.map(|row| row.get(0))
}

#[tokio::test]
async fn a_lease_whose_connection_is_lost_is_taken_again() {
    let url = Server::shared().await.database().await;
    let (store, client) = (open(&url).await.unwrap(), connect(&url).await.unwrap());
    let other = open(&url).await.unwrap();
    let lease = store.lease().await.unwrap();
    for first_seq in 1..=3 {
        let former = holder(&client).await;
        end_holder(&client).await;
        settled(&store, first_seq).await.unwrap();
        while holder(&client).await.is_none_or(|now| Some(now) == former) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(matches!(
            other.lease().await,
            Err(StoreError::Leased { .. })
        ));
    }
    drop(lease);
    other.lease().await.expect("it was given back");
}

#[tokio::test]
async fn a_hub_whose_lease_another_has_taken_writes_no_more() {
    let url = Server::shared().await.database().await;
    let (store, client) = (open(&url).await.unwrap(), connect(&url).await.unwrap());
    let lease = store.lease().await.unwrap();
    store.append(&record(1)).await.unwrap();
    // Another waits for the lock already, so that it gets it as soon as its holder is gone.
    let other = connect(&url).await.unwrap();
    let lock = "SELECT pg_advisory_lock((classid::bigint << 32) | objid::bigint) FROM pg_locks JOIN pg_database d ON d.oid = database
        WHERE locktype = 'advisory' AND granted AND datname = current_database()";
    let waiting = tokio::spawn(async move {
        other.query(lock, &[]).await.unwrap();
        other
    });
    let waits = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
        WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()";
    while client.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    end_holder(&client).await;
    let other = waiting.await.unwrap();
    // What still slips through follows the journal; it ends when the store has noticed.
    let mut next = 2;
    let refused = loop {
        match settled(&store, next).await {
            Ok(()) => next += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::Leased { .. }), "{refused}");
    drop(other);
    let still = store.append(&record(next)).await.unwrap_err();
    assert!(matches!(still, StoreError::Leased { .. }), "{still}");
    drop(lease);
    store
        .append(&record(next))
        .await
        .expect("nothing is lost or doubled");
}
