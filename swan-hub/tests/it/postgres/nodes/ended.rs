//! Nodes that end without a word, or were thought to have: other processes that are killed and paused.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use swan_hub::ledger::LedgerError;
use tokio::task::JoinSet;

use super::super::open;
use super::super::server::{Server, connect};
use super::{CHARGE, HOLD, Node, TTL, Tally, USD, charged, check_shared, hammer, until_spent};
use crate::ledger::{ACCOUNT, audit, charge, grant, request};

const URL: &str = "SWAN_TEST_NODE_DATABASE";

/// Another process: a node that charges one request after the other, tells of each, and says when it may not go on.
async fn victim(url: &str) {
    let node = Node::start(url, "victim").await;
    for task in 0..4_u128 {
        let books = node.books.clone();
        tokio::spawn(async move {
            for n in 0_u128.. {
                let id = (9 << 96) | (task << 64) | n;
                // One write a line, so that what was read was told whole.
                let say = |line: &[u8]| std::io::stdout().write_all(line).unwrap();
                match books.hold_or_draw(request(id, HOLD)).await {
                    Ok(hold) => match hold.settle(charge(CHARGE)).unwrap().durable().await {
                        Ok(()) => say(b"charged\n"),
                        Err(_) => say(b"refused\n"),
                    },
                    Err(LedgerError::InsufficientFunds { .. }) => {}
                    Err(_) => say(b"refused\n"),
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    }
    std::future::pending::<()>().await;
}

/// The process of [`victim`]: this test run by itself.
struct Victim {
    child: Child,
    lines: Box<dyn Iterator<Item = String> + Send>,
}

impl Victim {
    fn start(url: &str, test: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(format!("postgres::nodes::ended::{test}"))
            .args(["--exact", "--nocapture"])
            .env(URL, url)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let lines = Box::new(lines.map_while(Result::ok));
        Self { child, lines }
    }

    /// Reads until it has said this so often.
    fn says(&mut self, word: &str, times: usize) {
        let said = self.lines.by_ref().filter(|line| line == word).take(times);
        assert_eq!(said.count(), times, "it never said {word} {times} times");
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until another node has taken the victim's place and given back what it had.
async fn until_cleared(url: &str) {
    let client = connect(url).await.unwrap();
    let begun = Instant::now();
    let cleared = "SELECT FROM swan.nodes WHERE id = 'victim' AND cleared";
    while client.query(cleared, &[]).await.unwrap().is_empty() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "nobody takes over"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_node_gives_back_what_it_had_and_loses_no_charge() {
    const FUNDS: i128 = 60_000;
    if let Ok(url) = std::env::var(URL) {
        return victim(&url).await;
    }
    let url = Server::shared().await.database().await;
    let node = Node::start(&url, "heir").await;
    grant(&node.books, 1, FUNDS).await.unwrap();
    let mut victim = Victim::start(
        &url,
        "a_killed_node_gives_back_what_it_had_and_loses_no_charge",
    );
    victim.says("charged", 50);
    let tally = Arc::new(Tally::default());
    let mut tasks = JoinSet::new();
    for task in 0..4_u128 {
        let first = (1 << 96) | (task << 64) | 1;
        tasks.spawn(hammer(node.books.clone(), first, Arc::clone(&tally)));
    }
    victim.says("charged", 50);
    victim.signal("-KILL");
    let told = 100
        + victim
            .lines
            .by_ref()
            .filter(|line| line == "charged")
            .count();
    until_cleared(&url).await;
    let dead = open(&url).await.unwrap().as_node("victim", TTL);
    let theirs = charged(&dead).await;
    let told = i128::try_from(told).unwrap() * CHARGE;
    // Of the four that ran, the charge may be durable and not told.
    assert!(
        (told..=told + 4 * CHARGE).contains(&theirs),
        "{theirs} charged, {told} told"
    );
    until_spent(&tally, FUNDS - theirs - HOLD + 1).await;
    tally.stop.store(true, Ordering::SeqCst);
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    node.books.close().await.unwrap();
    let ours = charged(&node.store).await;
    assert_eq!(ours, i128::from(tally.told.load(Ordering::SeqCst)));
    assert!(ours + theirs <= FUNDS);
    check_shared(&node.store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_node_whose_place_was_taken_posts_nothing_when_it_goes_on() {
    if let Ok(url) = std::env::var(URL) {
        return victim(&url).await;
    }
    let url = Server::shared().await.database().await;
    let node = Node::start(&url, "heir").await;
    grant(&node.books, 1, 1_000_000).await.unwrap();
    let test = "a_paused_node_whose_place_was_taken_posts_nothing_when_it_goes_on";
    let mut victim = Victim::start(&url, test);
    victim.says("charged", 50);
    victim.signal("-STOP");
    until_cleared(&url).await;
    let dead = open(&url).await.unwrap().as_node("victim", TTL);
    let (before, entries) = (charged(&dead).await, audit(&dead).await.entries);
    victim.signal("-CONT");
    victim.says("refused", 20);
    assert_eq!(charged(&dead).await, before);
    assert_eq!(audit(&dead).await.entries, entries, "nothing was written");
    check_shared(&node.store).await;
    // What it had is free: nothing but what it has charged is missing.
    let all = node.books.balance_everywhere(ACCOUNT, USD).await.unwrap();
    assert_eq!(all.posted().pico(), 1_000_000 - before);
}
