//! A hub that is stopped and started again under load, on sockets that somebody else keeps open, as systemd does.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::endpoint::{MODEL, endpoint};
use super::part::until;
use super::{tools, wire};

const RESTARTS: usize = 3;
const AT_ONCE: usize = 4;

/// The hub's folder and the sockets that outlive it.
struct Outliving {
    folder: tempfile::TempDir,
    consumers: TcpListener,
    providers: TcpListener,
}

impl Outliving {
    fn new(endpoint: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config =
            format!("[[external]]\nname = \"own\"\nurl = \"{endpoint}\"\nmodels = [\"{MODEL}\"]\n");
        std::fs::write(folder.path().join("hub.toml"), config).unwrap();
        Self {
            folder,
            consumers: TcpListener::bind("127.0.0.1:0").unwrap(),
            providers: TcpListener::bind("127.0.0.1:0").unwrap(),
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.consumers.local_addr().unwrap())
    }

    /// Starts the hub with its sockets as descriptors 3 and 4: a shell moves them there from input and output.
    fn start(&self) -> Child {
        let hub = tools::hub();
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg("exec 3<&0 4>&1 </dev/null >&2; exec \"$@\"")
            .arg("sh")
            .arg(hub.as_std().get_program())
            .arg("serve")
            .arg("--config")
            .arg(self.folder.path().join("hub.toml"))
            .arg("--data-dir")
            .arg(self.folder.path().join("data"))
            .env("LISTEN_FDS", "2")
            .stdin(Stdio::from(OwnedFd::from(
                self.consumers.try_clone().unwrap(),
            )))
            .stdout(Stdio::from(OwnedFd::from(
                self.providers.try_clone().unwrap(),
            )))
            .kill_on_drop(true);
        command.spawn().unwrap()
    }

    /// Starts it for the first time, and makes a consumer with $5.
    async fn open(&self) -> (Child, String) {
        let (hub, url) = (self.start(), self.url());
        let create = [
            "key", "create", "consumer", "--name", "alice", "--grant", "5",
        ];
        let key = until("the hub has made its store", || async {
            let key = self.admin(&create).await;
            key.starts_with("sk-swan-").then_some(key)
        })
        .await;
        until("the hub knows a new key", || async {
            let answer = wire::post(&url, "/v1/chat/completions", &key, &json!({})).await;
            (answer.status != 401).then_some(())
        })
        .await;
        (hub, key)
    }

    async fn admin(&self, command: &[&str]) -> String {
        let mut hub = tools::hub();
        let data = self.folder.path().join("data");
        let done = tools::output(hub.args(command).arg("--data-dir").arg(data)).await;
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }

    /// How many requests were charged, once everything is settled and the books are found clean.
    async fn charged(&self) -> u64 {
        let report = until("everything is settled", || async {
            let text = self.admin(&["audit", "--json"]).await;
            let report: Value = serde_json::from_str(&text).ok()?;
            (report["pending"] == 0).then_some(report)
        })
        .await;
        assert_eq!(report["clean"], true, "{report}");
        let charges = report["groups"].as_object().unwrap();
        let charged = charges
            .iter()
            .filter(|(rule, _)| rule.contains("charge") || rule.contains("settle"));
        charged.map(|(_, count)| count.as_u64().unwrap()).sum()
    }
}

/// One consumer of several: asks again and again, streaming or not, and nobody tries again for it: each request is sent once
/// and must be answered.
fn call_on(
    caller: usize,
    url: String,
    key: String,
    over: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
) -> JoinHandle<()> {
    let streams = caller.is_multiple_of(2);
    let ask = json!({"model": MODEL, "stream": streams, "max_tokens": 100,
        "messages": [{"role": "user", "content": "hi"}]});
    tokio::spawn(async move {
        while !over.load(Ordering::Relaxed) {
            let answer = wire::post(&url, "/v1/chat/completions", &key, &ask).await;
            let status = answer.status;
            let text = answer.text().await;
            assert_eq!(status, 200, "{text}");
            assert!(text.contains("hi"), "{text}");
            assert!(!streams || text.ends_with("data: [DONE]\n\n"), "{text}");
            answered.fetch_add(1, Ordering::Relaxed);
        }
    })
}

#[tokio::test]
async fn no_request_is_lost_or_charged_twice_while_the_hub_is_stopped_and_started() {
    let (endpoint, served) = endpoint("hi").await;
    let place = Outliving::new(&endpoint);
    let (mut hub, key) = place.open().await;
    let url = place.url();

    let over = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..AT_ONCE)
        .map(|caller| {
            call_on(
                caller,
                url.clone(),
                key.clone(),
                Arc::clone(&over),
                Arc::clone(&answered),
            )
        })
        .collect();
    for _ in 0..RESTARTS {
        let enough = answered.load(Ordering::Relaxed) + 2 * AT_ONCE;
        until("the hub serves", || async {
            (answered.load(Ordering::Relaxed) >= enough).then_some(())
        })
        .await;
        let pid = hub.id().unwrap().to_string();
        let killed = Command::new("kill").arg("-TERM").arg(pid).status().await;
        assert!(killed.unwrap().success());
        assert!(hub.wait().await.unwrap().success());
        hub = place.start();
    }
    let enough = answered.load(Ordering::Relaxed) + 2 * AT_ONCE;
    until("the last hub serves", || async {
        (answered.load(Ordering::Relaxed) >= enough).then_some(())
    })
    .await;
    over.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    let answered = answered.load(Ordering::Relaxed);
    assert_eq!(
        served.load(Ordering::Relaxed),
        answered,
        "each was served once"
    );
    let charged = place.charged().await;
    assert_eq!(charged, answered as u64, "each was charged once");
}
