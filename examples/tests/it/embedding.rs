//! Hubs inside other programs, and a proxy in front of them.

use tokio::process::Command;

use super::hub;
use super::program::{self, Program};

#[tokio::test]
async fn a_nested_hub_lives_under_the_products_path_and_its_session_decides() {
    let mut nested = Command::new(env!("CARGO_BIN_EXE_hub_nested"));
    let mut nested = Program::start(nested.env("SWAN_LISTEN", "127.0.0.1:0"));
    let url = format!("http://{}", nested.word_after("http://").await);
    let models = program::get(&format!("{url}/models"), None).await;
    assert!(
        models.starts_with("HTTP/1.1 200"),
        "models need no login: {models}"
    );
    let ask = async |model: &str, session: Option<&str>| {
        let body = format!(r#"{{"model":"{model}","messages":[]}}"#);
        let cookie = session.map(|name| format!("cookie: theme=dark; session={name}"));
        program::post(&format!("{url}/chat/completions"), &body, cookie.as_deref()).await
    };
    for stranger in [None, Some("eve")] {
        let answer = ask("qwen3:8b", stranger).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
        assert!(answer.contains("log in first"), "{answer}");
    }
    let ada = ask("qwen3:8b", Some("ada")).await;
    assert!(ada.starts_with("HTTP/1.1 503"), "nobody serves here: {ada}");
    assert!(ada.contains("x-ratelimit-limit: 600\r\n"), "{ada}");
    let bob = ask("Sao10K/L3-8B-Stheno-v3.2", Some("bob")).await;
    assert!(bob.starts_with("HTTP/1.1 403"), "not in bob's plan: {bob}");
    let bob = ask("qwen3:8b", Some("bob")).await;
    assert!(bob.contains("x-ratelimit-limit: 2\r\n"), "{bob}");
}

#[tokio::test]
async fn a_hub_is_called_without_a_socket() {
    let said = program::output(&mut Command::new(env!("CARGO_BIN_EXE_hub_service"))).await;
    assert!(said.contains("whole: 200 OK 0.0"), "{said}");
    assert!(said.contains("stream: 200 OK"), "{said}");
    assert!(said.matches("no socket").count() >= 1, "{said}");
    assert!(said.contains("data: [DONE]"), "{said}");
    assert!(said.contains("left: 4.99"), "both were charged: {said}");
}

#[tokio::test]
async fn every_seam_can_be_ones_own() {
    let said = program::output(&mut Command::new(env!("CARGO_BIN_EXE_hub_seams"))).await;
    assert_eq!(said.matches("elder_first").count(), 3, "{said}");
    let by_the_elder = "record: completed by Some(\"echo-1\") for 0.0";
    assert_eq!(said.matches(by_the_elder).count(), 3, "{said}");
    let journal = said
        .lines()
        .find_map(|line| line.strip_prefix("journal records: "));
    assert!(journal.unwrap().parse::<u64>().unwrap() >= 4, "{said}");
    assert!(said.contains("records lost: 0"), "{said}");
}

#[tokio::test]
async fn two_hubs_in_one_process_have_prices_and_keys_of_their_own() {
    let mut pair = Command::new(env!("CARGO_BIN_EXE_hub_pair"));
    let said = program::output(pair.env_remove("SWAN_LISTEN")).await;
    for line in [
        "/customers with own key: 200 OK",
        "/customers with the other's key: 401 Unauthorized",
        "/staff with own key: 200 OK",
        "/staff with the other's key: 401 Unauthorized",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let most = |path: &str| {
        let start = format!("{path} at most ");
        let line = said
            .lines()
            .find_map(|line| line.strip_prefix(&start))
            .unwrap();
        let amount = line.strip_suffix(" SWAN").unwrap();
        amount.parse::<swan_core::Amount>().unwrap()
    };
    assert!(most("/staff") < most("/customers"), "{said}");
}

#[tokio::test]
async fn a_proxy_falls_back_to_the_next_hub_and_passes_streams_and_costs_on() {
    let (empty, nobody, [first, _]) = hub().await;
    let (serving, somebody, [second, provider]) = hub().await;
    let mut echo = Command::new(env!("CARGO_BIN_EXE_provider_echo"));
    let mut echo = Program::start(
        echo.env("SWAN_HUB", format!("ws://{somebody}"))
            .env("SWAN_PROVIDER_KEY", provider),
    );
    echo.line_with("the hub routes swan/echo").await;
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("models.json");
    let entry = |address: &str, key: &str| {
        format!(
            r#"{{"model_name":"chat","model":"swan/echo","api_base":"http://{address}/v1","api_key":"{key}"}}"#
        )
    };
    let list_text = format!("[{},{}]", entry(&nobody, &first), entry(&somebody, &second));
    std::fs::write(&list, list_text).unwrap();
    let mut proxy = Command::new(env!("CARGO_BIN_EXE_proxy"));
    let proxy = proxy.arg(&list).env("PROXY_KEY", "sk-proxy");
    let mut proxy = Program::start(proxy.env("SWAN_LISTEN", "127.0.0.1:0"));
    let url = format!("http://{}", proxy.word_after("http://").await);

    for program in [
        env!("CARGO_BIN_EXE_chat"),
        env!("CARGO_BIN_EXE_chat_stream"),
    ] {
        let mut ask = Command::new(program);
        ask.arg("Through two doors.")
            .env("SWAN_BASE_URL", &url)
            .env("SWAN_API_KEY", "sk-proxy")
            .env("SWAN_MODEL", "chat");
        let said = program::output(&mut ask).await;
        assert!(said.contains("Through two doors."), "{program}: {said}");
        assert!(
            said.contains("0.0000") && said.contains(" USD"),
            "{program} says no cost: {said}"
        );
    }
    let ask = r#"{"model":"chat","messages":[{"role":"user","content":"hi"}]}"#;
    let path = format!("{url}/chat/completions");
    let door = Some("authorization: Bearer sk-proxy");
    let answer = program::post(&path, ask, door).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for header in [
        "x-swan-cost: 0.0",
        "x-swan-provider-name: echo example",
        "x-request-id: ",
    ] {
        assert!(answer.contains(header), "{header}: {answer}");
    }
    let stranger = program::post(&path, ask, None).await;
    assert!(stranger.starts_with("HTTP/1.1 401"), "{stranger}");
    let unknown = program::post(&path, r#"{"model":"x","messages":[]}"#, door).await;
    assert!(
        unknown.starts_with("HTTP/1.1 404") && unknown.contains("model_not_found"),
        "{unknown}"
    );
    let broken = program::post(&path, r#"{"model":"chat","messages":[],"n":0}"#, door).await;
    assert!(broken.starts_with("HTTP/1.1 400"), "{broken}");
    let models = program::get(&format!("{url}/models"), None).await;
    assert_eq!(models.matches(r#""id":"chat""#).count(), 1, "{models}");
    drop((echo, empty, serving));
}
