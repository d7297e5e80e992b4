//! From one process of a hub to the next: long streams keep nobody waiting, a successor gets the sockets without anybody who
//! holds them, and providers come back by themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use swan_core::protocol::Dialect;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::endpoint::{self, held_endpoint};
use super::hub::TestHub;
use super::model_server::{MODEL, chat};
use super::part::{self, until};
use super::provider::TestProvider;
use super::wire;

/// Successors that nobody else would end.
#[derive(Debug, Default)]
struct Successors(Vec<u32>);

impl Drop for Successors {
    fn drop(&mut self) {
        for pid in &self.0 {
            let mut kill = std::process::Command::new("kill");
            let kill = kill.args(["-KILL", &pid.to_string()]);
            // Those that have ended in good order are not there any more.
            let _ = kill.stderr(std::process::Stdio::null()).status();
        }
    }
}

/// Waits until nobody listens there any more.
async fn gone(hub: &TestHub) {
    let url = hub.url();
    let address = url.strip_prefix("http://").unwrap();
    until("the last process has gone", || async {
        TcpStream::connect(address).await.is_err().then_some(())
    })
    .await;
}

async fn readiness(hub: &TestHub) -> u16 {
    wire::get(&hub.url(), "/readyz", None).await.status.as_u16()
}

#[tokio::test]
async fn a_hub_told_to_stop_serves_whoever_comes_while_a_long_stream_runs() {
    let (endpoint, permits) = held_endpoint().await;
    let model = endpoint::MODEL;
    let config = format!(
        "drain_secs = 60\ndrain_pause_secs = 30\n[[external]]\nname = \"own\"\nurl = \"{endpoint}\"\nmodels = [\"{model}\"]\n"
    );
    let mut hub = TestHub::start_with(&config).await;
    let consumer = hub.consumer("alice", "5").await;
    let ask = |hold: bool| {
        json!({"model": model, "stream": true, "hold": hold, "max_tokens": 100,
            "messages": [{"role": "user", "content": "hi"}]})
    };
    let path = "/v1/chat/completions";
    let mut long = wire::post(&hub.url(), path, &consumer.key, &ask(true)).await;
    long.content().await;

    hub.terminate().await;
    until("readiness is off", || async {
        (readiness(&hub).await == 503).then_some(())
    })
    .await;
    for _ in 0..3 {
        let short = wire::post(&hub.url(), path, &consumer.key, &ask(false)).await;
        assert_eq!(short.status, 200);
        let text = short.text().await;
        assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    }
    // One that comes late and is long, too, is finished; it keeps the hub from nothing but its end.
    let mut late = wire::post(&hub.url(), path, &consumer.key, &ask(true)).await;
    late.content().await;
    permits.add_permits(1);
    whole(&mut long).await;
    // Until the hub has seen that end, it serves whoever comes.
    let served = AtomicUsize::new(0);
    until("nobody new is let in", || async {
        let refused = wire::try_post(&hub.url(), path, &consumer.key, &ask(false)).await;
        match refused {
            Ok(answer) if answer.status == 200 => {
                assert!(answer.text().await.ends_with("data: [DONE]\n\n"));
                served.fetch_add(1, Ordering::Relaxed);
                None
            }
            Ok(refused) => {
                assert_eq!(refused.status, 503);
                assert!(refused.header("retry-after").is_some());
                assert_eq!(refused.header("connection"), Some("close"));
                Some(())
            }
            Err(error) => panic!("a hub that drains still answers: {error}"),
        }
    })
    .await;
    permits.add_permits(1);
    whole(&mut late).await;
    hub.end().await;
    let served = served.into_inner();
    hub.settled_funds(&consumer, 5 + served).await;
    hub.audit().await;
}

async fn whole(answer: &mut wire::Answer) {
    let mut last = None;
    while let Some(data) = answer.event().await.expect("the stream goes on to its end") {
        last = Some(data);
    }
    assert_eq!(last.as_deref(), Some("[DONE]"));
}

