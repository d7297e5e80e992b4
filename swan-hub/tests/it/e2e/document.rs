//! The OpenAPI document against a running hub, by a tester that makes requests from it (<https://schemathesis.io>).

use std::process::Output;
use std::time::Duration;

use serde_json::json;
use tokio::process::Command;

use super::hub::TestHub;
use super::part::Part;
use super::{agreeable, tools, wire};

/// A whole run takes half a minute on two free cores; this only bounds how long a broken one takes to say so.
const PATIENCE: Duration = Duration::from_secs(300);

/// Pythons before 3.11.9 and 3.12.3 now and then say this of themselves when they read source texts, as the tester has them do
/// to describe its strategies (python/cpython#106905). A run that met it says nothing of the hub, and is made once more.
const OF_PYTHON: &str = "AST constructor recursion depth mismatch";

/// Anybody may open accounts, as often as the tester likes.
const OPEN: &str = r#"
usd_per_swan = "0.05"
[market]
signup = "open"
signups_per_hour = 100000
logins_per_minute = 100000
"#;

#[tokio::test]
async fn a_tester_that_reads_the_document_finds_nothing() {
    let mut done = run().await;
    if String::from_utf8_lossy(&done.stdout).contains(OF_PYTHON) {
        done = run().await;
    }
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let words = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{}\n{said}\n{words}", done.status);
    let made = said
        .lines()
        .find_map(|line| line.split_once(" generated, "));
    let made: usize = made
        .and_then(|(count, _)| count.trim().parse().ok())
        .unwrap();
    assert!(
        made > 2_000,
        "a run of the whole document, not of {made} cases"
    );
}

/// Runs the tester on a hub of its own: it ends by revoking what it was let in with.
async fn run() -> Output {
    let endpoint = agreeable::start().await;
    let hub = TestHub::start_with(&format!("{OPEN}\n{endpoint}")).await;
    let consumer = hub.consumer("alice", "1000000").await;
    let provider_key = hub.provider_key("echo").await;
    let admin_key = hub
        .admin(&["key", "create", "admin", "--name", "boss"])
        .await;
    let data = tempfile::tempdir().unwrap();
    let mut command = tools::provider();
    command
        .args(["run", "--echo", "--name=echo"])
        .arg(format!("--hub={}", hub.socket_url()))
        .arg(format!("--key={provider_key}"))
        .arg(format!("--data-dir={}", data.path().display()));
    let _provider = Part::start("echo", &mut command);
    hub.serves("swan/echo", 1).await;
    let tokens = [
        sign_up(&hub, "ada@example.org").await,
        sign_up(&hub, "eve@example.org").await,
    ];
    let config = data.path().join("schemathesis.toml");
    std::fs::write(&config, settings(&hub, &admin_key).await).unwrap();
    let mut tester = Command::new(tools::installed("python/bin/st"));
    tester
        .arg("--config-file")
        .arg(&config)
        .args(["--no-color", "run"])
        .arg(format!("{}/openapi.json", hub.url()))
        .env("CONSUMER_KEY", &consumer.key)
        .env("PROVIDER_KEY", &provider_key)
        .env("ADMIN_KEY", &admin_key)
        .env("USER_TOKEN", &tokens[0])
        .env("OTHER_TOKEN", &tokens[1])
        .current_dir(data.path())
        .kill_on_drop(true);
    let done = tokio::time::timeout(PATIENCE, tester.output()).await;
    done.expect("a run that ends").unwrap()
}

/// The tester's settings, which name an account, a key and a provider that are there: it takes nothing from the environment into
/// its dictionaries.
async fn settings(hub: &TestHub, admin_key: &str) -> String {
    let [key, account] = made(hub, admin_key, "consumer").await;
    let [_, provider] = made(hub, admin_key, "provider").await;
    let settings = std::fs::read_to_string(tools::script("schemathesis.toml")).unwrap();
    settings
        .replace("${KEY_ID}", &key)
        .replace("${ACCOUNT_ID}", &account)
        .replace("${PROVIDER_ID}", &provider)
}

/// The token of a new user.
async fn sign_up(hub: &TestHub, email: &str) -> String {
    let user = json!({"email": email, "password": "correct horse battery"});
    let answer = wire::post(&hub.url(), "/api/v1/user/signup", "none", &user).await;
    let signed_up = answer.json().await;
    let token = signed_up["token"].as_str();
    token.unwrap_or_else(|| panic!("{signed_up}")).to_owned()
}

/// The id of a new key that an administrator may do anything to, and of whose it is.
async fn made(hub: &TestHub, admin_key: &str, kind: &str) -> [String; 2] {
    let asked = json!({"kind": kind, "name": "tried"});
    let answer = wire::post(&hub.url(), "/api/v1/admin/keys", admin_key, &asked).await;
    let made = answer.json().await;
    ["id", "owner"].map(|name| made[name].as_str().unwrap().to_owned())
}