/// One consumer who asks again and again, sends each request once and must get each answered.
fn calls(
    hub: &TestHub,
    key: &str,
    over: &Arc<AtomicBool>,
    answered: &Arc<AtomicUsize>,
    stream: bool,
) -> JoinHandle<()> {
    let (url, key) = (hub.url(), key.to_owned());
    let (over, answered) = (Arc::clone(over), Arc::clone(answered));
    tokio::spawn(async move {
        let ask = chat(&json!({"stream": stream, "max_tokens": 4, "ignore_eos": true}));
        while !over.load(Ordering::Relaxed) {
            let answer = wire::post(&url, "/v1/chat/completions", &key, &ask).await;
            let status = answer.status;
            let text = answer.text().await;
            assert_eq!(status, 200, "{text}");
            assert!(!stream || text.ends_with("data: [DONE]\n\n"), "{text}");
            answered.fetch_add(1, Ordering::Relaxed);
        }
    })
}

/// Waits until so many more requests have been answered.
async fn more(answered: &AtomicUsize, count: usize) {
    let enough = answered.load(Ordering::Relaxed) + count;
    until("requests go on being answered", || async {
        (answered.load(Ordering::Relaxed) >= enough).then_some(())
    })
    .await;
}

#[tokio::test]
async fn successors_take_over_with_nobody_who_holds_the_sockets_and_no_request_is_lost() {
    const HANDOVERS: usize = 2;
    let mut hub = TestHub::start().await;
    let consumer = hub.consumer("alice", "5").await;
    let _providers = (
        TestProvider::start_in(&hub, "gpu-one", 8, Dialect::V1).await,
        TestProvider::start_in(&hub, "gpu-two", 8, Dialect::V2).await,
    );
    hub.serves(MODEL, 2).await;
    let (over, answered) = (Arc::new(AtomicBool::new(false)), Arc::default());
    let callers = [true, false].map(|stream| calls(&hub, &consumer.key, &over, &answered, stream));
    let mut successors = Successors::default();
    for _ in 0..HANDOVERS {
        more(&answered, 4).await;
        match successors.0.last() {
            None => hub.call_successor().await,
            Some(pid) => part::signal(*pid, "USR2").await,
        }
        let pid = hub.successor(&successors.0).await;
        successors.0.push(pid);
    }
    hub.end().await;
    more(&answered, 8).await;
    hub.serves(MODEL, 2).await;
    over.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    let answered = answered.load(Ordering::Relaxed);
    part::signal(*successors.0.last().unwrap(), "TERM").await;
    gone(&hub).await;
    let report = until("everything is settled", || async {
        let report = hub.json(&["audit", "--json"]).await;
        (report["pending"] == 0).then_some(report)
    })
    .await;
    assert_eq!(report["clean"], true, "{report}");
    assert_eq!(charged(&report), answered as u64, "each was charged once");
}

/// How many requests were charged.
fn charged(audit: &Value) -> u64 {
    let groups = audit["groups"].as_object().unwrap();
    let charges = groups
        .iter()
        .filter(|(rule, _)| rule.contains("charge") || rule.contains("settle"));
    charges.map(|(_, count)| count.as_u64().unwrap()).sum()
}

#[tokio::test]
async fn a_successor_that_cannot_run_changes_nothing() {
    let mut hub = TestHub::start().await;
    hub.configure("lisen = \"wrong\"\n");
    hub.call_successor().await;
    hub.says("no successor: this hub goes on").await;
    assert_eq!(readiness(&hub).await, 200);
    hub.terminate().await;
    hub.end().await;
}

#[tokio::test]
async fn providers_come_back_by_themselves_to_a_hub_that_was_stopped_and_started() {
    let mut hub = TestHub::start().await;
    let consumer = hub.consumer("alice", "5").await;
    let providers = [
        TestProvider::start_in(&hub, "gpu-one", 8, Dialect::V1).await,
        TestProvider::start_in(&hub, "gpu-two", 8, Dialect::V2).await,
    ];
    hub.serves(MODEL, 2).await;
    for _ in 0..2 {
        hub.terminate().await;
        hub.end().await;
        hub.restart().await;
        hub.serves(MODEL, 2).await;
        for one in &providers {
            let ask = chat(&json!({"provider": {"only": [one.name], "allow_fallbacks": false}}));
            let answer = wire::post(&hub.url(), "/v1/chat/completions", &consumer.key, &ask).await;
            assert_eq!(answer.header("x-swan-provider-name"), Some(one.name));
            assert_eq!(answer.status, 200);
            answer.text().await;
        }
    }
    hub.settled_funds(&consumer, 4).await;
    hub.audit().await;
}
